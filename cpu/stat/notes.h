/* What limits a stat run's numbers, in sentences for run.json's quality. */
#ifndef CPU_STAT_NOTES_H
#define CPU_STAT_NOTES_H

#include <jansson.h>

struct stat_facts;

void stat_notes_add(const struct stat_facts *facts, json_t *quality);

#endif
