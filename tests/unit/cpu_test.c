/* The cpu sampler: events chosen by what the machine grants, names of threads, samples of a real
 * child. */
#include "cpu/event.h"
#include "cpu/options.h"
#include "cpu/quality.h"
#include "cpu/sampler.h"
#include "cpu/summary.h"
#include "cpu/threads.h"

#include "core/collector.h"
#include "core/diag.h"
#include "core/perf/record.h"
#include "core/profile.h"
#include "core/quality.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const struct cpu_options defaults = {
    .freq_hz = 997,
    .stack_bytes = 8192,
    .kernel = true,
    .inherit = true,
};

static void skip_as(const struct diag *diag)
{
	print_message("%s\n", diag->text);
	skip();
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void a_thread_has_its_makers_name_until_it_gets_its_own(void **state)
{
	static const struct value_type samples = {"samples", "count"};
	struct recording *recording = recording_new(&samples, 1);
	struct thread_names *names = thread_names_new(recording);
	uint32_t before, after;

	(void)state;
	thread_names_set(names, 10, "server");
	thread_names_fork(names, 10, 11);
	before = thread_names_recorded(names, 10, 11);
	assert_string_equal(recording_thread(recording, before)->comm, "server");
	assert_int_equal(thread_names_recorded(names, 10, 11), before);
	thread_names_set(names, 11, "worker");
	after = thread_names_recorded(names, 10, 11);
	assert_string_equal(recording_thread(recording, after)->comm, "worker");
	assert_int_equal(recording_thread(recording, after)->tid, 11);
	assert_string_equal(recording_thread(recording, before)->comm, "server");
	assert_string_equal(recording_thread(recording, thread_names_recorded(names, 10, 10))->comm,
	                    "server");
	thread_names_free(names);
	recording_free(recording);
}

static void a_rate_above_the_kernels_limit_is_lowered_and_said(void **state)
{
	struct cpu_options greedy = defaults;
	struct cpu_event event;
	struct diag diag = {0};

	(void)state;
	greedy.freq_hz = UINT64_C(1) << 40;
	if (cpu_event_choose(&event, &greedy, &diag))
		skip_as(&diag);
	assert_true(event.freq_hz < greedy.freq_hz);
	assert_int_equal(event.attr.sample_freq, event.freq_hz);
	assert_true(event.notes.n_texts >= 1);
	assert_non_null(strstr(event.notes.texts[0], "perf_event_max_sample_rate"));
	cpu_event_fini(&event);
}

static void without_kernel_the_event_asks_for_no_kernel(void **state)
{
	struct cpu_options user_only = defaults;
	struct cpu_event event;
	struct diag diag = {0};

	(void)state;
	user_only.kernel = false;
	if (cpu_event_choose(&event, &user_only, &diag))
		skip_as(&diag);
	assert_true(event.attr.exclude_kernel);
	assert_false(event.sees_kernel);
	assert_int_equal(event.attr.sample_type & PERF_SAMPLE_CALLCHAIN, 0);
	assert_int_equal(event.notes.n_texts, 0); /* it was asked for: nothing to say */
	cpu_event_fini(&event);
}

/* What the program told of: the sum of its lines "NAME NANOSECONDS". */
static double told_ns(int fd)
{
	FILE *lines = fdopen(fd, "r");
	double sum = 0, ns;

	assert_non_null(lines);
	while (fscanf(lines, "%*s %lf", &ns) == 1)
		sum += ns;
	fclose(lines);
	return sum;
}

/* Runs build/tests/programs/PROGRAM under the sampler, as the driver does. Returns the time that it
 * tells of. */
static double sample_program(struct sampler *sampler, char *program, char *argument)
{
	char *argv[] = {program, argument, NULL};
	uint64_t start_ns = now_ns();
	struct diag diag = {0};
	int gate[2], output[2];
	char byte;
	pid_t pid;
	int status;

	assert_int_equal(pipe(gate), 0);
	assert_int_equal(pipe(output), 0);
	pid = fork();
	if (pid == 0) {
		dup2(output[1], STDOUT_FILENO);
		close(gate[1]);
		if (read(gate[0], &byte, 1) == 1)
			execv(program, argv);
		_exit(127);
	}
	close(gate[0]);
	close(output[1]);
	assert_int_equal(
	    sampler_attach(sampler, &(struct repeat){.pid = pid, .start_ns = start_ns}, &diag), 0);
	assert_int_equal(write(gate[1], "g", 1), 1);
	close(gate[1]);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd wait = {.fd = sampler_fd(sampler), .events = POLLIN};

		if (poll(&wait, 1, 100) > 0)
			assert_int_equal(sampler_step(sampler, &diag), 0);
	}
	assert_int_equal(sampler_detach(sampler, now_ns() - start_ns, &diag), 0);
	assert_int_equal(WEXITSTATUS(status), 0);
	return told_ns(output[0]);
}

static char *program_path(const char *name)
{
	static char path[512];
	const char *build = getenv("BUILD");

	snprintf(path, sizeof(path), "%s/tests/programs/%s", build ? build : "build", name);
	return path;
}

/* What the host of a virtual machine and interrupts have taken since boot, of all CPUs, in a
 * thread's time or not; it is counted in ticks. */
static double taken_ns(void)
{
	FILE *file = fopen("/proc/stat", "r");
	double irq = 0, softirq = 0, steal = 0;

	assert_non_null(file);
	assert_int_equal(
	    fscanf(file, "cpu %*s %*s %*s %*s %*s %lf %lf %lf", &irq, &softirq, &steal), 3);
	fclose(file);
	return (irq + softirq + steal) * 1e9 / (double)sysconf(_SC_CLK_TCK);
}

static void sampled_time_is_the_time_that_was_used(void **state)
{
	struct cpu_event event;
	struct sampler *sampler;
	const struct sampler_totals *totals;
	struct rusage usage;
	struct diag diag = {0};
	double used_ns, own_ns, lost_ns, most_ns, taken_before_ns = taken_ns();

	(void)state;
	if (cpu_event_choose(&event, &defaults, &diag))
		skip_as(&diag);
	sampler = sampler_new(&event);
	totals = sampler_totals(sampler);
	own_ns = sample_program(sampler, program_path("cpu_split"), "300");
	getrusage(RUSAGE_CHILDREN, &usage);
	used_ns = (double)usage.ru_utime.tv_sec * 1e9 + (double)usage.ru_utime.tv_usec * 1e3;
	if (event.sees_kernel)
		used_ns +=
		    (double)usage.ru_stime.tv_sec * 1e9 + (double)usage.ru_stime.tv_usec * 1e3;
	/* 10 % is wide. Where a virtual machine's processor is taken away the kernel's clock may go
	 * on, or leave out what a late tick tells of; the program's own does neither. A late tick
	 * is a period at the most, and not more than was taken. Where this test had no processor
	 * for long the ring was full. */
	lost_ns = (double)totals->n_lost * 1e9 / (double)event.freq_hz;
	most_ns = 1.1 * (used_ns > own_ns ? used_ns : own_ns) + taken_ns() - taken_before_ns +
	          1e9 / (double)sysconf(_SC_CLK_TCK);
	assert_true((double)totals->cpu_time_ns + lost_ns > 0.9 * own_ns);
	assert_true((double)totals->cpu_time_ns < most_ns);
	assert_true(totals->walks.n_truncated * 50 < totals->n_samples);
	sampler_free(sampler);
	cpu_event_fini(&event);
}

static void repeats_follow_each_other_in_time(void **state)
{
	struct cpu_event event;
	struct sampler *sampler;
	const struct recording *recording;
	struct diag diag = {0};
	uint64_t latest_ns = 0, n_first;

	(void)state;
	if (cpu_event_choose(&event, &defaults, &diag))
		skip_as(&diag);
	sampler = sampler_new(&event);
	recording = sampler_recording(sampler);
	sample_program(sampler, program_path("cpu_split"), "50");
	n_first = sampler_totals(sampler)->n_samples;
	sample_program(sampler, program_path("cpu_split"), "50");
	assert_true(n_first > 10);
	assert_true(sampler_totals(sampler)->n_samples > n_first + 10);
	assert_int_equal(sampler_totals(sampler)->n_repeats, 2);
	for (size_t i = 0; i < recording_n_samples(recording); i++) {
		const uint64_t *values;
		struct sample sample = recording_sample(recording, i, &values);

		assert_true(sample.time_ns >= latest_ns);
		latest_ns = sample.time_ns;
		assert_string_equal(recording_thread(recording, sample.thread)->comm, "cpu_split");
		assert_int_equal(values[SAMPLER_SAMPLES], 1);
		assert_true(values[SAMPLER_PERIODS] > 0);
	}
	assert_true(latest_ns >= 100000000);
	sampler_free(sampler);
	cpu_event_fini(&event);
}

static int n_to_spoil;

/* The linker puts this in the place of perf_record_decode() (Makefile). */
int __wrap_perf_record_decode(const struct perf_event_header *header,
                              const struct perf_event_attr *attr, struct perf_record *record);
int __real_perf_record_decode(const struct perf_event_header *header,
                              const struct perf_event_attr *attr, struct perf_record *record);

int __wrap_perf_record_decode(const struct perf_event_header *header,
                              const struct perf_event_attr *attr, struct perf_record *record)
{
	if (header->type == PERF_RECORD_SAMPLE && n_to_spoil > 0) {
		n_to_spoil--;
		return -EINVAL;
	}
	return __real_perf_record_decode(header, attr, record);
}

static void malformed_records_did_not_find_the_ring_full(void **state)
{
	struct cpu_event event;
	struct diag diag = {0};
	struct cpu_facts facts = {.event = &event};
	struct sampler *sampler;
	struct profile *profile;
	json_t *quality = json_object();
	char *lines;

	(void)state;
	if (cpu_event_choose(&event, &defaults, &diag))
		skip_as(&diag);
	n_to_spoil = 3;
	sampler = sampler_new(&event);
	sample_program(sampler, program_path("cpu_split"), "50");
	assert_int_equal(n_to_spoil, 0);
	facts.totals = sampler_totals(sampler);
	facts.recording = sampler_recording(sampler);
	assert_int_equal(facts.totals->n_malformed, 3);
	assert_int_equal(facts.totals->n_lost, 0);
	facts.symbolizer = symbolizer_new();
	symbolizer_open(facts.symbolizer, facts.recording);
	facts.profile = profile = profile_new(facts.recording, facts.symbolizer);
	cpu_add_quality(&facts, quality);
	lines = quality_lines(quality);
	assert_non_null(strstr(lines, "3 malformed perf records left out"));
	assert_null(strstr(lines, "KB full"));
	free(lines);
	json_decref(quality);
	profile_free(profile);
	symbolizer_free(facts.symbolizer);
	sampler_free(sampler);
	cpu_event_fini(&event);
}

static void no_samples_are_explained(void **state)
{
	struct cpu_event event = {.freq_hz = 1000};
	char *too_short = cpu_why_no_samples(&event, 1000000, 1);
	char *refused = cpu_why_no_samples(&event, 500000000, 1);

	(void)state;
	assert_non_null(strstr(too_short, "--min-samples"));
	assert_non_null(strstr(too_short, "1 run took 1.0 ms"));
	assert_non_null(strstr(refused, "set-user-id"));
	free(too_short);
	free(refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_thread_has_its_makers_name_until_it_gets_its_own),
	    cmocka_unit_test(a_rate_above_the_kernels_limit_is_lowered_and_said),
	    cmocka_unit_test(without_kernel_the_event_asks_for_no_kernel),
	    cmocka_unit_test(sampled_time_is_the_time_that_was_used),
	    cmocka_unit_test(repeats_follow_each_other_in_time),
	    cmocka_unit_test(malformed_records_did_not_find_the_ring_full),
	    cmocka_unit_test(no_samples_are_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
