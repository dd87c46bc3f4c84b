/* Walks the same members of both manifests. */
#include "core/compare/differences.h"

#include "core/alloc.h"
#include "core/line_text.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 120 }; /* of a value: a command can be long */

struct found {
	struct comparison_difference *rows;
	size_t n;
	size_t capacity;
};

/* Differ in every run and explain nothing. */
static bool is_of_the_moment(const char *what)
{
	return !strcmp(what, "host.load_1m");
}

/* A text as it is, else JSON; one line, cut. */
static char *text_of(const json_t *value)
{
	char *json = NULL, *line;

	if (!value || json_is_null(value))
		return xstrdup("not known");
	if (!json_is_string(value))
		json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	line = line_text(json ? json : json_string_value(value));
	free(json);
	if (strlen(line) > MAX_TEXT) {
		size_t end = MAX_TEXT - 3;

		while (end && ((unsigned char)line[end] & 0xc0) == 0x80)
			end--;
		strcpy(line + end, "...");
	}
	return line;
}

static void add(struct found *found, const char *what, const json_t *base, const json_t *new)
{
	struct comparison_difference *row = ARRAY_APPEND(found->rows, found->n, found->capacity);

	row->what = xstrdup(what);
	row->base = text_of(base);
	row->new = text_of(new);
}

static bool are_equal(const json_t *a, const json_t *b)
{
	if (json_is_null(a))
		a = NULL;
	if (json_is_null(b))
		b = NULL;
	return a && b ? json_equal(a, b) : a == b;
}

static void compare_values(struct found *found, const char *what, const json_t *base,
                           const json_t *new);

static void compare_members(struct found *found, const char *what, const json_t *base,
                            const json_t *new)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)base, key, value)
	{
		char *member = xasprintf("%s.%s", what, key);

		compare_values(found, member, value, json_object_get(new, key));
		free(member);
	}
	json_object_foreach((json_t *)new, key, value)
	{
		char *member = xasprintf("%s.%s", what, key);

		if (!json_object_get(base, key))
			compare_values(found, member, NULL, value);
		free(member);
	}
}

/* Objects of which one side has none are one difference, not one of each member. */
static void compare_values(struct found *found, const char *what, const json_t *base,
                           const json_t *new)
{
	if (are_equal(base, new) || is_of_the_moment(what))
		return;
	if (json_is_object(base) && json_is_object(new))
		compare_members(found, what, base, new);
	else
		add(found, what, base, new);
}

struct comparison_difference *differences_find(const struct side *base, const struct side *new,
                                               size_t *n)
{
	struct found found = {0};

	compare_values(&found, "command", base->command, new->command);
	compare_values(&found, "git", base->git, new->git);
	compare_values(&found, "binary", base->binary, new->binary);
	compare_values(&found, "parameters", base->parameters, new->parameters);
	compare_values(&found, "environment", base->environment, new->environment);
	compare_values(&found, "collector", base->collector, new->collector);
	compare_values(&found, "host", base->host, new->host);
	*n = found.n;
	return found.rows;
}

void differences_free(struct comparison_difference *differences, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(differences[i].what);
		free(differences[i].base);
		free(differences[i].new);
	}
	free(differences);
}
