/* The words for kinds of leaks and what they are of, as memcheck's options and suppressions spell
 * them (Valgrind manual, 4.3: --show-leak-kinds). */
#ifndef MEM_LEAKS_KINDS_H
#define MEM_LEAKS_KINDS_H

#include "mem/leaks/leaks.h"

struct diag;

enum {
	LEAK_ALL_KINDS = (1 << LEAK_N_KINDS) - 1,
	LEAK_ALL_HEURISTICS = ((1 << LEAK_N_HEURISTICS) - 1) & ~(1 << LEAK_NO_HEURISTIC),
};

/* "definite", "indirect", "possible", "reachable". */
const char *leak_kind_word(enum leak_kind kind);

/* "malloc", "calloc": as a stack of memcheck's begins. */
const char *leak_function_name(enum leak_function function);

/* Reads a set: such words with commas between, or "all", or "none" alone. *kinds: 1 << enum
 * leak_kind each. -EINVAL with a sentence that names the words. */
int leak_kinds_parse(const char *text, unsigned *kinds, struct diag *diag);

/* "stdstring", "length64", "newarray", "multipleinheritance"; none for LEAK_NO_HEURISTIC. */
const char *leak_heuristic_word(enum leak_heuristic heuristic);

/* Likewise a set of these words. */
int leak_heuristics_parse(const char *text, unsigned *heuristics, struct diag *diag);

#endif
