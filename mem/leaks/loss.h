/* Joins the rows of a process into memcheck's loss records: blocks of one kind whose stacks begin
 * with the same addresses (Valgrind manual, 4.2.8 and --leak-resolution).
 *
 * The heuristic that reached a block is no part of a record: as with memcheck it is summed apart.
 */
#ifndef MEM_LEAKS_LOSS_H
#define MEM_LEAKS_LOSS_H

#include "mem/leaks/leaks.h"

struct called_operator;
struct leak_library;
struct leak_stack;
struct profile;
struct recording;
struct suppressions;
struct symbolizer;

/* How many frames from the leaf on have to be the same (--leak-resolution): all that are shown, 4,
 * 2. The allocation function is the first of them. */
enum leak_resolution { LEAK_RESOLUTION_LOW, LEAK_RESOLUTION_MED, LEAK_RESOLUTION_HIGH };

struct loss_settings {
	enum leak_resolution resolution;
	unsigned num_callers;                    /* of each stack that count and are shown */
	const struct suppressions *suppressions; /* NULL: none */
	struct symbolizer *symbolizer;      /* that reads calls (operators.h); NULL: they are not */
	const struct leak_library *library; /* that gave the blocks; NULL: not known */
};

struct loss_record {
	enum leak_kind kind;
	enum leak_keeper keeper;
	const char *allocator; /* the function on top, "malloc"; NULL: the stack's own leaf is it */
	enum leak_function function; /* the same, and where it is; NULL: not known */
	const struct leak_library *library;
	const struct called_operator *called; /* the operator on top, by its call; NULL: by name */
	uint32_t stack;                       /* of the recording: one of those that were joined */
	uint32_t named;                       /* what it is in the profile */
	uint64_t n_blocks;
	uint64_t bytes;
	uint64_t indirect_bytes;
	uint32_t suppression; /* the rule (mem/leaks/suppression.h) that takes it away; 0: none */
};

struct loss_sum {
	uint64_t bytes;
	uint64_t n_blocks;
};

/* What is not suppressed by kind, and what is. */
struct loss_sums {
	struct loss_sum kinds[LEAK_N_KINDS];
	struct loss_sum suppressed;
};

/* Of one process. */
struct loss_list {
	struct loss_record *records; /* sorted as memcheck sorts them: the largest last */
	size_t n_records;
	size_t *record_of;     /* of each row, its record */
	struct loss_sums sums; /* as memcheck has them: a forked child's inherited blocks, too */
	struct loss_sums own;  /* without what was inherited */
	struct loss_sum by_heuristic[LEAK_N_HEURISTICS]; /* what each has made reachable */
};

/* The rows' stacks are the recording's, and carry samples there; `profile` is made of it. */
void loss_list_make(struct loss_list *list, const struct leak_row *rows, size_t n_rows,
                    const struct recording *recording, const struct profile *profile,
                    const struct loss_settings *settings);
void loss_list_fini(struct loss_list *list);

void loss_sums_add(struct loss_sums *to, const struct loss_sums *from);

/* Direct and indirect bytes: what records are sorted by. */
uint64_t loss_record_total(const struct loss_record *record);

/* Records of these kinds (1 << enum leak_kind) that are suppressed, or are not. */
size_t loss_count(const struct loss_list *list, unsigned kinds, bool is_suppressed);

#define LOSS_NO_OBJECT UINT32_MAX

/* A frame as memcheck shows it. Texts live as long as the profile. */
struct loss_frame {
	bool has_address;     /* an allocation function on top has its first one: it was called, and
	                         is not on the stack */
	uint64_t vaddr;       /* as the object's file numbers it, within the call for a caller */
	const char *function; /* "(below main)" for what calls main; NULL: it has no name */
	const char *object;   /* path, or a name in brackets; NULL: not known */
	uint32_t object_id;   /* of the profile; LOSS_NO_OBJECT: none */
	const char *file;     /* as the compiler named it; NULL: not known */
	uint32_t line;
};

/* The frames of a record from the allocation function on, down to main or `num_callers` addresses
 * (inlined calls count with the address they are at). The caller frees the array. */
struct loss_frame *loss_record_frames(const struct loss_record *record,
                                      const struct recording *recording,
                                      const struct profile *profile, unsigned num_callers,
                                      size_t *n_frames);

/* The same as suppressions see it. The caller frees the array of its frames, `*frames`. */
struct leak_stack loss_record_stack(const struct loss_record *record, const struct profile *profile,
                                    uint32_t **frames);

#endif
