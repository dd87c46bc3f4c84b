/* Tests stack walking on this process's own stacks and on a child's, with libunwind as the oracle.
 *
 * The oracle tests run real code (recursion, callbacks, PLT stubs, C++, signal handlers on other
 * stacks, coroutines, libraries) under a timer or one instruction at a time, and compare three
 * walks of each interrupted context frame by frame: libunwind's local one, the rules in place as
 * the preload uses them, and, later, stack_walk() over a copy.
 */
#include "core/walk/address_space.h"
#include "core/alloc.h"
#include "core/recording.h"
#include "core/walk/stackwalk.h"
#include "core/unwind/fde.h"
#include "tests/own_stack.h"

#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	MAX_PCS = 512,
	STACK_BYTES = 16384, /* of a kept copy */
	N_KEPT = 2000,
	OTHER_STACK_BYTES = 256 * 1024,
};

/* A context that was interrupted, and where libunwind says it came from. */
struct kept_sample {
	uint64_t registers[WALK_N_REGISTERS];
	size_t stack_bytes;
	uint8_t stack[STACK_BYTES];
	size_t n_pcs;
	uint64_t pcs[MAX_PCS];
};

static struct own_process own;
static struct kept_sample *kept;
static size_t n_kept;
static uint8_t *other_stack; /* for signals and coroutines */

/* What the comparisons in the signal handlers found. */
static struct tally {
	size_t n_traps;
	size_t n_stacks;
	size_t n_frames;
	size_t n_complex; /* stacks that the rules could walk only in part: stack_walk() must do
	                     these */
	size_t n_signal;  /* stacks that went through a signal trampoline */
	size_t n_lost;    /* stacks that nobody can walk, see is_lost() */
	size_t n_different;
	size_t deepest;
	uint64_t
	    wrong[3]; /* the first difference: leaf, frame walked from, and the oracle's next */
} tally;

static const int gregs[WALK_N_REGISTERS] = {
    [WALK_RAX] = REG_RAX, [WALK_RBX] = REG_RBX, [WALK_RCX] = REG_RCX, [WALK_RDX] = REG_RDX,
    [WALK_RSI] = REG_RSI, [WALK_RDI] = REG_RDI, [WALK_RBP] = REG_RBP, [WALK_RSP] = REG_RSP,
    [WALK_RIP] = REG_RIP, [WALK_R8] = REG_R8,   [WALK_R9] = REG_R9,   [WALK_R10] = REG_R10,
    [WALK_R11] = REG_R11, [WALK_R12] = REG_R12, [WALK_R13] = REG_R13, [WALK_R14] = REG_R14,
    [WALK_R15] = REG_R15,
};

static size_t walk_by_libunwind(ucontext_t *context, uint64_t *pcs, bool *has_signal_frame)
{
	unw_cursor_t cursor;
	unw_word_t pc;
	size_t n = 0;

	if (unw_init_local2(&cursor, context, UNW_INIT_SIGNAL_FRAME) < 0)
		return 0;
	do {
		unw_get_reg(&cursor, UNW_REG_IP, &pc);
		if (pc == 0)
			break;
		pcs[n++] = pc;
		*has_signal_frame |= unw_is_signal_frame(&cursor) > 0;
	} while (n < MAX_PCS && unw_step(&cursor) > 0);
	return n;
}

/* swapcontext and __start_context of glibc, and _Unwind_Resume of libgcc, have some instructions
 * whose tables are wrong: between the change of RSP and the jump. Their "caller" is no code.
 * libunwind then ends as if the stack were whole, or guesses on by the frame pointer; we have to
 * say that it is not. */
static bool is_lost(const uint64_t *oracle, size_t n)
{
	return n > 0 && !own_module(&own, oracle[n - 1]);
}

/* Whether libunwind came to where a stack begins. In setcontext, while the registers are changed,
 * it reads them from the ucontext, which no copy of a stack holds, and soon is at its wits' end. */
static bool is_whole(const uint64_t *oracle, size_t n)
{
	uint64_t outermost;

	if (n == 0)
		return false;
	outermost = oracle[n - 1];
	return own_rule(&own, outermost - (n > 1)).kind == UNWIND_RULE_OUTERMOST ||
	       own_made_return(&own, outermost).kind == UNWIND_RULE_OUTERMOST;
}

static void compare_in_place(const uint64_t *oracle, size_t n_oracle,
                             struct unwind_registers registers)
{
	uint64_t pcs[MAX_PCS];
	enum unwind_end end;
	size_t n = own_walk(&own, registers, pcs, MAX_PCS, &end);
	size_t same = 0;

	while (same < n && same < n_oracle && pcs[same] == oracle[same])
		same++;
	tally.n_stacks++;
	tally.n_frames += same;
	if (n > tally.deepest)
		tally.deepest = n;
	if (end == UNWIND_COMPLEX && same == n)
		tally.n_complex++;
	else if (same == n && end == UNWIND_NO_TABLE && is_lost(oracle, n))
		tally.n_lost++;
	else if ((same != n || n != n_oracle || end != UNWIND_OUTERMOST) && !tally.n_different++)
		memcpy(tally.wrong,
		       (uint64_t[]){registers.ip, same ? oracle[same - 1] : 0,
		                    same < n_oracle ? oracle[same] : 0},
		       sizeof(tally.wrong));
}

__attribute__((no_sanitize("address"))) static void copy_words(uint8_t *to, uint64_t from,
                                                               size_t size)
{
	for (size_t i = 0; i < size; i += sizeof(uint64_t))
		*(volatile uint64_t *)(to + i) = *(const volatile uint64_t *)(from + i);
}

/* Keeps a stack that is all of one piece: up to the end of the range that SP is in. */
static void keep(const uint64_t *registers, const uint64_t *pcs, size_t n_pcs)
{
	struct kept_sample *sample = &kept[n_kept];
	uint64_t sp = registers[WALK_RSP];

	for (size_t i = 0; i < own.n_ranges; i++) {
		const struct own_range *range = &own.ranges[i];

		if (sp < range->start || sp >= range->end || range->end - sp > STACK_BYTES)
			continue;
		memcpy(sample->registers, registers, sizeof(sample->registers));
		sample->stack_bytes = range->end - sp;
		copy_words(sample->stack, sp, sample->stack_bytes);
		memcpy(sample->pcs, pcs, n_pcs * sizeof(*pcs));
		sample->n_pcs = n_pcs;
		n_kept++;
	}
}

static void take_sample(ucontext_t *context, unsigned keep_every)
{
	uint64_t registers[WALK_N_REGISTERS], oracle[MAX_PCS];
	bool has_signal_frame = false;
	size_t n;

	for (size_t i = 0; i < WALK_N_REGISTERS; i++)
		registers[i] = (uint64_t)context->uc_mcontext.gregs[gregs[i]];
	n = walk_by_libunwind(context, oracle, &has_signal_frame);
	compare_in_place(oracle, n,
	                 (struct unwind_registers){registers[WALK_RIP], registers[WALK_RSP],
	                                           registers[WALK_RBP]});
	tally.n_signal += has_signal_frame;
	/* A stack with a signal frame may continue on another stack: those are walked live instead.
	 */
	if (n_kept < N_KEPT && tally.n_stacks % keep_every == 0 && !has_signal_frame &&
	    is_whole(oracle, n))
		keep(registers, oracle, n);
}

static volatile bool stop_stepping = true;

enum {
	TRAP_FLAG = 0x100,
	MAX_TRAPS = 300000, /* reached only with sanitizers */
};

/* How many instructions the timer steps through from where it came; the copies of one stack in 64
 * are kept then. */
static size_t window_traps, window_left;
enum { WINDOW_KEEPS_EVERY = 64 };

static void on_alarm(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	(void)number;
	(void)info;
	take_sample(interrupted, window_traps ? WINDOW_KEEPS_EVERY : 1);
	window_left = window_traps;
	if (window_traps)
		interrupted->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

/* One more alarm, when the code has come further by itself. */
static void set_next_window(void)
{
	const struct itimerval soon = {.it_value.tv_usec = 500};

	setitimer(ITIMER_REAL, &soon, NULL);
}

static void step_in_window(ucontext_t *interrupted)
{
	take_sample(interrupted, WINDOW_KEEPS_EVERY);
	if (--window_left)
		return;
	interrupted->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
	set_next_window();
}

/* Every instruction at first, later fewer and fewer: most are in the dynamic linker's search for
 * symbols. */
static void on_trap(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	(void)number;
	(void)info;
	if (window_left) {
		step_in_window(interrupted);
		return;
	}
	tally.n_traps++;
	if (stop_stepping || tally.n_traps > MAX_TRAPS)
		interrupted->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
	else if (tally.n_traps % (1 + 8 * (tally.n_stacks / 2000)) == 0)
		take_sample(context, 16);
}

/* From here on each instruction of this thread ends in on_trap(). */
static inline __attribute__((always_inline)) void start_stepping(void)
{
	stop_stepping = false;
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torq %0, (%%rsp)\n\tpopfq\n\t"
	                 "lea 128(%%rsp), %%rsp" ::"i"(TRAP_FLAG)
	                 : "memory", "cc");
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

	/* A step that begins where traps are blocked kills. */
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGALRM);
	sigaction(number, &action, NULL);
}

/* Code to be interrupted. Results go to a volatile sink, so that nothing is left out. */
static volatile uint64_t sink;

static __attribute__((noinline)) uint64_t recurse(unsigned depth)
{
	volatile uint64_t local[6] = {depth};

	if (depth == 0)
		return local[0] + 1;
	return recurse(depth - 1) + local[0];
}

static int compare_numbers(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(uint32_t));
}

static __attribute__((noinline)) void sort_numbers(void)
{
	uint32_t numbers[64];

	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		numbers[i] = i * 2654435761u;
	qsort(numbers, ARRAY_SIZE(numbers), sizeof(*numbers), compare_numbers);
	sink += numbers[0];
}

static __attribute__((noinline)) void call_libc(void)
{
	char text[128];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* the vdso */
	snprintf(text, sizeof(text), "%ld %.3f %s", now.tv_nsec, 1.5, "text");
	sink += strlen(text) + strtoul("12345", NULL, 10);
	free(malloc(100));
}

/* gcc makes such a frame with `lea 8(%rsp), %r10; and $-64, %rsp; push -8(%r10)` and describes its
 * CFA by an expression, for the argument on the stack must still be found. */
static __attribute__((noinline, force_align_arg_pointer)) void
realigned(int a, int b, int c, int d, int e, int f, int on_stack, void (*inner)(void))
{
	volatile char room[64] __attribute__((aligned(64)));
	volatile char *more = __builtin_alloca((size_t)on_stack);

	room[0] = (char)(a + b + c + d + e + f);
	more[0] = room[0];
	inner();
	sink += (uint64_t)more[0];
}

/* The CFA in R12, and in a frame inside of it R12 saved by compiled code: stepping the outer one
 * takes registers that no rule carries. */
void call_with_cfa_in_r12(void (*inner)(void));
__asm__(".text\n"
        ".type call_with_cfa_in_r12, @function\n"
        "call_with_cfa_in_r12:\n"
        ".cfi_startproc\n"
        "push %r12\n"
        ".cfi_def_cfa_offset 16\n"
        ".cfi_offset %r12, -16\n"
        "mov %rsp, %r12\n"
        ".cfi_def_cfa_register %r12\n"
        "sub $96, %rsp\n"
        "and $-64, %rsp\n"
        "call *%rdi\n"
        "mov %r12, %rsp\n"
        ".cfi_def_cfa_register %rsp\n"
        "pop %r12\n"
        ".cfi_def_cfa_offset 8\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size call_with_cfa_in_r12, .-call_with_cfa_in_r12\n");

static __attribute__((noinline)) void clobber_r12(void)
{
	__asm__ volatile("mov $1, %%r12" ::: "r12");
	sort_numbers();
	__asm__ volatile("mov $2, %%r12" ::: "r12");
}

/* libunwind, being linked, would also unwind the exceptions, and it does so by writing on the stack
 * that we walk. The address sanitizer cannot have it otherwise: under it nothing is thrown. */
#ifdef __SANITIZE_ADDRESS__
enum { EXCEPTIONS_BY_LIBGCC = 0 };
#else
enum { EXCEPTIONS_BY_LIBGCC = RTLD_DEEPBIND };
#endif

static unsigned long (*cxx_frames)(unsigned n), (*cxx_throws)(unsigned depth);

static void on_user_signal(int number)
{
	(void)number;
	/* The kernel clears the trap flag for a handler. */
	if (!stop_stepping)
		start_stepping();
	sort_numbers();
	sink += cxx_frames(3);
}

static ucontext_t main_context, coroutine_context;

static void coroutine(void)
{
	sort_numbers();
	swapcontext(&coroutine_context, &main_context);
	sink += recurse(5);
}

static void run_coroutine(void)
{
	getcontext(&coroutine_context);
	coroutine_context.uc_stack.ss_sp = other_stack + OTHER_STACK_BYTES;
	coroutine_context.uc_stack.ss_size = OTHER_STACK_BYTES;
	coroutine_context.uc_link = &main_context;
	makecontext(&coroutine_context, coroutine, 0);
	swapcontext(&main_context, &coroutine_context);
	sort_numbers();
	swapcontext(&main_context, &coroutine_context);
}

static const char *library_names[] = {"libz.so.1", "libsqlite3.so.0", "libcrypto.so.3"};
static void *libraries[ARRAY_SIZE(library_names)];

static void *symbol(unsigned library, const char *name)
{
	return libraries[library] ? dlsym(libraries[library], name) : NULL;
}

static void run_libraries(void)
{
	static uint8_t in[8192], out[16384];
	unsigned long out_size = sizeof(out);
	int (*compress)(uint8_t *, unsigned long *, const uint8_t *, unsigned long) =
	    symbol(0, "compress");
	int (*sqlite_open)(const char *, void **) = symbol(1, "sqlite3_open");
	int (*sqlite_exec)(void *, const char *, void *, void *, char **) =
	    symbol(1, "sqlite3_exec");
	int (*sqlite_close)(void *) = symbol(1, "sqlite3_close");
	uint8_t *(*sha256)(const uint8_t *, size_t, uint8_t *) = symbol(2, "SHA256");
	void *db;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * i >> 5);
	if (compress)
		sink += (uint64_t)compress(out, &out_size, in, sizeof(in));
	if (sha256)
		sink += sha256(in, sizeof(in), out)[0];
	if (sqlite_open && sqlite_open(":memory:", &db) == 0) {
		sqlite_exec(
		    db,
		    "create table t(a integer primary key, b text);"
		    "with recursive n(i) as (select 1 union all select i+1 from n limit 300)"
		    " insert into t select i, hex(i*7919) from n;"
		    "create index x on t(b); select count(*) from t a join t b using(b);",
		    NULL, NULL, NULL);
		sqlite_close(db);
	}
}

static void run_everything(void)
{
	sink += recurse(40);
	realigned(1, 2, 3, 4, 5, 6, 100, sort_numbers);
	call_with_cfa_in_r12(clobber_r12);
	raise(SIGUSR1);
	run_coroutine();
	call_libc();
	sink += cxx_frames(3);
	if (EXCEPTIONS_BY_LIBGCC)
		sink += cxx_throws(1);
}

/* Where this thread's stack is, so that it may be read in place. */
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

static void load_cxx_frames(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	void *library;

	assert_true(n > 0);
	path[n] = 0;
	*strrchr(path, '/') = 0;
	strcat(path, "/../programs/cxx_frames");
	library = dlopen(path, RTLD_LAZY | EXCEPTIONS_BY_LIBGCC);
	assert_non_null(library);
	*(void **)&cxx_frames = dlsym(library, "cxx_frames");
	*(void **)&cxx_throws = dlsym(library, "cxx_throws");
	assert_non_null(cxx_frames);
	assert_non_null(cxx_throws);
	/* Binds their symbols: 50,000 instructions that need not all be stepped. */
	sink += cxx_frames(3) + cxx_throws(3);
}

static int set_up(void **state)
{
	stack_t alternate = {.ss_size = OTHER_STACK_BYTES};
	struct sigaction action = {.sa_handler = on_user_signal, .sa_flags = SA_ONSTACK};

	(void)state;
	load_cxx_frames();
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		libraries[i] = dlopen(library_names[i], RTLD_LAZY);
		if (!libraries[i])
			print_message("# left out: no %s here\n", library_names[i]);
	}
	other_stack = mmap(NULL, 2 * OTHER_STACK_BYTES, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kept = mmap(NULL, N_KEPT * sizeof(*kept), PROT_READ | PROT_WRITE,
	            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(other_stack, MAP_FAILED);
	assert_ptr_not_equal(kept, MAP_FAILED);
	alternate.ss_sp = other_stack;
	assert_int_equal(sigaltstack(&alternate, NULL), 0);
	sigaction(SIGUSR1, &action, NULL);
	/* Its cache takes an address for the same whether or not it is a return address. */
	unw_set_caching_policy(unw_local_addr_space, UNW_CACHE_NONE);
	handle(SIGALRM, on_alarm, SA_RESTART);
	handle(SIGTRAP, on_trap, SA_RESTART);
	own_modules_read(&own);
	own.ranges[own.n_ranges++] =
	    (struct own_range){(uint64_t)other_stack, (uint64_t)other_stack + OTHER_STACK_BYTES};
	own.ranges[own.n_ranges++] =
	    (struct own_range){(uint64_t)other_stack + OTHER_STACK_BYTES,
	                       (uint64_t)other_stack + 2 * OTHER_STACK_BYTES};
	add_own_stack();
	return 0;
}

static const char *name_of(uint64_t pc)
{
	static char texts[3][256];
	static unsigned turn;
	char *text = texts[turn++ % ARRAY_SIZE(texts)];
	Dl_info info = {0};

	dladdr((void *)pc, &info);
	snprintf(text, sizeof(texts[0]), "%s+0x%lx %s", info.dli_fname ? info.dli_fname : "?",
	         (unsigned long)(pc - (uint64_t)info.dli_fbase),
	         info.dli_sname ? info.dli_sname : "");
	return text;
}

static void assert_tally(const char *what, size_t wanted_stacks)
{
	print_message("# %s: %zu stacks, %zu frames, deepest %zu, %zu through signals, "
	              "%zu need libunwind, %zu lost in swapcontext, %zu different\n",
	              what, tally.n_stacks, tally.n_frames, tally.deepest, tally.n_signal,
	              tally.n_complex, tally.n_lost, tally.n_different);
	if (tally.n_different)
		print_message("# leaf %s: from %s libunwind goes to %s\n", name_of(tally.wrong[0]),
		              name_of(tally.wrong[1]), name_of(tally.wrong[2]));
	assert_true(tally.n_stacks >= wanted_stacks);
	assert_true(tally.n_lost <= 100 + tally.n_stacks / 500);
	assert_int_equal(tally.n_different, 0);
	memset(&tally, 0, sizeof(tally));
}

static void each_instruction_unwinds_as_libunwind_does(void **state)
{
	(void)state;
	start_stepping();
	run_everything();
	stop_stepping = true;
	assert_true(tally.n_signal > 200);
	assert_tally("by instruction", 5000);
}

static void *step_in_thread(void *argument)
{
	(void)argument;
	add_own_stack();
	start_stepping();
	sort_numbers();
	call_libc();
	stop_stepping = true;
	return NULL;
}

static void a_threads_stack_is_whole(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, step_in_thread, NULL), 0);
	pthread_join(thread, NULL);
	own.n_ranges--;
	assert_tally("in a thread", 1000);
}

static void set_timer(suseconds_t period_us)
{
	const struct itimerval timer = {{0, period_us}, {0, period_us}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void a_thousand_timed_samples_unwind_as_libunwind_does(void **state)
{
	time_t start = time(NULL);

	(void)state;
	set_timer(300);
	while (tally.n_stacks < 1000 && time(NULL) < start + 20) {
		run_everything();
		run_libraries();
	}
	set_timer(0);
	assert_tally("by timer", 1000);
}

struct world {
	struct recording *recording;
	struct address_spaces *spaces;
	struct stack_walker *walker;
	struct recorded_frame frames[WALK_MAX_FRAMES];
};

static struct world *world_of(pid_t pid)
{
	static const struct value_type type = {"samples", "count"};
	struct world *world = xcalloc(1, sizeof(*world));

	world->recording = recording_new(&type, 1);
	world->spaces = address_spaces_new(world->recording);
	assert_int_equal(address_spaces_read_proc(world->spaces, pid), 0);
	world->walker = stack_walker_new(world->spaces, world->recording);
	return world;
}

static void world_free(struct world *world)
{
	stack_walker_free(world->walker);
	address_spaces_free(world->spaces);
	recording_free(world->recording);
	free(world);
}

static struct walk_result walk_kept(struct world *world, const struct kept_sample *sample)
{
	const struct walk_input input = {.pid = getpid(),
	                                 .registers = sample->registers,
	                                 .stack = sample->stack,
	                                 .stack_bytes = sample->stack_bytes};

	return stack_walk(world->walker, &input, world->frames);
}

static void assert_frames(const struct world *world, struct walk_result result, const uint64_t *pcs,
                          size_t n_pcs)
{
	for (size_t i = 0; i < n_pcs && i < result.n_frames; i++) {
		struct recorded_frame wanted = address_spaces_frame(world->spaces, getpid(), pcs[i],
		                                                    world->frames[i].is_return);

		if (world->frames[i].object != wanted.object ||
		    world->frames[i].vaddr != wanted.vaddr)
			fail_msg("frame %zu of %zu is not %s but vaddr %lx (%s)", i, n_pcs,
			         name_of(pcs[i]), (unsigned long)world->frames[i].vaddr,
			         unwind_end_text(result.end));
	}
	assert_int_equal(result.n_frames, n_pcs);
	assert_int_equal(result.end, UNWIND_OUTERMOST);
}

/* The kept stacks have frames for libunwind at the leaf (by instruction) and further out. */
static void copies_walk_as_libunwind_walked_the_stacks(void **state)
{
	struct world *world = world_of(getpid());
	size_t n_complex = 0;

	(void)state;
	assert_true(n_kept >= 1000);
	for (size_t i = 0; i < n_kept; i++) {
		struct walk_result result = walk_kept(world, &kept[i]);

		assert_frames(world, result, kept[i].pcs, kept[i].n_pcs);
		assert_false(result.completed);
		for (size_t j = 0; j < kept[i].n_pcs; j++) {
			uint64_t lookup = kept[i].pcs[j] - (j > 0);

			if (own_rule(&own, lookup).kind == UNWIND_RULE_COMPLEX) {
				n_complex++;
				break;
			}
		}
	}
	print_message("# %zu copies walked, %zu with the help of libunwind\n", n_kept, n_complex);
	assert_true(n_complex > 20);
	world_free(world);
}

/* 20,000 stacks, or as many as STACKWALK_STACKS says: a thousand instructions each from where the
 * timer came. */
static void stacks_of_libraries_unwind_as_libunwind_does(void **state)
{
	const char *text = getenv("STACKWALK_STACKS");
	size_t wanted = text ? strtoul(text, NULL, 10) : 20000;
	struct world *world = world_of(getpid());
	size_t n_copies = 0;

	(void)state;
	window_traps = 1000;
	while (tally.n_stacks < wanted) {
		n_kept = 0;
		set_next_window();
		run_everything();
		run_libraries();
		set_timer(0);
		window_left = 0;
		for (size_t i = 0; i < n_kept; i++)
			assert_frames(world, walk_kept(world, &kept[i]), kept[i].pcs,
			              kept[i].n_pcs);
		n_copies += n_kept;
	}
	window_traps = window_left = 0;
	print_message("# and %zu copies as them\n", n_copies);
	assert_tally("by instruction from where a timer came", wanted);
	assert_true(n_copies > wanted / (4 * WINDOW_KEEPS_EVERY));
	world_free(world);
}

static bool frames_equal(const struct recorded_frame *a, const struct recorded_frame *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i].object != b[i].object || a[i].vaddr != b[i].vaddr ||
		    a[i].is_return != b[i].is_return)
			return false;
	return true;
}

static void a_cold_cache_gives_the_same_frames(void **state)
{
	struct world *warm = world_of(getpid());

	(void)state;
	for (size_t i = 0; i < n_kept; i++)
		walk_kept(warm, &kept[i]);
	for (size_t i = 0; i < n_kept; i += 97) {
		struct world *cold = world_of(getpid());
		struct walk_result from_warm = walk_kept(warm, &kept[i]);
		struct walk_result from_cold = walk_kept(cold, &kept[i]);

		assert_int_equal(from_warm.n_frames, from_cold.n_frames);
		assert_true(frames_equal(warm->frames, cold->frames, from_cold.n_frames));
		world_free(cold);
	}
	world_free(warm);
}

/* A walk from inside a handler on the alternate stack, out to the main stack, which no copy holds.
 */
static struct world *live_world;
static struct walk_result live_result;
static uint64_t live_pcs[1 + MAX_PCS];
static size_t n_live_pcs;
static uint64_t live_copy_bytes;

static void on_live(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;
	uint64_t registers[WALK_N_REGISTERS];
	static uint8_t copy[OTHER_STACK_BYTES];
	bool has_signal_frame = false;
	struct walk_input input = {.pid = getpid(), .registers = registers, .read_memory = true};

	(void)number;
	(void)info;
	for (size_t i = 0; i < WALK_N_REGISTERS; i++)
		registers[i] = (uint64_t)interrupted->uc_mcontext.gregs[gregs[i]];
	n_live_pcs = walk_by_libunwind(interrupted, live_pcs, &has_signal_frame);
	input.stack = copy;
	input.stack_bytes = (uint64_t)other_stack + OTHER_STACK_BYTES - registers[WALK_RSP];
	if (live_copy_bytes)
		input.stack_bytes = live_copy_bytes;
	copy_words(copy, registers[WALK_RSP], input.stack_bytes);
	live_result = stack_walk(live_world->walker, &input, live_world->frames);
}

static void raise_within(int number)
{
	(void)number;
	realigned(1, 2, 3, 4, 5, 6, 7, (void (*)(void))(uintptr_t)call_libc);
	raise(SIGUSR2);
}

static void a_signal_handler_on_another_stack_is_walked_through(void **state)
{
	static const uint64_t copies[] = {0 /* all of the alternate stack */, 256};
	struct sigaction before, action = {.sa_handler = raise_within, .sa_flags = SA_ONSTACK};

	(void)state;
	live_world = world_of(getpid());
	handle(SIGUSR2, on_live, 0);
	sigaction(SIGUSR1, &action, &before);
	for (size_t i = 0; i < ARRAY_SIZE(copies); i++) {
		size_t n_exact = 0;

		live_copy_bytes = copies[i];
		raise(SIGUSR1);
		assert_true(n_live_pcs > 6);
		assert_frames(live_world, live_result, live_pcs, n_live_pcs);
		assert_true(live_result.completed);
		/* The leaf, the trampoline, which nobody called, and the frame that the signal
		 * interrupted. */
		for (size_t j = 0; j < live_result.n_frames; j++)
			n_exact += !live_world->frames[j].is_return;
		assert_int_equal(n_exact, 3);
	}
	sigaction(SIGUSR1, &before, NULL);
	world_free(live_world);
}

/* As a JIT makes code: a frame pointer and no tables. It calls `inner` with the given RBP, or with
 * its frame pointer where that is 0. */
void call_without_tables(void (*inner)(void), uint64_t rbp);
__asm__(".text\n"
        ".type call_without_tables, @function\n"
        "call_without_tables:\n"
        "push %rbp\n"
        "mov %rsp, %rbp\n"
        "test %rsi, %rsi\n"
        "cmovnz %rsi, %rbp\n"
        "call *%rdi\n"
        "pop %rbp\n"
        "ret\n"
        ".size call_without_tables, .-call_without_tables\n");

static void raise_live(void)
{
	raise(SIGUSR2);
}

static void call_by_frame_pointer(uint64_t rbp)
{
	live_world = world_of(getpid());
	live_copy_bytes = 256; /* what follows is read from memory */
	handle(SIGUSR2, on_live, 0);
	call_without_tables(raise_live, rbp);
}

static void code_without_tables_is_walked_by_its_frame_pointer(void **state)
{
	(void)state;
	call_by_frame_pointer(0);
	assert_int_equal(live_result.end, UNWIND_OUTERMOST);
	assert_true(live_result.guessed);
	assert_frames(live_world, live_result, live_pcs, n_live_pcs);
	world_free(live_world);
}

static void a_frame_pointer_that_leads_nowhere_is_not_followed(void **state)
{
	static uint64_t nowhere[2] = {0x1000, 0x2000};
	const struct recorded_frame *last;

	(void)state;
	call_by_frame_pointer((uint64_t)nowhere);
	last = &live_world->frames[live_result.n_frames - 2];
	assert_int_equal(live_result.end, UNWIND_NO_TABLE);
	assert_false(live_result.guessed);
	assert_int_equal(last->vaddr, address_spaces_frame(live_world->spaces, getpid(),
	                                                   (uint64_t)call_without_tables, false)
	                                      .vaddr +
	                                  13);
	world_free(live_world);
}

/* The moment after this handler has returned: the trampoline is in sigreturn, and the kernel tells
 * the address behind its system call. */
static void on_before_sigreturn(int number, siginfo_t *info, void *context)
{
	enum { SYSCALL_BYTES = 2 };
	const uint8_t *trampoline = __builtin_return_address(0);
	const uint8_t *call = memmem(trampoline, 16, "\x0f\x05", SYSCALL_BYTES);
	uint64_t registers[WALK_N_REGISTERS] = {
	    [WALK_RIP] = (uint64_t)call + SYSCALL_BYTES,
	    [WALK_RSP] = (uint64_t)context,
	};
	struct walk_input input = {.pid = getpid(), .registers = registers, .read_memory = true};
	bool has_signal_frame = false;

	(void)number;
	(void)info;
	live_pcs[0] = registers[WALK_RIP];
	n_live_pcs = 1 + walk_by_libunwind(context, live_pcs + 1, &has_signal_frame);
	live_result = stack_walk(live_world->walker, &input, live_world->frames);
}

static void a_trampoline_in_sigreturn_is_walked_through(void **state)
{
	(void)state;
	live_world = world_of(getpid());
	handle(SIGUSR2, on_before_sigreturn, 0);
	raise(SIGUSR2);
	assert_true(n_live_pcs > 3);
	assert_frames(live_world, live_result, live_pcs, n_live_pcs);
	world_free(live_world);
}

/* A child that recursed 1,000 deep and stands still, and the copy that perf would have made of its
 * stack. */
struct child {
	pid_t pid;
	uint64_t registers[WALK_N_REGISTERS];
	uint8_t stack[8192];
	size_t stack_bytes;
	struct world *world;
};

enum { DEPTH = 1000 };

static __attribute__((noinline)) uint64_t descend_and_wait(unsigned depth)
{
	volatile uint64_t local[6] = {depth};

	if (depth == 0) {
		raise(SIGSTOP);
		return local[0];
	}
	return descend_and_wait(depth - 1) + local[0];
}

static void start_child(struct child *child, size_t copy_bytes)
{
	struct user_regs_struct user;
	struct iovec local, remote;
	int status;

	child->pid = fork();
	assert_true(child->pid >= 0);
	if (child->pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		descend_and_wait(DEPTH);
		_exit(0);
	}
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(ptrace(PTRACE_GETREGS, child->pid, NULL, &user), 0);
	memcpy(child->registers,
	       (uint64_t[]){user.rax, user.rbx, user.rcx, user.rdx, user.rsi, user.rdi, user.rbp,
	                    user.rsp, user.rip, user.r8, user.r9, user.r10, user.r11, user.r12,
	                    user.r13, user.r14, user.r15},
	       sizeof(child->registers));
	local = (struct iovec){child->stack, copy_bytes};
	remote = (struct iovec){(void *)user.rsp, copy_bytes};
	child->stack_bytes = copy_bytes;
	if (copy_bytes)
		assert_int_equal(process_vm_readv(child->pid, &local, 1, &remote, 1, 0),
		                 copy_bytes);
	child->world = world_of(child->pid);
}

static void end_child(struct child *child)
{
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	world_free(child->world);
}

static struct walk_result walk_child(struct child *child, bool read_memory)
{
	const struct walk_input input = {.pid = child->pid,
	                                 .registers = child->registers,
	                                 .stack = child->stack_bytes ? child->stack : NULL,
	                                 .stack_bytes = child->stack_bytes,
	                                 .read_memory = read_memory};

	return stack_walk(child->world->walker, &input, child->world->frames);
}

/* As if the process had gone on: other words at `offset` bytes above the sample's SP. */
static void overwrite_stack(struct child *child, size_t offset, size_t size, uint64_t word)
{
	for (size_t i = offset; i < offset + size; i += 8)
		assert_int_equal(
		    ptrace(PTRACE_POKEDATA, child->pid, child->registers[WALK_RSP] + i, word), 0);
}

/* How many frames are of descend_and_wait(). */
static size_t count_depth(const struct child *child, struct walk_result result)
{
	uint64_t addr = (uint64_t)descend_and_wait;
	const struct own_module *module = own_module(&own, addr);
	struct recorded_frame inside =
	    address_spaces_frame(child->world->spaces, child->pid, addr, false);
	struct unwind_fde fde;
	size_t n = 0;

	assert_int_equal(unwind_fde_find(&module->tables, addr - module->load_bias, &fde),
	                 FDE_FOUND);
	for (size_t i = 0; i < result.n_frames; i++) {
		const struct recorded_frame *frame = &child->world->frames[i];

		n += frame->object == inside.object && frame->vaddr > fde.start &&
		     frame->vaddr <= fde.end;
	}
	return n;
}

static void assert_failed(const struct child *child, struct walk_result result, enum unwind_end end)
{
	const struct recorded_frame *last = &child->world->frames[result.n_frames - 1];

	assert_int_equal(result.end, end);
	assert_int_equal(recording_object(child->world->recording, last->object)->kind,
	                 OBJECT_FAILED);
	assert_int_equal(last->vaddr, end);
	assert_false(last->is_return);
}

static void a_short_copy_is_completed_from_memory(void **state)
{
	struct child child;
	struct walk_result result;

	(void)state;
	start_child(&child, 8192);
	result = walk_child(&child, true);
	assert_int_equal(result.end, UNWIND_OUTERMOST);
	assert_true(result.completed);
	assert_int_equal(count_depth(&child, result), DEPTH + 1);
	end_child(&child);
}

static void a_copy_alone_ends_where_it_ends_and_says_so(void **state)
{
	struct child child;
	struct walk_result result;

	(void)state;
	start_child(&child, 8192);
	result = walk_child(&child, false);
	assert_failed(&child, result, UNWIND_UNREADABLE);
	assert_false(result.completed);
	assert_in_range(count_depth(&child, result), 20, 200);
	end_child(&child);
}

static void a_thread_that_stands_still_needs_no_copy(void **state)
{
	struct child child;
	struct walk_result result;

	(void)state;
	start_child(&child, 0);
	result = walk_child(&child, true);
	assert_int_equal(result.end, UNWIND_OUTERMOST);
	assert_int_equal(count_depth(&child, result), DEPTH + 1);
	result = walk_child(&child, false);
	assert_failed(&child, result, UNWIND_UNREADABLE);
	end_child(&child);
}

static void memory_that_does_not_join_is_not_used(void **state)
{
	/* Over the end of the copy; its last word, which the walk need not have read; beyond it,
	 * where frames still join but soon lead nowhere, or to a zero, which looks like an end. */
	static const struct {
		size_t offset;
		size_t size;
		uint64_t word;
	} changes[] = {
	    {8192 - 1024, 1024, 0x1234567},
	    {8192 - 8, 8, 0x1234567},
	    {8192 + 1024, 1024, 0x1234567},
	    {8192 + 1024, 1024, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct walk_result result, copy_alone;
		struct child child;
		size_t depth;

		start_child(&child, 8192);
		copy_alone = walk_child(&child, false);
		depth = count_depth(&child, copy_alone);
		overwrite_stack(&child, changes[i].offset, changes[i].size, changes[i].word);
		result = walk_child(&child, true);
		assert_failed(&child, result, UNWIND_UNREADABLE);
		assert_false(result.completed);
		assert_int_equal(result.n_frames, copy_alone.n_frames);
		assert_int_equal(count_depth(&child, result), depth);
		end_child(&child);
	}
}

static void a_dead_process_leaves_the_copy(void **state)
{
	struct child child;
	struct walk_result result;

	(void)state;
	start_child(&child, 8192);
	kill(child.pid, SIGKILL);
	waitpid(child.pid, NULL, 0);
	result = walk_child(&child, true);
	assert_failed(&child, result, UNWIND_UNREADABLE);
	assert_in_range(count_depth(&child, result), 20, 200);
	world_free(child.world);
}

static void a_jump_into_nowhere_is_said(void **state)
{
	struct child child;
	struct walk_result result;

	(void)state;
	start_child(&child, 8192);
	child.registers[WALK_RIP] = 0x10;
	result = walk_child(&child, true);
	assert_failed(&child, result, UNWIND_NO_MAPPING);
	assert_int_equal(result.n_frames, 2);
	end_child(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_instruction_unwinds_as_libunwind_does),
	    cmocka_unit_test(a_threads_stack_is_whole),
	    cmocka_unit_test(a_thousand_timed_samples_unwind_as_libunwind_does),
	    cmocka_unit_test(copies_walk_as_libunwind_walked_the_stacks),
	    cmocka_unit_test(stacks_of_libraries_unwind_as_libunwind_does),
	    cmocka_unit_test(a_cold_cache_gives_the_same_frames),
	    cmocka_unit_test(a_signal_handler_on_another_stack_is_walked_through),
	    cmocka_unit_test(code_without_tables_is_walked_by_its_frame_pointer),
	    cmocka_unit_test(a_frame_pointer_that_leads_nowhere_is_not_followed),
	    cmocka_unit_test(a_trampoline_in_sigreturn_is_walked_through),
	    cmocka_unit_test(a_short_copy_is_completed_from_memory),
	    cmocka_unit_test(a_copy_alone_ends_where_it_ends_and_says_so),
	    cmocka_unit_test(a_thread_that_stands_still_needs_no_copy),
	    cmocka_unit_test(memory_that_does_not_join_is_not_used),
	    cmocka_unit_test(a_dead_process_leaves_the_copy),
	    cmocka_unit_test(a_jump_into_nowhere_is_said),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
