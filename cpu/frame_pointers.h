/* Tells of stacks that were found by frame pointers where they end. */
#ifndef CPU_FRAME_POINTERS_H
#define CPU_FRAME_POINTERS_H

#include <stddef.h>
#include <stdint.h>

struct profile;

/* How much of one value type is on stacks whose outermost user frame is no start of a program or
 * thread, and on stacks where it has no name. Those that end in a frame of the unwinder's own are
 * in neither. A stack that ends at a start may have lost a caller in between all the same: that
 * cannot be told. */
struct chain_ends {
	uint64_t n_broken;
	uint64_t n_unknown;
};
struct chain_ends chain_ends_of(const struct profile *profile, size_t type);

#endif
