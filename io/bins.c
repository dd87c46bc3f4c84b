/* Adds to bins, and joins them. */
#include "io/bins.h"

#include "core/alloc.h"

#include <stdlib.h>
#include <string.h>

/* bpf tells of calls in runs of up to twice as long, of which only the end is known
 * (io/bpf/ring.h): nothing finer could be shown. */
enum { FIRST_WIDTH_NS = 1000000 };

struct io_bins *io_bins_new(void)
{
	struct io_bins *bins = xcalloc(1, sizeof(*bins));

	bins->width_ns = FIRST_WIDTH_NS;
	return bins;
}

void io_bins_free(struct io_bins *bins)
{
	if (!bins)
		return;
	for (size_t i = 0; i < bins->n_calls; i++)
		free(bins->calls[i]);
	free(bins->calls);
	free(bins);
}

static void halve_calls(struct io_bin *row)
{
	for (size_t i = 0; i < IO_BINS / 2; i++)
		row[i] = (struct io_bin){row[2 * i].calls + row[2 * i + 1].calls,
		                         row[2 * i].time_ns + row[2 * i + 1].time_ns};
	memset(row + IO_BINS / 2, 0, IO_BINS / 2 * sizeof(*row));
}

static void halve_bytes(uint64_t *row)
{
	for (size_t i = 0; i < IO_BINS / 2; i++)
		row[i] = row[2 * i] + row[2 * i + 1];
	memset(row + IO_BINS / 2, 0, IO_BINS / 2 * sizeof(*row));
}

/* The bin of this moment, after room was made for it. */
static size_t bin_at(struct io_bins *bins, uint64_t now_ns)
{
	for (; now_ns / bins->width_ns >= IO_BINS; bins->width_ns *= 2) {
		for (size_t i = 0; i < bins->n_calls; i++)
			if (bins->calls[i])
				halve_calls(bins->calls[i]);
		halve_bytes(bins->bytes[0]);
		halve_bytes(bins->bytes[1]);
	}
	if (now_ns > bins->end_ns)
		bins->end_ns = now_ns;
	return (size_t)(now_ns / bins->width_ns);
}

static struct io_bin *row_of(struct io_bins *bins, size_t call)
{
	if (call >= bins->n_calls) {
		struct io_bin **rows = xcalloc(2 * call + 1, sizeof(struct io_bin *));

		if (bins->n_calls)
			memcpy(rows, bins->calls, bins->n_calls * sizeof(*rows));
		free(bins->calls);
		bins->calls = rows;
		bins->n_calls = 2 * call + 1;
	}
	if (!bins->calls[call])
		bins->calls[call] = xcalloc(IO_BINS, sizeof(*bins->calls[call]));
	return bins->calls[call];
}

void io_bins_add_calls(struct io_bins *bins, size_t call, uint64_t ended_ns, uint64_t n_calls,
                       uint64_t time_ns)
{
	size_t bin = bin_at(bins, ended_ns);
	struct io_bin *row = row_of(bins, call);
	uint64_t room_ns = ended_ns % bins->width_ns;

	row[bin].calls += n_calls;
	for (; bin > 0 && time_ns > room_ns; bin--, room_ns = bins->width_ns) {
		row[bin].time_ns += room_ns;
		time_ns -= room_ns;
	}
	row[bin].time_ns += time_ns;
}

void io_bins_add_call(struct io_bins *bins, size_t call, uint64_t ended_ns, uint64_t time_ns)
{
	io_bins_add_calls(bins, call, ended_ns, 1, time_ns);
}

void io_bins_add_bytes(struct io_bins *bins, unsigned direction, uint64_t ended_ns, uint64_t bytes)
{
	bins->bytes[direction][bin_at(bins, ended_ns)] += bytes;
}

void io_bins_end(struct io_bins *bins, uint64_t end_ns)
{
	bin_at(bins, end_ns);
}

size_t io_bins_count(const struct io_bins *bins)
{
	return (size_t)(bins->end_ns / bins->width_ns) + 1;
}
