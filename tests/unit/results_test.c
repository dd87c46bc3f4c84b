/* The results tree: runs are published whole or not at all, never over another, and found again. */
#include "core/results/results.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/run_id.h"
#include "tests/unit/place.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* 2026-11-20 09:30:00.123 UTC */
static const struct timespec started = {1795167000, 123999999};
#define ID "20261120T093000.123Z"

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static struct timespec later(long seconds)
{
	return (struct timespec){started.tv_sec + seconds, started.tv_nsec};
}

static void begin(struct results_run **run, struct timespec at)
{
	struct diag diag = {""};
	bool created;

	if (results_begin(run, "results", "syn-1k", "cpu", at, &created, &diag))
		fail_msg("%s", diag.text);
}

static void write_file(struct results_run *run, const char *name, const char *text)
{
	struct diag diag = {""};
	FILE *stream = results_create(run, name, &diag);

	if (!stream)
		fail_msg("%s", diag.text);
	fputs(text, stream);
	if (results_close(run, stream, &diag))
		fail_msg("%s", diag.text);
}

static void publish(struct results_run *run, bool usable)
{
	struct diag diag = {""};

	write_file(run, "run.json",
	           usable ? "{\"verdict\": \"ok\"}" : "{\"verdict\": \"unusable\"}");
	if (results_publish(run, usable, &diag))
		fail_msg("%s", diag.text);
}

/* A whole run, from begin to end. */
static void store(struct timespec at, bool usable)
{
	struct results_run *run;

	begin(&run, at);
	publish(run, usable);
	results_end(run);
}

static void assert_latest(const char *expected)
{
	char target[64] = "";

	assert_true(readlink("results/syn-1k/cpu/latest", target, sizeof(target) - 1) > 0);
	assert_string_equal(target, expected);
}

static void ids_are_ordered_by_start_then_number(void **state)
{
	static const char *const bad[] = {
	    "",
	    "latest",
	    "20261120T093000.123",
	    ID "-",
	    ID "-0",
	    ID "-1",
	    ID "-02",
	    ID "-2x",
	    "20261120T093000,123Z",
	    "20261120t093000.123Z",
	    "." ID,
	    ID "-9999999999",
	    ID "/..",
	};
	char id[RUN_ID_SIZE];

	(void)state;
	run_id_format(id, started, 1);
	assert_string_equal(id, ID);
	run_id_format(id, started, 12);
	assert_string_equal(id, ID "-12");
	assert_true(run_id_is_valid(id));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(run_id_is_valid(bad[i]));
	assert_true(run_id_compare(ID, ID "-2") < 0);
	assert_true(run_id_compare(ID "-10", ID "-9") > 0);
	assert_true(run_id_compare(ID "-3", "20261120T093000.124Z") < 0);
	assert_int_equal(run_id_compare(ID "-3", ID "-3"), 0);
}

static void a_run_appears_whole_or_not_at_all(void **state)
{
	struct results_run *run;

	(void)state;
	begin(&run, started);
	write_file(run, "report.txt", "text\n");
	write_file(run, "processes/7.0-sh/massif.out", "massif\n");
	assert_string_equal(results_run_id(run), ID);
	assert_string_equal(results_path(run), "results/syn-1k/cpu/" ID);
	assert_string_equal(results_artifact(run, 0), "report.txt");
	assert_string_equal(results_artifact(run, 1), "processes/7.0-sh/massif.out");
	assert_null(results_artifact(run, 2));
	assert_false(exists("results/syn-1k/cpu/" ID));
	publish(run, true);
	assert_true(exists("results/syn-1k/cpu/" ID "/processes/7.0-sh/massif.out"));
	assert_false(exists("results/syn-1k/cpu/." ID ".tmp"));
	assert_latest(ID);
	results_end(run);

	begin(&run, later(1));
	write_file(run, "report.txt", "text\n");
	results_end(run);
	assert_false(exists("results/syn-1k/cpu/20261120T093001.123Z"));
	assert_false(exists("results/syn-1k/cpu/.20261120T093001.123Z.tmp"));
	assert_latest(ID);
}

static void a_run_that_failed_leaves_no_empty_directories(void **state)
{
	struct results_run *run, *other;

	(void)state;
	begin(&run, started);
	begin(&other, started);
	write_file(run, "processes/7.0-sh/massif.out", "massif\n");
	results_end(run);
	assert_true(exists("results/syn-1k/cpu/." ID "-2.tmp")); /* that of the other */
	results_end(other);
	assert_false(exists("results/syn-1k"));
	assert_true(exists("results"));
	assert_int_equal(mkdir("results/syn-1k", 0755), 0);
	assert_int_equal(mkdir("results/syn-1k/baselines", 0755), 0);
	begin(&run, started);
	results_end(run);
	assert_false(exists("results/syn-1k/cpu"));
	assert_true(exists("results/syn-1k/baselines"));
}

static void runs_that_fail_at_once_do_not_hinder_each_other(void **state)
{
	enum { FAILING = 4, ROUNDS = 200 };
	pid_t children[FAILING];
	int status;

	(void)state;
	for (int i = 0; i < FAILING; i++) {
		children[i] = fork();
		for (int round = 0; children[i] == 0 && round < ROUNDS; round++) {
			struct diag diag = {""};
			struct results_run *run;
			bool created;

			if (results_begin(&run, "results", "syn-1k", "cpu", started, &created,
			                  &diag)) {
				fprintf(stderr, "%s\n", diag.text);
				_exit(1);
			}
			results_end(run);
		}
		if (children[i] == 0)
			_exit(0);
	}
	for (int i = 0; i < FAILING; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	assert_false(exists("results/syn-1k"));
}

static void a_killed_writer_leaves_nothing_published_and_is_swept(void **state)
{
	struct results_run *run;
	int status, written[2];
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(pipe(written), 0);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		begin(&run, started);
		write_file(run, "report.txt", "half\n");
		if (write(written[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(written[0], &byte, 1), 1);
	assert_true(exists("results/syn-1k/cpu/." ID ".tmp/report.txt"));

	/* As long as the writer lives, its directory is left alone and its id is taken. */
	begin(&run, started);
	assert_string_equal(results_run_id(run), ID "-2");
	assert_true(exists("results/syn-1k/cpu/." ID ".tmp/report.txt"));
	results_end(run);

	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(exists("results/syn-1k/cpu/" ID));
	assert_false(exists("results/syn-1k/cpu/latest"));
	begin(&run, later(1));
	assert_false(exists("results/syn-1k/cpu/." ID ".tmp"));
	results_end(run);
	close(written[0]);
	close(written[1]);
}

static void only_leftovers_of_ours_are_swept(void **state)
{
	struct results_run *run;

	(void)state;
	store(started, true);
	assert_int_equal(mkdir("kept", 0755), 0);
	assert_int_equal(mkdir("kept/inside", 0755), 0);
	assert_int_equal(mkdir("results/syn-1k/cpu/.mine.tmp", 0755), 0);
	assert_int_equal(mkdir("results/syn-1k/cpu/." ID "-2.tmp", 0755), 0);
	assert_int_equal(symlink("../../../kept", "results/syn-1k/cpu/." ID "-3.tmp"), 0);
	begin(&run, later(1));
	assert_false(exists("results/syn-1k/cpu/." ID "-2.tmp"));
	assert_true(exists("results/syn-1k/cpu/.mine.tmp"));
	assert_true(exists("results/syn-1k/cpu/" ID "/run.json"));
	assert_true(exists("kept/inside"));
	results_end(run);
}

static void a_published_run_is_never_overwritten(void **state)
{
	struct results_run *run;
	struct diag diag;

	(void)state;
	store(started, true);
	store(started, true);
	begin(&run, started);
	assert_string_equal(results_run_id(run), ID "-3");
	assert_true(exists("results/syn-1k/cpu/" ID "/run.json"));
	assert_true(exists("results/syn-1k/cpu/" ID "-2/run.json"));
	assert_latest(ID "-2");

	/* Somebody who does not keep to the rules takes our name. */
	assert_int_equal(mkdir("results/syn-1k/cpu/" ID "-3", 0755), 0);
	write_file(run, "run.json", "{}");
	assert_int_equal(results_publish(run, true, &diag), -EEXIST);
	assert_non_null(strstr(diag.text, ID "-3: it is there already"));
	results_end(run);
	assert_false(exists("results/syn-1k/cpu/" ID "-3/run.json"));
	assert_latest(ID "-2");
}

#define WRITERS 8

static void writers_at_once_get_ids_of_their_own(void **state)
{
	char path[96];
	pid_t children[WRITERS];
	int gate[2], status;
	char byte;

	(void)state;
	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < WRITERS; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			close(gate[1]);
			if (read(gate[0], &byte, 1) == 0)
				store(started, true);
			_exit(0);
		}
	}
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	for (unsigned number = 1; number <= WRITERS; number++) {
		char id[RUN_ID_SIZE];

		run_id_format(id, started, number);
		snprintf(path, sizeof(path), "results/syn-1k/cpu/%s/run.json", id);
		assert_true(exists(path));
	}
	assert_latest(ID "-8");
}

static void latest_moves_only_forwards_and_only_to_usable_runs(void **state)
{
	(void)state;
	store(later(10), true);
	assert_latest("20261120T093010.123Z");
	store(started, true);
	assert_latest("20261120T093010.123Z");
	store(later(20), false);
	assert_latest("20261120T093010.123Z");
	for (int i = 0; i < 10; i++)
		store(later(10), true);
	assert_latest("20261120T093010.123Z-11");
	/* A link to a run that was removed holds nobody back; nor does one that somebody bent. */
	assert_int_equal(unlink("results/syn-1k/cpu/latest"), 0);
	assert_int_equal(symlink("20991231T000000.000Z", "results/syn-1k/cpu/latest"), 0);
	store(later(30), true);
	assert_latest("20261120T093030.123Z");
	assert_int_equal(unlink("results/syn-1k/cpu/latest"), 0);
	assert_int_equal(symlink("/etc", "results/syn-1k/cpu/latest"), 0);
	store(later(40), true);
	assert_latest("20261120T093040.123Z");
}

static void a_latest_that_is_no_link_is_left_and_said(void **state)
{
	struct results_run *run;
	struct diag diag;

	(void)state;
	begin(&run, started);
	assert_int_equal(mkdir("results/syn-1k/cpu/latest", 0755), 0);
	write_file(run, "run.json", "{}");
	assert_int_equal(results_publish(run, true, &diag), -EEXIST);
	assert_non_null(strstr(diag.text, "/cpu/latest: it is there already"));
	results_end(run);
	assert_true(exists("results/syn-1k/cpu/" ID "/run.json"));
}

static void links_planted_at_any_level_are_refused(void **state)
{
	static const struct {
		const char *link, *target;
	} plants[] = {
	    {"results/syn-1k", "../outside"},
	    {"results/syn-1k", "nowhere"},
	    {"results/syn-1k/cpu", "../../outside"},
	    {"results/syn-1k/cpu", "nowhere"},
	};
	struct results_run *run;
	struct diag diag;
	bool created;

	(void)state;
	assert_int_equal(mkdir("outside", 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(plants); i++) {
		assert_int_equal(system("rm -rf results; mkdir -p results/syn-1k"), 0);
		rmdir(plants[i].link);
		assert_int_equal(symlink(plants[i].target, plants[i].link), 0);
		assert_int_equal(
		    results_begin(&run, "results", "syn-1k", "cpu", started, &created, &diag),
		    -ELOOP);
		assert_non_null(strstr(diag.text, plants[i].link));
		assert_non_null(strstr(diag.text, "a symbolic link is in the way; remove it"));
	}
	assert_int_equal(rmdir("outside"), 0);
}

static void links_planted_while_we_write_are_refused(void **state)
{
	struct results_run *run;
	struct diag diag;

	(void)state;
	begin(&run, started);
	assert_int_equal(mkdir("outside", 0755), 0);
	assert_int_equal(symlink("../../../../outside", "results/syn-1k/cpu/." ID ".tmp/processes"),
	                 0);
	assert_int_equal(symlink("../../../../outside/new", "results/syn-1k/cpu/." ID ".tmp/a.txt"),
	                 0);
	assert_null(results_create(run, "processes/7.0-sh/massif.out", &diag));
	assert_non_null(strstr(diag.text, "/processes: a symbolic link is in the way"));
	assert_null(results_create(run, "a.txt", &diag));
	assert_null(results_create(run, "../b.txt", &diag));
	assert_null(results_create(run, "/tmp/b.txt", &diag));
	assert_null(results_create(run, "", &diag));
	assert_null(results_artifact(run, 0));
	results_end(run);
	assert_int_equal(rmdir("outside"), 0);
}

static void the_whole_tree_belongs_to_the_invoking_user(void **state)
{
	struct results_run *run;

	(void)state;
	if (geteuid() != 0) {
		print_message("only root can give files away\n");
		skip();
	}
	setenv("SUDO_UID", "12345", 1);
	setenv("SUDO_GID", "23456", 1);
	begin(&run, started);
	write_file(run, "processes/7.0-sh/massif.out", "massif\n");
	publish(run, true);
	results_link(run, "flamegraphs", "syn-1k.svg", "run.json", &(struct diag){""});
	results_end(run);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	assert_int_equal(system("test -z \"$(find results ! -uid 12345 -o ! -gid 23456)\""), 0);
}

static void first_use_is_told_and_keeps_git_off_runs_but_not_baselines(void **state)
{
	struct results_run *run;
	struct diag diag;
	bool created;

	(void)state;
	assert_int_equal(results_begin(&run, "results", "syn-1k", "cpu", started, &created, &diag),
	                 0);
	assert_true(created);
	publish(run, true);
	results_end(run);
	assert_int_equal(results_begin(&run, "results/", "syn-1k", "cpu", started, &created, &diag),
	                 0);
	assert_false(created);
	assert_string_equal(results_path(run), "results/syn-1k/cpu/" ID "-2");
	results_end(run);

	assert_int_equal(system("mkdir results/syn-1k/baselines results/bench &&"
	                        " touch results/syn-1k/baselines/v1.json results/bench/x.json"),
	                 0);
	if (system("git init -q . 2>/dev/null") != 0) {
		print_message("no git here\n");
		skip();
	}
	assert_int_equal(system("git add . && test \"$(git ls-files)\" = "
	                        "results/syn-1k/baselines/v1.json"),
	                 0);
	assert_int_equal(system("git check-ignore -q results/syn-1k/cpu/" ID "/run.json"), 0);
	assert_int_equal(system("git check-ignore -q results/bench/x.json"), 0);
}

static void a_directory_in_use_gets_no_gitignore(void **state)
{
	struct results_run *run;
	struct diag diag;
	bool created;

	(void)state;
	assert_int_equal(system("mkdir results && touch results/thesis.tex"), 0);
	assert_int_equal(results_begin(&run, "results", "syn-1k", "cpu", started, &created, &diag),
	                 0);
	results_end(run);
	assert_false(created);
	assert_false(exists("results/.gitignore"));
}

static void names_that_would_leave_the_tree_are_refused(void **state)
{
	static const char *const names[] = {"",    ".",   "..",   ".git",
	                                    "a/b", "a b", "a\nb", "\xc3\xa4"};
	struct results_run *run;
	struct diag diag;
	bool created;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_false(results_name_is_valid(names[i]));
		assert_int_equal(
		    results_begin(&run, "results", names[i], "cpu", started, &created, &diag),
		    -EINVAL);
		assert_int_equal(
		    results_begin(&run, "results", "x", names[i], started, &created, &diag),
		    -EINVAL);
	}
	assert_true(results_name_is_valid("lib_x-1.2"));
	assert_false(exists("results"));
}

static void results_that_are_a_file_are_named(void **state)
{
	struct results_run *run;
	struct diag diag;
	bool created;

	(void)state;
	assert_int_equal(system("touch results"), 0);
	assert_int_equal(results_begin(&run, "results", "syn-1k", "cpu", started, &created, &diag),
	                 -ENOTDIR);
	assert_string_equal(diag.text,
	                    "cannot open results: a file is in the way; remove it, or give "
	                    "another directory with --results");
}

/* In a child, which may give up its rights. Exit 0: refused with the errno and a sentence that has
 * the text. */
static void assert_child_is_refused(int err, const char *text)
{
	struct results_run *run;
	struct diag diag = {""};
	pid_t child = fork();
	bool created;
	int status;

	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(3);
		status = results_begin(&run, "results", "syn-1k", "cpu", started, &created, &diag);
		fprintf(stderr, "# %s\n", diag.text);
		_exit(status != -err ? 1 : strstr(diag.text, text) ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void an_unwritable_directory_is_named_with_the_way_out(void **state)
{
	(void)state;
	assert_int_equal(system("mkdir -p results && chmod 555 results . "), 0);
	assert_child_is_refused(EACCES, "or give another directory with --results");
	assert_int_equal(system("chmod 755 . && rmdir results && chmod 555 ."), 0);
	assert_child_is_refused(EACCES, "cannot make results: Permission denied; make it writable");
}

static bool mounted(const char *options, unsigned long flags)
{
	if (mkdir("results", 0755) < 0 || mount("none", "results", "tmpfs", flags, options) < 0) {
		print_message("cannot mount a tmpfs: %s\n", strerror(errno));
		return false;
	}
	return true;
}

static void a_read_only_file_system_is_named(void **state)
{
	struct results_run *run;
	struct diag diag;
	bool created;
	int err;

	(void)state;
	if (!mounted("size=64k", MS_RDONLY))
		skip();
	assert_int_equal(chdir("results"), 0);
	assert_int_equal(umount2("../results", MNT_DETACH), 0);
	err = results_begin(&run, "results", "syn-1k", "cpu", started, &created, &diag);
	assert_int_equal(err, -EROFS);
	assert_non_null(strstr(diag.text, "Read-only file system; mount it writable"));
}

/* Writes until the file system or the limit ends it. */
static void write_too_much(struct results_run *run, int err, const char *reason)
{
	struct diag diag = {""};
	FILE *stream = results_create(run, "report.txt", &diag);

	assert_non_null(stream);
	for (int i = 0; i < 100000; i++)
		fputs("0123456789abcdef\n", stream);
	assert_int_equal(results_close(run, stream, &diag), -err);
	assert_non_null(strstr(diag.text, "/report.txt: "));
	assert_non_null(strstr(diag.text, reason));
	results_end(run);
}

static void a_full_disk_is_found_and_leaves_nothing(void **state)
{
	struct results_run *run;

	(void)state;
	if (!mounted("size=256k", 0))
		skip();
	/* Detached, it goes when we leave, whatever the test says. */
	assert_int_equal(chdir("results"), 0);
	assert_int_equal(umount2("../results", MNT_DETACH), 0);
	begin(&run, started);
	write_too_much(run, ENOSPC, "No space left on device; free some space there");
	assert_int_equal(system("test -z \"$(ls -A results/syn-1k/cpu)\""), 0);
}

static void a_disk_that_was_full_meanwhile_is_found_too(void **state)
{
	struct results_run *run;
	struct diag diag;
	FILE *stream;

	(void)state;
	if (!mounted("size=256k", 0))
		skip();
	assert_int_equal(chdir("results"), 0);
	assert_int_equal(umount2("../results", MNT_DETACH), 0);
	begin(&run, started);
	assert_int_equal(system("head -c 128k /dev/zero > ballast"), 0);
	stream = results_create(run, "report.txt", &diag);
	assert_non_null(stream);
	while (!ferror(stream))
		fputs("0123456789abcdef\n", stream);
	assert_int_equal(unlink("ballast"), 0);
	assert_true(results_close(run, stream, &diag) < 0);
	assert_non_null(strstr(diag.text, "/report.txt: "));
	results_end(run);
}

static void a_file_size_limit_is_found(void **state)
{
	struct results_run *run;
	struct rlimit before, small;

	(void)state;
	begin(&run, started);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 64 * 1024;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	write_too_much(run, EFBIG, "raise the limit on file sizes (ulimit -f)");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_false(exists("results/syn-1k/cpu/." ID ".tmp"));
}

static void find(const char *name, const char *expected)
{
	struct diag diag = {""};
	char *directory;

	if (results_find("results", name, &directory, &diag))
		fail_msg("%s: %s", name, diag.text);
	assert_string_equal(directory, expected);
	free(directory);
}

static void find_fails(const char *name, int err, const char *sentence)
{
	struct diag diag = {""};
	char *directory;

	assert_int_equal(results_find("results", name, &directory, &diag), -err);
	assert_non_null(strstr(diag.text, sentence));
}

static void runs_are_found_by_every_form_of_their_names(void **state)
{
	(void)state;
	store(started, true);
	store(started, true);
	store(later(1), false);
	store(later(2), true);
	store(later(3), false);
	find("syn-1k/cpu", "results/syn-1k/cpu/20261120T093002.123Z");
	find("syn-1k/cpu~0", "results/syn-1k/cpu/20261120T093002.123Z");
	find("syn-1k/cpu~1", "results/syn-1k/cpu/20261120T093001.123Z");
	find("syn-1k/cpu~2", "results/syn-1k/cpu/" ID "-2");
	find("syn-1k/cpu~3", "results/syn-1k/cpu/" ID);
	find("syn-1k/cpu/" ID "-2", "results/syn-1k/cpu/" ID "-2");
	find("results/syn-1k/cpu/" ID "-2/", "results/syn-1k/cpu/" ID "-2");
	find("./results/syn-1k/cpu/latest", "./results/syn-1k/cpu/latest");
	/* Without the link, the manifests tell which one is usable. */
	assert_int_equal(unlink("results/syn-1k/cpu/latest"), 0);
	find("syn-1k/cpu", "results/syn-1k/cpu/20261120T093002.123Z");
	/* A directory without a manifest is no whole run. */
	assert_int_equal(mkdir("results/syn-1k/cpu/20261120T093009.123Z", 0755), 0);
	find("syn-1k/cpu", "results/syn-1k/cpu/20261120T093002.123Z");
	find_fails("syn-1k/cpu/20261120T093009.123Z", ENOENT, "no usable run");
}

static void what_is_not_there_is_answered_with_what_is(void **state)
{
	(void)state;
	find_fails("syn-1k/cpu", ENOENT, "cannot open results: No such file or directory");
	store(started, true);
	find_fails("syn-2k/cpu", ENOENT, "no runs of syn-2k; results has syn-1k");
	find_fails("syn-1k/io", ENOENT, "no io runs of syn-1k; syn-1k has cpu");
	find_fails("syn-1k/cpu~1", ENOENT, "no usable run syn-1k/cpu~1 in results; cpu has " ID);
	find_fails("syn-1k/cpu/" ID "-9", ENOENT, "cpu has " ID);
	find_fails("@abc", EINVAL, "@COMMIT (7 digits or more)");
	find_fails("@abcdef0", ENOENT, "none is of that commit");
	find_fails("baseline:v1", EINVAL, "is a set of runs; name one");
	find_fails("syn-1k", EINVAL, "SCENARIO/TYPE~N");
	find_fails("syn-1k/cpu~x", EINVAL, "SCENARIO/TYPE~N");
	find_fails("syn-1k/cpu/../../x", EINVAL, "SCENARIO/TYPE~N");
	assert_int_equal(symlink("syn-1k", "results/linked"), 0);
	find_fails("linked/cpu", ELOOP, "a symbolic link is in the way");
}

static void the_types_of_a_scenario_are_listed_with_their_latest_runs(void **state)
{
	struct results_latest *types;
	struct results_run *run;
	struct diag diag;
	bool created;
	size_t n_types;

	(void)state;
	assert_int_equal(results_list_types("results", "syn-1k", &types, &n_types, &diag), 0);
	assert_int_equal(n_types, 0);
	results_free_types(types, n_types);

	store(started, true);
	store(later(1), true);
	assert_int_equal(
	    results_begin(&run, "results", "syn-1k", "memory", started, &created, &diag), 0);
	publish(run, false);
	results_end(run);
	assert_int_equal(results_begin(&run, "results", "syn-1k", "io", started, &created, &diag),
	                 0);
	assert_int_equal(mkdir("results/syn-1k/baselines", 0755), 0);
	assert_int_equal(results_list_types("results/", "syn-1k", &types, &n_types, &diag), 0);
	assert_int_equal(n_types, 2);
	assert_string_equal(types[0].type, "cpu");
	assert_string_equal(types[0].run_id, "20261120T093001.123Z");
	assert_string_equal(types[0].directory, "results/syn-1k/cpu/20261120T093001.123Z");
	assert_string_equal(types[1].type, "memory");
	assert_null(types[1].run_id);
	results_free_types(types, n_types);
	results_end(run);
}

static void an_artifact_is_linked_by_a_relative_name(void **state)
{
	struct results_run *run;
	struct diag diag;
	char target[128] = "";

	(void)state;
	for (int i = 0; i < 2; i++) {
		begin(&run, later(i));
		write_file(run, "flamegraph.svg", "<svg/>\n");
		publish(run, true);
		assert_int_equal(results_link(run, "flamegraphs", "syn-1k-flamegraph.svg",
		                              "flamegraph.svg", &diag),
		                 0);
		results_end(run);
	}
	assert_true(
	    readlink("results/flamegraphs/syn-1k-flamegraph.svg", target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "../syn-1k/cpu/20261120T093001.123Z/flamegraph.svg");
	assert_int_equal(access("results/flamegraphs/syn-1k-flamegraph.svg", R_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids_are_ordered_by_start_then_number),
	    IN_PLACE(a_run_appears_whole_or_not_at_all),
	    IN_PLACE(a_run_that_failed_leaves_no_empty_directories),
	    IN_PLACE(runs_that_fail_at_once_do_not_hinder_each_other),
	    IN_PLACE(a_killed_writer_leaves_nothing_published_and_is_swept),
	    IN_PLACE(only_leftovers_of_ours_are_swept),
	    IN_PLACE(a_published_run_is_never_overwritten),
	    IN_PLACE(writers_at_once_get_ids_of_their_own),
	    IN_PLACE(latest_moves_only_forwards_and_only_to_usable_runs),
	    IN_PLACE(a_latest_that_is_no_link_is_left_and_said),
	    IN_PLACE(links_planted_at_any_level_are_refused),
	    IN_PLACE(links_planted_while_we_write_are_refused),
	    IN_PLACE(the_whole_tree_belongs_to_the_invoking_user),
	    IN_PLACE(first_use_is_told_and_keeps_git_off_runs_but_not_baselines),
	    IN_PLACE(a_directory_in_use_gets_no_gitignore),
	    IN_PLACE(names_that_would_leave_the_tree_are_refused),
	    IN_PLACE(results_that_are_a_file_are_named),
	    IN_PLACE(an_unwritable_directory_is_named_with_the_way_out),
	    IN_PLACE(a_read_only_file_system_is_named),
	    IN_PLACE(a_full_disk_is_found_and_leaves_nothing),
	    IN_PLACE(a_disk_that_was_full_meanwhile_is_found_too),
	    IN_PLACE(a_file_size_limit_is_found),
	    IN_PLACE(runs_are_found_by_every_form_of_their_names),
	    IN_PLACE(what_is_not_there_is_answered_with_what_is),
	    IN_PLACE(the_types_of_a_scenario_are_listed_with_their_latest_runs),
	    IN_PLACE(an_artifact_is_linked_by_a_relative_name),
	};

	return cmocka_run_group_tests_name("results", tests, NULL, NULL);
}
