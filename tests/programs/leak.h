/* What the programs leak-* share: each is a table of cases, and each case leaves known leaks
 * behind.
 *
 *   leak-PROGRAM list     a line for each case: NAME|ANSWER|HEURISTIC|OTHERWISE|BESIDE
 *   leak-PROGRAM NAME     makes that case and ends
 *   leak-PROGRAM each [NAME...]
 *                         makes each case in a child of its own, and tells PID NAME of it
 *
 * memcheck and ours are to give exactly the answer, whatever a compiler leaves in registers and on
 * the stack: so a case is a function of its own, whose remains are cleared, and what it allocates
 * holds no stale words.
 */
#ifndef TESTS_PROGRAMS_LEAK_H
#define TESTS_PROGRAMS_LEAK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct leak_case {
	const char *name;
	void (*make)(void);
	/* "CLASS BYTES/BLOCKS ..." of definite, indirect, possible, reachable; a class that is not
	 * named is 0/0. "?": what libraries leave, which depends on their version. */
	const char *answer;
	const char *heuristic; /* the answer is that when one of these is on; NULL: always */
	const char *otherwise; /* the answer when it is off */
	const char *beside;    /* the case with "?" whose leaks are to be added; NULL: none */
};

#define LEAKS(name, make, answer)                                                                  \
	{                                                                                          \
		name, make, answer, NULL, NULL, NULL                                               \
	}
#define LEAKS_BY(heuristic, name, make, answer, otherwise)                                         \
	{                                                                                          \
		name, make, answer, heuristic, otherwise, NULL                                     \
	}
#define LEAKS_BESIDE(beside, name, make, answer)                                                   \
	{                                                                                          \
		name, make, answer, NULL, NULL, beside                                             \
	}

#define LEAK_APART __attribute__((noinline, unused)) static

/* The block, with zeros in it. */
LEAK_APART void *zeroed(void *block, size_t size)
{
	if (!block)
		abort();
	memset(block, 0, size);
	__asm__ volatile("" : "+r"(block)::"memory");
	return block;
}

LEAK_APART void *take(size_t size)
{
	return zeroed(malloc(size), size);
}

/* Frees a block whose words are to stay as they are. */
LEAK_APART void release(void *block)
{
	__asm__ volatile("" ::"r"(block) : "memory");
	free(block);
}

/* What calls that have returned left on the stack. */
LEAK_APART void clear_stack(void)
{
	char words[64 * 1024];

	memset(words, 0, sizeof(words));
	__asm__ volatile("" ::"r"(words) : "memory");
}

LEAK_APART void leak_list(const struct leak_case *cases, size_t n_cases)
{
	for (size_t i = 0; i < n_cases; i++) {
		const struct leak_case *each = &cases[i];

		printf("%s|%s|%s|%s|%s\n", each->name, each->answer,
		       each->heuristic ? each->heuristic : "",
		       each->otherwise ? each->otherwise : "", each->beside ? each->beside : "");
	}
}

LEAK_APART const struct leak_case *leak_find(const struct leak_case *cases, size_t n_cases,
                                             const char *name)
{
	for (size_t i = 0; i < n_cases; i++)
		if (!strcmp(name, cases[i].name))
			return &cases[i];
	return NULL;
}

/* Of all cases, or those that are named: in each child the one that it is to make; NULL in the
 * parent, at the end. */
LEAK_APART const struct leak_case *leak_each(const struct leak_case *cases, size_t n_cases,
                                             char **names)
{
	for (size_t i = 0; *names ? names[i] != NULL : i < n_cases; i++) {
		const struct leak_case *each =
		    *names ? leak_find(cases, n_cases, names[i]) : &cases[i];
		pid_t child = each ? fork() : -1;

		if (child == 0)
			return each;
		if (child < 0)
			abort();
		dprintf(1, "%d %s\n", (int)child, each->name);
		if (waitpid(child, NULL, 0) != child)
			abort();
	}
	return NULL;
}

LEAK_APART int leak_main(int argc, char **argv, const struct leak_case *cases, size_t n_cases)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct leak_case *chosen;

	if (!strcmp(name, "list")) {
		leak_list(cases, n_cases);
		return 0;
	}
	if (!strcmp(name, "each")) {
		chosen = leak_each(cases, n_cases, argv + 2);
		if (!chosen)
			return 0;
	} else {
		chosen = leak_find(cases, n_cases, name);
		if (!chosen)
			return 2;
	}
	chosen->make();
	clear_stack();
	return 0;
}

#endif
