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

static bool is_called(const struct collector *collector, const char *name)
{
	if (!strcmp(collector->word ? collector->word : collector->name, name))
		return true;
	for (const char *const *alias = collector->aliases; *alias; alias++)
		if (!strcmp(*alias, name))
			return true;
	return false;
}

static const struct collector *find_view(const struct collector *collector, const char *name)
{
	const struct collector *const *view = collector->views;

	for (; view && *view; view++)
		if (is_called(*view, name))
			return *view;
	return NULL;
}

const struct collector *collector_find(const char *name)
{
	for (size_t i = 0; collectors[i]; i++) {
		const struct collector *view = find_view(collectors[i], name);

		if (view || is_called(collectors[i], name))
			return view ? view : collectors[i];
	}
	return NULL;
}

static int unknown_type(const char *word, struct diag *diag)
{
	const char *names[4 * ARRAY_SIZE(collectors)] = {0};
	const char *near;
	size_t n = 0;

	for (size_t i = 0; collectors[i]; i++) {
		const struct collector *const *view = collectors[i]->views;

		names[n++] = collectors[i]->name;
		for (; view && *view && n + 1 < ARRAY_SIZE(names); view++)
			names[n++] = (*view)->word;
	}
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
		size_t same = 0;

		if (!collector) {
			unknown_type(word, diag);
			free(found);
			found = NULL;
			break;
		}
		while (same < n_found && strcmp(found[same]->name, collector->name) != 0)
			same++;
		/* A type says all that its views do. */
		if (same == n_found || !collector->word)
			found[same] = collector;
		n_found += same == n_found;
	}
	free(copy);
	if (found && !n_found) {
		diag_fail(diag, EINVAL, "no type is named in '%s'", words);
		free(found);
		found = NULL;
	}
	return found;
}
