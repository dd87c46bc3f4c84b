/* The host and the commit of a run: what is said is what other tools say, what cannot be told is
 * absent. */
#include "core/host/host.h"

#include "core/alloc.h"
#include "tests/unit/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void shell(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static char *first_line_of(const char *command)
{
	FILE *stream = popen(command, "r");
	char line[256] = "";

	assert_non_null(stream);
	assert_non_null(fgets(line, sizeof(line), stream));
	pclose(stream);
	line[strcspn(line, "\n")] = '\0';
	return xstrdup(line);
}

static void assert_same_text(const json_t *object, const char *key, const char *command)
{
	char *expected = first_line_of(command);

	assert_string_equal(json_string_value(json_object_get(object, key)), expected);
	free(expected);
}

static void the_machine_is_what_other_tools_say(void **state)
{
	json_t *host = host_to_json();
	char *expected;

	(void)state;
	assert_same_text(host, "hostname", "uname -n");
	assert_same_text(host, "kernel", "uname -r");
	assert_same_text(host, "cpu_model", "sed -n 's/^model name[^:]*: //p' /proc/cpuinfo");
	assert_same_text(host, "libc", "getconf GNU_LIBC_VERSION");
	/* nproc minds our affinity; the host's CPUs are those online. */
	expected = first_line_of("getconf _NPROCESSORS_ONLN");
	assert_int_equal(json_integer_value(json_object_get(host, "cpus")), atoi(expected));
	free(expected);
	expected = first_line_of("sed -n 's/^MemTotal: *//p' /proc/meminfo");
	assert_int_equal(json_integer_value(json_object_get(host, "memory_bytes")),
	                 1024 * atoll(expected));
	free(expected);
	assert_true(json_is_real(json_object_get(host, "load_1m")));
	expected = first_line_of("grep -c -m1 '^flags.* hypervisor' /proc/cpuinfo; true");
	assert_int_equal(
	    strcmp(json_string_value(json_object_get(host, "virtualization")), "none") != 0,
	    atoi(expected));
	free(expected);
	json_decref(host);
}

static void write_file(const char *path, const char *text)
{
	char *command = xasprintf("mkdir -p $(dirname %s)", path);
	FILE *stream;

	shell(command);
	free(command);
	stream = fopen(path, "w");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

static void assert_files_give(const char *expected)
{
	json_t *host = json_object();
	char *text;

	host_add_files(host, ".");
	text = json_dumps(host, JSON_SORT_KEYS);
	assert_string_equal(text, expected);
	free(text);
	json_decref(host);
}

static void every_file_of_the_kernel_is_read_in_its_form(void **state)
{
	(void)state;
	write_file("./proc/cpuinfo", "processor\t: 0\nmodel name\t: A CPU @ 2.4 GHz\nflags\t: fpu\n"
	                             "model name\t: another\n");
	write_file("./sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
	write_file("./sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
	write_file("./sys/devices/system/cpu/cpufreq/boost", "1\n");
	write_file("./sys/devices/system/cpu/smt/active", "1\n");
	write_file("./sys/devices/system/node/node0/x", "");
	write_file("./sys/devices/system/node/node12/x", "");
	write_file("./sys/devices/system/node/possible", "0-12\n");
	write_file("./proc/sys/kernel/randomize_va_space", "2\n");
	write_file("./proc/sys/kernel/perf_event_paranoid", "-1\n");
	write_file("./sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	write_file("./.dockerenv", "");
	assert_files_give(
	    "{\"aslr\": 2, \"container\": \"docker\", \"cpu_model\": \"A CPU @ 2.4 GHz\", "
	    "\"governor\": \"performance\", \"numa_nodes\": 2, "
	    "\"perf_event_paranoid\": -1, \"smt\": true, \"thp\": \"madvise\", "
	    "\"turbo\": false}");
}

static void what_the_kernel_does_not_tell_is_absent(void **state)
{
	(void)state;
	assert_files_give("{}");
	write_file("./proc/cpuinfo", "processor\t: 0\nmodel name\n");
	write_file("./sys/devices/system/cpu/smt/active", "notsupported\n");
	write_file("./proc/sys/kernel/randomize_va_space", "");
	write_file("./proc/sys/kernel/perf_event_paranoid", "two\n");
	write_file("./sys/kernel/mm/transparent_hugepage/enabled", "never\n");
	assert_files_give("{}");
}

static bool have_git(void)
{
	if (system("git --version >/dev/null 2>&1") == 0)
		return true;
	print_message("no git here\n");
	return false;
}

#define GIT "git -c user.name=t -c user.email=t@example.org -C checkout "

static void make_checkout(void)
{
	shell("mkdir checkout && echo one > checkout/file");
	shell(GIT "init -q && " GIT "add file && " GIT "commit -q -m one");
}

static void assert_commit(const json_t *git, bool dirty)
{
	assert_same_text(git, "commit", "git -c safe.directory='*' -C checkout rev-parse HEAD");
	assert_int_equal(json_is_true(json_object_get(git, "dirty")), dirty);
	assert_non_null(json_object_get(git, "dirty"));
}

static void the_commit_and_its_changes_are_git_s(void **state)
{
	json_t *git;

	(void)state;
	if (!have_git())
		skip();
	make_checkout();
	git = git_to_json("checkout");
	assert_commit(git, false);
	json_decref(git);
	shell("touch checkout/untracked");
	git = git_to_json("checkout");
	assert_commit(git, false);
	json_decref(git);
	shell("echo two > checkout/file");
	git = git_to_json("checkout");
	assert_commit(git, true);
	json_decref(git);
}

static void the_environment_cannot_point_elsewhere(void **state)
{
	json_t *git;

	(void)state;
	if (!have_git())
		skip();
	make_checkout();
	setenv("GIT_DIR", "/nonexistent", 1);
	setenv("GIT_CEILING_DIRECTORIES", "/", 1);
	git = git_to_json("checkout");
	unsetenv("GIT_DIR");
	unsetenv("GIT_CEILING_DIRECTORIES");
	assert_commit(git, false);
	json_decref(git);
}

static void without_a_checkout_or_git_there_is_null(void **state)
{
	char *path = xstrdup(getenv("PATH"));

	(void)state;
	assert_true(json_is_null(git_to_json(".")));
	assert_true(json_is_null(git_to_json("/no/such/directory")));
	if (have_git()) {
		/* No commit yet. */
		shell("git init -q checkout");
		assert_true(json_is_null(git_to_json("checkout")));
	}
	setenv("PATH", "/nonexistent", 1);
	assert_true(json_is_null(git_to_json(".")));
	setenv("PATH", path, 1);
	free(path);
}

static void root_reads_a_foreign_checkout_as_its_owner(void **state)
{
	json_t *git;

	(void)state;
	if (geteuid() != 0)
		print_message("only root can set this up\n");
	if (geteuid() != 0 || !have_git())
		skip();
	make_checkout();
	/* A filter of the checkout's runs as the owner, never as root. */
	shell("echo 'file filter=spy' > checkout/.gitattributes && "
	      "git -C checkout config filter.spy.clean 'id -u > /proc/self/cwd/.git/spy; cat' && "
	      "touch -d 2001-01-01 checkout/file && chown -R 12345:12345 checkout");
	git = git_to_json("checkout");
	assert_commit(git, false);
	json_decref(git);
	shell("test \"$(cat checkout/.git/spy)\" = 12345");

	setenv("SUDO_UID", "12345", 1);
	setenv("SUDO_GID", "12345", 1);
	git = git_to_json("checkout");
	assert_commit(git, false);
	json_decref(git);
	/* The user behind sudo is not trusted with somebody else's either. */
	setenv("SUDO_UID", "54321", 1);
	assert_true(json_is_null(git_to_json("checkout")));
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
}

static void a_git_that_hangs_is_left_behind(void **state)
{
	char *path_before = xstrdup(getenv("PATH"));
	char *path = xasprintf("%s:%s", (char *)*state, path_before);
	struct timespec before, after;
	json_t *git;

	write_file("./git",
	           "#!/bin/sh\n"
	           "case \"$*\" in *rev-parse*) echo 0123456789012345678901234567890123456789;;\n"
	           "*) sleep 600;; esac\n");
	shell("chmod 755 git");
	setenv("PATH", path, 1);
	clock_gettime(CLOCK_MONOTONIC, &before);
	git = git_to_json(".");
	clock_gettime(CLOCK_MONOTONIC, &after);
	setenv("PATH", path_before, 1);
	assert_non_null(json_object_get(git, "commit"));
	assert_null(json_object_get(git, "dirty"));
	/* 3 s and what a busy machine adds: not all that it sleeps. */
	assert_in_range(after.tv_sec - before.tv_sec, 2, 300);
	json_decref(git);
	free(path_before);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_machine_is_what_other_tools_say),
	    IN_PLACE(every_file_of_the_kernel_is_read_in_its_form),
	    IN_PLACE(what_the_kernel_does_not_tell_is_absent),
	    IN_PLACE(the_commit_and_its_changes_are_git_s),
	    IN_PLACE(the_environment_cannot_point_elsewhere),
	    IN_PLACE(without_a_checkout_or_git_there_is_null),
	    IN_PLACE(root_reads_a_foreign_checkout_as_its_owner),
	    IN_PLACE(a_git_that_hangs_is_left_behind),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
