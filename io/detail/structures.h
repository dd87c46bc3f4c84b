/* Structures in the target's memory that are written member by member: rows of structures.def. */
#ifndef IO_DETAIL_STRUCTURES_H
#define IO_DETAIL_STRUCTURES_H

#include "io/detail/decoding.h"

#define STRUCTURE(name, ...) STRUCTURE_##name,
enum detail_structure {
#include "io/detail/structures.def"
	N_STRUCTURES
};
#undef STRUCTURE

enum { LARGEST_STRUCTURE = 256 };

/* "a=1, b=2": the first n members. `bytes` has LARGEST_STRUCTURE of them. */
void detail_add_members(const struct decoding *d, enum detail_structure structure,
                        const void *bytes, size_t n);

/* Writes all of it, in braces; NULL and what cannot be read as an address. */
void decode_structure(const struct decoding *d, enum detail_structure structure, uint64_t addr);

/* Reads all of it; false when it cannot. */
bool decoding_read_structure(const struct decoding *d, enum detail_structure structure,
                             uint64_t addr, void *bytes);

#endif
