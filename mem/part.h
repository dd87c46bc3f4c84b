/* The interface between the memory collector and its parts, each of which sees the target's memory
 * in its own way.
 *
 * Which parts take part in a run is the options' to say: exactly one of them counts (blocks_part,
 * pages_part), others may stand beside it. The hooks are those of core/collector.h, called for each
 * part in the order of the collector's table, in which the counting ones stand first. What they
 * have in common is the repeat's struct heap_run (mem/heap.h): `ended` enters what was seen, all
 * later hooks read it. Any hook but is_wanted, create, step, ended and destroy may be NULL. Errors
 * are 0 or -errno with a sentence.
 */
#ifndef MEM_PART_H
#define MEM_PART_H

#include <stdbool.h>

struct diag;
struct heap_run;
struct leak_run;
struct memory_options;
struct metrics;
struct repeat;
struct result;
struct results_run;
struct suppressions;
struct symbolizer;
struct target;
struct target_end;
struct text_list;

/* What the files of a run are made from. */
struct memory_report {
	const struct memory_options *options;
	const struct heap_run *run;              /* the repeat with the median peak */
	const struct leak_run *leaks;            /* its leak check; NULL: there was none */
	const struct suppressions *suppressions; /* NULL: there was none */
	struct symbolizer *symbolizer;
	struct results_run *results;
	struct result *result;
	void *state; /* the part's */
};

struct memory_part {
	bool (*is_wanted)(const struct memory_options *options);
	int (*check)(const struct target *target, struct diag *diag);
	/* The options live as long as the state. */
	int (*create)(void **state, const struct memory_options *options, struct diag *diag);
	void (*environment)(void *state, struct text_list *variables);

	/* For each repeat: the target is held at its gate. */
	int (*prepare)(void *state, const struct repeat *repeat, struct diag *diag);
	/* Has the epoll wait for all after which there is something for step; after prepare. It is
	 * closed when the repeat has ended. */
	int (*watch)(void *state, int epoll, struct diag *diag);
	int (*in_child)(const void *state);
	int (*step)(void *state, struct diag *diag);
	/* Something was seen that has a stack: names will be needed. NULL: that is not for this
	 * part to know. */
	bool (*needs_names)(const void *state);
	/* As in core/collector.h. */
	int (*poke)(void *state, struct diag *diag);
	char *(*news)(void *state);
	/* Where the part waits for the target, and the driver must not. At most one may. NULL: it
	 * always does, if it has target_ended. */
	bool (*reaps_target)(const void *state);
	bool (*target_ended)(void *state, struct target_end *end);
	/* The target's programs have ended, or are let go. The run is empty but for what parts
	 * before have entered. */
	void (*ended)(void *state, struct heap_run *run);

	/* When all repeats are over, of each: takes out what turns out to be wrong. */
	void (*review)(struct heap_run *run);
	/* Of each, when all of them are usable. */
	void (*add_metrics)(struct metrics *metrics, const struct heap_run *run);
	/* How the target was seen: the result's backend, and its fallback. The run is that of the
	 * report; NULL: none is usable. */
	void (*describe)(struct result *result, const struct heap_run *run);
	/* Writes its files, judges findings, and enters the rest of the result. */
	int (*report)(const struct memory_report *report, struct diag *diag);

	void (*destroy)(void *state); /* NULL is fine */
};

/* A library in the target counts what malloc and its kin give (mem/blocks.c). */
extern const struct memory_part blocks_part;
/* --pages-as-heap: a tracer counts what mmap(2), brk(2) and their kin give; nothing is loaded into
 * the target (mem/pages/pages.c). */
extern const struct memory_part pages_part;
/* Beside blocks_part: each process is held at its end and looked at for leaks
 * (mem/leaks/part.c). */
extern const struct memory_part leaks_part;

/* For `watch`. */
int memory_part_watch(int epoll, int fd, struct diag *diag);

#endif
