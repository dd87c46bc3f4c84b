/* What a main arena of glibc got from mmap(2) when brk(2) failed. Pure. */
#ifndef MEM_LEAKS_PIECES_H
#define MEM_LEAKS_PIECES_H

#include "mem/leaks/arenas.h"

/* The piece of malloc's memory that holds a block, in a map that may hold other things too. False:
 * the chunks around the block do not lead to its ends. */
bool leak_piece_find(const struct leak_memory *memory, const struct leak_arenas *arenas,
                     struct leak_range map, uint64_t block, struct leak_range *piece);

#endif
