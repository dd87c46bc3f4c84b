/* Where memcheck knows more: which words the program has written since it got the memory. What was
 * left over in memory that is in use again makes a block reachable to us, which it calls lost; and
 * below the stack pointer only it can tell what a function without callees keeps there from what is
 * left over. Each case has both answers. */
#include "tests/programs/leak.h"

#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *volatile held;

/* Some of an earlier block's words are in the next one of its size, unless it is cleared. */
static void take_again(size_t bytes)
{
	void **words = (void **)take(bytes);

	words[20] = take(100);
	release(words);
	held = malloc(bytes);
	__asm__ volatile("" ::: "memory");
}

static void in_block(void)
{
	take_again(200);
}

static void in_large_block(void)
{
	take_again(5000);
}

/* It grows where it is, into the words of another one behind it. */
static void in_growth(void)
{
	void *volatile block = take(700);
	void **words = (void **)take(700);

	words[20] = take(100);
	release(words);
	held = realloc(block, 900);
	__asm__ volatile("" ::: "memory");
}

/* memcheck does not give out again for long what was freed, so a pointer that dangles leads nowhere
 * there. */
static void reused(void)
{
	held = take(300);
	release(held);
	take(300);
}

/* Where the heap ended when it was asked is a number to memcheck, which has the blocks elsewhere.
 * Here malloc goes on from there. libiberty keeps it in each program of binutils and gcc. */
static void at_old_end(void)
{
	enum { PIECE = 4096, MAX_PIECES = 64, HEADER = 8 };
	char *pieces[MAX_PIECES];
	size_t n = 0, left;

	release(take(1)); /* so that there is one */
	held = sbrk(0);
	do {
		pieces[n] = (char *)take(PIECE - HEADER);
		left = (size_t)((uintptr_t)held - (uintptr_t)pieces[n++]);
	} while (n < MAX_PIECES - 1 && left > 3 * PIECE && left < MAX_PIECES * PIECE);
	if (left > 2 * PIECE && left <= 3 * PIECE)
		pieces[n++] = (char *)take(left - PIECE - HEADER);
	take(100);
	while (n)
		release(pieces[--n]);
}

static __thread void *volatile dangling;
static sem_t has_ended;

static void *free_and_end(void *block)
{
	if (block) {
		dangling = take(72);
		release(dangling);
	}
	return NULL;
}

static void *lose_and_end(void *block)
{
	sem_wait(&has_ended);
	if (block)
		take(72);
	clear_stack();
	return NULL;
}

/* What the first thread freed, the second one has: in the only arena. */
LEAK_APART void run_two(void *with_blocks)
{
	pthread_t first, second;

	mallopt(M_ARENA_MAX, 1);
	sem_init(&has_ended, 0, 0);
	if (pthread_create(&second, NULL, lose_and_end, with_blocks) ||
	    pthread_create(&first, NULL, free_and_end, with_blocks) || pthread_join(first, NULL))
		abort();
	sem_post(&has_ended);
	if (pthread_join(second, NULL))
		abort();
}

static void two_threads(void)
{
	run_two(NULL);
}

/* glibc keeps the stack of a joined thread, and its variables with it. A thread_local std::map
 * leaves such a pointer to its root behind. */
static void dangling_in_joined(void)
{
	run_two(&has_ended);
}

enum { CACHE_LINES = 128 };

/* A block with such an address, or without. */
LEAK_APART void *take_where(size_t size, int is_aligned)
{
	enum { TRIES = 256 };
	void *others[2 * TRIES], *block;
	size_t n = 0;

	while ((uintptr_t)(block = take(size)) % CACHE_LINES ? is_aligned : !is_aligned) {
		if (n == 2 * TRIES)
			abort();
		others[n++] = block;
		others[n] = take(8 + n % 128 * 8);
		n++;
	}
	while (n)
		release(others[--n]);
	return block;
}

static void *volatile rounded[2];

/* Only a rounded address is kept, which is the block's own or not: as malloc has it. */
static void rounded_up(void)
{
	for (int i = 0; i < 2; i++)
		rounded[i] = (void *)(((uintptr_t)take_where(i ? 300 : 400, !i) + CACHE_LINES - 1) &
		                      -(uintptr_t)CACHE_LINES);
}

/* malloc_usable_size() is more than was asked for, but what is behind does not count. */
static void behind_block(void)
{
	void **words = (void **)take(104);

	words[12] = take(100);
	release(words);
	held = zeroed(malloc(90), 90);
}

LEAK_APART void leave(void)
{
	void *volatile words[100];

	for (int i = 0; i < 100; i++)
		words[i] = NULL;
	words[50] = take(100);
	__asm__ volatile("" ::"r"(words) : "memory");
}

LEAK_APART void end_on_them(void)
{
	void *volatile words[200];

	__asm__ volatile("syscall" ::"a"(SYS_exit_group), "D"(0), "r"(words)
	                 : "rcx", "r11", "memory");
}

/* An array without values is where another one was. */
static void in_frame(void)
{
	leave();
	end_on_them();
}

/* The ABI lets a function without callees use the 128 bytes below the stack pointer. */
static void in_red_zone(void)
{
	const uint64_t mask = 0x5a5a5a5a5a5a5a5a;
	uint64_t hidden = (uint64_t)take(100) ^ mask;

	clear_stack();
	__asm__ volatile("xor %1, %0\n mov %0, -64(%%rsp)\n xor %0, %0\n mov $231, %%eax\n"
	                 "xor %%edi, %%edi\n syscall\n hlt\n"
	                 : "+&r"(hidden)
	                 : "r"(mask)
	                 : "rax", "rdi", "rcx", "r11", "memory");
}

#define DIFFERS(name, make, memchecks, ours)                                                       \
	{                                                                                          \
		name, make, memchecks, "definedness", ours, NULL                                   \
	}

static const struct leak_case cases[] = {
    DIFFERS("in-large-block", in_large_block, "definite 100/1 reachable 5000/1",
            "reachable 5100/2"),
    DIFFERS("reused", reused, "definite 300/1", "reachable 300/1"),
    DIFFERS("at-old-end", at_old_end, "definite 100/1", "reachable 100/1"),
    DIFFERS("in-frame", in_frame, "definite 100/1", "reachable 100/1"),
    DIFFERS("red-zone", in_red_zone, "reachable 100/1", "definite 100/1"),
    LEAKS("two-threads", two_threads, "?"),
    {"dangling-in-joined", dangling_in_joined, "definite 72/1", "definedness", "reachable 72/1",
     "two-threads"},
    LEAKS("rounded-up", rounded_up, "possible 300/1 reachable 400/1"),
    LEAKS("in-block", in_block, "definite 100/1 reachable 200/1"),
    LEAKS("in-growth", in_growth, "definite 100/1 reachable 900/1"),
    LEAKS("behind-block", behind_block, "definite 100/1 reachable 90/1"),
};

int main(int argc, char **argv)
{
	return leak_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
