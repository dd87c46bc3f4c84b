/* The heap over time: moments in order, gaps held, shares between what was counted; and its sites.
 */
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"
#include "mem/heap.h"
#include "mem/reports/heap_curve.h"
#include "mem/reports/heap_sites.h"
#include "mem/moments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A recording in the making: functions without names are told apart by their object. */
struct making {
	struct recording *recording;
	uint32_t thread;
};

static struct making begin(void)
{
	struct making making = {.recording = recording_new(heap_types, HEAP_N_TYPES)};

	making.thread = recording_add_thread(making.recording, 1, 1, "test");
	return making;
}

/* A stack as "leaf caller ... root", and its bytes at the peak and at exit. */
static void add(struct making *making, const char *stack, uint64_t at_peak, uint64_t at_exit)
{
	uint64_t values[HEAP_N_TYPES] = {[HEAP_PEAK_SPACE] = at_peak, [HEAP_INUSE_SPACE] = at_exit};
	struct recorded_frame frames[8];
	struct sample sample = {.thread = making->thread};
	char *words = strdup(stack), *rest = words;
	size_t n = 0;

	for (char *word; (word = strsep(&rest, " "));) {
		struct object object = {.kind = OBJECT_FILE, .path = word, .fd = -1};

		frames[n++] = (struct recorded_frame){
		    .object = recording_add_object(making->recording, &object), .is_return = true};
	}
	sample.stack = recording_add_stack(making->recording, frames, n);
	recording_add_sample(making->recording, sample, values);
	free(words);
}

static struct profile *end(struct making *making)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct profile *profile = profile_new(making->recording, symbolizer);

	recording_free(making->recording);
	symbolizer_free(symbolizer);
	return profile;
}

static const size_t types[] = {HEAP_PEAK_SPACE, HEAP_INUSE_SPACE};

static void assert_site(const struct heap_sites *sites, size_t i, const char *name,
                        const char *through, uint64_t at_peak, uint64_t at_exit)
{
	const struct heap_site *site = heap_sites_at(sites, i);

	assert_string_equal(site->name, name);
	assert_string_equal(site->through, through);
	assert_int_equal(site->bytes[0], at_peak);
	assert_int_equal(site->bytes[1], at_exit);
}

static void sites_are_the_functions_that_asked_and_the_largest_come_first(void **state)
{
	struct making making = begin();
	struct heap_sites *sites;
	struct profile *profile;

	(void)state;
	add(&making, "small main", 300, 100);
	add(&making, "large main", 350, 350);
	add(&making, "gone main", 320, 0);
	add(&making, "tiny main", 1, 1);
	profile = end(&making);
	sites = heap_sites_new(profile, types, 2, NULL);
	assert_int_equal(heap_sites_n(sites), 3); /* below one in 200 it is no site */
	assert_site(sites, 0, "[large]", "", 350, 350);
	assert_site(sites, 1, "[small]", "", 300, 100);
	assert_site(sites, 2, "[gone]", "", 320, 0);
	heap_sites_free(sites);
	profile_free(profile);
}

static void who_asks_for_most_on_behalf_of_others_is_told_apart_by_callers(void **state)
{
	struct making making = begin();
	struct heap_sites *sites;
	struct profile *profile;

	(void)state;
	add(&making, "xmalloc xcalloc parse main", 500, 0);
	add(&making, "xmalloc xcalloc lex main", 300, 0);
	add(&making, "other main", 200, 0);
	profile = end(&making);
	sites = heap_sites_new(profile, types, 2, NULL);
	assert_int_equal(heap_sites_n(sites), 3);
	assert_site(sites, 0, "[parse]", "[xcalloc], [xmalloc]", 500, 0);
	assert_site(sites, 1, "[lex]", "[xcalloc], [xmalloc]", 300, 0);
	assert_site(sites, 2, "[other]", "", 200, 0);
	heap_sites_free(sites);
	profile_free(profile);
}

static void who_has_one_caller_or_very_many_stays_whole(void **state)
{
	struct making making = begin();
	struct heap_sites *sites;
	struct profile *profile;
	char stack[40];

	(void)state;
	add(&making, "inner outer main", 6000, 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(stack, sizeof(stack), "pool caller%d main", i);
		add(&making, stack, 4, 4);
	}
	profile = end(&making);
	sites = heap_sites_new(profile, types, 2, NULL);
	assert_int_equal(heap_sites_n(sites), 2);
	assert_site(sites, 0, "[pool]", "", 4000, 4000);
	assert_site(sites, 1, "[inner]", "", 6000, 0);
	heap_sites_free(sites);
	profile_free(profile);
}

static struct heap_snapshot snapshots[] = {
    {.time = 0},
    {.time = 100, .live_bytes = 1000, .is_peak = true, .has_tree = true, .type = HEAP_PEAK_SPACE},
    {.time = 150, .live_bytes = 800},
};
static struct heap_moment moments[] = {
    {.time = 50, .live_bytes = 500, .rss_bytes = 4000},
    {.time = 200, .live_bytes = 600, .rss_bytes = 3000},
};

static struct heap_process make_process(void)
{
	return (struct heap_process){.snapshots = snapshots,
	                             .n_snapshots = 3,
	                             .moments = moments,
	                             .n_moments = 2,
	                             .totals = {.in_use_bytes = 400}};
}

static void points_are_in_time_order_and_end_with_what_is_in_use_at_exit(void **state)
{
	static const uint64_t times[] = {0, 50, 100, 150, 200, 200};
	static const uint64_t live_bytes[] = {0, 500, 1000, 800, 600, 400};
	struct heap_process process = make_process();
	struct heap_curve curve;

	(void)state;
	heap_curve_init(&curve, &process);
	assert_int_equal(curve.n_points, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(curve.points[i].time, times[i]);
		assert_int_equal(curve.points[i].bytes, live_bytes[i]);
	}
	assert_int_equal(curve.n_rss, 2);
	assert_int_equal(curve.rss[0].time, 50);
	assert_int_equal(curve.rss[0].bytes, 4000);
	assert_int_equal(curve.peak, 2);
	assert_int_equal(curve.end_time, 200);
	assert_int_equal(curve.most_live_bytes, 1000);
	assert_int_equal(curve.most_rss_bytes, 4000);
	assert_int_equal(curve.n_trees, 2);
	heap_curve_fini(&curve);
}

static void shares_go_evenly_from_one_count_to_the_next(void **state)
{
	struct heap_process process = make_process();
	struct making making = begin();
	struct heap_curve curve;
	struct heap_sites *sites;
	struct profile *profile;

	(void)state;
	/* 60 % at the peak (time 100), all of it at exit (time 200). */
	add(&making, "kept main", 600, 400);
	add(&making, "freed main", 400, 0);
	profile = end(&making);
	heap_curve_init(&curve, &process);
	sites = heap_sites_new(profile, types, 2, NULL);
	assert_string_equal(heap_sites_at(sites, 0)->name, "[kept]");
	assert_int_equal(heap_curve_part(&curve, sites, 0, 0), 0);
	assert_float_equal(heap_curve_part(&curve, sites, 0, 1), 0.6 * 500, 1e-6);
	assert_float_equal(heap_curve_part(&curve, sites, 0, 2), 600, 1e-6);
	assert_float_equal(heap_curve_part(&curve, sites, 0, 3), 0.8 * 800, 1e-6);
	assert_float_equal(heap_curve_part(&curve, sites, 1, 3), 0.2 * 800, 1e-6);
	assert_float_equal(heap_curve_part(&curve, sites, 0, 5), 400, 1e-6);
	heap_sites_free(sites);
	heap_curve_fini(&curve);
	profile_free(profile);
}

static void what_a_long_gap_ends_with_came_about_at_its_end(void **state)
{
	struct heap_snapshot far_apart[12] = {{0}};
	struct heap_process process = {.snapshots = far_apart, .n_snapshots = 12};
	struct heap_curve curve;

	(void)state;
	for (uint64_t i = 1; i < 12; i++)
		far_apart[i] = (struct heap_snapshot){.time = 1000 + i, .live_bytes = 100 * i};
	far_apart[11].is_peak = true;
	heap_curve_init(&curve, &process);
	assert_int_equal(curve.points[1].time, 1001);
	assert_int_equal(curve.points[1].bytes, 0);
	assert_int_equal(curve.points[2].time, 1001);
	assert_int_equal(curve.points[2].bytes, 100);
	assert_int_equal(curve.points[curve.peak].bytes, 1100);
	assert_int_equal(curve.n_points, 14);
	heap_curve_fini(&curve);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sites_are_the_functions_that_asked_and_the_largest_come_first),
	    cmocka_unit_test(who_asks_for_most_on_behalf_of_others_is_told_apart_by_callers),
	    cmocka_unit_test(who_has_one_caller_or_very_many_stays_whole),
	    cmocka_unit_test(points_are_in_time_order_and_end_with_what_is_in_use_at_exit),
	    cmocka_unit_test(shares_go_evenly_from_one_count_to_the_next),
	    cmocka_unit_test(what_a_long_gap_ends_with_came_about_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
