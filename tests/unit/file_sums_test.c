/* What each file cost is summed over all the times that it was open. */
#include "io/file_sums.h"

#include "io/fd_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

/* Two processes, each with a table of descriptors. */
struct fixture {
	struct io_counts *counts;
	uint32_t groups[2];
};

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture.counts = io_counts_new(512);
	io_counts_add_thread(fixture.counts, 1, 1, "test");
	for (int i = 0; i < 2; i++)
		fixture.groups[i] = fd_table_group_new(fixture.counts->fds, i + 1);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	io_counts_free(fixture->counts);
	return 0;
}

static void enter(const struct fixture *fixture, int group, int fd, const char *name,
                  enum fd_origin origin)
{
	fd_table_open(fixture->counts->fds, fixture->groups[group], fd, name, false, origin, 0);
}

/* The call is of this name, and about the descriptor. */
static void count(const struct fixture *fixture, int group, int fd, const char *name,
                  struct io_call call)
{
	struct fd_table *fds = fixture->counts->fds;

	call.info = syscall_find_named(ABI_X86_64, name);
	if (call.info->facts->effect == EFFECT_READ)
		call.from = fd_table_use(fds, fixture->groups[group], fd);
	else if (call.info->facts->effect == EFFECT_WRITE)
		call.to = fd_table_use(fds, fixture->groups[group], fd);
	else
		call.file = fd_table_description(fds, fixture->groups[group], fd);
	io_counts_add(fixture->counts, &call);
}

static void assert_written(const struct fixture *fixture, const char *expected)
{
	static const char title[] = "\nsums of      seconds  opened      calls    errors     bytes "
	                            "read  bytes written  file\n";
	char *text = NULL;
	size_t n_bytes;
	FILE *out = open_memstream(&text, &n_bytes);

	io_file_sums_write(out, fixture->counts);
	fclose(out);
	assert_memory_equal(text, title, sizeof(title) - 1);
	assert_string_equal(text + sizeof(title) - 1, expected);
	free(text);
}

static void processes_and_openings_of_a_file_are_one_line(void **state)
{
	const struct fixture *fixture = *state;

	enter(fixture, 0, 3, "/etc/passwd", FD_OPENED);
	count(fixture, 0, 3, "openat", (struct io_call){.time_ns = 1000});
	count(fixture, 0, 3, "read", (struct io_call){.time_ns = 2000, .result = 5, .bytes = 5});
	count(fixture, 0, 3, "close", (struct io_call){.time_ns = 4000});
	enter(fixture, 1, 7, "/etc/passwd", FD_OPENED);
	count(fixture, 1, 7, "write", (struct io_call){.time_ns = 8000, .result = -EBADF});
	enter(fixture, 0, 3, "/etc/group", FD_OPENED);
	count(fixture, 0, 3, "openat", (struct io_call){.time_ns = 16000});
	assert_written(fixture, "file        0.000016       1          1         0              0"
	                        "              0  /etc/group\n"
	                        "file        0.000015       2          4         1              5"
	                        "              0  /etc/passwd\n");
}

static void sockets_are_told_apart_by_their_addresses(void **state)
{
	const struct fixture *fixture = *state;
	struct fd_table *fds = fixture->counts->fds;

	for (int fd = 3; fd < 6; fd++) {
		enter(fixture, 0, fd, "tcp", FD_OPENED);
		fd_table_set_address(fds, fixture->groups[0], fd, FD_PEER, fd == 4 ? "b" : "a");
		count(fixture, 0, fd, "connect", (struct io_call){.time_ns = 1000});
	}
	assert_written(fixture, "file        0.000002       2          2         0              0"
	                        "              0  tcp -> a\n"
	                        "file        0.000001       1          1         0              0"
	                        "              0  tcp -> b\n");
}

static void what_is_not_used_is_no_line_and_what_is_not_known_is_no_0(void **state)
{
	const struct fixture *fixture = *state;

	enter(fixture, 0, 3, "/unused", FD_INHERITED);
	enter(fixture, 0, 4, "/found", FD_GUESSED);
	count(fixture, 0, 4, "read",
	      (struct io_call){.time_ns = 1000, .result = 1, .misses_bytes = true});
	assert_written(fixture, "file        0.000001       1          1         0              ?"
	                        "              0  /found (guessed)\n");
	fixture->counts->status = IO_FAILED;
	assert_written(fixture, "file        0.000001       1          1         0              ?"
	                        "              -  /found (guessed)\n");
}

int main(void)
{
#define PROMISE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    PROMISE(processes_and_openings_of_a_file_are_one_line),
	    PROMISE(sockets_are_told_apart_by_their_addresses),
	    PROMISE(what_is_not_used_is_no_line_and_what_is_not_known_is_no_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
