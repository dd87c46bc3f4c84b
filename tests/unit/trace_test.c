/* A client that wants no system calls: what it is told of a process tree, and what it can hold. */
#include "core/trace/trace.h"

#include "core/clock.h"
#include "core/collector.h"
#include "core/trace/tracee.h"
#include "core/trace/tracer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/held.h"

enum { N_KILLS = 60, N_THREADS = 2, N_CALLS = 10000, N_BYTES = 300 };
enum { STATUS = 7, TOO_EARLY = 8, TOO_MANY_SWITCHES = 9 };
enum { RECEIVING_END = 100, TIMEOUT_NS = 50000000, TICK_NS = 1000000 };

/* What the target does: this program, called with a word. */

static void *wait_for_ever(void *context)
{
	(void)context;
	for (;;)
		pause();
	return NULL;
}

/* Each stop would be a switch of its own. */
static bool calls_stop(void)
{
	struct rusage before, after;

	getrusage(RUSAGE_THREAD, &before);
	for (int i = 0; i < N_CALLS; i++)
		syscall(SYS_getppid);
	getrusage(RUSAGE_THREAD, &after);
	return after.ru_nvcsw - before.ru_nvcsw > N_CALLS / 10;
}

/* Ends while its threads live on. */
static int make_threads(void)
{
	char *argv[] = {(char *)"true", NULL};
	pthread_t threads[N_THREADS];
	pid_t child;

	for (int i = 0; i < N_THREADS; i++)
		pthread_create(&threads[i], NULL, wait_for_ever, NULL);
	child = fork();
	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	posix_spawnp(&child, "true", NULL, NULL, argv, argv + 1);
	waitpid(child, NULL, 0);
	return calls_stop() ? TOO_MANY_SWITCHES : STATUS;
}

/* Kills processes that do nothing but fork, or with them all that they have made, and waits for it.
 */
static int kill_parents(bool and_children)
{
	volatile unsigned *n_made =
	    mmap(NULL, sizeof(*n_made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (n_made == MAP_FAILED)
		abort();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (unsigned i = 0; i < N_KILLS; i++) {
		pid_t pid = fork();

		setpgid(pid, pid);
		while (!pid) {
			if (!fork())
				_exit(0);
			++*n_made;
		}
		while (*n_made <= i) /* one a kill, at least */
			usleep(100);
		usleep(500 + i * 7 % 40 * 50);
		kill(and_children ? -pid : pid, SIGKILL);
		while (waitpid(-1, NULL, 0) > 0)
			;
	}
	return STATUS;
}

/* Takes bytes by one call after the other at the same place. The timeout of each is its own: it may
 * pass, but not before its time. */
static int receive_bytes(void)
{
	const struct timeval timeout = {.tv_usec = TIMEOUT_NS / 1000};
	uint64_t begin_ns;
	char byte;

	setsockopt(RECEIVING_END, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	for (int n = 0; n < N_BYTES;) {
		begin_ns = clock_now_ns();
		if (recv(RECEIVING_END, &byte, 1, 0) == 1)
			n++;
		else if (errno != EAGAIN || clock_now_ns() - begin_ns < TIMEOUT_NS)
			return TOO_EARLY;
	}
	return STATUS;
}

/* What the tracer tells. */
struct seen {
	struct tracer *tracer;
	pid_t target;
	unsigned n_threads, n_forks, n_sharing, n_programs, n_orphans;
	pid_t held[N_THREADS + 1];
	unsigned n_held;
	unsigned n_strangers_ends; /* of processes that were never told of */
	unsigned n_readable;       /* registers, while all stood still */
	unsigned n_ends_while_held;
	struct tracee *receiver; /* NULL: it has not begun, or has ended */
	int sending_end;
	unsigned n_bytes;
};

static void program_begins(void *context, struct tracee *tracee, const char *command, bool is_first)
{
	struct seen *seen = context;

	(void)tracee;
	(void)command;
	(void)is_first;
	seen->n_programs++;
}

static void child_begins(void *context, const struct tracee *parent, struct tracee *child,
                         uint64_t flags)
{
	struct seen *seen = context;

	if (flags & CLONE_THREAD && child->pid == parent->pid)
		seen->n_threads++;
	else if (flags & CLONE_VM && child->pid == child->tid)
		seen->n_sharing++;
	else if (child->pid == child->tid)
		seen->n_forks++;
}

static void orphan_begins(void *context, struct tracee *child, pid_t parent_pid)
{
	struct seen *seen = context;

	(void)child;
	(void)parent_pid;
	seen->n_orphans++;
}

/* Holds all threads of the target until the last one has come. */
static bool thread_exits(void *context, struct tracee *tracee)
{
	struct seen *seen = context;
	struct user_regs_struct registers;

	if (tracee->pid != seen->target)
		return true;
	seen->held[seen->n_held++] = tracee->tid;
	if (seen->n_held <= N_THREADS)
		return false;
	for (unsigned i = 0; i < seen->n_held; i++)
		seen->n_readable += !ptrace(PTRACE_GETREGS, seen->held[i], NULL, &registers);
	for (unsigned i = 0; i < seen->n_held; i++)
		tracer_resume(seen->tracer, seen->held[i], 0);
	return false;
}

static void thread_ends(void *context, struct tracee *tracee)
{
	struct seen *seen = context;

	seen->n_ends_while_held += tracee->pid == seen->target && seen->n_held <= N_THREADS;
}

static bool let_exit(void *context, struct tracee *tracee)
{
	(void)context;
	(void)tracee;
	return true;
}

static struct target_end run_to_end(struct tracer *tracer)
{
	struct pollfd poll_fd = {.fd = trace_fd(tracer), .events = POLLIN};
	struct target_end end = {0};
	struct diag diag;

	while (!trace_target_ended(tracer, &end)) {
		assert_true(poll(&poll_fd, 1, -1) == 1);
		assert_int_equal(trace_step(tracer, &diag), 0);
	}
	return end;
}

/* Runs this program with that word to its end; false: ptrace(2) is forbidden here. */
static bool trace(const char *word, const struct trace_client *client, struct seen *seen)
{
	struct held held = hold_for(become_this_program, word);
	struct repeat repeat = {.pid = held.pid, .start_ns = clock_now_ns()};
	struct trace_plan plan;
	const struct trace_spec spec = {
	    .repeat = &repeat,
	    .plan = &plan,
	    .client = client,
	    .context = seen,
	    .wants_system_time = true,
	    .client_fd = -1,
	};
	struct target_end end = {0};
	struct diag diag;
	int err;

	seen->target = repeat.pid;
	trace_plan_init(&plan, false);
	err = trace_start(&seen->tracer, &spec, &diag);
	if (err == -EPERM) {
		print_message("skipped: %s\n", diag.text);
		close(held.gate);
		return false;
	}
	assert_int_equal(err, 0);
	let_go(held);
	end = run_to_end(seen->tracer);
	trace_stop(seen->tracer, NULL);
	trace_plan_fini(&plan);
	assert_true(WIFEXITED(end.wait_status));
	assert_int_equal(WEXITSTATUS(end.wait_status), STATUS);
	return true;
}

static void threads_are_held_at_their_exit_and_calls_do_not_stop(void **state)
{
	static const struct trace_client client = {
	    .program_begins = program_begins,
	    .child_begins = child_begins,
	    .orphan_begins = orphan_begins,
	    .thread_exits = thread_exits,
	    .thread_ends = thread_ends,
	};
	struct seen seen = {0};

	(void)state;
	if (!trace("threads", &client, &seen))
		skip();
	assert_int_equal(seen.n_threads, N_THREADS);
	assert_int_equal(seen.n_forks, 1);
	assert_int_equal(seen.n_sharing, 1);
	assert_int_equal(seen.n_orphans, 0);
	assert_int_equal(seen.n_programs, 2);
	assert_int_equal(seen.n_readable, N_THREADS + 1);
	assert_int_equal(seen.n_ends_while_held, 0);
}

/* Some are killed between making a child and telling of it. */
static void children_of_killed_parents_go_on(void **state)
{
	static const struct trace_client client = {
	    .child_begins = child_begins,
	    .orphan_begins = orphan_begins,
	    .thread_exits = let_exit,
	};
	struct seen seen = {0};

	(void)state;
	if (!trace("kills", &client, &seen))
		skip();
	assert_true(seen.n_forks > N_KILLS);
	assert_int_equal(seen.n_threads + seen.n_sharing, 0);
}

static void mark(struct tracee *tracee)
{
	if (!tracee->data)
		tracee->data = calloc(1, 1);
}

static void marked_program_begins(void *context, struct tracee *tracee, const char *command,
                                  bool is_first)
{
	(void)context;
	(void)command;
	(void)is_first;
	mark(tracee);
}

static void marked_child_begins(void *context, const struct tracee *parent, struct tracee *child,
                                uint64_t flags)
{
	child_begins(context, parent, child, flags);
	mark(child);
}

static void marked_orphan_begins(void *context, struct tracee *child, pid_t parent_pid)
{
	orphan_begins(context, child, parent_pid);
	mark(child);
}

static bool see_call(void *context, struct tracee *tracee)
{
	(void)context;
	(void)tracee;
	return true;
}

static void process_ends(void *context, struct tracee *tracee, int wait_status)
{
	struct seen *seen = context;

	(void)wait_status;
	seen->n_strangers_ends += !tracee->data;
}

/* Some are killed while they wait for the word of a parent that is killed with them. */
static void who_has_not_begun_does_not_end(void **state)
{
	static const struct trace_client client = {
	    .program_begins = marked_program_begins,
	    .child_begins = marked_child_begins,
	    .orphan_begins = marked_orphan_begins,
	    .call_begins = see_call,
	    .process_ends = process_ends,
	};
	struct seen seen = {0};

	(void)state;
	if (!trace("kills-all", &client, &seen))
		skip();
	assert_true(seen.n_forks > N_KILLS);
	assert_int_equal(seen.n_strangers_ends, 0);
}

static void receiver_begins(void *context, struct tracee *tracee, const char *command,
                            bool is_first)
{
	struct seen *seen = context;

	(void)command;
	(void)is_first;
	seen->receiver = tracee;
	tracer_wake_every(seen->tracer, TICK_NS);
}

static void receiver_ends(void *context, struct tracee *tracee)
{
	struct seen *seen = context;

	(void)tracee;
	seen->receiver = NULL;
}

static void halt_receiver(void *context)
{
	struct seen *seen = context;
	uint64_t number, sp;

	if (seen->receiver && tracee_read_sleep(seen->receiver->tid, &number, &sp) &&
	    number == SYS_recvfrom)
		tracer_halt(seen->receiver);
}

/* So its call, made again, has no need to sleep. */
static void give_byte(void *context, struct tracee *tracee)
{
	struct seen *seen = context;

	seen->n_bytes += send(seen->sending_end, "x", 1, 0) == 1;
	tracer_go_on(seen->tracer, tracee);
}

static void each_call_that_is_made_again_has_its_own_timeout(void **state)
{
	static const struct trace_client client = {
	    .program_begins = receiver_begins,
	    .thread_ends = receiver_ends,
	    .woken = halt_receiver,
	    .thread_halts = give_byte,
	};
	struct seen seen = {0};
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(dup2(pair[0], RECEIVING_END), RECEIVING_END);
	seen.sending_end = pair[1];
	if (!trace("receives", &client, &seen))
		skip();
	assert_true(seen.n_bytes >= N_BYTES);
	close(RECEIVING_END);
	close(pair[0]);
	close(pair[1]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(threads_are_held_at_their_exit_and_calls_do_not_stop),
	    cmocka_unit_test(children_of_killed_parents_go_on),
	    cmocka_unit_test(who_has_not_begun_does_not_end),
	    cmocka_unit_test(each_call_that_is_made_again_has_its_own_timeout),
	};

	if (argc > 1 && !strcmp(argv[1], "receives"))
		return receive_bytes();
	if (argc > 1)
		return strcmp(argv[1], "threads") ? kill_parents(!strcmp(argv[1], "kills-all"))
		                                  : make_threads();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
