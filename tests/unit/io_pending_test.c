/* Calls that threads are in at the end: since when, on what, and in which order. */
#include "io/pending.h"

#include "io/fd_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOW = 5000000 };

static struct io_counts *counts;
static struct io_member first, second;

static int set_up(void **state)
{
	const struct io_identity one = {getpid(), getpid(), 0}, two = {getpid() + 1, getpid(), 0};

	(void)state;
	counts = io_counts_new(512);
	first = second = (struct io_member){0};
	io_family_begin(counts, &first, &one, "server", "server");
	io_family_fork(counts, &first, &second, &two, true, 0);
	fd_table_open(counts->fds, first.group, 3, "/a\nb", false, FD_OPENED, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	io_counts_free(counts);
	return 0;
}

static void add(const struct io_member *member, const char *name, uint64_t entered_ns,
                const uint64_t *args)
{
	const struct io_pending_call call = {
	    .info = syscall_find_named(ABI_X86_64, name),
	    .entered_ns = entered_ns,
	    .now_ns = NOW,
	    .args = args,
	};

	io_pending_add(counts, member, &call);
}

static void is_written(const struct pending_row *row, const char *time, const char *call)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	io_pending_write_call(out, counts, row);
	fclose(out);
	assert_string_equal(text, call);
	assert_string_equal(io_pending_time_of(row).text, time);
	free(text);
}

static void a_time_is_told_where_the_start_was_seen(void **state)
{
	(void)state;
	add(&first, "futex", 1000000, NULL);
	add(&first, "futex", IO_BEFORE_US, NULL);
	add(&first, "futex", IO_ENTRY_UNSEEN, NULL);
	add(&first, "futex", NOW + 1, NULL); /* a clock of another CPU */
	is_written(&counts->pending[0], "0.004000", "futex");
	is_written(&counts->pending[1], "before", "futex");
	is_written(&counts->pending[2], "?", "futex");
	is_written(&counts->pending[3], "0.000000", "futex");
}

static void arguments_are_named_as_far_as_they_are_known(void **state)
{
	char path[] = "/no/such\tpath";
	const uint64_t on_three[6] = {3}, on_four[6] = {4},
	               opens[6] = {(uint64_t)-100, (uintptr_t)path},
	               opens_there[6] = {3, (uintptr_t)path},
	               opens_nowhere[6] = {(uint64_t)-100, 8};

	(void)state;
	add(&first, "read", 1, on_three);
	add(&second, "read", 1, on_four);
	add(&first, "openat", 1, opens);
	add(&first, "openat", 1, opens_there);
	add(&first, "openat", 1, opens_nowhere);
	add(&first, "read", 1, NULL);
	add(&first, "getpid", 1, on_three);
	add(&first, "poll", 1, on_three);
	is_written(&counts->pending[0], "0.005000", "read (3 /a\\012b)");
	is_written(&counts->pending[1], "0.005000", "read (4)");
	is_written(&counts->pending[2], "0.005000", "openat (/no/such\\011path)");
	is_written(&counts->pending[3], "0.005000", "openat (3 /a\\012b, /no/such\\011path)");
	is_written(&counts->pending[4], "0.005000", "openat");
	is_written(&counts->pending[5], "0.005000", "read");
	is_written(&counts->pending[6], "0.005000", "getpid");
	is_written(&counts->pending[7], "0.005000", "poll");
}

static void the_longest_comes_first(void **state)
{
	static const char *const times[] = {"before", "before", "0.005000", "0.004999", "?"};

	(void)state;
	add(&first, "futex", 1000, NULL);
	add(&first, "futex", IO_ENTRY_UNSEEN, NULL);
	add(&second, "futex", IO_BEFORE_US, NULL);
	add(&first, "futex", IO_BEFORE_US, NULL);
	add(&second, "futex", 1, NULL);
	io_pending_sort(counts);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		is_written(&counts->pending[i], times[i], "futex");
	assert_int_equal(counts->pending[0].thread, first.thread);
	assert_int_equal(counts->pending[1].thread, second.thread);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_time_is_told_where_the_start_was_seen, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(arguments_are_named_as_far_as_they_are_known, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(the_longest_comes_first, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
