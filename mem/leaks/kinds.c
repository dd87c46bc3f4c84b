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

/* 0: none is called so. */
static unsigned kind_called(const char *word)
{
	for (int kind = 0; kind < LEAK_N_KINDS; kind++)
		if (!strcmp(words[kind], word))
			return 1U << kind;
	return 0;
}

int leak_kinds_parse(const char *text, unsigned *kinds, struct diag *diag)
{
	char *copy, *rest, *word;
	unsigned found = 0, kind = 0;

	if (!strcmp(text, "all") || !strcmp(text, "none")) {
		*kinds = *text == 'a' ? LEAK_ALL_KINDS : 0;
		return 0;
	}
	copy = rest = xstrdup(text);
	while ((word = strsep(&rest, ","))) {
		kind = kind_called(word);
		if (!kind)
			break;
		found |= kind;
	}
	free(copy);
	if (!kind)
		return diag_fail(
		    diag, EINVAL,
		    "kinds of leaks are definite, indirect, possible and reachable with "
		    "commas between, or all, or none, not '%s'",
		    text);
	*kinds = found;
	return 0;
}
