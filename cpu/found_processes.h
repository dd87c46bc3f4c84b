/* The rows of processes that ran before us: the driver knows only those that it has started. */
#ifndef CPU_FOUND_PROCESSES_H
#define CPU_FOUND_PROCESSES_H

struct followed;
struct recording;
struct result;

/* Adds one for each process that is in the recording and has no row yet, by its present name. */
void found_processes_add(struct result *result, const struct recording *recording,
                         struct followed *followed);

#endif
