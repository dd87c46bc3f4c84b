/* The io_family module: rows and tables of descriptors as threads and programs begin and end. */
#include "io/family.h"
#include "io/fd_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

enum { FD = 5 };

/* A program that has begun and has a file open. */
struct family {
	struct io_counts *counts;
	struct io_member first;
};

static int set_up(void **state)
{
	static struct family family;
	const struct io_identity identity = {.tid = 10, .pid = 10, .parent_pid = 1};
	char command[] = "server --all", comm[] = "server";

	family = (struct family){.counts = io_counts_new(512)};
	io_family_begin(family.counts, &family.first, &identity, command, comm);
	/* They are copied. */
	memset(command, 'x', strlen(command));
	memset(comm, 'x', strlen(comm));
	fd_table_open(family.counts->fds, family.first.group, FD, "/file", false, FD_OPENED, 1);
	*state = &family;
	return 0;
}

static int tear_down(void **state)
{
	struct family *family = *state;

	io_counts_free(family->counts);
	return 0;
}

static bool knows(const struct family *family, const struct io_member *member)
{
	return fd_table_knows(family->counts->fds, member->group, FD);
}

static void close_file(struct family *family, const struct io_member *member)
{
	fd_table_close(family->counts->fds, member->group, FD, 3);
}

static void expect_process(const struct family *family, const struct io_member *member, pid_t pid,
                           pid_t parent_pid, unsigned exec_number, const char *command)
{
	const struct process_row *row = &family->counts->processes[member->process];

	assert_int_equal(row->pid, pid);
	assert_int_equal(row->parent_pid, parent_pid);
	assert_int_equal(row->exec_number, exec_number);
	assert_string_equal(row->command, command);
}

static void who_begins_has_rows_and_an_empty_table(void **state)
{
	struct family *family = *state;
	const struct io_identity identity = {.tid = 20, .pid = 20, .parent_pid = 2};
	struct io_member orphan = {0};

	expect_process(family, &family->first, 10, 1, 0, "server --all");
	assert_string_equal(family->counts->threads[family->first.thread].comm, "server");
	io_family_begin(family->counts, &orphan, &identity, "orphan", "orphan");
	expect_process(family, &orphan, 20, 2, 0, "orphan");
	assert_false(knows(family, &orphan));
	assert_true(knows(family, &family->first));
}

static void a_fork_has_a_table_of_its_own(void **state)
{
	struct family *family = *state;
	const struct io_identity identity = {.tid = 11, .pid = 11, .parent_pid = 10};
	struct io_member child = {0};

	io_family_fork(family->counts, &family->first, &child, &identity, false, 2);
	expect_process(family, &child, 11, 10, 0, "server --all");
	assert_string_equal(family->counts->threads[child.thread].comm, "server");
	assert_true(knows(family, &child));
	close_file(family, &child);
	assert_false(knows(family, &child));
	assert_true(knows(family, &family->first));
}

static void a_thread_shares_process_and_table(void **state)
{
	struct family *family = *state;
	const struct io_identity identity = {.tid = 12, .pid = 10, .parent_pid = 1};
	struct io_member thread = {0};

	io_family_fork(family->counts, &family->first, &thread, &identity, true, 2);
	assert_int_equal(family->counts->n_processes, 1);
	assert_int_equal(thread.process, family->first.process);
	assert_int_not_equal(thread.thread, family->first.thread);
	assert_int_equal(family->counts->threads[thread.thread].tid, 12);
	/* What is open stays so until the last of them has ended. */
	io_family_thread_ends(family->counts, &family->first, 3);
	assert_true(knows(family, &thread));
	close_file(family, &thread);
	assert_false(knows(family, &thread));
}

static void a_process_may_share_the_table(void **state)
{
	struct family *family = *state;
	const struct io_identity identity = {.tid = 13, .pid = 13, .parent_pid = 10};
	struct io_member child = {0};

	io_family_fork(family->counts, &family->first, &child, &identity, true, 2);
	expect_process(family, &child, 13, 10, 0, "server --all");
	close_file(family, &child);
	assert_false(knows(family, &family->first));
}

static void a_program_that_is_executed_is_a_row_of_its_own(void **state)
{
	struct family *family = *state;
	const struct io_identity identity = {.tid = 14, .pid = 14, .parent_pid = 10};
	struct io_member child = {0};
	uint32_t forked;

	io_family_fork(family->counts, &family->first, &child, &identity, true, 2);
	fd_table_set_cloexec(family->counts->fds, child.group, FD, true);
	forked = child.process;
	io_family_exec(family->counts, &child, 14, "first", 3);
	assert_int_not_equal(child.process, forked);
	expect_process(family, &child, 14, 10, 1, "first");
	/* The table was shared until then, and only the new program's is closed on exec. */
	assert_false(knows(family, &child));
	assert_true(knows(family, &family->first));
	io_family_exec(family->counts, &child, 14, "second", 4);
	expect_process(family, &child, 14, 10, 2, "second");
	assert_int_equal(family->counts->n_processes, 4);
}

static void an_end_is_that_of_the_last_program(void **state)
{
	struct family *family = *state;
	const uint32_t before = family->first.process;
	const struct fd_descriptor *file;
	uint32_t id = fd_table_use(family->counts->fds, family->first.group, FD);

	io_family_exec(family->counts, &family->first, 10, "next", 2);
	io_family_rename(family->counts, &family->first, "a name of more than 15 bytes");
	io_family_process_ends(family->counts, &family->first, 7 << 8);
	io_family_thread_ends(family->counts, &family->first, 9);
	assert_false(family->counts->processes[before].has_exit);
	assert_true(family->counts->processes[family->first.process].has_exit);
	assert_int_equal(family->counts->processes[family->first.process].wait_status, 7 << 8);
	assert_string_equal(family->counts->threads[family->first.thread].comm, "a name of more ");
	file = fd_table_descriptor(family->counts->fds, id);
	assert_int_equal(file->closed_ns, 9);
}

static void who_never_began_may_end(void **state)
{
	struct family *family = *state;
	const struct io_member nobody = {0};

	io_family_thread_ends(family->counts, &nobody, 9);
	assert_true(knows(family, &family->first));
}

/* Of running processes one after the other is found, each with its threads. */
static void who_joins_is_of_its_siblings_process(void **state)
{
	struct family *family = *state;
	const struct io_identity other = {.tid = 20, .pid = 20, .parent_pid = 2};
	const struct io_identity identity = {.tid = 21, .pid = 20, .parent_pid = 2};
	struct io_member sibling = {0}, joins = {0};
	const struct thread_row *row;

	io_family_begin(family->counts, &sibling, &other, "other", "other");
	io_family_join(family->counts, &sibling, &joins, &identity, "worker", true);
	row = &family->counts->threads[joins.thread];
	assert_int_equal(row->tid, 21);
	assert_string_equal(row->comm, "worker");
	assert_int_equal(row->process, sibling.process);
	assert_int_equal(joins.process, sibling.process);
	assert_int_equal(joins.leader, sibling.thread);
	assert_int_equal(joins.group, sibling.group);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(who_begins_has_rows_and_an_empty_table),
	    TEST(a_fork_has_a_table_of_its_own),
	    TEST(a_thread_shares_process_and_table),
	    TEST(a_process_may_share_the_table),
	    TEST(a_program_that_is_executed_is_a_row_of_its_own),
	    TEST(an_end_is_that_of_the_last_program),
	    TEST(who_never_began_may_end),
	    TEST(who_joins_is_of_its_siblings_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
