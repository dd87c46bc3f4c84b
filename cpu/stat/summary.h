/* What a stat run says in numbers and words: metrics, notes, headline, table, findings. */
#ifndef CPU_STAT_SUMMARY_H
#define CPU_STAT_SUMMARY_H

#include "core/findings.h"
#include "core/metrics.h"

struct result;
struct stat_facts;

extern const struct metric_row stat_metrics[];
extern const struct finding_row stat_findings[];

/* Fills in all but files and `unusable`. There must be runs. */
void stat_summarize(const struct stat_facts *facts, struct result *result);

#endif
