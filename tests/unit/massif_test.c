/* massif.out and its report: fields, trees, thresholds, the graph. */
#include "mem/heap_words.h"
#include "mem/reports/heap_tree.h"
#include "mem/reports/massif.h"

#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"
#include "mem/heap.h"
#include "mem/heap_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Functions that nobody has names for are told apart by their object: a caller each. */
static const char *const callers[] = {"/nowhere/big", "/nowhere/small1", "/nowhere/small2",
                                      "/nowhere/middle"};
static const uint64_t peak_bytes[] = {9000, 30, 40, 930};

/* Each caller under one common main, with the peak bytes above. */
static struct recording *make_recording(void)
{
	struct recording *recording = recording_new(heap_types, HEAP_N_TYPES);
	struct object main_object = {
	    .kind = OBJECT_FILE, .path = (char *)"/nowhere/main", .fd = -1};
	uint32_t main_id = recording_add_object(recording, &main_object);
	struct sample sample = {.thread = recording_add_thread(recording, 1, 1, "test")};

	for (size_t i = 0; i < sizeof(peak_bytes) / sizeof(peak_bytes[0]); i++) {
		struct object object = {.kind = OBJECT_FILE, .path = (char *)callers[i], .fd = -1};
		struct recorded_frame frames[] = {
		    {.object = recording_add_object(recording, &object),
		     .is_return = true,
		     .vaddr = 0x1000},
		    {.object = main_id, .is_return = true, .vaddr = 0x2000},
		};
		uint64_t values[HEAP_N_TYPES] = {
		    [HEAP_ALLOC_OBJECTS] = 1, [HEAP_PEAK_SPACE] = peak_bytes[i]};

		sample.stack = recording_add_stack(recording, frames, 2);
		recording_add_sample(recording, sample, values);
	}
	return recording;
}

static const struct heap_snapshot snapshots[] = {
    {.time = 0, .live_bytes = 0},
    {.time = 1500000,
     .live_bytes = 10000,
     .extra_bytes = 240,
     .is_peak = true,
     .type = HEAP_PEAK_SPACE},
    {.time = 2500000000, .live_bytes = 5000},
};

typedef void writer(const struct massif *massif, FILE *out);

static char *written_by(writer *write, double threshold, size_t depth)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct recording *recording = make_recording();
	struct profile *profile = profile_new(recording, symbolizer);
	struct heap_forest *forest = heap_forest_new(recording, profile, depth, NULL);
	struct massif massif = {.forest = forest,
	                        .snapshots = snapshots,
	                        .n_snapshots = 3,
	                        .command = "prog -x",
	                        .tree_top = heap_words.tree_top,
	                        .description = "--depth=30",
	                        .threshold = threshold};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	write(&massif, out);
	fclose(out);
	heap_forest_free(forest);
	profile_free(profile);
	recording_free(recording);
	symbolizer_free(symbolizer);
	return text;
}

static void the_file_has_massifs_fields_and_one_peak(void **state)
{
	char *text = written_by(massif_write, 1.0, 30);
	const char *peak;

	(void)state;
	assert_ptr_equal(strstr(text, "desc: --depth=30\ncmd: prog -x\ntime_unit: ms\n"), text);
	assert_non_null(strstr(text, "snapshot=1\n#-----------\ntime=1\nmem_heap_B=10000\n"
	                             "mem_heap_extra_B=240\nmem_stacks_B=0\nheap_tree=peak\n"
	                             "n3: 10000 (heap allocation functions)"));
	assert_non_null(strstr(text, "time=2500\nmem_heap_B=5000"));
	peak = strstr(text, "heap_tree=peak");
	assert_null(strstr(peak + 1, "heap_tree=peak"));
	free(text);
}

static void parts_below_the_threshold_are_put_together_where_their_size_belongs(void **state)
{
	char *text = written_by(massif_write, 1.0, 30);
	const char *big = strstr(text, " n1: 9000 0xFFF: ??? (in big)\n"
	                               "  n0: 9000 0x1FFF: ??? (in main)\n");
	const char *middle = strstr(text, " n1: 930 0xFFF: ??? (in middle)\n");
	const char *rest =
	    strstr(text, " n0: 70 in 2 places, all below massif's threshold (1.00%)\n");

	(void)state;
	assert_non_null(big);
	assert_non_null(middle);
	assert_non_null(rest);
	assert_true(big < middle && middle < rest);
	free(text);
}

static void a_threshold_of_nothing_shows_every_place(void **state)
{
	char *text = written_by(massif_write, 0, 30);

	(void)state;
	assert_non_null(strstr(text, "n4: 10000"));
	assert_non_null(strstr(text, " n1: 30 0xFFF: ??? (in small1)"));
	assert_null(strstr(text, "threshold"));
	free(text);
}

static void the_threshold_is_a_share_of_all_bytes_the_extra_ones_too(void **state)
{
	/* 930 of 10,000 bytes and 240 extra ones. */
	char *above = written_by(massif_write, 9.0, 30), *below = written_by(massif_write, 9.2, 30);

	(void)state;
	assert_non_null(strstr(above, " n1: 930 0xFFF: ??? (in middle)\n"));
	assert_null(strstr(below, "(in middle)"));
	assert_non_null(strstr(below, " n0: 1000 in 3 places, all below"));
	free(above);
	free(below);
}

static void depth_counts_the_frames_that_are_told_apart(void **state)
{
	char *text = written_by(massif_write, 1.0, 1);

	(void)state;
	assert_non_null(strstr(text, " n0: 9000 0xFFF: ??? (in big)\n"));
	assert_null(strstr(text, "(in main)"));
	free(text);
}

static void the_report_shows_graph_table_and_trees(void **state)
{
	char *text = written_by(massif_report_write, 1.0, 30);

	(void)state;
	assert_non_null(strstr(text, "Command:            prog -x\n"));
	assert_non_null(strstr(text, "    KB\n10.00^"));
	assert_non_null(strstr(text, "\n     0"));
	assert_non_null(strstr(text, "2.500\n"));
	assert_non_null(strstr(text, " Detailed snapshots: [1 (peak)]\n"));
	assert_non_null(strstr(text, "  1              1           10,240           10,000 "
	                             "          240            0\n97.66% (10,000B) (heap "));
	assert_non_null(strstr(text, "->87.89% (9,000B) 0xFFF: ??? (in big)\n"
	                             "| ->87.89% (9,000B) 0x1FFF: ??? (in main)\n"));
	free(text);
}

static void operator_new_is_an_allocation_function_and_newer_is_not(void **state)
{
	(void)state;
	assert_true(heap_is_allocation_function("operator new(unsigned long)"));
	assert_true(
	    heap_is_allocation_function("operator new[](unsigned long, std::nothrow_t const&)"));
	assert_false(heap_is_allocation_function("newer(int)"));
	assert_false(heap_is_allocation_function("operator newer(int)"));
	assert_false(heap_is_allocation_function("Pool::operator new(unsigned long)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_file_has_massifs_fields_and_one_peak),
	    cmocka_unit_test(parts_below_the_threshold_are_put_together_where_their_size_belongs),
	    cmocka_unit_test(a_threshold_of_nothing_shows_every_place),
	    cmocka_unit_test(the_threshold_is_a_share_of_all_bytes_the_extra_ones_too),
	    cmocka_unit_test(depth_counts_the_frames_that_are_told_apart),
	    cmocka_unit_test(the_report_shows_graph_table_and_trees),
	    cmocka_unit_test(operator_new_is_an_allocation_function_and_newer_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
