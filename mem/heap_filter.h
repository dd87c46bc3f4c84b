/* Which functions count as allocators, and whose allocations are left out: massif's --alloc-fn and
 * --ignore-fn.
 *
 * A name is a demangled one, with its arguments or without, or a glob (glob(7)) that matches
 * either.
 */
#ifndef MEM_HEAP_FILTER_H
#define MEM_HEAP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile;
struct text_list;

struct heap_filter {
	const struct text_list *alloc_fns;  /* besides operator new and its kin */
	const struct text_list *ignore_fns; /* NULL: none, in both */
	/* More allocators by their names, for heap_filter_skip() alone; ended by NULL. NULL: none.
	 */
	const char *const *passed;
};

/* True for operator new and its kin, which massif leaves out of its trees like malloc. */
bool heap_is_allocation_function(const char *function);
/* The same of a frame of a profile: a frame_filter (core/profile.h). */
bool heap_is_allocator(const struct profile *profile, uint32_t frame);

/* How many innermost frames of a stack, leaf first, are allocators: as many as follow one another
 * without another function between (valgrind manual, 9.4). `filter` NULL: the built-in ones. */
size_t heap_filter_skip(const struct heap_filter *filter, const struct profile *profile,
                        const uint32_t *frames, size_t n_frames);

/* Is what was allocated there left out? By who called the outermost of these allocators. */
bool heap_filter_ignores(const struct heap_filter *filter, const struct profile *profile,
                         const uint32_t *frames, size_t n_frames);

/* Is anything of a profile's stacks left out? */
bool heap_filter_ignores_some(const struct heap_filter *filter, const struct profile *profile);

/* Is anything left out at all? */
bool heap_filter_is_ignoring(const struct heap_filter *filter);

#endif
