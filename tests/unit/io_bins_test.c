/* However long a run is, the sums over its bins are those of its calls. */
#include "io/bins.h"
#include "io/counts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { MS = 1000000 };

static struct io_bin sum_of(const struct io_bins *bins, size_t call)
{
	struct io_bin sum = {0};

	for (size_t i = 0; call < bins->n_calls && bins->calls[call] && i < IO_BINS; i++) {
		sum.calls += bins->calls[call][i].calls;
		sum.time_ns += bins->calls[call][i].time_ns;
	}
	return sum;
}

static void a_call_counts_where_it_ended(void **state)
{
	struct io_bins *bins = io_bins_new();

	(void)state;
	io_bins_add_call(bins, 0, 5 * MS + 10, 20);
	assert_int_equal(bins->calls[0][5].calls, 1);
	assert_int_equal(bins->calls[0][5].time_ns, 10);
	assert_int_equal(bins->calls[0][4].time_ns, 10);
	io_bins_add_calls(bins, 3, 2 * MS, 64, 500);
	assert_int_equal(bins->calls[3][2].calls, 64);
	assert_null(bins->calls[1]);
	assert_int_equal(io_bins_count(bins), 6);
	io_bins_free(bins);
}

static void a_long_call_takes_as_many_bins_as_its_time(void **state)
{
	struct io_bins *bins = io_bins_new();

	(void)state;
	io_bins_add_call(bins, 0, 10 * MS + MS / 2, 7 * MS);
	assert_int_equal(bins->calls[0][10].time_ns, MS / 2);
	for (size_t i = 4; i < 10; i++)
		assert_int_equal(bins->calls[0][i].time_ns, MS);
	assert_int_equal(bins->calls[0][3].time_ns, MS / 2);
	assert_int_equal(bins->calls[0][2].time_ns, 0);
	/* More than there was. */
	io_bins_add_call(bins, 1, 2 * MS, 9 * MS);
	assert_int_equal(bins->calls[1][0].time_ns, 8 * MS);
	assert_int_equal(sum_of(bins, 1).time_ns, 9 * MS);
	io_bins_free(bins);
}

static void longer_runs_have_wider_bins(void **state)
{
	struct io_bins *bins = io_bins_new();

	(void)state;
	io_bins_add_call(bins, 0, 1 * MS, 1);
	io_bins_add_call(bins, 0, 2 * MS, 1);
	io_bins_add_call(bins, 0, 3 * MS, 1);
	io_bins_add_bytes(bins, 1, 3 * MS, 5);
	io_bins_add_call(bins, 0, (uint64_t)IO_BINS * MS, 1);
	assert_int_equal(bins->width_ns, 2 * MS);
	assert_int_equal(bins->calls[0][0].calls, 1);
	assert_int_equal(bins->calls[0][1].calls, 2);
	assert_int_equal(bins->calls[0][IO_BINS / 2].calls, 1);
	assert_int_equal(bins->bytes[1][1], 5);
	assert_int_equal(io_bins_count(bins), IO_BINS / 2 + 1);
	io_bins_add_call(bins, 0, UINT64_MAX, UINT64_MAX);
	assert_int_equal(sum_of(bins, 0).calls, 5);
	assert_true(io_bins_count(bins) <= IO_BINS);
	io_bins_free(bins);
}

/* One thread is in calls for no more than all the time: no step has more than its width. */
static void a_run_takes_as_many_bins_as_its_time(void **state)
{
	struct io_bins *bins = io_bins_new();

	(void)state;
	io_bins_add_calls(bins, 0, 6 * MS + 100, 64, 2 * MS);
	assert_int_equal(bins->calls[0][6].calls, 64);
	assert_int_equal(bins->calls[0][6].time_ns, 100);
	assert_int_equal(bins->calls[0][5].time_ns, MS);
	assert_int_equal(bins->calls[0][4].time_ns, MS - 100);
	assert_int_equal(sum_of(bins, 0).calls, 64);
	io_bins_free(bins);
}

/* Reads and writes, alone and in runs, over ten minutes. */
static void sums_are_the_totals(void **state)
{
	static const char *const names[] = {"read", "write", "getppid", "openat"};
	struct io_counts *counts = io_counts_new(512);
	uint32_t times_ns[] = {100, 200, 300};
	struct io_repetition three = {3, times_ns};
	uint64_t now_ns = 0, calls = 0, time_ns = 0, bytes[2] = {0};

	(void)state;
	io_counts_add_thread(counts, 1, 1, "test");
	for (uint64_t i = 0; i < 20000; i++) {
		struct io_call call = {.info = syscall_find_named(ABI_X86_64, names[i % 4]),
		                       .result = 10,
		                       .bytes = i % 4 < 2 ? 10 : 0,
		                       .time_ns = i * 7919 % 40000000};

		call.ended_ns = now_ns += i * 104729 % 60000000;
		if (i % 3) {
			io_counts_add(counts, &call);
		} else {
			call.time_ns = 600;
			io_counts_add_repeated(counts, &call, &three);
		}
	}
	for (size_t i = 0; i < counts->n_calls; i++) {
		struct io_bin sum = sum_of(counts->bins, i);

		assert_int_equal(sum.calls, counts->calls[i].calls);
		assert_int_equal(sum.time_ns, counts->calls[i].time_ns);
		calls += sum.calls;
		time_ns += sum.time_ns;
	}
	for (size_t i = 0; i < IO_BINS; i++)
		for (int direction = 0; direction < 2; direction++)
			bytes[direction] += counts->bins->bytes[direction][i];
	assert_int_equal(calls, counts->totals.calls);
	assert_int_equal(time_ns, counts->totals.time_ns);
	assert_int_equal(bytes[IO_READ], counts->totals.bytes[IO_READ]);
	assert_int_equal(bytes[IO_WRITE], counts->totals.bytes[IO_WRITE]);
	assert_true(counts->bins->width_ns > MS);
	io_counts_free(counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_call_counts_where_it_ended),
	    cmocka_unit_test(a_run_takes_as_many_bins_as_its_time),
	    cmocka_unit_test(a_long_call_takes_as_many_bins_as_its_time),
	    cmocka_unit_test(longer_runs_have_wider_bins),
	    cmocka_unit_test(sums_are_the_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
