/* The files that a run has, and each of its largest processes: one table, written at once. */
#ifndef MEM_REPORTS_FILE_SET_H
#define MEM_REPORTS_FILE_SET_H

#include "mem/heap.h"

#include "mem/leaks/leak_document.h"

#include <stddef.h>
#include <stdint.h>

struct diag;
struct files_options;
struct heap_words;
struct leaks_text;
struct profile;
struct result;
struct results_run;

/* What a leak check adds. */
struct leak_files {
	struct leak_document document;
	bool has_verdict;      /* else all that is known is why */
	struct loss_sums lost; /* own blocks */
	const char *lack;      /* what it is not of, or NULL */
};

/* What one set is made from; the caller's but for the last part. */
struct file_set {
	const char *folder;                     /* "" or "processes/7.0-sh/" */
	const struct heap_process *timeline_of; /* a view of it (mem/reports/heap_view.h) */
	const struct profile *profile;          /* for report and pictures; without what leaked
	                                           where that is not known of all */
	const struct profile *whole;            /* the same with it */
	const struct profile *timeline;         /* with the trees of the snapshots */
	struct heap_totals totals;
	const struct heap_process *processes;
	size_t n_processes;
	uint64_t wall_ns;        /* 0: not known */
	uint64_t peak_rss_bytes; /* 0: not known */
	const char *const *notes;
	char *limits;                   /* what keeps the numbers from being believed, in a line */
	const struct leak_files *leaks; /* NULL: there are none */
	const struct files_options *options;
	const struct heap_words *words;
	const struct result *result;
	char *title;

	/* While the files are made. */
	struct heap_forest *forest; /* of the timeline */
	struct call_order *order;   /* of the profile */
	double threshold;           /* of massif.out: that of the options, or what keeps it small */
	char *massif;               /* massif.out */
	size_t massif_bytes;
	struct leaks_text *leaks_text; /* leaks.txt; NULL: there is none */
};

/* Notes in the result's quality what the files leave out. */
int file_set_write(struct file_set *set, struct results_run *results, struct diag *diag);

#endif
