/* Calls are summed by thread and stack, under their names, whatever the kernel's symbols are. */
#include "io/sites.h"

#include "core/alloc.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"
#include "io/site_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two threads of a program whose functions are one address each, without a name. */
struct fixture {
	struct io_sites *sites;
	uint32_t threads[2];
	uint32_t stacks[2];
};

static int set_up(void **state)
{
	static struct fixture fixture;
	const struct object program = {.kind = OBJECT_FILE, .path = (char *)"/no/prog", .fd = -1};
	struct recording *recording;

	fixture.sites = io_sites_new(true);
	recording = fixture.sites->recording;
	for (uint32_t i = 0; i < 2; i++) {
		struct recorded_frame frame = {.object = recording_add_object(recording, &program),
		                               .vaddr = 0x1000 + i};

		fixture.threads[i] =
		    recording_add_thread(recording, 1, 1 + (pid_t)i, i ? "worker" : "main");
		fixture.stacks[i] = recording_add_stack(recording, &frame, 1);
	}
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	io_sites_free(fixture->sites);
	return 0;
}

static void add(const struct fixture *fixture, int thread, uint32_t callers, enum syscall_abi abi,
                const char *name, uint64_t time_ns, uint64_t bytes)
{
	const struct io_call call = {
	    .info = syscall_find_named(abi, name), .time_ns = time_ns, .bytes = bytes};

	assert_non_null(call.info);
	io_sites_add(fixture->sites, fixture->threads[thread],
	             io_sites_stack(fixture->sites, callers, call.info), &call, 1);
}

static void calls_of_a_thread_from_a_stack_are_one_sum(void **state)
{
	const struct fixture *fixture = *state;
	const struct recording *recording = fixture->sites->recording;
	const uint64_t expected[][N_IO_SITE_VALUES] = {{2, 30, 7}, {1, 5, 0}, {1, 1, 1}, {1, 2, 2}};

	add(fixture, 0, fixture->stacks[0], ABI_X86_64, "write", 10, 4);
	add(fixture, 0, fixture->stacks[0], ABI_X86_64, "write", 20, 3);
	add(fixture, 0, fixture->stacks[0], ABI_X86_64, "close", 5, 0);
	add(fixture, 0, fixture->stacks[1], ABI_X86_64, "write", 1, 1);
	add(fixture, 1, fixture->stacks[1], ABI_X86_64, "write", 2, 2);
	io_sites_close(fixture->sites);
	assert_int_equal(recording_n_samples(recording), 4);
	for (size_t i = 0; i < 4; i++) {
		const uint64_t *values;

		recording_sample(recording, i, &values);
		assert_memory_equal(values, expected[i], sizeof(expected[i]));
	}
}

/* The folded name of a sample's leaf. */
static const char *leaf(const struct profile *profile, size_t sample)
{
	uint32_t callers;
	uint32_t frame =
	    profile_stack_frame(profile, profile_sample(profile, sample).stack, &callers);

	return profile_folded_name(profile, frame);
}

static void a_call_is_a_frame_of_the_kernel_under_its_name(void **state)
{
	const struct fixture *fixture = *state;
	struct symbolizer *symbolizer = symbolizer_new();
	struct profile *profile;

	add(fixture, 0, fixture->stacks[0], ABI_X86_64, "sendmmsg", 1, 0);
	add(fixture, 0, 0, ABI_I386, "getpid", 1, 0);
	add(fixture, 1, 0, ABI_X32, "readv", 1, 0);
	io_sites_close(fixture->sites);
	io_sites_name(fixture->sites, symbolizer);
	profile = profile_new(fixture->sites->recording, symbolizer);
	assert_int_equal(profile_n_samples(profile), 3);
	assert_string_equal(leaf(profile, 0), "sendmmsg_[k]");
	assert_string_equal(leaf(profile, 1), "getpid_[k]");
	assert_string_equal(leaf(profile, 2), "readv_[k]");
	profile_free(profile);
	symbolizer_free(symbolizer);
}

static void stacks_that_end_early_are_counted_by_calls(void **state)
{
	const struct fixture *fixture = *state;
	struct recording *recording = fixture->sites->recording;
	const struct object failed = {.kind = OBJECT_FAILED, .path = (char *)"", .fd = -1};
	const struct object program = {.kind = OBJECT_FILE, .path = (char *)"/no/prog", .fd = -1};
	const struct recorded_frame frames[] = {
	    {.object = recording_add_object(recording, &program), .vaddr = 0x2000},
	    {.object = recording_add_object(recording, &failed), .vaddr = 1},
	};
	uint32_t cut = recording_add_stack(recording, frames, 2);

	add(fixture, 0, cut, ABI_X86_64, "write", 1, 1);
	add(fixture, 0, cut, ABI_X86_64, "write", 1, 1);
	add(fixture, 1, cut, ABI_X86_64, "read", 1, 1);
	add(fixture, 0, fixture->stacks[0], ABI_X86_64, "read", 1, 1);
	add(fixture, 0, 0, ABI_X86_64, "execve", 1, 0);
	assert_int_equal(io_sites_truncated(fixture->sites), 3);
}

static void calls_without_a_stack_say_why_and_are_counted(void **state)
{
	const struct fixture *fixture = *state;
	uint32_t not_taken = io_sites_without(fixture->sites, UNWIND_NOT_TAKEN);
	uint32_t lost = io_sites_without(fixture->sites, UNWIND_LOST);
	struct symbolizer *symbolizer = symbolizer_new();
	struct profile *profile;
	const struct io_call run = {
	    .info = syscall_find_named(ABI_X86_64, "write"), .time_ns = 70, .bytes = 3};

	io_sites_add(fixture->sites, fixture->threads[0],
	             io_sites_stack(fixture->sites, not_taken, run.info), &run, 7);
	add(fixture, 0, lost, ABI_X86_64, "read", 1, 1);
	add(fixture, 0, fixture->stacks[0], ABI_X86_64, "read", 1, 1);
	assert_int_equal(io_sites_ended(fixture->sites, UNWIND_NOT_TAKEN), 7);
	assert_int_equal(io_sites_ended(fixture->sites, UNWIND_LOST), 1);
	assert_int_equal(io_sites_truncated(fixture->sites), 1);
	io_sites_close(fixture->sites);
	io_sites_name(fixture->sites, symbolizer);
	profile = profile_new(fixture->sites->recording, symbolizer);
	assert_int_equal(profile_total(profile, IO_SITE_CALLS), 9);
	assert_int_equal(profile_total(profile, IO_SITE_TIME), 72);
	assert_int_equal(profile_total(profile, IO_SITE_BYTES), 23);
	profile_free(profile);
	symbolizer_free(symbolizer);
}

static void the_table_has_ten_sites_by_time_and_says_how_many_more(void **state)
{
	const struct fixture *fixture = *state;
	static const char *const names[] = {"read",   "write", "close", "lseek",  "fsync",  "readv",
	                                    "writev", "dup",   "fstat", "sendto", "pread64"};
	struct symbolizer *symbolizer = symbolizer_new();
	struct profile *profile;
	char *text = NULL, *line, *rest;
	size_t n_bytes, n_lines = 0;
	FILE *out = open_memstream(&text, &n_bytes);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		add(fixture, 0, fixture->stacks[0], ABI_X86_64, names[i], i + 1, i);
	io_sites_close(fixture->sites);
	io_sites_name(fixture->sites, symbolizer);
	profile = profile_new(fixture->sites->recording, symbolizer);
	io_site_table_write(out, profile);
	fclose(out);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		size_t rank = n_lines++;

		if (rank >= 1 && rank <= 10)
			assert_non_null(strstr(line, names[ARRAY_SIZE(names) - rank]));
		if (rank == 11)
			assert_string_equal(line, "(1 smaller one; see flamegraph-time.svg)");
	}
	assert_int_equal(n_lines, 12);
	free(text);
	profile_free(profile);
	symbolizer_free(symbolizer);
}

static void count(struct io_counts *counts, uint32_t thread, const char *name, uint64_t time_ns,
                  uint64_t bytes)
{
	const struct io_call call = {
	    .info = syscall_find_named(ABI_X86_64, name),
	    .thread = thread,
	    .result = (int64_t)bytes,
	    .time_ns = time_ns,
	    .bytes = bytes,
	};

	io_counts_add(counts, &call);
}

static struct io_counts *counts_of_two_threads(enum io_status status)
{
	struct io_counts *counts = io_counts_new(512);
	uint32_t first = io_counts_add_thread(counts, 1, 1, "main");
	uint32_t second = io_counts_add_thread(counts, 2, 1, "worker");

	counts->status = status;
	count(counts, first, "write", 10, 4);
	count(counts, second, "write", 1, 1);
	count(counts, first, "write", 20, 3);
	count(counts, first, "close", 5, 0);
	return counts;
}

static void without_callers_each_threads_calls_are_summed_by_name(void **state)
{
	struct io_counts *counts = counts_of_two_threads(IO_ANY);
	struct io_sites *sites = io_sites_of_threads(counts);
	struct symbolizer *symbolizer = symbolizer_new();
	static const struct {
		const char *comm, *leaf;
		uint64_t values[N_IO_SITE_VALUES];
	} expected[] = {{"main", "write_[k]", {2, 30, 7}},
	                {"main", "close_[k]", {1, 5, 0}},
	                {"worker", "write_[k]", {1, 1, 1}}};
	struct profile *profile;

	(void)state;
	io_sites_name(sites, symbolizer);
	profile = profile_new(sites->recording, symbolizer);
	assert_int_equal(profile_n_samples(profile), ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		struct sample sample;
		const uint64_t *values;
		uint32_t callers;

		sample = recording_sample(sites->recording, i, &values);
		assert_string_equal(recording_thread(sites->recording, sample.thread)->comm,
		                    expected[i].comm);
		assert_memory_equal(values, expected[i].values, sizeof(expected[i].values));
		assert_string_equal(leaf(profile, i), expected[i].leaf);
		profile_stack_frame(profile, profile_sample(profile, i).stack, &callers);
		assert_int_equal(callers, 0);
	}
	profile_free(profile);
	symbolizer_free(symbolizer);
	io_sites_free(sites);
	io_counts_free(counts);
}

static void of_failed_calls_there_is_no_value_of_bytes(void **state)
{
	struct io_counts *counts = counts_of_two_threads(IO_FAILED);
	struct io_sites *sites = io_sites_of_threads(counts);

	(void)state;
	assert_int_equal(recording_n_types(sites->recording), IO_SITE_BYTES);
	assert_int_equal(recording_n_samples(sites->recording), 3);
	io_sites_free(sites);
	io_counts_free(counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(calls_of_a_thread_from_a_stack_are_one_sum, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(a_call_is_a_frame_of_the_kernel_under_its_name, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(stacks_that_end_early_are_counted_by_calls, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(calls_without_a_stack_say_why_and_are_counted, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(the_table_has_ten_sites_by_time_and_says_how_many_more,
	                                    set_up, tear_down),
	    cmocka_unit_test(without_callers_each_threads_calls_are_summed_by_name),
	    cmocka_unit_test(of_failed_calls_there_is_no_value_of_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
