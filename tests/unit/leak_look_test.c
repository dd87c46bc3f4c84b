/* A look at real processes that stand still where they end: what leads to a block, and what does
 * not, by each kind of memory. */
#include "mem/leaks/look.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/diag.h"
#include "core/proc_file.h"
#include "mem/leaks/mark.h"
#include "mem/server.h"
#include "mem/wire_reader.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_THREADS = 512, MAX_LOOKS = 4, ENDS_WITH = 42, ALL_HEURISTICS = -1 };

struct tracee {
	struct leak_thread thread;
	pid_t pid;
	bool is_held;
};

/* A program run to its end under the preload library, and the looks at its processes. */
struct run {
	struct server *server;
	struct tracee tracees[MAX_THREADS];
	size_t n_tracees;
	struct leak_dead_stack dead[MAX_THREADS];
	size_t n_dead;
	struct {
		pid_t pid;
		int err;
		struct leak_verdict verdict;
		struct diag diag;
		uint64_t took_ns;
	} looks[MAX_LOOKS];
	size_t n_looks;
};

static void execute(int gate, const struct server *server, const char *allocator,
                    char *const *arguments)
{
	const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
	char *library = realpath(xasprintf("%s/libprofile-scenario-preload.so", build), NULL);
	char *environment[] = {xasprintf("LD_PRELOAD=%s %s", library, allocator),
	                       (char *)server_variable(server), NULL};
	char byte;

	if (read(gate, &byte, 1) == 1)
		execve(xasprintf("%s/tests/programs/%s", build, arguments[0]), arguments,
		       environment);
	_exit(127);
}

static struct tracee *find(struct run *run, pid_t tid)
{
	for (size_t i = 0; i < run->n_tracees; i++)
		if (run->tracees[i].thread.tid == tid)
			return &run->tracees[i];
	assert_true(run->n_tracees < MAX_THREADS);
	run->tracees[run->n_tracees] =
	    (struct tracee){.thread.tid = tid, .pid = (pid_t)proc_file_status(tid, "Tgid: %ld")};
	return &run->tracees[run->n_tracees++];
}

static void forget(struct run *run, pid_t tid)
{
	*find(run, tid) = run->tracees[run->n_tracees - 1];
	run->n_tracees--;
}

/* Copies and judges what was copied. */
static int look_whole(const struct leak_look *look, struct leak_verdict *verdict, struct diag *diag)
{
	struct leak_sight *sight;
	int err = leak_look_copy(look, leak_copy_limit_bytes(), &sight, verdict, diag);

	if (sight)
		leak_sight_judge(sight, verdict);
	return err;
}

static void look_at(struct run *run, pid_t pid)
{
	static struct leak_thread threads[MAX_THREADS];
	struct leak_look look = {.pid = pid,
	                         .threads = threads,
	                         .dead_stacks = run->dead,
	                         .n_dead_stacks = run->n_dead,
	                         .heuristics = (unsigned)ALL_HEURISTICS};
	size_t n = run->n_looks++;
	uint64_t start_ns;

	assert_true(n < MAX_LOOKS);
	for (size_t i = 0; i < run->n_tracees; i++)
		if (run->tracees[i].pid == pid)
			threads[look.n_threads++] = run->tracees[i].thread;
	start_ns = clock_now_ns();
	run->looks[n].pid = pid;
	run->looks[n].err = look_whole(&look, &run->looks[n].verdict, &run->looks[n].diag);
	run->looks[n].took_ns = clock_now_ns() - start_ns;
}

/* At the end of the last thread of a process; then all may go. */
static void hold(struct run *run, struct tracee *tracee)
{
	long n_threads = proc_file_status(tracee->pid, "Threads: %ld"), n_held = 0;
	pid_t pid = tracee->pid;

	tracee->is_held = true;
	for (size_t i = 0; i < run->n_tracees; i++)
		n_held += run->tracees[i].pid == pid && run->tracees[i].is_held;
	if (n_held < n_threads)
		return;
	look_at(run, pid);
	for (size_t i = run->n_tracees; i-- > 0;)
		if (run->tracees[i].pid == pid)
			ptrace(PTRACE_CONT, run->tracees[i].thread.tid, NULL, 0);
}

static void handle_stop(struct run *run, pid_t tid, int status)
{
	struct tracee *tracee = find(run, tid);
	unsigned long message = 0;
	int signal = WSTOPSIG(status), event = status >> 16;

	if (event != PTRACE_EVENT_EXIT) {
		ptrace(PTRACE_CONT, tid, NULL, event ? 0 : signal);
		return;
	}
	ptrace(PTRACE_GETREGS, tid, NULL, &tracee->thread.registers);
	ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message);
	if (message == ENDS_WITH << 8) {
		hold(run, tracee);
		return;
	}
	run->dead[run->n_dead++].sp = tracee->thread.registers.rsp;
	ptrace(PTRACE_CONT, tid, NULL, 0);
}

static void follow(struct run *run)
{
	struct pollfd wait = {.fd = server_fd(run->server), .events = POLLIN};
	struct diag diag;
	int status;

	while (run->n_tracees) {
		pid_t tid = waitpid(-1, &status, __WALL | WNOHANG);

		assert_true(tid >= 0);
		if (tid == 0) {
			if (poll(&wait, 1, 1) == 1)
				assert_int_equal(server_step(run->server, &diag), 0);
		} else if (WIFSTOPPED(status)) {
			handle_stop(run, tid, status);
		} else {
			forget(run, tid);
		}
	}
}

/* `allocator`: a library to load with it, or "". */
static struct run *run_program(const char *allocator, char *const *arguments)
{
	struct wire_welcome welcome = {
	    .magic = WIRE_MAGIC, .version = WIRE_VERSION, .max_snapshots = 10, .detailed_freq = 10};
	struct run *run = xcalloc(1, sizeof(*run));
	struct diag diag;
	int gate[2];
	pid_t pid;

	assert_int_equal(server_new(&run->server, &welcome, &diag), 0);
	assert_int_equal(pipe(gate), 0);
	pid = fork();
	if (!pid)
		execute(gate[0], run->server, allocator, arguments);
	find(run, pid);
	assert_int_equal(ptrace(PTRACE_SEIZE, pid, NULL,
	                        PTRACE_O_TRACEEXIT | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
	                            PTRACE_O_EXITKILL),
	                 0);
	assert_int_equal(write(gate[1], "", 1), 1);
	follow(run);
	close(gate[0]);
	close(gate[1]);
	return run;
}

static void free_run(struct run *run)
{
	for (size_t i = 0; i < run->n_looks; i++)
		leak_verdict_fini(&run->looks[i].verdict);
	server_free(run->server);
	free(run);
}

/* tests/programs/leak-ground.c: the sizes, and what leads to them. */
struct expectation {
	uint64_t size;
	enum leak_kind kind;
	uint64_t n;
};
static const struct expectation always[] = {
    {1008, LEAK_REACHABLE, 2},                              /* in .data */
    {1024, LEAK_DEFINITE, 3},     {1040, LEAK_POSSIBLE, 1}, /* .data points into it */
    {1056, LEAK_REACHABLE, 1},                              /* in a block */
    {1088, LEAK_DEFINITE, 1},     {1072, LEAK_INDIRECT, 1},
    {1048576, LEAK_REACHABLE, 1}, /* a mapping to itself */
    {1104, LEAK_REACHABLE, 1},    /* in that */
    {1048592, LEAK_DEFINITE, 1},  {1120, LEAK_INDIRECT, 1},
    {1136, LEAK_REACHABLE, 1}, /* in a mapping between the two */
    {1152, LEAK_REACHABLE, 1}, /* in shared memory */
    {1168, LEAK_DEFINITE, 1},  /* in freed memory */
    {1248, LEAK_DEFINITE, 1},  /* below the stack */
};

static void assert_expected(const struct leak_verdict *verdict, const struct expectation *rows,
                            size_t n_rows, bool is_inherited)
{
	for (size_t i = 0; i < n_rows; i++) {
		uint64_t n = 0, n_all = 0;

		for (size_t j = 0; j < verdict->n_rows; j++) {
			const struct leak_row *row = &verdict->rows[j];

			if (row->bytes != rows[i].size * row->n_blocks ||
			    row->is_inherited != is_inherited)
				continue;
			n_all += row->n_blocks;
			n += row->kind == rows[i].kind ? row->n_blocks : 0;
		}
		if (n != rows[i].n || n_all != n)
			fail_msg("%zu of %zu blocks of %zu bytes are of kind %d; expected %zu",
			         (size_t)n, (size_t)n_all, (size_t)rows[i].size, (int)rows[i].kind,
			         (size_t)rows[i].n);
	}
	assert_null(verdict->trouble);
}

static struct run *run_one(char *const *arguments, size_t n_looks)
{
	struct run *run = run_program("", arguments);

	assert_int_equal(run->n_looks, n_looks);
	for (size_t i = 0; i < n_looks; i++)
		if (run->looks[i].err)
			fail_msg("%s", run->looks[i].diag.text);
	return run;
}

static void data_blocks_and_mappings_lead_to_blocks_and_free_memory_does_not(void **state)
{
	char *arguments[] = {(char *)"leak-ground", NULL};
	struct run *run = run_one(arguments, 1);

	(void)state;
	assert_expected(&run->looks[0].verdict, always, ARRAY_SIZE(always), false);
	free_run(run);
}

/* By the trie of stacks, as heap_run_read() has it. */
static void the_function_that_gave_a_block_is_known(void **state)
{
	static const struct {
		uint64_t size;
		enum leak_function function;
	} expected[] = {{1392, LEAK_MALLOC},         {1312, LEAK_CALLOC},
	                {1328, LEAK_MEMALIGN},       {1344, LEAK_ALIGNED_ALLOC},
	                {1360, LEAK_POSIX_MEMALIGN}, {1376, LEAK_REALLOC}};
	char *arguments[] = {(char *)"leak-ground", NULL};
	struct run *run = run_one(arguments, 1);
	const struct leak_verdict *verdict = &run->looks[0].verdict;
	struct wire_image_copy trie;
	struct diag diag;

	(void)state;
	assert_int_equal(
	    wire_read_image(&trie, wire_source_of_fd(&server_image(run->server, 0)->memory_fd),
	                    &diag),
	    0);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		uint64_t n = 0;

		for (size_t j = 0; j < verdict->n_rows; j++) {
			const struct leak_row *row = &verdict->rows[j];

			if (row->bytes != expected[i].size * row->n_blocks)
				continue;
			n += row->n_blocks;
			assert_int_equal(
			    wire_function_of_ip(trie.nodes[trie.stacks[row->stack]].ip),
			    expected[i].function);
		}
		if (n != 3)
			fail_msg("%zu blocks of %zu bytes", (size_t)n, (size_t)expected[i].size);
	}
	wire_image_copy_fini(&trie);
	free_run(run);
}

static void check_threads(const char *number, uint64_t n)
{
	char *arguments[] = {(char *)"leak-ground", (char *)"threads", (char *)number, NULL};
	const struct expectation more[] = {
	    {1184, LEAK_REACHABLE, n}, /* in TLS */
	    {1200, LEAK_REACHABLE, n}, /* thread-specific */
	    {1216, LEAK_REACHABLE, n}, /* on a stack */
	    {1232, LEAK_DEFINITE, 1},  /* on a stack whose thread has ended */
	    {1264, LEAK_DEFINITE, n},
	};
	struct run *run = run_one(arguments, 1);

	assert_expected(&run->looks[0].verdict, always, ARRAY_SIZE(always), false);
	assert_expected(&run->looks[0].verdict, more, ARRAY_SIZE(more), false);
	free_run(run);
}

static void each_thread_has_a_stack_and_memory_of_its_own(void **state)
{
	(void)state;
	check_threads("3", 3);
}

static void two_hundred_threads_have_too(void **state)
{
	(void)state;
	check_threads("200", 200);
}

static void a_forked_child_inherits_blocks_and_makes_its_own(void **state)
{
	static const struct expectation own[] = {{1280, LEAK_DEFINITE, 1}};
	char *arguments[] = {(char *)"leak-ground", (char *)"fork", NULL};
	struct run *run = run_one(arguments, 2);

	(void)state;
	assert_expected(&run->looks[0].verdict, always, ARRAY_SIZE(always), true);
	assert_expected(&run->looks[0].verdict, own, 1, false);
	assert_expected(&run->looks[1].verdict, always, ARRAY_SIZE(always), false);
	assert_int_equal(run->looks[0].verdict.inode, run->looks[1].verdict.inode);
	assert_int_equal(run->looks[0].verdict.section, 1);
	assert_int_equal(run->looks[1].verdict.section, 0);
	free_run(run);
}

static void a_stack_that_a_signal_interrupted_ends_where_it_did(void **state)
{
	static const struct expectation more[] = {{1296, LEAK_REACHABLE, 1}};
	char *arguments[] = {(char *)"leak-ground", (char *)"signal", NULL};
	struct run *run = run_one(arguments, 1);

	(void)state;
	assert_expected(&run->looks[0].verdict, always, ARRAY_SIZE(always), false);
	assert_expected(&run->looks[0].verdict, more, 1, false);
	free_run(run);
}

static void memory_that_malloc_did_not_get_by_brk_is_told_from_the_programs(void **state)
{
	static const struct expectation more[] = {{1504, LEAK_REACHABLE, 1},
	                                          {1520, LEAK_REACHABLE, 1},
	                                          {1536, LEAK_REACHABLE, 3},
	                                          {5008, LEAK_REACHABLE, 1901}};
	char *arguments[] = {(char *)"leak-ground", (char *)"brk", NULL};
	struct run *run = run_one(arguments, 1);

	(void)state;
	assert_expected(&run->looks[0].verdict, always, ARRAY_SIZE(always), false);
	assert_expected(&run->looks[0].verdict, more, ARRAY_SIZE(more), false);
	free_run(run);
}

static void a_process_that_does_not_record_is_none_to_look_at(void **state)
{
	struct leak_look look = {.pid = getpid()};
	struct leak_verdict verdict;
	struct diag diag;

	(void)state;
	assert_int_equal(look_whole(&look, &verdict, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "does not record"));
	look.pid = fork();
	if (!look.pid)
		_exit(0);
	waitpid(look.pid, NULL, 0);
	assert_int_equal(look_whole(&look, &verdict, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "maps"));
}

static void another_allocator_than_glibcs_is_said(void **state)
{
	char *arguments[] = {(char *)"leak-ground", NULL};
	struct run *run = run_program("libjemalloc.so.2", arguments);

	(void)state;
	assert_int_equal(run->n_looks, 1);
	assert_int_equal(run->looks[0].err, -ENOTSUP);
	assert_non_null(strstr(run->looks[0].diag.text, "allocator"));
	free_run(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(data_blocks_and_mappings_lead_to_blocks_and_free_memory_does_not),
	    cmocka_unit_test(the_function_that_gave_a_block_is_known),
	    cmocka_unit_test(each_thread_has_a_stack_and_memory_of_its_own),
	    cmocka_unit_test(two_hundred_threads_have_too),
	    cmocka_unit_test(a_forked_child_inherits_blocks_and_makes_its_own),
	    cmocka_unit_test(a_stack_that_a_signal_interrupted_ends_where_it_did),
	    cmocka_unit_test(memory_that_malloc_did_not_get_by_brk_is_told_from_the_programs),
	    cmocka_unit_test(a_process_that_does_not_record_is_none_to_look_at),
	    cmocka_unit_test(another_allocator_than_glibcs_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
