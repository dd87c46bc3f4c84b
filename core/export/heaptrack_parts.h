/* The blocks of each stack of a heap by how they live, made of sums: the first half of what
 * heaptrack_plan.h promises.
 *
 * What is in use at the peak or at the end lives as long as that asks for; the rest is short-lived.
 */
#ifndef CORE_EXPORT_HEAPTRACK_PARTS_H
#define CORE_EXPORT_HEAPTRACK_PARTS_H

#include "core/export/heaptrack_plan.h"

enum part_kind {
	KEPT,    /* in use at the peak and at the end */
	FALLING, /* in use at the peak, freed by the end */
	RISING,  /* allocated after the peak, in use at the end */
	SHORT,
	TEMPORARY,
	N_PARTS,
};

/* n blocks: the first n_large of size + 1, the others of size. */
struct part {
	uint64_t size;
	uint64_t n;
	uint64_t n_large;
	uint32_t large; /* kinds of block; 0: there is none */
	uint32_t small;
	uint64_t made; /* so many have been allocated and are in use, or were held */
	/* Of the short-lived ones that are not held: how many came and went, and the moment by
	 * which all have. */
	uint64_t passed;
	size_t last_moment;
};

struct site {
	struct part parts[N_PARTS];
	uint64_t n_held; /* of the short-lived ones, held over a moment */
};

uint64_t part_bytes(const struct part *part, uint64_t n); /* of the first n blocks */
uint64_t part_largest(const struct part *part);           /* the size of its largest block */

/* a - b, or 0. */
static inline uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static inline uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* whole * part / total, rounded down, without overflow; 0 of a total of 0. */
static inline uint64_t scale(uint64_t whole, uint64_t part, uint64_t total)
{
	return total ? (uint64_t)((unsigned __int128)whole * part / total) : 0;
}

/* Fills in the parts of n sites, whose sums by kind are added to sums[]. `valley` is the least that
 * was in use after the peak: what is in use at the peak and at the end is thought to be the same
 * blocks where that fits. What does not add up is added to *lack. */
void parts_fill(struct site *sites, const struct heaptrack_site *from, size_t n_sites,
                uint64_t valley, uint64_t sums[N_PARTS], struct heaptrack_lack *lack);

#endif
