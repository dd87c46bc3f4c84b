/* Launch: the child waits at the gate, and whatever ends badly before exec is told. */
#include "core/target/launch.h"

#include "core/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *const true_argv[] = {(char *)"true", NULL};

static struct launch_spec spec_of(const char *path, char *const *argv)
{
	return (struct launch_spec){
	    .path = path, .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
}

static int wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void a_released_child_runs(void **state)
{
	struct launch_spec spec = spec_of("/bin/true", true_argv);
	struct launch *launch;
	struct diag diag;

	(void)state;
	assert_int_equal(launch_hold(&launch, &spec, &diag), 0);
	assert_int_equal(launch_release(launch, &diag), 0);
	assert_int_equal(wait_for(launch_pid(launch)), 0);
	launch_free(launch);
}

static void a_child_that_is_never_released_runs_nothing_and_is_reaped(void **state)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)"kill -9 $PPID", NULL};
	struct launch_spec spec = spec_of("/bin/sh", argv);
	struct launch *launch;
	struct diag diag;

	(void)state;
	assert_int_equal(launch_hold(&launch, &spec, &diag), 0);
	launch_free(launch);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void a_failed_exec_gives_its_errno_and_the_path(void **state)
{
	static const struct {
		const char *path;
		int err;
	} cases[] = {{"/nowhere/x", -ENOENT}, {"/etc/passwd", -EACCES}, {"/tmp", -EACCES}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct launch_spec spec = spec_of(cases[i].path, true_argv);
		struct launch *launch;
		struct diag diag;

		assert_int_equal(launch_hold(&launch, &spec, &diag), 0);
		assert_int_equal(launch_release(launch, &diag), cases[i].err);
		assert_non_null(strstr(diag.text, cases[i].path));
		launch_free(launch);
	}
}

static void a_child_killed_at_the_gate_is_an_error_and_not_a_signal_to_us(void **state)
{
	struct launch_spec spec = spec_of("/bin/true", true_argv);
	struct launch *launch;
	struct diag diag;
	siginfo_t info;

	(void)state;
	assert_int_equal(launch_hold(&launch, &spec, &diag), 0);
	kill(launch_pid(launch), SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)launch_pid(launch), &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(launch_release(launch, &diag), -ECHILD);
	launch_free(launch);
}

static void variables_replace_and_add(void **state)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)"[ \"$A/$B\" = new/kept ]", NULL};
	struct launch_spec spec = spec_of("/bin/sh", argv);
	struct text_list variables = {0};
	struct launch *launch;
	struct diag diag;

	(void)state;
	setenv("A", "old", 1);
	setenv("B", "kept", 1);
	text_list_add(&variables, "A=new");
	spec.variables = &variables;
	assert_int_equal(launch_hold(&launch, &spec, &diag), 0);
	assert_int_equal(launch_release(launch, &diag), 0);
	assert_int_equal(wait_for(launch_pid(launch)), 0);
	launch_free(launch);
	text_list_fini(&variables);
}

static void a_script_without_an_interpreter_line_runs_under_sh(void **state)
{
	char path[] = "/tmp/launch_test.XXXXXX";
	char *argv[] = {path, (char *)"5", NULL};
	struct launch_spec spec = spec_of(path, argv);
	struct launch *launch;
	struct diag diag;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "exit $1\n", 8), 8);
	fchmod(fd, 0755);
	close(fd);
	assert_int_equal(launch_hold(&launch, &spec, &diag), 0);
	assert_int_equal(launch_release(launch, &diag), 0);
	assert_int_equal(WEXITSTATUS(wait_for(launch_pid(launch))), 5);
	launch_free(launch);
	unlink(path);
}

static void a_missing_directory_is_told_before_the_gate(void **state)
{
	struct launch_spec spec = spec_of("/bin/true", true_argv);
	struct launch *launch;
	struct diag diag;

	(void)state;
	spec.cwd = "/nowhere";
	assert_int_equal(launch_hold(&launch, &spec, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "/nowhere"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_released_child_runs),
	    cmocka_unit_test(a_child_that_is_never_released_runs_nothing_and_is_reaped),
	    cmocka_unit_test(a_failed_exec_gives_its_errno_and_the_path),
	    cmocka_unit_test(a_child_killed_at_the_gate_is_an_error_and_not_a_signal_to_us),
	    cmocka_unit_test(variables_replace_and_add),
	    cmocka_unit_test(a_script_without_an_interpreter_line_runs_under_sh),
	    cmocka_unit_test(a_missing_directory_is_told_before_the_gate),
	};

	return cmocka_run_group_tests_name("launch", tests, NULL, NULL);
}
