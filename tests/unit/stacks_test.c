/* A stack that is recognised, or joined half way, is the one that a full unwinding finds. */
#include "mem/preload/stacks.c" /* the preload library's parts, which no program links */

#include "mem/preload/known.c"
#include "mem/preload/loaded_object.c"
#include "mem/preload/lookup.c"
#include "mem/preload/modules.c"
#include "mem/preload/trie.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct state preload = {.generation = 0};

void *preload_map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void preload_trouble(enum wire_trouble trouble)
{
	fail_msg("trouble %d", (int)trouble);
}

bool preload_may_call(void)
{
	return true;
}

uint64_t preload_now_ns(void)
{
	return 0;
}

static struct thread thread;
static struct stack_scratch *scratch, *plain;
static struct {
	unsigned events, recognised, wrong, jumps;
} seen;

static bool calls_two;

/* The same registers by way of all caches, and by unwinding every frame. */
static __attribute__((noinline)) void check_here(void)
{
	const struct hook_frame *here = __builtin_frame_address(0);
	/* As through a pointer that leads to several functions. */
	enum leak_function function = calls_two && seen.events / 3 % 2 ? LEAK_CALLOC : LEAK_MALLOC;
	uint32_t whole, context = stacks_context(stacks_generation(), function);

	seen.events++;
	seen.recognised += known_find(&scratch->known, here, &thread.limits, context) != 0;
	plain->n_last = 0;
	whole = stacks_unwind(plain, &thread, here, context);
	if (!whole || stacks_identify(scratch, &scratch->known, &thread, here, function) != whole)
		seen.wrong++;
}

static uint64_t random_state = 88172645463325252u;

/* xorshift64 (Marsaglia 2003). */
static unsigned dice(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % n;
}

enum { MAX_DEPTH = 40 };
static jmp_buf ways_back[MAX_DEPTH + 1];

static void descend(unsigned depth);

/* Frames of several sizes; two calls at the same SP; RBP used as a frame pointer, kept as it is, or
 * saved and used for something else. */
static __attribute__((noinline)) void twin_calls(unsigned depth)
{
	if (dice(2))
		descend(depth);
	else
		descend(depth);
	__asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) void other_twin(unsigned depth)
{
	descend(depth);
	__asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) void wide_frame(unsigned depth)
{
	volatile char room[200];

	room[dice(200)] = 1;
	descend(depth);
	(void)room[0];
}

static __attribute__((noinline)) void moving_frame(unsigned depth)
{
	volatile char *room = __builtin_alloca(16 + 16 * dice(3));

	room[0] = 1;
	descend(depth);
	room[0] = 2;
}

static __attribute__((noinline)) void busy_frame(unsigned depth)
{
	uint64_t value = random_state;

	/* Whatever the compiler does with RBP elsewhere: here it holds a number that changes. */
	__asm__ volatile("push %%rbp\n\tmov %0, %%rbp\n\tpop %%rbp" : : "r"(value) : "memory");
	descend(depth);
	__asm__ volatile("" : : "r"(value) : "memory");
}

static __attribute__((noinline)) void far_back(unsigned depth)
{
	descend(depth);
	__asm__ volatile("" ::: "memory");
	if (dice(16) == 0 && depth > 8) {
		seen.jumps++;
		longjmp(ways_back[dice(8)], 1);
	}
}

static __attribute__((noinline)) void descend(unsigned depth)
{
	static void (*const ways[])(unsigned) = {twin_calls,   other_twin, wide_frame,
	                                         moving_frame, busy_frame, far_back};

	if (depth >= MAX_DEPTH || dice(12) == 0) {
		for (unsigned n = 1 + dice(6); n > 0; n--)
			check_here();
		return;
	}
	if (depth < 8 && setjmp(ways_back[depth]))
		return;
	for (unsigned n = 1 + dice(depth < 6 ? 3 : 2); n > 0; n--)
		ways[depth % 3 + dice(4)](depth + 1);
}

static void stacks_are_those_of_a_full_unwinding(void **state)
{
	(void)state;
	while (seen.events < 150000)
		descend(0);
	print_message("%u stacks, %u recognised, %u jumps, %u times round the ring\n", seen.events,
	              seen.recognised, seen.jumps, scratch->known.head / KNOWN_RING_UNITS - 2);
	assert_int_equal(seen.wrong, 0);
	/* The caches have been in use, and too small. */
	assert_in_range(seen.recognised, seen.events / 5, seen.events);
	assert_in_range(seen.jumps, 100, seen.events);
	assert_true(scratch->known.head / KNOWN_RING_UNITS > 4);
}

static void one_instruction_may_call_several_functions(void **state)
{
	unsigned before = seen.events, recognised = seen.recognised;

	(void)state;
	calls_two = true;
	while (seen.events < before + 30000)
		descend(0);
	calls_two = false;
	assert_int_equal(seen.wrong, 0);
	assert_in_range(seen.recognised - recognised, 30000 / 10, 30000);
}

static __attribute__((noinline)) void one(unsigned depth);

static __attribute__((noinline)) void zero(unsigned depth)
{
	if (depth == 0)
		check_here();
	else if (random_state >> depth & 1)
		one(depth - 1);
	else
		zero(depth - 1);
	__asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) void one(unsigned depth)
{
	if (depth == 0)
		check_here();
	else if (random_state >> depth & 1)
		one(depth - 1);
	else
		zero(depth - 1);
	__asm__ volatile("" ::: "memory");
}

/* 256 stacks that differ in return addresses alone, at the same SP. */
static void twins_are_told_apart(void **state)
{
	(void)state;
	seen.events = seen.recognised = seen.wrong = 0;
	for (unsigned i = 0; i < 100 * 256; i++) {
		random_state = i * 97 % 256 << 1;
		zero(8);
	}
	assert_int_equal(seen.wrong, 0);
	assert_in_range(seen.recognised, seen.events * 9 / 10, seen.events);
}

static __attribute__((noinline)) void recurse(unsigned depth)
{
	if (depth > 0)
		recurse(depth - 1);
	else
		check_here();
	__asm__ volatile("" ::: "memory");
}

/* Up to and beyond what is kept of a stack. */
static void recursions_of_any_depth(void **state)
{
	(void)state;
	seen.events = seen.recognised = seen.wrong = 0;
	for (unsigned i = 0; i < 400; i++)
		recurse(i * 41 % (MAX_FRAMES + 200));
	for (unsigned depth = MAX_FRAMES - 30; depth < MAX_FRAMES + 10; depth++)
		recurse(depth);
	for (unsigned depth = 0; depth < 200; depth++) {
		recurse(depth);
		recurse(depth);
	}
	assert_int_equal(seen.wrong, 0);
}

static int set_up(void **state)
{
	(void)state;
	thread.pointer = (uint64_t)__builtin_thread_pointer();
	preload.image = preload_map(WIRE_SECTIONS_OFF + WIRE_SECTION_BYTES);
	scratch = preload_map(stack_scratch_bytes(KNOWN_RING_UNITS));
	plain = preload_map(stack_scratch_bytes(KNOWN_RING_UNITS));
	if (!preload.image || !scratch || !plain)
		return -1;
	stack_scratch_init(scratch, KNOWN_RING_UNITS);
	stack_scratch_init(plain, KNOWN_RING_UNITS);
	preload.section = (struct wire_section *)((char *)preload.image + WIRE_SECTIONS_OFF);
	return modules_init() && stacks_init() ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stacks_are_those_of_a_full_unwinding),
	    cmocka_unit_test(one_instruction_may_call_several_functions),
	    cmocka_unit_test(twins_are_told_apart),
	    cmocka_unit_test(recursions_of_any_depth),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
