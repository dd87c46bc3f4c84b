/* Remembers walks of threads that stand still, or of copies of stacks, so that one like the last is
 * not walked again.
 *
 * A walk follows from where its thread stands, from the words of the stack that it reads on its
 * way, and from the code. Where all of these are as they were, its stack is the same: comparing a
 * word takes less than finding it. Not thread-safe.
 */
#ifndef CORE_WALK_CACHE_H
#define CORE_WALK_CACHE_H

#include "core/walk/sampled_stack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct walk_cache;

/* Where a thread stands. */
struct walk_place {
	uint64_t code; /* a number for the mappings of its process, as they are */
	uint64_t ip;
	uint64_t sp;
	uint64_t bp;
};

struct walk_cache *walk_cache_new(void);
void walk_cache_free(struct walk_cache *cache); /* NULL is fine */

/* The stack that was kept for this place, if all that its walk read is still there, in the memory
 * of thread `tid`. 0: it has to be walked. */
uint32_t walk_cache_find(struct walk_cache *cache, const struct walk_place *place, pid_t tid);

/* The same, where the words stand in a copy of the stack from its SP upwards. */
uint32_t walk_cache_find_copied(struct walk_cache *cache, const struct walk_place *place,
                                const uint8_t *copy, size_t copy_bytes);

/* Keeps the stack (not 0) that a walk gave which read these words and no others; in place of
 * another one, it may be. */
void walk_cache_keep(struct walk_cache *cache, const struct walk_place *place, uint32_t stack,
                     const struct stack_words *words);

#endif
