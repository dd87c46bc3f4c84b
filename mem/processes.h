/* Which processes of a run were observed, for run.json. */
#ifndef MEM_PROCESSES_H
#define MEM_PROCESSES_H

#include <stdbool.h>

struct heap_run;
struct result;

/* Was a program observed that the launched process executed? */
bool processes_have_target(const struct heap_run *run);

/* Why that is not so, for the exit status 3; the caller frees it. */
char *processes_why_none(const struct heap_run *run);

/* Adds a row for each that was observed or refused. */
void processes_add_rows(struct result *result, const struct heap_run *run);

#endif
