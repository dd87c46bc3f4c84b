/* The heap over time: moments in order, gaps held, sites between their counts; and its sites. */
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

/* A stack as "leaf caller ... root", and its values. */
static void add_counts(struct making *making, const char *stack, const uint64_t *values)
{
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

/* ... and its bytes at the peak and at exit. */
static void add(struct making *making, const char *stack, uint64_t at_peak, uint64_t at_exit)
{
	uint64_t values[HEAP_N_TYPES] = {[HEAP_PEAK_SPACE] = at_peak, [HEAP_INUSE_SPACE] = at_exit};

	add_counts(making, stack, values);
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
	heap_curve_init(&curve, &process, false);
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

/* Of sites "[kept]" and "[freed]", in this order. */
static void assert_split(const struct heap_curve *curve, const struct heap_sites *sites,
                         size_t point, double kept, double freed)
{
	double bytes[HEAP_MOST_SITES];

	heap_curve_split(curve, sites, point, bytes);
	assert_float_equal(bytes[0], kept, 1e-6);
	assert_float_equal(bytes[1], freed, 1e-6);
}

static void sites_are_between_their_counts_and_add_up_to_what_is_live(void **state)
{
	struct heap_process process = make_process();
	struct making making = begin();
	struct heap_curve curve;
	struct heap_sites *sites;
	struct profile *profile;

	(void)state;
	/* At the peak (time 100), and at exit (time 200). */
	add(&making, "kept main", 600, 400);
	add(&making, "freed main", 400, 0);
	profile = end(&making);
	heap_curve_init(&curve, &process, false);
	sites = heap_sites_new(profile, types, 2, NULL);
	assert_string_equal(heap_sites_at(sites, 0)->name, "[kept]");
	assert_split(&curve, sites, 0, 0, 0);
	assert_split(&curve, sites, 1, 300, 200); /* half way from nothing */
	assert_split(&curve, sites, 2, 600, 400);
	/* Half way they have 500 and 200, and may have 100 and 200 more: of 100, a third each way.
	 */
	assert_split(&curve, sites, 3, 500 + 100.0 / 3, 200 + 200.0 / 3);
	/* At the end, before what came last is freed: 400 and 0, of 600. */
	assert_split(&curve, sites, 4, 400 + 200.0 / 3, 400.0 / 3);
	assert_split(&curve, sites, 5, 400, 0);
	heap_sites_free(sites);
	heap_curve_fini(&curve);
	profile_free(profile);
}

/* A cache grows evenly, 10 each time unit, and holds a vector of 8,000 from 100 to 104. */
enum { VECTOR = 8000 };

static struct heap_snapshot around_spike[] = {
    {.time = 0},
    {.time = 90, .live_bytes = 900, .has_tree = true, .type = HEAP_ALLOC_SPACE},
    {.time = 100, .live_bytes = 1000},
    {.time = 100,
     .live_bytes = 1000 + VECTOR,
     .is_peak = true,
     .has_tree = true,
     .type = HEAP_PEAK_SPACE},
    {.time = 110, .live_bytes = 1100, .has_tree = true, .type = HEAP_LEAKED_SPACE},
};
static struct heap_moment around_spike_too[] = {
    {.time = 45, .live_bytes = 450},
    {.time = 95, .live_bytes = 950},
    {.time = 102, .live_bytes = 1020 + VECTOR},
    {.time = 105, .live_bytes = 1050},
    {.time = 150, .live_bytes = 1500 + 3 * VECTOR}, /* which nobody was counted with */
};
static const size_t spike_types[] = {HEAP_ALLOC_SPACE, HEAP_PEAK_SPACE, HEAP_LEAKED_SPACE,
                                     HEAP_INUSE_SPACE};

static void a_short_spike_is_of_who_had_it(void **state)
{
	struct heap_process process = {.snapshots = around_spike,
	                               .n_snapshots = 5,
	                               .moments = around_spike_too,
	                               .n_moments = 5,
	                               .totals = {.in_use_bytes = 1500}};
	struct making making = begin();
	struct heap_curve curve;
	struct heap_sites *sites;
	struct profile *profile;
	size_t cache;

	(void)state;
	add(&making, "vector main", VECTOR, 0);
	add_counts(&making, "cache main",
	           (uint64_t[HEAP_N_TYPES]){[HEAP_ALLOC_SPACE] = 900,
	                                    [HEAP_PEAK_SPACE] = 1000,
	                                    [HEAP_LEAKED_SPACE] = 1100,
	                                    [HEAP_INUSE_SPACE] = 1500});
	profile = end(&making);
	heap_curve_init(&curve, &process, false);
	assert_int_equal(curve.n_trees, 4);
	sites = heap_sites_new(profile, spike_types, 4, NULL);
	assert_int_equal(heap_sites_n(sites), 2);
	cache = strcmp(heap_sites_at(sites, 0)->name, "[cache]") ? 1 : 0;
	for (size_t i = 0; i < curve.n_points; i++) {
		const struct curve_point *point = &curve.points[i];
		double bytes[HEAP_MOST_SITES], grown = (double)point->time * 10;
		bool has_vector = point->is_peak || point->time == 102;

		heap_curve_split(&curve, sites, i, bytes);
		assert_true(bytes[0] + bytes[1] <= (double)point->bytes + 1e-6);
		/* One hundredth off: between two counts it is known to be between these. */
		if (point->time < 150)
			assert_float_equal(bytes[cache], grown, 100);
		assert_float_equal(bytes[1 - cache], has_vector ? VECTOR : 0, 100);
		assert_true(bytes[cache] <= 1500 + 1e-6);
		if (point->is_peak) {
			assert_float_equal(bytes[cache], 1000, 1e-6);
			assert_float_equal(bytes[1 - cache], VECTOR, 1e-6);
		}
	}
	heap_sites_free(sites);
	heap_curve_fini(&curve);
	profile_free(profile);
}

static void where_less_is_live_than_was_ever_counted_all_have_less(void **state)
{
	struct heap_moment low[] = {{.time = 150, .live_bytes = 100}};
	struct heap_process process = make_process();
	struct making making = begin();
	struct heap_curve curve;
	struct heap_sites *sites;
	struct profile *profile;

	(void)state;
	process.n_snapshots = 2;
	process.moments = low;
	process.n_moments = 1;
	add(&making, "kept main", 600, 300);
	add(&making, "freed main", 400, 100);
	profile = end(&making);
	heap_curve_init(&curve, &process, false);
	sites = heap_sites_new(profile, types, 2, NULL);
	assert_split(&curve, sites, 2, 75, 25);
	heap_sites_free(sites);
	heap_curve_fini(&curve);
	profile_free(profile);
}

static void assert_peak(struct heap_process *process, bool is_exact, size_t point, uint64_t time)
{
	struct heap_curve curve;

	heap_curve_init(&curve, process, is_exact);
	assert_int_equal(curve.peak, point);
	assert_int_equal(curve.points[point].time, time);
	assert_true(curve.points[point].is_peak);
	assert_int_equal(curve.trees[curve.peak_tree].time, time);
	for (size_t i = 1; i < curve.n_points; i++)
		assert_true(curve.points[i].time >= curve.points[i - 1].time);
	heap_curve_fini(&curve);
}

static void the_peak_is_where_the_heap_was_seen_as_high(void **state)
{
	/* The clock was read at 100, and the peak came after the moment at 101. */
	struct heap_snapshot seen[] = {
	    {.time = 0},
	    {.time = 100, .live_bytes = 19},
	    {.time = 100,
	     .live_bytes = 219,
	     .is_peak = true,
	     .has_tree = true,
	     .type = HEAP_PEAK_SPACE},
	    {.time = 120, .live_bytes = 19},
	};
	struct heap_moment looks[] = {
	    {.time = 50, .live_bytes = 10},   {.time = 101, .live_bytes = 19},
	    {.time = 105, .live_bytes = 219}, {.time = 110, .live_bytes = 218},
	    {.time = 125, .live_bytes = 219},
	};
	struct heap_process process = {
	    .snapshots = seen, .n_snapshots = 4, .moments = looks, .n_moments = 5};

	(void)state;
	assert_peak(&process, false, 4, 105);
	assert_peak(&process, true, 3, 100);
	looks[2].live_bytes = looks[3].live_bytes = 150; /* another spike */
	assert_peak(&process, false, 3, 100);
	looks[1].live_bytes = 219; /* it came at once */
	looks[2].live_bytes = 19;
	looks[3].live_bytes = 219;
	assert_peak(&process, false, 3, 100);
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
	heap_curve_init(&curve, &process, false);
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
	    cmocka_unit_test(sites_are_between_their_counts_and_add_up_to_what_is_live),
	    cmocka_unit_test(a_short_spike_is_of_who_had_it),
	    cmocka_unit_test(where_less_is_live_than_was_ever_counted_all_have_less),
	    cmocka_unit_test(the_peak_is_where_the_heap_was_seen_as_high),
	    cmocka_unit_test(what_a_long_gap_ends_with_came_about_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
