/* Where memcheck knows more: it takes only what the program has written for pointers. Words that
 * were left over in memory that is in use again make a block reachable to us, which it calls lost.
 * Each case has both answers. */
#include "tests/programs/leak.h"

#include <sys/syscall.h>
#include <unistd.h>

static void *volatile held;

/* Some of an earlier block's words are in the next one of its size. */
static void in_block(void)
{
	void **words = (void **)take(200);

	words[20] = take(100);
	free(words);
	held = malloc(200);
}

/* malloc_usable_size() is more than was asked for, but what is behind does not count. */
static void behind_block(void)
{
	void **words = (void **)take(104);

	words[12] = take(100);
	free(words);
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

#define DIFFERS(name, make, memchecks, ours)                                                       \
	{                                                                                          \
		name, make, memchecks, "definedness", ours, NULL                                   \
	}

static const struct leak_case cases[] = {
    DIFFERS("in-block", in_block, "definite 100/1 reachable 200/1", "reachable 300/2"),
    DIFFERS("in-frame", in_frame, "definite 100/1", "reachable 100/1"),
    LEAKS("behind-block", behind_block, "definite 100/1 reachable 90/1"),
};

int main(int argc, char **argv)
{
	return leak_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
