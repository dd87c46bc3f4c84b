/* Sorts the blocks of a stopped process into memcheck's classes: what its roots lead to, and what
 * they don't.
 *
 * Pure: memory is read through a callback. The algorithm is memcheck's (mc_leakcheck.c): aligned
 * words of the roots, then of each block that was reached; a pointer to a block's start, or one
 * that a heuristic takes for that, makes it reachable, one into it possibly lost; what is reached
 * from no root is lost, indirectly when another lost block leads to it.
 */
#ifndef MEM_LEAKS_MARK_H
#define MEM_LEAKS_MARK_H

#include "mem/leaks/leaks.h"

struct leak_ground {
	/* In the order of their addresses, without overlap. */
	const struct leak_block *blocks;
	size_t n_blocks;
	/* Where pointers count. Not sorted; they hold no block. */
	const struct leak_range *roots;
	size_t n_roots;
	/* Registers of all threads. */
	const uint64_t *words;
	size_t n_words;
	/* Blocks with a keeper, which count as reachable; their words don't, but for
	 * LEAK_SEARCH_TREES. */
	const size_t *kept;
	size_t n_kept;
	unsigned heuristics; /* 1 << enum leak_heuristic */
	/* What is mapped from files, for LEAK_MULTIPLE_INHERITANCE: readable, and executable.
	 * Sorted by address, without overlap. */
	const struct leak_range *files;
	size_t n_files;
	const struct leak_range *code;
	size_t n_code;
	leak_read *read;
	void *context;
};

/* In steps: with the ground copied, the process may go on before its blocks are judged. The
 * ground's lists stay the caller's, and in place until the end. */
struct leak_marking;
struct leak_marking *leak_marking_new(const struct leak_ground *ground);
void leak_marking_free(struct leak_marking *marking); /* NULL is fine */
/* Copies all that judging looks at. False: that is more than the limit, or a block is of 64 MB or
 * more; judging reads then. */
bool leak_marking_copy(struct leak_marking *marking, size_t limit_bytes);
/* What the copy takes. */
size_t leak_marking_copied_bytes(const struct leak_marking *marking);
/* Once. In any thread. The rows are new, in no particular order; trouble and took_ns stay as they
 * are. */
void leak_marking_judge(struct leak_marking *marking, struct leak_verdict *verdict);

/* What all copies together may take: an eighth of the machine's memory. */
size_t leak_copy_limit_bytes(void);

#endif
