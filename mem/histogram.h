/* How large blocks were, and how long they lived: sums, and rows for people.
 *
 * Each allocation is counted once under its size, each free once under the block's lifetime: the
 * allocations that the thread which made it made until it was freed. So the sums are totals.
 */
#ifndef MEM_HISTOGRAM_H
#define MEM_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

struct wire_thread;

enum { HISTOGRAM_N_SIZES = 62, HISTOGRAM_N_LIFETIMES = 67, HISTOGRAM_MAX_ROWS = 70 };

struct histogram {
	struct {
		uint64_t allocations;
		uint64_t bytes;
	} sizes[HISTOGRAM_N_SIZES]; /* wire_size_class() */
	/* WIRE_TEMPORARY, wire_lifetime_class(), WIRE_LIFETIME_UNKNOWN */
	uint64_t lifetimes[HISTOGRAM_N_LIFETIMES];
	uint64_t lifetime_error; /* lifetimes are up to so many allocations too long; 0: exact */
};

struct histogram_totals {
	uint64_t allocations;
	uint64_t allocated_bytes;
	uint64_t frees;
	uint64_t temporary;
};

enum histogram_row_kind {
	HISTOGRAM_RANGE,
	HISTOGRAM_TEMPORARY, /* freed by its thread before it allocated anything else */
	HISTOGRAM_UNKNOWN,
};

struct histogram_row {
	enum histogram_row_kind kind;
	uint64_t from; /* bytes or allocations; both ends belong to it */
	uint64_t to;
	uint64_t count; /* allocations or frees */
	uint64_t bytes; /* of sizes */
};

void histogram_add_thread(struct histogram *to, const struct wire_thread *from);
void histogram_add(struct histogram *to, const struct histogram *from);
struct histogram_totals histogram_totals(const struct histogram *histogram);

/* Rows from the first with anything in it to the last one. Return how many there are. */
size_t histogram_size_rows(const struct histogram *histogram,
                           struct histogram_row rows[HISTOGRAM_MAX_ROWS]);
/* Likewise; the temporary ones first, those of unknown lifetime last. Classes under four times the
 * error cannot be told apart and are one. */
size_t histogram_lifetime_rows(const struct histogram *histogram,
                               struct histogram_row rows[HISTOGRAM_MAX_ROWS]);

#endif
