/* Finds collectors by name; the list itself comes from the Makefile. */
#include "core/driver/collectors.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLLECTOR(word) extern const struct collector word##_collector;
COLLECTORS
#undef COLLECTOR

#define COLLECTOR(word) &word##_collector,
const struct collector *const collectors[] = {COLLECTORS NULL};
#undef COLLECTOR

const struct collector *collector_find(const char *name)
{
	for (size_t i = 0; collectors[i]; i++) {
		if (!strcmp(collectors[i]->name, name))
			return collectors[i];
		for (const char *const *alias = collectors[i]->aliases; *alias; alias++)
			if (!strcmp(*alias, name))
				return collectors[i];
	}
	return NULL;
}

static int unknown_type(const char *word, struct diag *diag)
{
	const char *names[ARRAY_SIZE(collectors) + 1] = {0};
	const char *near;

	for (size_t i = 0; collectors[i]; i++)
		names[i] = collectors[i]->name;
	near = nearest_word(word, names);
	if (near)
		return diag_fail(diag, EINVAL, "unknown type '%s'; did you mean '%s'?", word, near);
	return diag_fail(diag, EINVAL, "unknown type '%s'; profile-scenario --help lists the types",
	                 word);
}

const struct collector **collectors_all(void)
{
	const struct collector **all = xcalloc(ARRAY_SIZE(collectors), sizeof(*all));

	memcpy(all, collectors, sizeof(collectors));
	return all;
}

const struct collector **collectors_parse(const char *words, struct diag *diag)
{
	const struct collector **found = xcalloc(ARRAY_SIZE(collectors), sizeof(*found));
	char *copy = xstrdup(words);
	char *rest = NULL;
	size_t n_found = 0;

	for (char *word = strtok_r(copy, " \t,", &rest); word;
	     word = strtok_r(NULL, " \t,", &rest)) {
		const struct collector *collector = collector_find(word);
		bool repeated = false;

		if (!collector) {
			unknown_type(word, diag);
			free(found);
			found = NULL;
			break;
		}
		for (size_t i = 0; i < n_found; i++)
			repeated |= found[i] == collector;
		if (!repeated)
			found[n_found++] = collector;
	}
	free(copy);
	if (found && !n_found) {
		diag_fail(diag, EINVAL, "no type is named in '%s'", words);
		free(found);
		found = NULL;
	}
	return found;
}
