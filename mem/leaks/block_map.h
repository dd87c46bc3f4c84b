/* Which block of a heap does a word point to? And what does the heap hold there?
 *
 * Address space is cut into windows of 64 KB. Those with blocks have an index of their pages, and a
 * copy of their memory: of all at once, or once it is asked for. Then copies are bounded: on a
 * large heap those that have not been used for longest make room. Not thread-safe.
 */
#ifndef MEM_LEAKS_BLOCK_MAP_H
#define MEM_LEAKS_BLOCK_MAP_H

#include "mem/leaks/leaks.h"

struct block_map;

#define BLOCK_NONE SIZE_MAX

/* The blocks, in the order of their addresses and without overlap, stay the caller's and in place.
 * They lie below 2^47. */
struct block_map *block_map_new(const struct leak_block *blocks, size_t n_blocks, leak_read *read,
                                void *context, size_t copy_limit_bytes);
void block_map_free(struct block_map *map); /* NULL is fine */

/* The number of the block that the address lies in, or BLOCK_NONE. A block of 0 bytes has its first
 * address. */
size_t block_map_find(const struct block_map *map, uint64_t addr);

/* The same in two steps, between which there may be others, so that memory has time to come: the
 * block that it can be, if any, and whether it is. The first does not look at the block. */
size_t block_map_guess(const struct block_map *map, uint64_t addr);
size_t block_map_confirm(const struct block_map *map, size_t guess, uint64_t addr);

/* Copies the memory of all windows. From then on nothing is read. False: it would be more than the
 * limit, or a block is so large that it has no windows. */
bool block_map_copy_all(struct block_map *map, size_t limit_bytes);
/* What that has taken. */
size_t block_map_copied_bytes(const struct block_map *map);

/* Copies n words of the process's memory from an address on that is a multiple of 8 and in a block.
 */
void block_map_copy(struct block_map *map, uint64_t addr, uint64_t *words, size_t n);

/* Words from such an address on: up to *n, which becomes how many there are. They lie in the copy
 * of all, or are copied to `room`. */
const uint64_t *block_map_words(struct block_map *map, uint64_t addr, size_t *n, uint64_t *room);

/* Will soon be asked for; nothing, if it is not there to be had. */
void block_map_prefetch(const struct block_map *map, uint64_t addr);

#endif
