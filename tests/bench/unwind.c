/* What one frame costs: by rules in place (as the preload library unwinds), by libunwind's
 * unw_step() and unw_backtrace(), and by glibc's backtrace(), at the bottom of a recursion, in
 * interleaved rounds. Prints medians of the rounds' ns a frame. unwind [DEPTH [ROUNDS]]
 */
#include "tests/own_stack.h"

#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <libunwind.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_FRAMES = 1024, MAX_ROUNDS = 101, WALKS_A_ROUND = 2000 };

static struct own_process own;
static size_t n_rounds = 21;

/* Within the thread's own stack, as a thread that never changes stacks reads it. */
static bool read_own_stack(void *context, uint64_t addr, uint64_t *word)
{
	const struct own_range *stack = context;

	if (addr < stack->start || addr >= stack->end)
		return false;
	*word = *(const uint64_t *)addr;
	return true;
}

static size_t walk_by_rules(void)
{
	uint64_t pcs[MAX_FRAMES];
	enum unwind_end end;
	struct unwind_registers registers;

	__asm__ volatile("lea 0(%%rip), %0\n\tmov %%rsp, %1\n\tmov %%rbp, %2"
	                 : "=r"(registers.ip), "=r"(registers.sp), "=r"(registers.bp));
	return own_walk_with(&own, registers, pcs, MAX_FRAMES, &end, read_own_stack,
	                     &own.ranges[0]);
}

static volatile uint64_t last_pc; /* so that asking for it is not left out */

static size_t walk_by_unw_step(void)
{
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t pc;
	size_t n = 0;

	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	do {
		unw_get_reg(&cursor, UNW_REG_IP, &pc);
		last_pc = pc;
		n++;
	} while (n < MAX_FRAMES && unw_step(&cursor) > 0);
	return n;
}

/* unw_backtrace() keeps a cache of whole frames, which unw_step() does not. */
static size_t walk_by_unw_backtrace(void)
{
	void *pcs[MAX_FRAMES];

	return (size_t)unw_backtrace(pcs, MAX_FRAMES);
}

/* libunwind defines a backtrace() too, so libc's is asked for by name. */
static int (*libc_backtrace)(void **pcs, int room);

static size_t walk_by_backtrace(void)
{
	void *pcs[MAX_FRAMES];

	return (size_t)libc_backtrace(pcs, MAX_FRAMES);
}

static struct method {
	const char *name;
	size_t (*walk)(void);
	size_t n_frames;
	double ns_a_frame[MAX_ROUNDS];
} methods[] = {
    {.name = "rules", .walk = walk_by_rules},
    {.name = "unw_step", .walk = walk_by_unw_step},
    {.name = "unw_backtrace", .walk = walk_by_unw_backtrace},
    {.name = "backtrace", .walk = walk_by_backtrace},
};
enum { N_METHODS = sizeof(methods) / sizeof(methods[0]) };

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void measure(void)
{
	for (size_t round = 0; round < n_rounds; round++) {
		for (size_t m = 0; m < N_METHODS; m++) {
			struct method *method = &methods[m];
			double start;

			method->n_frames = method->walk(); /* warms the caches */
			start = now_ns();
			for (unsigned i = 0; i < WALKS_A_ROUND; i++)
				method->walk();
			method->ns_a_frame[round] =
			    (now_ns() - start) / WALKS_A_ROUND / (double)method->n_frames;
		}
	}
}

static __attribute__((noinline)) unsigned descend(unsigned depth)
{
	volatile unsigned local = depth;

	if (depth == 0)
		measure();
	else
		local += descend(depth - 1);
	return local;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void add_own_stack(void)
{
	pthread_attr_t attributes;
	void *start;
	size_t size;

	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &start, &size);
	pthread_attr_destroy(&attributes);
	own.ranges[own.n_ranges++] = (struct own_range){(uint64_t)start, (uint64_t)start + size};
}

int main(int argc, char **argv)
{
	unsigned depth = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 30;

	if (argc > 2)
		n_rounds = strtoul(argv[2], NULL, 10);
	if (depth > MAX_FRAMES - 24 || n_rounds < 1 || n_rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: unwind [DEPTH up to 1000 [ROUNDS up to %d]]\n", MAX_ROUNDS);
		return 125;
	}
	*(void **)&libc_backtrace = dlsym(dlopen("libc.so.6", RTLD_LAZY), "backtrace");
	if (!libc_backtrace)
		return 125;
	own_modules_read(&own);
	add_own_stack();
	descend(depth);
	for (size_t m = 0; m < N_METHODS; m++) {
		struct method *method = &methods[m];

		qsort(method->ns_a_frame, n_rounds, sizeof(double), compare);
		printf("%-14s %7.2f ns a frame (%zu frames, fastest round %.2f)\n", method->name,
		       method->ns_a_frame[n_rounds / 2], method->n_frames, method->ns_a_frame[0]);
	}
	return 0;
}
