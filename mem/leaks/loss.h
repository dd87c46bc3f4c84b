/* Joins the rows of a process into memcheck's loss records: blocks of one kind whose stacks begin
 * with the same frames. */
#ifndef MEM_LEAKS_LOSS_H
#define MEM_LEAKS_LOSS_H

#include "mem/leaks/leaks.h"

struct profile;
struct suppressions;

/* How many frames from the leaf on have to be the same (--leak-resolution). */
enum leak_resolution { LEAK_RESOLUTION_HIGH, LEAK_RESOLUTION_MED, LEAK_RESOLUTION_LOW };

struct loss_settings {
	enum leak_resolution resolution;
	unsigned num_callers;              /* of each stack that count and are shown */
	struct suppressions *suppressions; /* NULL: none; counts how often each was used */
};

struct loss_record {
	enum leak_kind kind;
	uint32_t stack; /* of the profile: one of those that were joined */
	uint64_t n_blocks;
	uint64_t bytes;
	uint64_t indirect_bytes;
	bool is_suppressed;
};

struct loss_sum {
	uint64_t bytes;
	uint64_t n_blocks;
};

/* Of one process, or of a whole run. */
struct loss_list {
	struct loss_record *records; /* sorted as memcheck sorts them: the largest last */
	size_t n_records;
	struct loss_sum kinds[LEAK_N_KINDS]; /* without what is suppressed */
	struct loss_sum suppressed;
	struct loss_sum by_heuristic[LEAK_N_HEURISTICS]; /* suppressed ones too, as in memcheck */
};

/* `profile` has the names; rows are the recording's that it was made of. */
void loss_list_make(struct loss_list *list, const struct leak_row *rows, size_t n_rows,
                    const struct profile *profile, const struct loss_settings *settings);
void loss_list_fini(struct loss_list *list);

#endif
