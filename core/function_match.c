/* Compares names of functions as people write them. */
#include "core/function_match.h"

#include "core/alloc.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Does an operator's name end here, so that `<` or `>` are part of it? */
static bool is_after_operator(const char *start, const char *at)
{
	static const char word[] = "operator";
	size_t len = sizeof(word) - 1;

	while (at > start && strchr("<>=-", at[-1]))
		at--;
	return (size_t)(at - start) >= len && !strncmp(at - len, word, len) &&
	       ((size_t)(at - start) == len ||
	        !(isalnum((unsigned char)at[-len - 1]) || at[-len - 1] == '_'));
}

static bool begins_component(const char *start, const char *at)
{
	return at == start || (at - start >= 2 && at[-1] == ':' && at[-2] == ':');
}

/* Behind the bracket that closes the one at `at`; the end of the text where none does. The `>` of
 * an arrow closes nothing. */
static const char *skip_angles(const char *at)
{
	int depth = 0;

	for (; *at; at++) {
		if (*at == '<')
			depth++;
		else if (*at == '>' && at[-1] != '-' && --depth == 0)
			return at + 1;
	}
	return at;
}

char *function_without_templates(const char *name)
{
	char *result = xcalloc(1, strlen(name) + 1);
	const char *at = name;
	size_t len = 0;

	while (*at) {
		const char *end = at + 1;

		if (*at == '<' && !is_after_operator(name, at)) {
			end = skip_angles(at);
			if (!begins_component(name, at)) {
				at = end;
				continue;
			}
		}
		memcpy(result + len, at, (size_t)(end - at));
		len += (size_t)(end - at);
		at = end;
	}
	return result;
}

bool function_has_symbol(const char *function, const char *symbol)
{
	size_t len = strlen(function);

	return !strncmp(symbol, function, len) &&
	       (!symbol[len] || symbol[len] == '@' || symbol[len] == '.');
}

const char *function_last_component(const char *name)
{
	const char *last = name;
	int depth = 0;

	for (const char *at = name; *at; at++) {
		if (strchr("({", *at) || (*at == '<' && !is_after_operator(name, at)))
			depth++;
		else if (strchr(")}", *at) ||
		         (*at == '>' && !is_after_operator(name, at) && at > name && at[-1] != '-'))
			depth--;
		else if (depth == 0 && at[0] == ':' && at[1] == ':')
			last = at + 2;
	}
	return last;
}

bool function_matches(const char *pattern, const char *name)
{
	char *plain;
	bool matches;

	if (!strcmp(pattern, name))
		return true;
	plain = function_without_templates(name);
	matches = !strcmp(pattern, plain) || !fnmatch(pattern, plain, 0);
	if (!matches && !strstr(pattern, "::")) {
		const char *last = function_last_component(plain);

		matches = !strcmp(pattern, last) || !fnmatch(pattern, last, 0);
	}
	free(plain);
	return matches;
}
