/* The inputs that a target's fuzz_add_seeds() has added. */
#ifndef TESTS_FUZZ_SEEDS_H
#define TESTS_FUZZ_SEEDS_H

#include "tests/fuzz/fuzz.h"

struct fuzz_input {
	uint8_t *bytes;
	size_t len;
};

extern struct fuzz_input *fuzz_seeds;
extern size_t n_fuzz_seeds;

#endif
