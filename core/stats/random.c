/* xoshiro256** and what is drawn from it. */
#include "core/stats/random.h"

#include <math.h>

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static uint64_t splitmix_next(uint64_t *state)
{
	uint64_t mixed = *state += 0x9e3779b97f4a7c15u;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
	return mixed ^ mixed >> 31;
}

void random_source_init(struct random_source *source, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		source->state[i] = splitmix_next(&seed);
}

uint64_t random_source_next(struct random_source *source)
{
	uint64_t *state = source->state;
	uint64_t result = rotate_left(state[1] * 5, 7) * 9;
	uint64_t shifted = state[1] << 17;

	state[2] ^= state[0];
	state[3] ^= state[1];
	state[1] ^= state[2];
	state[0] ^= state[3];
	state[2] ^= shifted;
	state[3] = rotate_left(state[3], 45);
	return result;
}

uint32_t random_source_below(struct random_source *source, uint32_t limit)
{
	return (uint32_t)((random_source_next(source) >> 32) * limit >> 32);
}

double random_source_unit(struct random_source *source)
{
	/* The middles of 2^53 equal parts. */
	return ((double)(random_source_next(source) >> 11) + 0.5) * 0x1p-53;
}

double random_source_normal(struct random_source *source)
{
	/* Box and Muller, 1958; its second number is let go. */
	double radius = sqrt(-2 * log(random_source_unit(source)));

	return radius * cos(2 * M_PI * random_source_unit(source));
}
