/* Small files of /proc are read whole or cut, and what is not there is told. */
#include "core/proc_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_file_is_whole_or_cut_and_ends_with_a_nul(void **state)
{
	char text[64], small[4];

	(void)state;
	prctl(PR_SET_NAME, "abcdefgh");
	assert_int_equal(proc_file_read(getpid(), "comm", text, sizeof(text)), 9);
	assert_string_equal(text, "abcdefgh\n");
	assert_int_equal(proc_file_read(getpid(), "comm", small, sizeof(small)), 3);
	assert_string_equal(small, "abc");
}

static void a_process_that_is_gone_has_nothing(void **state)
{
	char text[64] = "before";
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(proc_file_read(pid, "comm", text, sizeof(text)), -ENOENT);
	assert_string_equal(text, "");
	assert_null(proc_file_link(pid, "exe"));
	assert_int_equal(proc_file_status(pid, "Tgid: %ld"), -1);
}

static void the_command_line_of_a_zombie_is_empty(void **state)
{
	char text[64];
	siginfo_t ended;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_file_read(pid, "cmdline", text, sizeof(text)), 0);
	waitpid(pid, NULL, 0);
}

static void links_and_status_are_what_system_calls_say(void **state)
{
	char *link = proc_file_link(getpid(), "cwd"), *directory = getcwd(NULL, 0);

	(void)state;
	assert_string_equal(link, directory);
	assert_int_equal(proc_file_status(getpid(), "PPid: %ld"), getppid());
	assert_int_equal(proc_file_status(getpid(), "Uid: %*d %ld"), geteuid());
	assert_int_equal(proc_file_status(getpid(), "Nothing: %ld"), -1);
	free(link);
	free(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_is_whole_or_cut_and_ends_with_a_nul),
	    cmocka_unit_test(a_process_that_is_gone_has_nothing),
	    cmocka_unit_test(the_command_line_of_a_zombie_is_empty),
	    cmocka_unit_test(links_and_status_are_what_system_calls_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
