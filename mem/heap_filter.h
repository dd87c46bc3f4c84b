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

struct heap_marks;
struct profile;
struct text_list;

struct heap_filter {
	const struct text_list *alloc_fns;  /* besides operator new and its kin */
	const struct text_list *ignore_fns; /* NULL: none, in both */
	/* More allocators by their names; ended by NULL. NULL: none. */
	const char *const *passed;
};

/* True for operator new and its kin, which massif leaves out of its trees like malloc. */
bool heap_is_allocation_function(const char *function);
/* The same of a frame of a profile: a frame_filter (core/profile.h). */
bool heap_is_allocator(const struct profile *profile, uint32_t frame);

/* Is anything left out at all? */
bool heap_filter_is_ignoring(const struct heap_filter *filter);

/* What a filter (NULL: the built-in one) says of the frames of a profile. Both must outlive it. Not
 * thread-safe: each name is looked at when it is first met. */
struct heap_marks *heap_marks_new(const struct heap_filter *filter, const struct profile *profile);
void heap_marks_free(struct heap_marks *marks); /* NULL is fine */

/* *callers: the stack without its innermost frames that are allocators, as many as follow one
 * another without another function between (valgrind manual, 9.4), and without what was inlined
 * into them; 0: there is nothing else. False: what was allocated there is left out, by who called
 * the outermost allocator that is not of `passed`, or by whom that is inlined into. */
bool heap_marks_enter(struct heap_marks *marks, uint32_t stack, uint32_t *callers);

#endif
