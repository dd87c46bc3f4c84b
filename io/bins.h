/* What happened when: calls, the time in them and bytes moved, in equal parts of the run. However
 * long it is, there are IO_BINS at most: when they do not reach, each two become one. */
#ifndef IO_BINS_H
#define IO_BINS_H

#include <stddef.h>
#include <stdint.h>

enum { IO_BINS = 256 };

struct io_bin {
	uint64_t calls;
	uint64_t time_ns;
};

/* Points in time are ns since the repeat's start. All sums are exact. */
struct io_bins {
	uint64_t width_ns;     /* of each */
	uint64_t end_ns;       /* of measuring, or of what was added last in time */
	struct io_bin **calls; /* by index of the call's row; NULL: none */
	size_t n_calls;
	uint64_t bytes[2][IO_BINS]; /* enum io_direction */
};

struct io_bins *io_bins_new(void);
void io_bins_free(struct io_bins *bins); /* NULL is fine */

/* The call counts where it ended. Its time lies before that, in as many bins as it takes. */
void io_bins_add_call(struct io_bins *bins, size_t call, uint64_t ended_ns, uint64_t time_ns);
/* Several in a row, which took 2 ms at most together: they count where the last one ended, and
 * their time lies before that as one call's. */
void io_bins_add_calls(struct io_bins *bins, size_t call, uint64_t ended_ns, uint64_t n_calls,
                       uint64_t time_ns);
void io_bins_add_bytes(struct io_bins *bins, unsigned direction, uint64_t ended_ns, uint64_t bytes);

/* Measuring ended then, whether or not anything was added at last. */
void io_bins_end(struct io_bins *bins, uint64_t end_ns);

/* Bins up to the end; at least 1. */
size_t io_bins_count(const struct io_bins *bins);

#endif
