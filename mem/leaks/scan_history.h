/* What scans of running processes have found, one after the other: what each found lost that the
 * one before had not. Not thread-safe. */
#ifndef MEM_LEAKS_SCAN_HISTORY_H
#define MEM_LEAKS_SCAN_HISTORY_H

#include "mem/leaks/leaks.h"

#include <sys/types.h>

struct leak_scan;
struct scan_history;

/* What has grown in one process since its scan before. */
struct scan_growth {
	pid_t pid;
	uint64_t inode; /* as in its verdict */
	uint32_t section;
	uint64_t stood_still_ns;
	char *why_not;         /* it could not be looked at; NULL: it was */
	struct leak_row *rows; /* of lost blocks: how many more there are, of each stack and kind */
	size_t n_rows;
};

struct scan_entry {
	unsigned number;                    /* from 1 */
	uint64_t after_ns;                  /* since the start of the repeat */
	struct leak_row lost[LEAK_N_KINDS]; /* in all processes: n_blocks, bytes */
	struct leak_row grown[LEAK_N_KINDS];
	struct scan_growth *processes;
	size_t n_processes;
};

struct scan_history *scan_history_new(void);
void scan_history_free(struct scan_history *history); /* NULL is fine */

/* Takes the scan over. Returns a sentence on it, which the caller frees. */
char *scan_history_add(struct scan_history *history, struct leak_scan *scan,
                       uint64_t repeat_start_ns);

/* The entries, in the order of time; *n_left_out: that found no room any more. */
const struct scan_entry *scan_history_entries(const struct scan_history *history, size_t *n_entries,
                                              uint64_t *n_left_out);

#endif
