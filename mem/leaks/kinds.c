/* The words for kinds of leaks, and sets of them. */
#include "mem/leaks/kinds.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[LEAK_N_KINDS] = {
    [LEAK_REACHABLE] = "reachable",
    [LEAK_POSSIBLE] = "possible",
    [LEAK_INDIRECT] = "indirect",
    [LEAK_DEFINITE] = "definite",
};

const char *leak_kind_word(enum leak_kind kind)
{
	return words[kind];
}

const char *leak_function_name(enum leak_function function)
{
	static const char *const names[LEAK_N_FUNCTIONS] = {
	    [LEAK_MALLOC] = "malloc",
	    [LEAK_CALLOC] = "calloc",
	    [LEAK_REALLOC] = "realloc",
	    [LEAK_MEMALIGN] = "memalign",
	    [LEAK_POSIX_MEMALIGN] = "posix_memalign",
	    [LEAK_ALIGNED_ALLOC] = "aligned_alloc",
	    [LEAK_VALLOC] = "valloc",
	    [LEAK_PVALLOC] = "pvalloc",
	};

	return names[function];
}

static const char *const heuristic_words[LEAK_N_HEURISTICS] = {
    [LEAK_NO_HEURISTIC] = "",
    [LEAK_STDSTRING] = "stdstring",
    [LEAK_LENGTH64] = "length64",
    [LEAK_NEWARRAY] = "newarray",
    [LEAK_MULTIPLE_INHERITANCE] = "multipleinheritance",
};

const char *leak_heuristic_word(enum leak_heuristic heuristic)
{
	return heuristic_words[heuristic];
}

/* Words of which some make a set. */
struct vocabulary {
	const char *const *words;
	unsigned n_words;
	unsigned first;
	const char *sentence; /* "kinds of leaks are ...", to be followed by "not 'WORD'" */
};

/* 0: none is called so. */
static unsigned find_word(const struct vocabulary *vocabulary, const char *word)
{
	for (unsigned i = vocabulary->first; i < vocabulary->n_words; i++)
		if (!strcmp(vocabulary->words[i], word))
			return 1U << i;
	return 0;
}

static int parse_set(const struct vocabulary *vocabulary, const char *text, unsigned *set,
                     struct diag *diag)
{
	char *copy, *rest, *word;
	unsigned found = 0, bit = 0;

	if (!strcmp(text, "all") || !strcmp(text, "none")) {
		for (unsigned i = vocabulary->first; *text == 'a' && i < vocabulary->n_words; i++)
			found |= 1U << i;
		*set = found;
		return 0;
	}
	copy = rest = xstrdup(text);
	while ((word = strsep(&rest, ","))) {
		bit = find_word(vocabulary, word);
		if (!bit)
			break;
		found |= bit;
	}
	free(copy);
	if (!bit)
		return diag_fail(diag, EINVAL, "%s with commas between, or all, or none, not '%s'",
		                 vocabulary->sentence, text);
	*set = found;
	return 0;
}

int leak_kinds_parse(const char *text, unsigned *kinds, struct diag *diag)
{
	static const struct vocabulary vocabulary = {
	    words, LEAK_N_KINDS, 0,
	    "kinds of leaks are definite, indirect, possible and reachable"};

	return parse_set(&vocabulary, text, kinds, diag);
}

int leak_heuristics_parse(const char *text, unsigned *heuristics, struct diag *diag)
{
	static const struct vocabulary vocabulary = {
	    heuristic_words, LEAK_N_HEURISTICS, LEAK_NO_HEURISTIC + 1,
	    "heuristics are stdstring, length64, newarray and multipleinheritance"};

	return parse_set(&vocabulary, text, heuristics, diag);
}
