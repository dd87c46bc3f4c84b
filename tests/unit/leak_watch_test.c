/* Which processes the watcher looks at, and that all of their threads stand still then. What a look
 * finds is another test's: here it notes who is there. */
#include "mem/leaks/watch.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/collector.h"
#include "core/diag.h"
#include "mem/leaks/look.h"
#include "mem/leaks/mark.h"

#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/held.h"

enum { N_MANY = 200, N_SOME = 5, STATUS = 7 };

/* What the target does: this program, called with a word. */

static void *wait_for_ever(void *context)
{
	(void)context;
	for (;;)
		pause();
	return NULL;
}

static void *end_at_once(void *context)
{
	return context;
}

static void start(unsigned n, void *(*work)(void *))
{
	pthread_t thread;

	while (n--)
		if (pthread_create(&thread, NULL, work, NULL))
			abort();
}

static int return_from_main(void)
{
	return STATUS;
}

static int exit_among_many(void)
{
	start(N_MANY, wait_for_ever);
	return STATUS;
}

static int die_among_many(void)
{
	start(N_MANY, wait_for_ever);
	return raise(SIGKILL);
}

static void *fault(void *context)
{
	*(volatile int *)context = 0;
	return NULL;
}

static int fault_in_thread(void)
{
	start(N_SOME, wait_for_ever);
	start(1, fault);
	return (int)(intptr_t)wait_for_ever(NULL);
}

static int abort_in_main(void)
{
	abort();
}

static int join_all(void)
{
	pthread_t threads[N_SOME];

	for (int i = 0; i < N_SOME; i++)
		pthread_create(&threads[i], NULL, end_at_once, NULL);
	for (int i = 0; i < N_SOME; i++)
		pthread_join(threads[i], NULL);
	return STATUS;
}

/* How many threads this process has, a first one that has ended included. */
static int count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int n = -2; /* . and .. */

	if (!tasks)
		abort();
	while (readdir(tasks))
		n++;
	closedir(tasks);
	return n;
}

static void wait_for_the_first_to_end(void)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)getpid());
	do {
		FILE *file = fopen(path, "r");

		if (!file || !fgets(text, sizeof(text), file))
			abort();
		fclose(file);
		state = strrchr(text, ')') + 2;
		usleep(1000);
	} while (*state != 'Z');
}

static void *exit_later(void *context)
{
	wait_for_the_first_to_end();
	exit(STATUS);
	return context;
}

static int leave_main(void)
{
	start(1, exit_later);
	pthread_exit(NULL);
}

static void *end_last(void *context)
{
	wait_for_the_first_to_end();
	syscall(SYS_exit, STATUS);
	return context;
}

/* The status is that of the first thread, whoever ends last. */
static int end_one_by_one(void)
{
	start(1, end_last);
	syscall(SYS_exit, STATUS);
	return 0;
}

static void *execute(void *context)
{
	execl("/proc/self/exe", "leak_watch_test", "return", NULL);
	return context;
}

static int execute_in_thread(void)
{
	start(N_SOME, wait_for_ever);
	start(1, execute);
	return (int)(intptr_t)wait_for_ever(NULL);
}

static int spawn(void)
{
	char *argv[] = {(char *)"leak_watch_test", (char *)"return", NULL};
	pid_t child = vfork();

	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	posix_spawn(&child, "/proc/self/exe", NULL, NULL, argv, argv + 2);
	waitpid(child, NULL, 0);
	return STATUS;
}

static int fork_some(void)
{
	for (int i = 0; i < N_SOME; i++)
		if (!fork())
			_exit(0);
	while (wait(NULL) > 0)
		;
	return STATUS;
}

/* A filter of its own ends the thread, and no other one. */
static void *end_by_filter(void *context)
{
	struct sock_filter program[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = 4, .filter = program};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		abort();
	syscall(SYS_getppid);
	return context;
}

static int lose_a_thread(void)
{
	start(N_SOME, wait_for_ever);
	start(1, end_by_filter);
	while (count_threads() > 1 + N_SOME)
		usleep(1000);
	return STATUS;
}

static void *make_threads(void *context)
{
	pthread_t thread;

	for (;;)
		if (!pthread_create(&thread, NULL, end_at_once, NULL))
			pthread_detach(thread);
	return context;
}

/* Threads are made while the process ends. */
static int exit_among_new(void)
{
	for (int i = 0; i < N_SOME; i++)
		if (!fork()) {
			start(2, make_threads);
			usleep(2000 * (unsigned)i);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	return STATUS;
}

static const struct {
	const char *word;
	int (*act)(void);
} acts[] = {
    {"return", return_from_main},
    {"exit-among-many", exit_among_many},
    {"die-among-many", die_among_many},
    {"fault-in-thread", fault_in_thread},
    {"abort", abort_in_main},
    {"join-all", join_all},
    {"leave-main", leave_main},
    {"end-one-by-one", end_one_by_one},
    {"execute-in-thread", execute_in_thread},
    {"spawn", spawn},
    {"fork-some", fork_some},
    {"lose-a-thread", lose_a_thread},
    {"exit-among-new", exit_among_new},
};

/* The looks of a run. */
static struct {
	size_t n_looks;
	size_t n_running; /* threads that did not stand still at one */
	struct look_seen {
		pid_t pid;
		size_t n_threads;
		size_t n_dead_stacks;
	} looks[64];
} seen;

static char state_of(pid_t tid)
{
	char path[64], line[256], letter = '?';
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status) &&
	       sscanf(line, "State: %c", &letter) != 1)
		;
	if (status)
		fclose(status);
	return letter;
}

static void count_running(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	assert_non_null(tasks);
	while ((entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			seen.n_running += !strchr("tZX", state_of((pid_t)atoi(entry->d_name)));
	closedir(tasks);
}

/* What a look leaves to be judged: nothing but that it has to be, once. */
struct leak_sight {
	size_t bytes;
};

enum { ROWS = 5 };

/* Each second one is judged later, and takes all that copies may. */
int leak_look_copy(const struct leak_look *look, size_t limit_bytes, struct leak_sight **sight,
                   struct leak_verdict *verdict, struct diag *diag)
{
	(void)diag;
	*sight = NULL;
	count_running(look->pid);
	seen.looks[seen.n_looks % ARRAY_SIZE(seen.looks)] =
	    (struct look_seen){look->pid, look->n_threads, look->n_dead_stacks};
	seen.n_looks++;
	verdict->inode = seen.n_looks;
	verdict->section = 3;
	verdict->n_rows = ROWS;
	if (seen.n_looks % 2 && limit_bytes) {
		verdict->n_rows = 0;
		*sight = xcalloc(1, sizeof(**sight));
		(*sight)->bytes = limit_bytes;
	}
	return 0;
}

size_t leak_sight_bytes(const struct leak_sight *sight)
{
	return sight->bytes;
}

void leak_sight_judge(struct leak_sight *sight, struct leak_verdict *verdict)
{
	assert_int_equal(verdict->n_rows, 0);
	verdict->n_rows = ROWS;
	free(sight);
}

size_t leak_copy_limit_bytes(void)
{
	return 1000;
}

int leak_find_section(pid_t pid, uint64_t *inode, uint32_t *section)
{
	(void)pid;
	(void)inode;
	(void)section;
	return -ENOENT;
}

void leak_verdict_fini(struct leak_verdict *verdict)
{
	free(verdict->rows);
}

static struct leak_ending ending_of(const struct leak_watch *watch, pid_t pid, uint64_t inode,
                                    uint32_t section)
{
	return leak_watch_ending(watch, &(struct leak_image){inode, section, pid, 0});
}

static int watch_to_the_end(const char *word)
{
	static const struct leak_watch_settings settings = {0};
	struct leak_watch *watch = leak_watch_new(&settings);
	struct held held = hold_for(become_this_program, word);
	struct repeat repeat = {.pid = held.pid, .start_ns = clock_now_ns()};
	struct target_end end = {0};
	struct diag diag = {0};
	int err;

	memset(&seen, 0, sizeof(seen));
	err = leak_watch_start(watch, &repeat, &diag);
	if (err == -EPERM) {
		print_message("skipped: %s\n", diag.text);
		close(held.gate);
		leak_watch_free(watch);
		skip();
	}
	assert_int_equal(err, 0);
	let_go(held);
	while (!leak_watch_target_ended(watch, &end)) {
		struct pollfd poll_fd = {.fd = leak_watch_fd(watch), .events = POLLIN};

		assert_true(poll(&poll_fd, 1, -1) == 1);
		assert_int_equal(leak_watch_step(watch, &diag), 0);
	}
	leak_watch_stop(watch);
	assert_null(ending_of(watch, held.pid, seen.n_looks, 2).verdict);
	for (uint64_t i = 1; i <= seen.n_looks; i++) {
		struct leak_ending ending = ending_of(watch, held.pid, i, 3);

		assert_non_null(ending.verdict);
		assert_int_equal(ending.verdict->n_rows, ROWS);
		assert_null(ending.why_not);
		assert_true(ending.has_exit);
		if (seen.looks[i - 1].pid == held.pid)
			assert_int_equal(ending.wait_status, end.wait_status);
	}
	leak_watch_free(watch);
	assert_int_equal(seen.n_running, 0);
	return end.wait_status;
}

/* The wait status of this program, called with the word. */
static int watch(const char *word)
{
#ifdef __SANITIZE_ADDRESS__
	print_message("skipped: this program has a sanitizer, and such ones are let go\n");
	skip();
#endif
	return watch_to_the_end(word);
}

static void assert_looks(size_t n_looks, size_t n_threads, size_t n_dead_stacks)
{
	assert_int_equal(seen.n_looks, n_looks);
	assert_int_equal(seen.looks[n_looks - 1].n_threads, n_threads);
	assert_int_equal(seen.looks[n_looks - 1].n_dead_stacks, n_dead_stacks);
}

static void a_process_is_looked_at_when_it_ends(void **state)
{
	(void)state;
	assert_int_equal(watch("return"), STATUS << 8);
	assert_looks(1, 1, 0);
	assert_int_equal(watch("abort") & 0x7f, SIGABRT);
	assert_looks(1, 1, 0);
}

static void all_threads_stand_still(void **state)
{
	(void)state;
	assert_int_equal(watch("exit-among-many"), STATUS << 8);
	assert_looks(1, N_MANY + 1, 0);
	assert_int_equal(watch("die-among-many") & 0x7f, SIGKILL);
	assert_looks(1, N_MANY + 1, 0);
	assert_int_equal(watch("fault-in-thread") & 0x7f, SIGSEGV);
	assert_looks(1, N_SOME + 2, 0);
}

/* Stacks of ended threads are used again: not all five need be different. */
static void a_thread_that_ends_alone_is_let_go(void **state)
{
	(void)state;
	assert_int_equal(watch("join-all"), STATUS << 8);
	assert_int_equal(seen.n_looks, 1);
	assert_int_equal(seen.looks[0].n_threads, 1);
	assert_in_range(seen.looks[0].n_dead_stacks, 1, N_SOME);
	assert_int_equal(watch("leave-main"), STATUS << 8);
	assert_looks(1, 1, 1);
	assert_int_equal(watch("end-one-by-one"), STATUS << 8);
	assert_looks(1, 1, 1);
}

static void a_thread_that_a_filter_ends_is_let_go(void **state)
{
	(void)state;
	assert_int_equal(watch("lose-a-thread"), STATUS << 8);
	assert_looks(1, N_SOME + 1, 1);
}

static void an_image_that_is_replaced_is_not_looked_at(void **state)
{
	(void)state;
	assert_int_equal(watch("execute-in-thread"), STATUS << 8);
	assert_looks(1, 1, 0);
}

static void children_have_looks_of_their_own_unless_they_share_memory(void **state)
{
	(void)state;
	assert_int_equal(watch("fork-some"), STATUS << 8);
	assert_looks(N_SOME + 1, 1, 0);
	assert_int_equal(watch("spawn"), STATUS << 8);
	assert_looks(2, 1, 0);
}

static void threads_may_be_made_meanwhile(void **state)
{
	(void)state;
	assert_int_equal(watch("exit-among-new"), STATUS << 8);
	assert_int_equal(seen.n_looks, N_SOME + 1);
}

static int act(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		if (!strcmp(acts[i].word, word))
			return acts[i].act();
	return 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_process_is_looked_at_when_it_ends),
	    cmocka_unit_test(all_threads_stand_still),
	    cmocka_unit_test(a_thread_that_ends_alone_is_let_go),
	    cmocka_unit_test(a_thread_that_a_filter_ends_is_let_go),
	    cmocka_unit_test(an_image_that_is_replaced_is_not_looked_at),
	    cmocka_unit_test(children_have_looks_of_their_own_unless_they_share_memory),
	    cmocka_unit_test(threads_may_be_made_meanwhile),
	};

	if (argc > 1)
		return act(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
