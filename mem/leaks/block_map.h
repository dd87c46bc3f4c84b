/* Which block of a heap does a word point to? And what does the heap hold there?
 *
 * Address space is cut into windows of 64 KB. Those with blocks have an index of their pages, and a
 * copy of their memory once it is asked for. Copies are bounded: on a large heap those that have
 * not been used for longest make room. Not thread-safe.
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

/* Copies n words of the process's memory from an address on that is a multiple of 8 and in a block.
 */
void block_map_copy(struct block_map *map, uint64_t addr, uint64_t *words, size_t n);

#endif
