/* What batching.txt says of batches and small calls, and the metrics and findings that go with it.
 */
#include "core/diag.h"
#include "core/findings.h"
#include "core/gates.h"
#include "core/metrics.h"
#include "io/batching.h"
#include "io/distribution.h"
#include "io/fd_table.h"
#include "io/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
	struct io_counts *counts = io_counts_new(512);
	uint32_t group = fd_table_group_new(counts->fds, 1);

	io_counts_add_thread(counts, 1, 1, "test");
	fd_table_open(counts->fds, group, 3, "udp", false, FD_OPENED, 1);
	fd_table_open(counts->fds, group, 4, "/log", false, FD_OPENED, 1);
	fd_table_open(counts->fds, group, 5, "pipe", false, FD_OPENED, 1);
	fd_table_open(counts->fds, group, 6, "pipe", false, FD_OPENED, 1);
	for (int fd = 3; fd <= 6; fd++)
		fd_table_use(counts->fds, group, fd); /* descriptors 1 to 4 */
	*state = counts;
	return 0;
}

static int tear_down(void **state)
{
	io_counts_free(*state);
	return 0;
}

static void send_batches(struct io_counts *counts, int n_calls, uint32_t offered, uint32_t sent)
{
	const struct io_call call = {
	    .info = syscall_find_named(ABI_X86_64, "sendmmsg"),
	    .result = sent,
	    .bytes = sent * 100,
	    .slots = offered,
	    .used_slots = sent,
	    .messages = sent,
	    .to = 1,
	    .knows_slots = true,
	};

	for (int i = 0; i < n_calls; i++)
		io_counts_add(counts, &call);
}

static void write_small_by(struct io_counts *counts, uint32_t thread, const char *name,
                           uint32_t descriptor, int n_calls)
{
	const struct io_call call = {
	    .info = syscall_find_named(ABI_X86_64, name),
	    .result = 10,
	    .bytes = 10,
	    .asked_bytes = 10,
	    .knows_asked = true,
	    .thread = thread,
	    .to = descriptor,
	};

	for (int i = 0; i < n_calls; i++)
		io_counts_add(counts, &call);
}

static void write_small(struct io_counts *counts, const char *name, uint32_t descriptor,
                        int n_calls)
{
	write_small_by(counts, 0, name, descriptor, n_calls);
}

static void read_small(struct io_counts *counts, const char *name, uint32_t descriptor, int bytes)
{
	const struct io_call call = {
	    .info = syscall_find_named(ABI_X86_64, name),
	    .result = bytes,
	    .bytes = (uint64_t)bytes,
	    .asked_bytes = 10,
	    .knows_asked = true,
	    .from = descriptor,
	};

	io_counts_add(counts, &call);
}

/* batching.txt; valid until the next call. */
static const char *batching(const struct io_counts *counts)
{
	static char text[16384];
	FILE *out = fmemopen(text, sizeof(text), "w");

	io_batching_write(out, counts, 512);
	fclose(out);
	return text;
}

static void percentiles_are_nearest_ranks(void **state)
{
	struct distribution *distribution = distribution_new();

	(void)state;
	assert_int_equal(distribution_percentile(distribution, 50), 0);
	for (uint64_t value = 100; value >= 1; value--)
		distribution_add(distribution, value);
	assert_int_equal(distribution_percentile(distribution, 1), 1);
	assert_int_equal(distribution_percentile(distribution, 50), 50);
	assert_int_equal(distribution_percentile(distribution, 95), 95);
	assert_int_equal(distribution_percentile(distribution, 100), 100);
	distribution_add(distribution, 1000);
	assert_int_equal(distribution_percentile(distribution, 50), 51);
	assert_int_equal(distribution_percentile(distribution, 100), 1000);
	distribution_free(distribution);
}

static void a_batched_call_is_summarised(void **state)
{
	struct io_counts *counts = *state;
	struct batch_summary batch;

	send_batches(counts, 15, 64, 64);
	send_batches(counts, 1, 64, 40);
	assert_true(io_batch_summarise(counts, 0, &batch));
	assert_int_equal(batch.calls, 16);
	assert_int_equal(batch.messages, 1000);
	assert_int_equal(batch.p50, 64);
	assert_int_equal(batch.max, 64);
	assert_float_equal(batch.per_call, 62.5, 1e-9);
	assert_float_equal(batch.fill_percent, 97.65625, 1e-9);
	assert_int_equal(batch.avoidable, 0);
}

static void single_messages_are_avoidable(void **state)
{
	struct io_counts *counts = *state;
	struct batch_summary batch;
	const char *text;

	send_batches(counts, 1000, 1, 1);
	assert_true(io_batch_summarise(counts, 0, &batch));
	/* 1,000 messages fit in 16 calls of 64. */
	assert_int_equal(batch.avoidable, 984);
	assert_string_equal(batch.better, "more messages a call");
	text = batching(counts);
	assert_non_null(strstr(text, "984 of 1000 sendmmsg calls avoidable at batch 64: "
	                             "more messages a call\n"));
}

static void runs_have_lengths(void **state)
{
	struct io_counts *counts = *state;

	for (int i = 1; i <= 10; i++) {
		write_small(counts, "write", 1, i);
		send_batches(counts, 1, 64, 32); /* which is a run of its own */
	}
	write_small(counts, "write", 1, 20);
	write_small(counts, "write", 2, 30);
	io_counts_end_runs(counts);
	assert_non_null(strstr(batching(counts), "\nsendmmsg                10         1         1"
	                                         "         1\n"));
	assert_non_null(strstr(batching(counts), "\nwrite                   12         6        30"
	                                         "        30\n"));
}

static void what_is_not_counted_may_lie_between(void **state)
{
	struct io_counts *counts = *state;
	struct findings *findings = findings_new();
	const char *text;

	send_batches(counts, 1000, 1, 1);
	write_small(counts, "write", 2, 10);
	counts->gaps.lost = 1;
	text = batching(counts);
	assert_non_null(strstr(text, " <= 984  more messages a call\n"));
	assert_non_null(strstr(text, "      <= 9  a larger buffer, or writev"));
	assert_non_null(strstr(text, "at most 984 of 1000 sendmmsg calls avoidable"));
	io_findings_judge(findings, counts);
	assert_non_null(strstr(findings_text(findings, 0), "would save at most 984 of 1,000"));
	findings_free(findings);
	counts->gaps.lost = 0;
	assert_null(strstr(batching(counts), "at most 984"));
	counts->leaves_out_moves = true;
	assert_non_null(strstr(batching(counts), "at most 984 of 1000 sendmmsg calls avoidable"));
	counts->leaves_out_moves = false;
	counts->gaps.left_out = 1;
	assert_non_null(strstr(batching(counts), "at most 984 of 1000 sendmmsg calls avoidable"));
}

static void lone_calls_share_a_line(void **state)
{
	struct io_counts *counts = *state;

	write_small(counts, "write", 1, 1);
	assert_null(strstr(batching(counts), "more descriptors"));
	write_small(counts, "write", 2, 1);
	write_small(counts, "write", 3, 2);
	assert_non_null(strstr(batching(counts), "\n2 more descriptors with one write call each, "
	                                         "20 bytes, none avoidable\n"));
	assert_null(strstr(batching(counts), "/log"));
}

static void sections_without_successes_are_not_counted(void **state)
{
	struct io_counts *counts = *state;

	assert_non_null(strstr(batching(counts), "Batched calls\nnone\n"));
	counts->status = IO_FAILED;
	assert_non_null(
	    strstr(batching(counts), "Batched calls\nnot counted with --failed-only\n"));
	assert_null(strstr(batching(counts), "none"));
}

static void calls_on_two_descriptors_share_no_batch(void **state)
{
	struct io_counts *counts = *state;
	const char *text;

	write_small(counts, "write", 1, 64);
	write_small(counts, "write", 2, 64);
	text = batching(counts);
	/* One call each remains, not one for both. */
	assert_non_null(strstr(text, "126 of 128 small write calls avoidable at batch 64: "
	                             "63 by a larger buffer, or writev, 63 by sendmmsg\n"));
}

static void requests_and_their_answers_are_no_run(void **state)
{
	struct io_counts *counts = *state;
	const struct io_call answer = {
	    .info = syscall_find_named(ABI_X86_64, "read"),
	    .result = 10,
	    .bytes = 10,
	    .asked_bytes = 10,
	    .knows_asked = true,
	    .from = 1,
	};

	for (int i = 0; i < 100; i++) {
		write_small(counts, "write", 1, 1);
		io_counts_add(counts, &answer);
	}
	assert_null(strstr(batching(counts), " small write calls avoidable"));
	/* Two runs of 64 and 36, of which two calls remain. */
	write_small(counts, "write", 1, 100);
	assert_non_null(strstr(batching(counts),
	                       "98 of 200 small write calls avoidable at batch 64: sendmmsg\n"));
}

/* One kind's calls in all, on all descriptors. */
static uint64_t avoidable_singles(const struct io_counts *counts, const char *name)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < counts->n_uses; i++)
		if (!strcmp(counts->calls[counts->uses[i].call].info->name, name))
			sum += counts->uses[i].avoidable;
	return sum;
}

static void answers_on_another_channel_are_no_run(void **state)
{
	struct io_counts *counts = *state;

	for (int i = 0; i < 100; i++) {
		write_small(counts, "write", 3, 1);
		read_small(counts, "read", 4, 10);
	}
	assert_int_equal(avoidable_singles(counts, "write"), 0);
	assert_int_equal(avoidable_singles(counts, "read"), 0);
	/* 20 bursts of 50 datagrams each, which are received elsewhere. */
	for (int i = 0; i < 20; i++) {
		write_small(counts, "sendto", 1, 50);
		read_small(counts, "read", 4, 10);
	}
	assert_int_equal(avoidable_singles(counts, "sendto"), 20 * 49);
}

static void who_does_not_wait_needs_no_answer(void **state)
{
	struct io_counts *counts = *state;
	const struct io_call answer = {
	    .info = syscall_find_named(ABI_X86_64, "recvfrom"),
	    .result = 10,
	    .bytes = 10,
	    .asked_bytes = 10,
	    .knows_asked = true,
	    .from = 4,
	    .never_waits = true,
	};

	for (int i = 0; i < 64; i++) {
		write_small(counts, "sendto", 1, 1);
		io_counts_add(counts, &answer);
	}
	assert_int_equal(avoidable_singles(counts, "sendto"), 63);
	assert_null(strstr(batching(counts), "at most"));
}

static void files_do_not_answer(void **state)
{
	struct io_counts *counts = *state;

	for (int i = 0; i < 128; i++) {
		read_small(counts, "read", 2, 10);
		write_small(counts, "write", 3, 1);
	}
	assert_int_equal(avoidable_singles(counts, "read"), 126);
	assert_int_equal(avoidable_singles(counts, "write"), 126);
	assert_null(strstr(batching(counts), "at most"));
}

static void threads_share_no_batch(void **state)
{
	struct io_counts *counts = *state;
	uint32_t sibling = io_counts_add_thread(counts, 2, 1, "sibling");

	for (int i = 0; i < 50; i++) {
		write_small(counts, "write", 3, 1);
		write_small_by(counts, sibling, "write", 3, 1);
	}
	assert_int_equal(avoidable_singles(counts, "write"), 2 * 49);
	assert_null(strstr(batching(counts), "at most"));
	/* What the sibling receives may be what this one waits for. */
	read_small(counts, "read", 4, 10);
	write_small_by(counts, sibling, "write", 3, 1);
	assert_non_null(strstr(batching(counts), "at most 99 of 101 small write calls avoidable"));
}

static void datagrams_of_any_size_are_single(void **state)
{
	struct io_counts *counts = *state;
	struct io_call call = {
	    .info = syscall_find_named(ABI_X86_64, "sendto"),
	    .result = 1200,
	    .bytes = 1200,
	    .asked_bytes = 1200,
	    .knows_asked = true,
	    .to = 1,
	};

	for (int i = 0; i < 1000; i++)
		io_counts_add(counts, &call);
	assert_non_null(strstr(batching(counts), "\n984 of 1000 single sendto calls avoidable at "
	                                         "batch 64: sendmmsg\n"));
	call.info = syscall_find_named(ABI_X86_64, "recvfrom");
	call.asked_bytes = 1500;
	call.from = 1;
	call.to = 0;
	for (int i = 0; i < 1000; i++)
		io_counts_add(counts, &call);
	assert_non_null(strstr(batching(counts), "\nat most 984 of 1000 single recvfrom calls "
	                                         "avoidable at batch 64: recvmmsg\n"));
	assert_int_equal(counts->totals.small_calls[IO_READ], 0);
	assert_int_equal(counts->totals.small_calls[IO_WRITE], 0);
	/* On streams they are large. */
	call.from = 3;
	io_counts_add(counts, &call);
	assert_non_null(strstr(batching(counts), "at most 984 of 1000 single recvfrom calls"));
}

static void move_one(struct io_counts *counts, const char *name, int64_t result)
{
	struct io_call call = {.info = syscall_find_named(ABI_X86_64, name),
	                       .result = result,
	                       .messages = 1,
	                       .bytes = 1000};

	if (call.info->facts->effect == EFFECT_WRITE)
		call.to = 1;
	else
		call.from = 1;
	io_counts_add(counts, &call);
}

static uint64_t avoidable(const struct io_counts *counts, const char *name)
{
	struct batch_summary batch;
	uint32_t i = 0;

	while (strcmp(counts->calls[i].info->name, name) != 0)
		i++;
	assert_true(io_batch_summarise(counts, i, &batch));
	return batch.avoidable;
}

static void messages_and_their_answers_are_no_run_either(void **state)
{
	static const char *const calls[][2] = {{"sendmsg", "recvmsg"}, {"sendmmsg", "recvmmsg"}};
	struct io_counts *counts = *state;

	for (size_t i = 0; i < 2; i++) {
		for (int j = 0; j < 100; j++) {
			move_one(counts, calls[i][0], 1);
			move_one(counts, calls[i][1], 1);
		}
		assert_int_equal(avoidable(counts, calls[i][0]), 0);
		assert_int_equal(avoidable(counts, calls[i][1]), 0);
		/* The answer to the last one, and 99 more. */
		for (int j = 0; j < 99; j++)
			move_one(counts, calls[i][1], 1);
		assert_int_equal(avoidable(counts, calls[i][1]), 98);
	}
}

static void what_had_to_be_waited_for_is_no_run(void **state)
{
	struct io_counts *counts = *state;

	for (int i = 0; i < 100; i++) {
		move_one(counts, "recvmsg", 1);
		move_one(counts, "recvmsg", -EAGAIN);
	}
	assert_int_equal(avoidable(counts, "recvmsg"), 0);
	/* A signal says nothing of the queue. */
	for (int i = 0; i < 10; i++) {
		move_one(counts, "recvmsg", 1);
		move_one(counts, "recvmsg", -EINTR);
	}
	assert_int_equal(avoidable(counts, "recvmsg"), 9);
	/* Nor does an answer that has not come say that it was waited for. */
	for (int i = 0; i < 10; i++) {
		move_one(counts, "sendmsg", 1);
		move_one(counts, "recvmsg", -EAGAIN);
	}
	assert_int_equal(avoidable(counts, "sendmsg"), 9);
}

static void a_batch_that_had_room_left_is_no_run(void **state)
{
	struct io_counts *counts = *state;

	send_batches(counts, 100, 64, 32);
	assert_int_equal(avoidable(counts, "sendmmsg"), 0);
	send_batches(counts, 100, 32, 32); /* 3,200 messages in 50 calls */
	assert_int_equal(avoidable(counts, "sendmmsg"), 50);
}

static void full_batches_do_not_pay_for_single_messages(void **state)
{
	struct io_counts *counts = *state;

	send_batches(counts, 10, 64, 64);
	send_batches(counts, 65, 1, 1);
	/* 705 messages fit in 12 calls. */
	assert_int_equal(avoidable(counts, "sendmmsg"), 75 - 12);
	send_batches(counts, 1, 1, 0); /* what moves nothing is of no batch */
	assert_int_equal(avoidable(counts, "sendmmsg"), 75 - 12);
}

static void reads_from_elsewhere_are_no_run(void **state)
{
	struct io_counts *counts = *state;
	struct io_call seek = {.info = syscall_find_named(ABI_X86_64, "lseek"), .from = 2};

	for (int i = 0; i < 10; i++) {
		read_small(counts, "read", 2, 10);
		io_counts_add(counts, &seek);
	}
	assert_null(strstr(batching(counts), "avoidable at batch"));
	seek.result = -ESPIPE;
	for (int i = 0; i < 10; i++) {
		read_small(counts, "read", 2, 10);
		io_counts_add(counts, &seek);
	}
	assert_non_null(strstr(batching(counts), "9 of 20 small read calls avoidable"));
}

static void the_end_of_a_file_ends_its_run(void **state)
{
	struct io_counts *counts = *state;

	for (int i = 0; i < 10; i++) {
		read_small(counts, "read", 2, 10);
		read_small(counts, "read", 2, 5);
		read_small(counts, "read", 2, 0);
	}
	assert_non_null(strstr(batching(counts), "10 of 30 small read calls avoidable"));
	/* Messages are as long as they are. */
	for (int i = 0; i < 10; i++)
		read_small(counts, "recvfrom", 1, 5);
	assert_non_null(strstr(batching(counts), "9 of 10 small recvfrom calls avoidable"));
}

static void offsets_are_not_looked_at(void **state)
{
	struct io_counts *counts = *state;

	for (int i = 0; i < 10; i++)
		read_small(counts, "pread64", 2, 10);
	assert_non_null(strstr(batching(counts), "      <= 9  a larger buffer, or preadv"));
	assert_non_null(strstr(batching(counts), "at most 9 of 10 small pread64 calls avoidable"));
}

/* Of 4 that are asked for. */
static void wait_for_events(struct io_counts *counts, uint32_t thread, int n_calls, int n_events)
{
	const struct io_call call = {
	    .info = syscall_find_named(ABI_X86_64, "epoll_wait"),
	    .thread = thread,
	    .result = n_events,
	    .slots = 4,
	    .used_slots = (uint32_t)n_events,
	    .messages = (uint32_t)n_events,
	    .from = 2,
	    .knows_slots = true,
	};

	for (int i = 0; i < n_calls; i++)
		io_counts_add(counts, &call);
}

static void events_one_call_after_another_are_a_run(void **state)
{
	struct io_counts *counts = *state;

	wait_for_events(counts, 0, 20, 4); /* 80 events in 2 calls */
	assert_int_equal(avoidable(counts, "epoll_wait"), 18);
	/* Fewer than there was room for: a larger array would have had as many. */
	for (int i = 0; i < 10; i++) {
		wait_for_events(counts, 0, 1, 0);
		wait_for_events(counts, 0, 1, 3);
	}
	assert_int_equal(avoidable(counts, "epoll_wait"), 18);
}

static void events_that_may_be_answers_are_no_run(void **state)
{
	struct io_counts *counts = *state;
	uint32_t other = io_counts_add_thread(counts, 2, 2, "other");
	uint32_t sibling = io_counts_add_thread(counts, 3, 1, "sibling");

	for (int i = 0; i < 10; i++) {
		write_small(counts, "write", 1, 1);
		wait_for_events(counts, 0, 1, 4);
	}
	assert_int_equal(avoidable(counts, "epoll_wait"), 0);
	/* What another process was told is not what this one waited for. */
	for (int i = 0; i < 10; i++) {
		wait_for_events(counts, other, 1, 4);
		wait_for_events(counts, 0, 1, 4);
	}
	assert_int_equal(avoidable(counts, "epoll_wait"), 0);
	/* Another thread's events are. */
	wait_for_events(counts, sibling, 1, 4);
	assert_int_equal(avoidable(counts, "epoll_wait"), 1);
}

static void what_came_of_calls_is_said(void **state)
{
	struct io_counts *counts = *state;
	struct io_call call = {
	    .info = syscall_find_named(ABI_X86_64, "read"),
	    .result = 10,
	    .bytes = 10,
	    .asked_bytes = 40,
	    .from = 2,
	    .knows_asked = true,
	};
	const char *text;

	io_counts_add(counts, &call);
	call.result = call.bytes = call.asked_bytes;
	io_counts_add(counts, &call);
	call.result = -EAGAIN;
	call.knows_asked = false;
	io_counts_add(counts, &call);
	call.result = -EINTR;
	io_counts_add(counts, &call);
	send_batches(counts, 2, 64, 64);
	send_batches(counts, 1, 64, 1);
	text = batching(counts);
	assert_non_null(strstr(text,
	                       "\nread                     2         1         1             80"
	                       "             50 bytes     62.5 %\n"));
	assert_non_null(strstr(text,
	                       "\nsendmmsg                 3         0         1            192"
	                       "            129 messages  67.2 %\n"));
}

static void calls_are_told_apart_by_what_they_had(void **state)
{
	static const uint32_t sizes[] = {0, 1, 2, 3, 4, 5, 64, 65, 1024, 1025, 5000};
	static const char expected[] = "\nsendmmsg                1        1        1        2"
	                               "        1        0        0        1        1        0"
	                               "        0        1        2\n";
	struct io_counts *counts = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		send_batches(counts, 1, sizes[i], sizes[i]);
	assert_non_null(strstr(batching(counts), expected));
}

static void the_better_call_depends_on_the_descriptor(void **state)
{
	struct io_counts *counts = *state;
	const char *text, *line;

	write_small(counts, "write", 1, 10);
	write_small(counts, "write", 2, 20);
	text = batching(counts);
	line = strstr(text, "write             20        20          200      10.0        19  ");
	assert_non_null(line);
	assert_memory_equal(strstr(line, "19  ") + 4, "a larger buffer, or writev", 26);
	assert_non_null(strstr(line, " /log\n"));
	line = strstr(text, "write             10        10          100      10.0         9  ");
	assert_non_null(line);
	assert_memory_equal(strstr(line, " 9  ") + 4, "sendmmsg", 8);
}

static double value_of(const struct metrics *metrics, const char *name)
{
	double value;

	if (!metrics_value(metrics, name, &value))
		fail_msg("%s was not measured", name);
	return value;
}

static void add_metrics(struct metrics *metrics, const char *trace,
                        struct io_counts *const *repeats, size_t n_repeats)
{
	struct gates *gates = gates_new();
	struct trace_set *set;
	struct diag diag;

	assert_int_equal(trace_set_new(&set, trace, &diag), 0);
	io_metrics_add(metrics, gates, set, repeats, n_repeats);
	gates_free(gates);
	trace_set_free(set);
}

static void what_the_set_leaves_out_is_absent(void **state)
{
	struct io_counts *counts = *state;
	struct metrics *metrics = metrics_new();
	double value;

	write_small(counts, "write", 0, 4);
	add_metrics(metrics, "write,sendto,close", &counts, 1);
	assert_float_equal(value_of(metrics, "io.calls"), 4, 0);
	assert_float_equal(value_of(metrics, "io.small_writes"), 4, 0);
	assert_float_equal(value_of(metrics, "io.sendto.calls"), 0, 0);
	assert_false(metrics_value(metrics, "io.bytes_read", &value));
	assert_false(metrics_value(metrics, "io.small_reads", &value));
	assert_false(metrics_value(metrics, "io.read.calls", &value));
	assert_false(metrics_value(metrics, "io.sendmmsg.messages", &value));
	metrics_free(metrics);
}

static void metrics_are_those_of_the_contract(void **state)
{
	struct io_counts *counts = *state;
	struct metrics *metrics = metrics_new();
	double value;

	send_batches(counts, 15, 64, 64);
	send_batches(counts, 1, 64, 40);
	add_metrics(metrics, NULL, &counts, 1);
	assert_float_equal(value_of(metrics, "io.calls"), 16, 0);
	assert_float_equal(value_of(metrics, "io.bytes_written"), 100000, 0);
	assert_float_equal(value_of(metrics, "io.lost"), 0, 0);
	assert_float_equal(value_of(metrics, "io.sendmmsg.calls"), 16, 0);
	assert_float_equal(value_of(metrics, "io.sendmmsg.messages"), 1000, 0);
	assert_float_equal(value_of(metrics, "io.sendmmsg.messages_per_call"), 62.5, 1e-9);
	assert_float_equal(value_of(metrics, "io.sendmmsg.fill_percent"), 97.65625, 1e-9);
	/* Measured and not seen is 0; a share of nothing is not measured. */
	assert_float_equal(value_of(metrics, "io.recvmmsg.calls"), 0, 0);
	assert_float_equal(value_of(metrics, "io.recvmmsg.messages"), 0, 0);
	assert_false(metrics_value(metrics, "io.recvmmsg.fill_percent", &value));
	metrics_free(metrics);
}

/* Calls of sendmsg whose messages nobody knows, and of sendmmsg whose bytes nobody knows. */
static void send_unread(struct io_counts *counts, int n_calls)
{
	struct io_call call = {
	    .info = syscall_find_named(ABI_X86_64, "sendmsg"),
	    .result = 10,
	    .bytes = 10,
	    .misses_messages = true,
	    .to = 1,
	};

	for (int i = 0; i < n_calls; i++)
		io_counts_add(counts, &call);
	call.info = syscall_find_named(ABI_X86_64, "sendmmsg");
	call.misses_bytes = true;
	call.misses_messages = false;
	call.bytes = 0;
	call.messages = call.slots = call.used_slots = 2;
	call.knows_slots = true;
	for (int i = 0; i < n_calls; i++)
		io_counts_add(counts, &call);
}

static void what_nobody_knows_is_absent(void **state)
{
	struct io_counts *counts = *state;
	struct metrics *metrics = metrics_new();
	const char *text, *histograms;
	double value;

	send_unread(counts, 3);
	add_metrics(metrics, NULL, &counts, 1);
	assert_float_equal(value_of(metrics, "io.sendmsg.bytes"), 30, 0);
	assert_float_equal(value_of(metrics, "io.sendmmsg.messages"), 6, 0);
	assert_float_equal(value_of(metrics, "io.sendmmsg.messages_per_call"), 2, 1e-9);
	assert_false(metrics_value(metrics, "io.sendmsg.messages", &value));
	assert_false(metrics_value(metrics, "io.sendmsg.messages_per_call", &value));
	assert_false(metrics_value(metrics, "io.sendmsg.fill_percent", &value));
	assert_false(metrics_value(metrics, "io.sendmmsg.bytes", &value));
	metrics_free(metrics);
	text = batching(counts);
	assert_non_null(strstr(
	    text, "sendmsg                  3         0          ? buffers         ?     ?     ?"
	          "     ?       ?            ?"));
	assert_non_null(strstr(text, "sendmsg                  3         0         ?              "
	                             "?              ? buffers        ?\n"));
	assert_non_null(strstr(text, "messages      2.0     2     2     2 100.0 %            ?"));
	/* No call is one of 0 buffers. */
	histograms = strstr(text, "\nCalls by how many");
	assert_null(memmem(histograms, (size_t)(strstr(text, "\nRuns: ") - histograms),
	                   "\nsendmsg ", strlen("\nsendmsg ")));
}

/* Most are known: sums and averages are of these, and a note tells of the others. */
static void what_is_known_of_some_is_of_these(void **state)
{
	struct io_counts *counts = *state;
	struct metrics *metrics = metrics_new();
	struct io_call known = {
	    .info = syscall_find_named(ABI_X86_64, "sendmsg"),
	    .result = 10,
	    .bytes = 10,
	    .messages = 4,
	    .to = 1,
	};

	send_unread(counts, 3);
	io_counts_add(counts, &known);
	add_metrics(metrics, NULL, &counts, 1);
	assert_float_equal(value_of(metrics, "io.sendmsg.messages"), 4, 0);
	assert_float_equal(value_of(metrics, "io.sendmsg.messages_per_call"), 4, 1e-9);
	metrics_free(metrics);
}

static void a_call_that_one_repeat_lacks_is_zero_there(void **state)
{
	struct io_counts *repeats[] = {*state, io_counts_new(512), io_counts_new(512)};
	struct metrics *metrics = metrics_new();

	io_counts_add_thread(repeats[1], 1, 1, "test");
	write_small(repeats[0], "write", 0, 4);
	write_small(repeats[1], "write", 0, 2);
	add_metrics(metrics, NULL, repeats, 3);
	/* The median of 4, 2 and 0. */
	assert_float_equal(value_of(metrics, "io.write.calls"), 2, 0);
	metrics_free(metrics);
	io_counts_free(repeats[1]);
	io_counts_free(repeats[2]);
}

static void only_what_can_be_mended_is_a_finding(void **state)
{
	struct io_counts *counts = *state;
	struct findings *findings = findings_new();

	send_batches(counts, 3, 1, 1); /* few calls: nothing to gain */
	write_small(counts, "write", 2, 1000);
	io_findings_judge(findings, counts);
	assert_int_equal(findings_count(findings), 0);
	send_batches(counts, 100, 1, 1);
	write_small(counts, "write", 2, 1);
	io_findings_judge(findings, counts);
	assert_int_equal(findings_count(findings), 2);
	assert_non_null(strstr(findings_text(findings, 0), "sendmmsg moves 1.0 messages a call"));
	assert_non_null(strstr(findings_text(findings, 1), "1,001 small writes"));
	findings_free(findings);
}

static void a_finding_names_a_metric_that_is_there(void **state)
{
	struct io_counts *counts = *state;
	struct metrics *metrics = metrics_new();
	struct findings *findings = findings_new();
	const struct io_call call = {
	    .info = syscall_find_named(ABI_I386, "epoll_wait"),
	    .result = 1,
	    .slots = 1,
	    .used_slots = 1,
	    .messages = 1,
	    .from = 2,
	    .knows_slots = true,
	};
	json_t *json;

	for (int i = 0; i < 100; i++)
		io_counts_add(counts, &call);
	io_findings_judge(findings, counts);
	assert_int_equal(findings_count(findings), 1);
	json = findings_to_json(findings);
	add_metrics(metrics, NULL, &counts, 1);
	assert_float_equal(value_of(metrics, json_string_value(json_object_get(
	                                         json_array_get(json, 0), "metric"))),
	                   1, 0);
	json_decref(json);
	findings_free(findings);
	metrics_free(metrics);
}

#define PROMISE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(percentiles_are_nearest_ranks),
	    PROMISE(a_batched_call_is_summarised),
	    PROMISE(single_messages_are_avoidable),
	    PROMISE(runs_have_lengths),
	    PROMISE(what_is_not_counted_may_lie_between),
	    PROMISE(lone_calls_share_a_line),
	    PROMISE(sections_without_successes_are_not_counted),
	    PROMISE(calls_on_two_descriptors_share_no_batch),
	    PROMISE(requests_and_their_answers_are_no_run),
	    PROMISE(answers_on_another_channel_are_no_run),
	    PROMISE(who_does_not_wait_needs_no_answer),
	    PROMISE(files_do_not_answer),
	    PROMISE(threads_share_no_batch),
	    PROMISE(datagrams_of_any_size_are_single),
	    PROMISE(messages_and_their_answers_are_no_run_either),
	    PROMISE(what_had_to_be_waited_for_is_no_run),
	    PROMISE(a_batch_that_had_room_left_is_no_run),
	    PROMISE(reads_from_elsewhere_are_no_run),
	    PROMISE(the_end_of_a_file_ends_its_run),
	    PROMISE(offsets_are_not_looked_at),
	    PROMISE(full_batches_do_not_pay_for_single_messages),
	    PROMISE(events_one_call_after_another_are_a_run),
	    PROMISE(events_that_may_be_answers_are_no_run),
	    PROMISE(what_came_of_calls_is_said),
	    PROMISE(calls_are_told_apart_by_what_they_had),
	    PROMISE(the_better_call_depends_on_the_descriptor),
	    PROMISE(what_the_set_leaves_out_is_absent),
	    PROMISE(metrics_are_those_of_the_contract),
	    PROMISE(what_nobody_knows_is_absent),
	    PROMISE(what_is_known_of_some_is_of_these),
	    PROMISE(a_call_that_one_repeat_lacks_is_zero_there),
	    PROMISE(only_what_can_be_mended_is_a_finding),
	    PROMISE(a_finding_names_a_metric_that_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
