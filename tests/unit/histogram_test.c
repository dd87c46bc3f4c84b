/* Histograms: their sums, and rows that are merged where their blocks cannot be told apart. */
#include "mem/histogram.h"
#include "mem/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_row(struct histogram_row row, uint64_t from, uint64_t to, uint64_t count)
{
	assert_int_equal(row.kind, HISTOGRAM_RANGE);
	assert_int_equal(row.from, from);
	assert_int_equal(row.to, to);
	assert_int_equal(row.count, count);
}

static void sums_over_classes_are_the_totals(void **state)
{
	struct wire_thread thread = {.tid = 1};
	struct histogram histogram = {.lifetime_error = 1}, sum = {.lifetime_error = 7};
	struct histogram_totals totals;

	(void)state;
	for (uint64_t size = 0; size < 100; size++) {
		thread.sizes[wire_size_class(size)].allocations++;
		thread.sizes[wire_size_class(size)].bytes += size;
	}
	thread.lifetimes[WIRE_TEMPORARY] = 20;
	for (uint64_t age = 0; age < 30; age++)
		thread.lifetimes[wire_lifetime_class(age)]++;
	thread.lifetimes[WIRE_LIFETIME_UNKNOWN] = 3;
	histogram_add_thread(&histogram, &thread);
	histogram_add_thread(&histogram, &thread);
	histogram_add(&sum, &histogram);
	totals = histogram_totals(&sum);
	assert_int_equal(totals.allocations, 200);
	assert_int_equal(totals.allocated_bytes, 9900);
	assert_int_equal(totals.frees, 2 * (20 + 30 + 3));
	assert_int_equal(totals.temporary, 40);
	assert_int_equal(sum.lifetime_error, 7);
}

static void every_size_is_in_the_row_that_holds_it(void **state)
{
	struct histogram_row rows[HISTOGRAM_MAX_ROWS];

	(void)state;
	for (uint64_t size = 0; size < 5000; size = size < 70 ? size + 1 : size * 9 / 8) {
		struct histogram histogram = {0};

		histogram.sizes[wire_size_class(size)].allocations = 2;
		histogram.sizes[wire_size_class(size)].bytes = 2 * size;
		assert_int_equal(histogram_size_rows(&histogram, rows), 1);
		assert_in_range(size, rows[0].from, rows[0].to);
		assert_int_equal(rows[0].count, 2);
		assert_int_equal(rows[0].bytes, 2 * size);
	}
}

static void rows_have_no_gaps_and_none_is_empty_at_an_end(void **state)
{
	struct histogram_row rows[HISTOGRAM_MAX_ROWS];
	struct histogram histogram = {0};

	(void)state;
	assert_int_equal(histogram_size_rows(&histogram, rows), 0);
	histogram.sizes[wire_size_class(20)].allocations = 5;
	histogram.sizes[wire_size_class(100)].allocations = 6;
	assert_int_equal(histogram_size_rows(&histogram, rows), 3);
	assert_row(rows[0], 17, 32, 5);
	assert_row(rows[1], 33, 64, 0);
	assert_row(rows[2], 65, 128, 6);
}

static void every_lifetime_is_in_the_row_that_holds_it(void **state)
{
	struct histogram_row rows[HISTOGRAM_MAX_ROWS];

	(void)state;
	for (uint64_t age = 0; age < 1000000; age = age < 70 ? age + 1 : age * 9 / 8) {
		struct histogram histogram = {0};

		histogram.lifetimes[wire_lifetime_class(age)] = 1;
		assert_int_equal(histogram_lifetime_rows(&histogram, rows), 1);
		assert_in_range(age, rows[0].from, rows[0].to);
	}
}

static void temporary_ones_are_first_and_unknown_ones_last(void **state)
{
	struct histogram_row rows[HISTOGRAM_MAX_ROWS];
	struct histogram histogram = {0};

	(void)state;
	histogram.lifetimes[WIRE_TEMPORARY] = 1;
	histogram.lifetimes[wire_lifetime_class(0)] = 2;
	histogram.lifetimes[wire_lifetime_class(2)] = 3;
	histogram.lifetimes[WIRE_LIFETIME_UNKNOWN] = 4;
	assert_int_equal(histogram_lifetime_rows(&histogram, rows), 5);
	assert_int_equal(rows[0].kind, HISTOGRAM_TEMPORARY);
	assert_int_equal(rows[0].count, 1);
	assert_row(rows[1], 0, 0, 2);
	assert_row(rows[2], 1, 1, 0);
	assert_row(rows[3], 2, 3, 3);
	assert_int_equal(rows[4].kind, HISTOGRAM_UNKNOWN);
	assert_int_equal(rows[4].count, 4);
}

static void what_the_error_blurs_is_one_row(void **state)
{
	struct histogram_row rows[HISTOGRAM_MAX_ROWS];
	struct histogram histogram = {.lifetime_error = 15};

	(void)state;
	histogram.lifetimes[WIRE_TEMPORARY] = 1;
	for (uint64_t age = 0; age < 256; age++)
		histogram.lifetimes[wire_lifetime_class(age)]++;
	assert_int_equal(histogram_lifetime_rows(&histogram, rows), 4);
	assert_row(rows[1], 0, 63, 64);
	assert_row(rows[2], 64, 127, 64);
	assert_row(rows[3], 128, 255, 128);
	/* So large that nothing can be told apart. */
	histogram.lifetime_error = UINT64_C(1) << 40;
	assert_int_equal(histogram_lifetime_rows(&histogram, rows), 2);
	assert_int_equal(rows[1].from, 0);
	assert_int_equal(rows[1].count, 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sums_over_classes_are_the_totals),
	    cmocka_unit_test(every_size_is_in_the_row_that_holds_it),
	    cmocka_unit_test(rows_have_no_gaps_and_none_is_empty_at_an_end),
	    cmocka_unit_test(every_lifetime_is_in_the_row_that_holds_it),
	    cmocka_unit_test(temporary_ones_are_first_and_unknown_ones_last),
	    cmocka_unit_test(what_the_error_blurs_is_one_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
