/* Percentiles of times are within 1/64 of those of the sorted times. */
#include "io/latency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

enum { N_TIMES = 5000 };

static int by_value(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* One generator for all: the same times in every run. */
static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t short_time(void)
{
	return next_random() % 200;
}

static uint64_t usual_time(void)
{
	return 100 + next_random() % 100 + (next_random() % 100 ? 0 : next_random() % 1000000);
}

static uint64_t any_time(void)
{
	return next_random() >> next_random() % 64;
}

static uint64_t one_time(void)
{
	return 123456789;
}

static void assert_near(uint64_t found, uint64_t exact)
{
	assert_true((found > exact ? found - exact : exact - found) <= exact / 64);
}

static void assert_percentiles(uint64_t (*next)(void), size_t n_times)
{
	static const double percents[] = {0.01, 1, 25, 50, 75, 90, 95, 99, 99.9, 100};
	static uint64_t times[N_TIMES];
	struct latency *latency = latency_new();

	for (size_t i = 0; i < n_times; i++)
		latency_add(latency, times[i] = next());
	qsort(times, n_times, sizeof(times[0]), by_value);
	assert_int_equal(latency->n_calls, n_times);
	assert_true(latency->min_ns == times[0]);
	assert_true(latency->max_ns == times[n_times - 1]);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
		size_t rank = 1;

		while ((double)rank < percents[i] / 100 * (double)n_times)
			rank++;
		assert_near(latency_percentile(latency, percents[i]), times[rank - 1]);
	}
	latency_free(latency);
}

static void percentiles_are_those_of_the_sorted_times(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 10, 99, 100, 101, N_TIMES};
	static uint64_t (*const kinds[])(void) = {short_time, usual_time, any_time, one_time};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++)
			assert_percentiles(kinds[j], sizes[i]);
}

static void assert_one(uint64_t time_ns)
{
	struct latency *latency = latency_new();

	/* Others on both sides, so that least and longest do not help. */
	latency_add(latency, 0);
	latency_add(latency, time_ns);
	latency_add(latency, UINT64_MAX);
	assert_near(latency_percentile(latency, 50), time_ns);
	latency_free(latency);
}

static void every_power_of_two_has_its_classes(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		assert_one(1ull << bit);
		assert_one((1ull << bit) - 1);
		assert_one((1ull << bit) + (1ull << bit) / 2);
	}
	assert_one(UINT64_MAX);
}

/* Of few times most percentiles are the longest one. */
static void the_longest_is_exact(void **state)
{
	static const double percents[] = {90.1, 95, 99, 100};
	struct latency *latency = latency_new();

	(void)state;
	/* In one class, whose middle is neither. */
	for (int i = 0; i < 9; i++)
		latency_add(latency, 1 << 20);
	latency_add(latency, (1 << 20) + (1 << 15) - 1);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
		assert_int_equal(latency_percentile(latency, percents[i]), latency->max_ns);
	assert_true(latency_percentile(latency, 90) < latency->max_ns);
	latency_free(latency);
}

static void none_has_no_time(void **state)
{
	struct latency *latency = latency_new();

	(void)state;
	assert_int_equal(latency_percentile(latency, 50), 0);
	latency_free(latency);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(percentiles_are_those_of_the_sorted_times),
	    cmocka_unit_test(every_power_of_two_has_its_classes),
	    cmocka_unit_test(the_longest_is_exact),
	    cmocka_unit_test(none_has_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
