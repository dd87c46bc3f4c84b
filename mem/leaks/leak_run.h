/* The leak check of one repeat: its processes' loss records with names, in the order in which the
 * processes ended.
 *
 * Sums are of the processes' own blocks: what a forked child inherited is classified in its own
 * records and counted in its parent. Images that ended by exec have no verdict, as with memcheck,
 * and are left out.
 */
#ifndef MEM_LEAKS_LEAK_RUN_H
#define MEM_LEAKS_LEAK_RUN_H

#include "mem/leaks/leak_document.h"

struct heap_process;
struct heap_run;
struct leak_run;
struct metrics;
struct profile;
struct symbolizer;

struct leak_settings {
	struct loss_settings loss;
	bool is_summary; /* sums only */
	unsigned shown_kinds;
	unsigned error_kinds;
	bool makes_suppressions;
	bool has_files; /* the processes' other stacks will need names, too: leak_run_names() */
};

/* NULL: the run's processes were not to be checked. The run must outlive it. */
struct leak_run *leak_run_new(const struct heap_run *run, const struct leak_settings *settings,
                              struct symbolizer *symbolizer);
void leak_run_free(struct leak_run *leaks); /* NULL is fine */

/* All processes. Its command, wall_ns and most_bytes are left to be filled in. */
struct leak_document leak_run_document(const struct leak_run *leaks);
/* One of them. False: it is left out. */
bool leak_run_process_document(const struct leak_run *leaks, const struct heap_process *process,
                               struct leak_document *document);

/* Sums over the processes that have a verdict. */
struct loss_sums leak_run_sums(const struct leak_run *leaks);
/* How many blocks some forked process has lost for certain that those who made them have not: it
 * has definitely lost so many more of what it inherited than all processes lost of their own. */
uint64_t leak_run_lost_by_heirs(const struct leak_run *leaks);
/* Those of one process's own blocks; NULL: it has no verdict. */
const struct loss_sums *leak_run_process_sums(const struct leak_run *leaks,
                                              const struct heap_process *process);
/* Why these are no sums over the whole run, for people; NULL: they are. */
const char *leak_run_lack(const struct leak_run *leaks);
/* What makes verdicts less than memcheck's, of the first process with such a one, for people; NULL:
 * nothing. */
const char *leak_run_limit(const struct leak_run *leaks);
/* Does any process have a verdict? */
bool leak_run_has_verdict(const struct leak_run *leaks);

/* The names of the process's recording, where its records have them from there: the profile of that
 * once leak_run_enter() has been called. It lives as long as `leaks`. NULL: they were named by
 * themselves. */
const struct profile *leak_run_names(const struct leak_run *leaks,
                                     const struct heap_process *process);

/* Adds what is definitely lost and not suppressed, whole cliques at their leaders' stacks, to the
 * recordings of the run's processes, as HEAP_LEAKED_OBJECTS and HEAP_LEAKED_SPACE: memcheck's
 * "leaked". The run is that of leak_run_new(). */
void leak_run_enter(struct leak_run *leaks, struct heap_run *run);

#endif
