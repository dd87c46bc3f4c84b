/* What is lost when main returns, and what is still held where it calls exit(3): the answers as if
 * nothing that is left on the stack by then counted. main's frame is not cleared here, and exit's
 * own frames come to lie on it. */
#include "tests/programs/leak.h"

#include <memory>
#include <pthread.h>
#include <string>
#include <vector>

enum { WORDS = 64 };
static void *volatile *place; /* WORDS in main's frame */

LEAK_APART void leave(void *block)
{
	for (int i = 0; i < WORDS; i++)
		place[i] = block;
}

static void nothing(void)
{
}

static void returned(void)
{
	leave(take(100));
}

static void exited(void)
{
	leave(take(100));
	exit(0);
}

static void quickly_exited(void)
{
	leave(take(100));
	quick_exit(0);
}

/* In a register that exit's functions have to save, and nowhere else. */
static void in_register(void)
{
	uint64_t hidden = ~(uint64_t)take(100);

	clear_stack();
	__asm__ volatile(
	    "not %0\n mov %0, %%rbx\n xor %0, %0\n and $-16, %%rsp\n xor %%edi, %%edi\n"
	    "xor %%ebp, %%ebp\n xor %%r12d, %%r12d\n xor %%r13d, %%r13d\n"
	    "xor %%r14d, %%r14d\n xor %%r15d, %%r15d\n call exit@PLT\n"
	    : "+a"(hidden)
	    :
	    : "memory");
}

static void end_at_once(void)
{
	void *volatile held = take(100);

	_exit(held == NULL);
}

/* What runs at exit holds it, and exit's frames are not the last. */
static void in_handler(void)
{
	atexit(end_at_once);
	exit(0);
}

static void *exit_from_thread(void *unused)
{
	void *volatile held = take(100);

	exit(held == unused);
}

static void in_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exit_from_thread, NULL);
	pthread_join(thread, NULL);
}

static void thread_alone(void)
{
	pthread_t thread;

	pthread_create(
	    &thread, NULL, [](void *unused) -> void * { exit(unused != NULL); }, NULL);
	pthread_join(thread, NULL);
}

struct node {
	std::shared_ptr<node> next;
};

static void cycle(void)
{
	auto first = std::make_shared<node>(), second = std::make_shared<node>();

	first->next = second;
	second->next = first;
	leave(first.get());
}

static void vector_of_strings(void)
{
	auto *strings = new std::vector<std::string>;

	strings->push_back("too long to be in the string itself");
	leave(strings);
}

static void copy_of_string(void)
{
	leave(strdup("lost"));
}

static const struct leak_case cases[] = {
    LEAKS("nothing", nothing, "?"),
    LEAKS_BESIDE("nothing", "returned", returned, "definite 100/1"),
    LEAKS_BESIDE("nothing", "exited", exited, "reachable 100/1"),
    LEAKS_BESIDE("nothing", "quickly-exited", quickly_exited, "reachable 100/1"),
    LEAKS_BESIDE("nothing", "in-register", in_register, "reachable 100/1"),
    LEAKS_BESIDE("nothing", "in-handler", in_handler, "reachable 100/1"),
    LEAKS("thread-alone", thread_alone, "?"),
    LEAKS_BESIDE("thread-alone", "in-thread", in_thread, "reachable 100/1"),
    LEAKS_BESIDE("nothing", "cycle", cycle, "definite 32/1 indirect 32/1"),
    LEAKS_BESIDE("nothing", "vector-of-strings", vector_of_strings, "definite 24/1 indirect 68/2"),
    LEAKS_BESIDE("nothing", "copy-of-string", copy_of_string, "definite 5/1"),
};

int main(int argc, char **argv)
{
	const size_t n_cases = sizeof(cases) / sizeof(cases[0]);
	void *volatile words[WORDS] = {};
	const char *name = argc > 1 ? argv[1] : "";
	const struct leak_case *chosen;

	__asm__("" : "=r"(place) : "0"(words)); /* which outlives it */
	/* As leak_main(), but that what the case leaves on the stack is not cleared behind it: that
	 * is to count for nothing. */
	if (!strcmp(name, "list")) {
		leak_list(cases, n_cases);
		return 0;
	}
	chosen = strcmp(name, "each") ? leak_find(cases, n_cases, name)
	                              : leak_each(cases, n_cases, argv + 2);
	if (chosen)
		chosen->make();
	return 0;
}
