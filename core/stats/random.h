/* A small seeded generator of random numbers, so that the same samples always get the same
 * interval.
 *
 * xoshiro256** seeded by splitmix64: Blackman, Vigna, "Scrambled linear pseudorandom number
 * generators", ACM Transactions on Mathematical Software 47 (2021). Nothing here is secret.
 */
#ifndef CORE_STATS_RANDOM_H
#define CORE_STATS_RANDOM_H

#include <stdint.h>

struct random_source {
	uint64_t state[4];
};

/* Any seed will do, 0 too. */
void random_source_init(struct random_source *source, uint64_t seed);

uint64_t random_source_next(struct random_source *source);
/* 0 .. limit - 1, each as likely (to within limit / 2^32); limit is 1 or more. */
uint32_t random_source_below(struct random_source *source, uint32_t limit);
/* Above 0 and below 1. */
double random_source_unit(struct random_source *source);
/* Of the normal distribution with mean 0 and deviation 1. */
double random_source_normal(struct random_source *source);

#endif
