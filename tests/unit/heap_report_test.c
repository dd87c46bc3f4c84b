/* report.txt: totals, and the stacks that matter most under each heading. */
#include "mem/reports/heap_report.h"

#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"
#include "mem/heap.h"
#include "mem/heap_words.h"
#include "mem/reports/heap_tables.h"
#include "mem/wire.h"

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
	uint64_t values[HEAP_N_TYPES] = {[HEAP_ALLOC_OBJECTS] = 1000,
	                                 [HEAP_ALLOC_SPACE] = 64000,
	                                 [HEAP_PEAK_SPACE] = 2048,
	                                 [HEAP_INUSE_OBJECTS] = 200,
	                                 [HEAP_LIFETIMES] = 2000};
	uint64_t others[HEAP_N_TYPES] = {[HEAP_ALLOC_OBJECTS] = 10,
	                                 [HEAP_ALLOC_SPACE] = 8192,
	                                 [HEAP_PEAK_SPACE] = 6144,
	                                 [HEAP_PEAK_OBJECTS] = 3};
	struct sample sample = {.stack = recording_add_stack(recording, &a, 1)};

	for (pid_t pid = 1; pid <= 2; pid++) {
		sample.thread = recording_add_thread(recording, pid, pid, "test");
		recording_add_sample(recording, sample, values);
	}
	sample.stack = recording_add_stack(recording, &b, 1);
	recording_add_sample(recording, sample, others);
	return recording;
}

/* Two processes: one of two threads and more than have rows, one of one thread. */
static struct heap_thread first_threads[] = {
    {.tid = 11, .comm = "main"}, {.tid = 12, .comm = "wor\033ker"}, {.tid = 0}};
static struct heap_thread second_threads[] = {{.tid = 21, .comm = "child"}};
static struct heap_process processes[] = {
    {.pid = 11,
     .comm = "main",
     .threads = first_threads,
     .n_threads = 3,
     .n_joint_threads = 7,
     .knows_threads = true,
     .totals = {.allocations = 2000, .peak_bytes = 100, .in_use_bytes = 864}},
    {.pid = 21,
     .exec_number = 1,
     .comm = "child",
     .threads = second_threads,
     .n_threads = 1,
     .knows_threads = true,
     .totals = {.allocations = 10, .frees = 10, .peak_bytes = 8192}},
};

static void count(struct heap_process *process, struct heap_thread *thread, uint64_t n,
                  uint64_t size, uint64_t n_freed, unsigned lifetime)
{
	struct histogram *both[] = {&process->histogram, &thread->histogram};

	for (size_t i = 0; i < 2; i++) {
		both[i]->sizes[wire_size_class(size)].allocations += n;
		both[i]->sizes[wire_size_class(size)].bytes += n * size;
		both[i]->lifetimes[lifetime] += n_freed;
	}
}

static void fill_histograms(void)
{
	for (size_t i = 0; i < 3; i++)
		first_threads[i].histogram = (struct histogram){0};
	second_threads[0].histogram = (struct histogram){0};
	processes[0].histogram = processes[1].histogram = (struct histogram){0};
	count(&processes[0], &first_threads[0], 500, 64, 0, 0);
	count(&processes[0], &first_threads[1], 1400, 64, 1900, wire_lifetime_class(5));
	count(&processes[0], &first_threads[2], 100, 64, 90, WIRE_TEMPORARY);
	count(&processes[1], &second_threads[0], 10, 800, 10, WIRE_TEMPORARY);
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
	                             .words = &heap_words,
	                             .title = "t/memory",
	                             .command = "prog",
	                             .processes = processes,
	                             .n_processes = 2,
	                             .wall_ns = 500000000,
	                             .peak_rss_bytes = 3 << 20,
	                             .notes = notes};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	fill_histograms();
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
	assert_non_null(strstr(text, "threads                10 that allocated or freed\n"));
	assert_non_null(strstr(text, "allocations            2,010 (4,020 a second)\n"));
	assert_non_null(strstr(text,
	                       "allocated              136,192 bytes (133 KB), 266 KB a second; "
	                       "67.8 a call\n"));
	assert_non_null(strstr(text, "temporary allocations  201 (10.0 %)\n"));
	assert_non_null(
	    strstr(text, "8,192 bytes (8.00 KB) in 12 blocks, of the largest process alone\n"));
	assert_non_null(strstr(text, "peak resident (RSS)    3,145,728 bytes (3.00 MB), the "
	                             "profiler's own tables included\n"));
	assert_non_null(
	    strstr(text, "in use at exit         864 bytes in 1 block, of all processes\n"));
	assert_non_null(strstr(text, "note                   something to know\n"));
	free(text);
}

static void a_stack_of_several_processes_is_one_entry(void **state)
{
	char *text = make_report();
	const char *calls = strstr(text, "Most calls");

	(void)state;
	assert_non_null(calls);
	assert_non_null(strstr(calls, " 99.5 %  2,000 calls, 128,000 bytes allocated, 64.0 a call; "
	                              "freed after 2.5 allocations on average; 400 never\n"));
	assert_non_null(strstr(calls, "  0.5 %  10 calls, 8,192 bytes allocated, 819.2 a call; "
	                              "freed after 0.0 allocations on average\n"));
	free(text);
}

static void each_heading_has_its_largest_stack_first(void **state)
{
	char *text = make_report();
	const char *peak = strstr(text, "Peak consumers");

	(void)state;
	assert_non_null(peak);
	peak = strstr(peak, " %  ");
	assert_ptr_equal(strstr(peak, " %  6,144 bytes (6.00 KB), 3 blocks\n"), peak);
	free(text);
}

static void assert_line(const char *text, const char *line);

static void each_list_of_stacks_has_its_sites_before_it(void **state)
{
	char *text = make_report();
	const char *sites = strstr(text, "Calls, by function");

	(void)state;
	assert_non_null(sites);
	assert_true(sites < strstr(text, "Most calls"));
	assert_line(sites, "Calls, by function\n\n share calls allocated by\n"
	                   " 99.5 % 2,000 [a]\n 0.5 % 10 all others\n\nMost calls");
	assert_line(text, "At the peak, by function\n\n share bytes allocated by\n"
	                  " 60.0 % 6,144 [b]\n 40.0 % 4,096 [a]\n\nPeak consumers");
	/* Nothing was temporary. */
	assert_null(strstr(text, "Temporary allocations, by function"));
	free(text);
}

static void what_did_not_happen_is_said_so(void **state)
{
	char *text = make_report();

	(void)state;
	assert_non_null(strstr(text, "In use at exit\n\n  none\n"));
	free(text);
}

static void assert_line(const char *text, const char *line)
{
	char *squeezed = calloc(1, strlen(text) + 1), *to = squeezed;

	for (const char *c = text; *c; c++)
		if (*c != ' ' || (to > squeezed && to[-1] != ' '))
			*to++ = *c;
	if (!strstr(squeezed, line))
		fail_msg("no '%s' in:\n%s", line, text);
	free(squeezed);
}

static void sizes_and_lifetimes_are_of_all_processes(void **state)
{
	char *text = make_report();

	(void)state;
	assert_line(text, "\n 33 to 64 2,000 99.5 % 128,000 94.1 % #");
	assert_line(text, "\n 513 to 1,024 10 0.5 % 8,000 5.9 %\n");
	assert_line(text, "\n temporary: 0, freed by its thread 100 5.0 % #\n");
	assert_line(text, "\n 4 to 7 1,900 94.5 % #");
	assert_line(text, "\n never freed 10 0.5 %\n");
	assert_null(strstr(text, "too long"));
	free(text);
}

static void threads_are_sorted_and_those_without_a_row_are_one(void **state)
{
	char *text = make_report();

	(void)state;
	assert_line(text, "share\n 11 12 wor?ker 1,400 1,900 89,600 0 0.0 %\n"
	                  " 11 11 main 500 0 32,000 0 0.0 %\n"
	                  " 21 21 child 10 10 8,000 10 100.0 %\n"
	                  " 7 later threads 100 90 6,400 90 90.0 %\n");
	processes[0].knows_threads = false;
	free(text);
	text = make_report();
	processes[0].knows_threads = true;
	assert_non_null(strstr(text, "does not tell where it keeps a thread's id"));
	assert_null(strstr(text, "wor?ker"));
	assert_null(strstr(text, "  threads  "));
	free(text);
}

static void processes_are_sorted_by_their_peak(void **state)
{
	char *text = make_report();

	(void)state;
	assert_line(text, "at exit\n 21.1 child 10 10 0 0 0.0 % 8,192 0\n"
	                  " 11.0 main 2,000 0 0 0 0.0 % 100 864\n");
	free(text);
}

static void a_table_is_bounded_and_the_rest_summed(void **state)
{
	enum { N = 30 };
	struct heap_thread *threads = calloc(N, sizeof(*threads));
	struct heap_process many = {
	    .pid = 5, .threads = threads, .n_threads = N, .knows_threads = true};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	for (int i = 0; i < N; i++) {
		threads[i].tid = 100 + i;
		count(&many, &threads[i], (uint64_t)i + 1, 10, 0, 0);
	}
	heap_tables_write_threads(&many, 1, out);
	fclose(out);
	/* 1 + ... + 11: the 19 largest are rows. */
	assert_line(text, " 11 smaller threads 66 0 660 0 0.0 %\n");
	assert_line(text, " 5 111 12 0 120");
	free(text);
	free(threads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(totals_come_first_with_shares_and_units),
	    cmocka_unit_test(a_stack_of_several_processes_is_one_entry),
	    cmocka_unit_test(each_heading_has_its_largest_stack_first),
	    cmocka_unit_test(each_list_of_stacks_has_its_sites_before_it),
	    cmocka_unit_test(what_did_not_happen_is_said_so),
	    cmocka_unit_test(sizes_and_lifetimes_are_of_all_processes),
	    cmocka_unit_test(threads_are_sorted_and_those_without_a_row_are_one),
	    cmocka_unit_test(processes_are_sorted_by_their_peak),
	    cmocka_unit_test(a_table_is_bounded_and_the_rest_summed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
