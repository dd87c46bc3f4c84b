/* Adds histograms up and puts them in rows. */
#include "mem/histogram.h"

#include "mem/wire.h"

#include <stdbool.h>

_Static_assert((int)HISTOGRAM_N_SIZES == (int)WIRE_N_SIZES, "the classes are those of the wire");
_Static_assert((int)HISTOGRAM_N_LIFETIMES == (int)WIRE_N_LIFETIMES, "likewise");

void histogram_add_thread(struct histogram *to, const struct wire_thread *from)
{
	for (size_t i = 0; i < WIRE_N_SIZES; i++) {
		to->sizes[i].allocations += from->sizes[i].allocations;
		to->sizes[i].bytes += from->sizes[i].bytes;
	}
	for (size_t i = 0; i < WIRE_N_LIFETIMES; i++)
		to->lifetimes[i] += from->lifetimes[i];
}

void histogram_add(struct histogram *to, const struct histogram *from)
{
	for (size_t i = 0; i < HISTOGRAM_N_SIZES; i++) {
		to->sizes[i].allocations += from->sizes[i].allocations;
		to->sizes[i].bytes += from->sizes[i].bytes;
	}
	for (size_t i = 0; i < HISTOGRAM_N_LIFETIMES; i++)
		to->lifetimes[i] += from->lifetimes[i];
	if (to->lifetime_error < from->lifetime_error)
		to->lifetime_error = from->lifetime_error;
}

struct histogram_totals histogram_totals(const struct histogram *histogram)
{
	struct histogram_totals totals = {.temporary = histogram->lifetimes[WIRE_TEMPORARY]};

	for (size_t i = 0; i < HISTOGRAM_N_SIZES; i++) {
		totals.allocations += histogram->sizes[i].allocations;
		totals.allocated_bytes += histogram->sizes[i].bytes;
	}
	for (size_t i = 0; i < HISTOGRAM_N_LIFETIMES; i++)
		totals.frees += histogram->lifetimes[i];
	return totals;
}

/* Leaves out the empty rows at both ends. */
static size_t trim(struct histogram_row *rows, size_t first, size_t n)
{
	size_t start = first;

	while (n > first && !rows[n - 1].count)
		n--;
	while (start < n && !rows[start].count)
		start++;
	for (size_t i = start; i < n; i++)
		rows[first + i - start] = rows[i];
	return first + n - start;
}

size_t histogram_size_rows(const struct histogram *histogram,
                           struct histogram_row rows[HISTOGRAM_MAX_ROWS])
{
	size_t n = 0;

	rows[n++] = (struct histogram_row){.count = histogram->sizes[WIRE_NO_BYTES].allocations};
	for (size_t i = 0; i < WIRE_NO_BYTES; i++)
		rows[n++] = (struct histogram_row){.from = i ? (UINT64_C(4) << i) + 1 : 1,
		                                   .to = UINT64_C(8) << i,
		                                   .count = histogram->sizes[i].allocations,
		                                   .bytes = histogram->sizes[i].bytes};
	return trim(rows, 0, n);
}

/* The range of a class of lifetimes that is not temporary. */
static struct histogram_row range_of(const struct histogram *histogram, size_t class)
{
	struct histogram_row row = {.count = histogram->lifetimes[class]};

	if (class > 1)
		row.from = UINT64_C(1) << (class - 2);
	if (class > 1)
		row.to = row.from - 1 + row.from;
	return row;
}

size_t histogram_lifetime_rows(const struct histogram *histogram,
                               struct histogram_row rows[HISTOGRAM_MAX_ROWS])
{
	uint64_t unknown = histogram->lifetimes[WIRE_LIFETIME_UNKNOWN];
	size_t first = 0, n;

	if (histogram->lifetimes[WIRE_TEMPORARY])
		rows[first++] = (struct histogram_row){
		    .kind = HISTOGRAM_TEMPORARY, .count = histogram->lifetimes[WIRE_TEMPORARY]};
	n = first;
	for (size_t class = 1; class < WIRE_LIFETIME_UNKNOWN; class ++) {
		struct histogram_row row = range_of(histogram, class);
		bool is_first = n == first;

		if (is_first || row.from >= 4 * histogram->lifetime_error) {
			rows[n++] = row;
			continue;
		}
		rows[n - 1].to = row.to;
		rows[n - 1].count += row.count;
	}
	n = trim(rows, first, n);
	if (unknown)
		rows[n++] = (struct histogram_row){.kind = HISTOGRAM_UNKNOWN, .count = unknown};
	return n;
}
