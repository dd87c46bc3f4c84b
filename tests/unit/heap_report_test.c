/* report.txt: totals, and the stacks that matter most under each heading. */
#include "mem/heap_report.h"

#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"
#include "mem/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The same stack in two processes, and another in one of them. */
static struct recording *make_recording(void)
{
	struct recording *recording = recording_new(heap_types, HEAP_N_TYPES);
	struct object object = {.kind = OBJECT_FILE, .path = (char *)"/nowhere/a", .fd = -1};
	struct object other = {.kind = OBJECT_FILE, .path = (char *)"/nowhere/b", .fd = -1};
	struct recorded_frame a = {
	    .object = recording_add_object(recording, &object), .is_return = true, .vaddr = 0x1000};
	struct recorded_frame b = {
	    .object = recording_add_object(recording, &other), .is_return = true, .vaddr = 0x1000};
	uint64_t values[HEAP_N_TYPES] = {
	    [HEAP_ALLOC_OBJECTS] = 1000, [HEAP_ALLOC_SPACE] = 64000, [HEAP_PEAK_SPACE] = 2048};
	uint64_t others[HEAP_N_TYPES] = {
	    [HEAP_ALLOC_OBJECTS] = 10, [HEAP_ALLOC_SPACE] = 8192, [HEAP_PEAK_SPACE] = 6144};
	struct sample sample = {.stack = recording_add_stack(recording, &a, 1)};

	for (pid_t pid = 1; pid <= 2; pid++) {
		sample.thread = recording_add_thread(recording, pid, pid, "test");
		recording_add_sample(recording, sample, values);
	}
	sample.stack = recording_add_stack(recording, &b, 1);
	recording_add_sample(recording, sample, others);
	return recording;
}

static char *make_report(void)
{
	struct recording *recording = make_recording();
	struct symbolizer *symbolizer = symbolizer_new();
	struct profile *profile = profile_new(recording, symbolizer);
	struct heap_totals totals = {.allocations = 2010,
	                             .frees = 2010,
	                             .allocated_bytes = 136192,
	                             .temporary = 201,
	                             .in_use_bytes = 864,
	                             .in_use_blocks = 1,
	                             .peak_bytes = 8192,
	                             .peak_blocks = 12};
	const char *const notes[] = {"something to know", NULL};
	struct heap_report report = {.profile = profile,
	                             .totals = &totals,
	                             .title = "t/memory",
	                             .command = "prog",
	                             .n_processes = 2,
	                             .notes = notes};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	heap_report_write(&report, out);
	fclose(out);
	profile_free(profile);
	symbolizer_free(symbolizer);
	recording_free(recording);
	return text;
}

static void totals_come_first_with_shares_and_units(void **state)
{
	char *text = make_report();

	(void)state;
	assert_non_null(strstr(text, "allocations            2,010\n"));
	assert_non_null(strstr(text, "temporary allocations  201 (10.0 %)\n"));
	assert_non_null(strstr(text, "8,192 bytes (8.00 KB) in 12 blocks, in the largest process"));
	assert_non_null(strstr(text, "in use at exit         864 bytes in 1 block\n"));
	assert_non_null(strstr(text, "note                   something to know\n"));
	free(text);
}

static void a_stack_of_several_processes_is_one_entry(void **state)
{
	char *text = make_report();
	const char *calls = strstr(text, "Most calls");

	(void)state;
	assert_non_null(calls);
	assert_non_null(strstr(calls, " 99.5 %  2,000 calls, 128,000 bytes allocated\n"));
	assert_non_null(strstr(calls, "  0.5 %  10 calls, 8,192 bytes allocated\n"));
	free(text);
}

static void each_heading_has_its_largest_stack_first(void **state)
{
	char *text = make_report();
	const char *peak = strstr(text, "Peak consumers");

	(void)state;
	assert_non_null(peak);
	peak = strstr(peak, " %  ");
	assert_ptr_equal(strstr(peak, " %  6,144 bytes (6.00 KB), 10 calls in all\n"), peak);
	free(text);
}

static void what_did_not_happen_is_said_so(void **state)
{
	char *text = make_report();

	(void)state;
	assert_non_null(strstr(text, "In use at exit\n\n  none\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(totals_come_first_with_shares_and_units),
	    cmocka_unit_test(a_stack_of_several_processes_is_one_entry),
	    cmocka_unit_test(each_heading_has_its_largest_stack_first),
	    cmocka_unit_test(what_did_not_happen_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
