/* A process's timeline in massif's own file format, and as the text that ms_print makes of it. */
#ifndef MEM_REPORTS_MASSIF_H
#define MEM_REPORTS_MASSIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct heap_forest;
struct heap_snapshot;
struct heap_tree;

struct massif {
	struct heap_forest *forest; /* of a profile whose types hold the snapshots' trees */
	const struct heap_snapshot *snapshots;
	size_t n_snapshots;
	const char *command;
	const char *tree_top;    /* text of the top of trees (struct heap_words) */
	const char *description; /* the options: massif's "desc:" line */
	bool time_is_bytes;      /* else ms */
	double threshold;
	bool extra_is_unknown; /* extra bytes are 0 for that, which massif-report.txt says */
};

/* Format: what ms_print 3.19 reads. Both leave checking the stream to who opened it. */
void massif_write(const struct massif *massif, FILE *out);
void massif_report_write(const struct massif *massif, FILE *out);

/* The tree of a snapshot that has one; the caller frees it. */
struct heap_tree *massif_tree(const struct massif *massif, const struct heap_snapshot *snapshot);

/* A snapshot's time in the unit of the file. */
uint64_t massif_time(const struct massif *massif, const struct heap_snapshot *snapshot);

#endif
