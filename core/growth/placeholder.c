/* Finds names in braces and puts values in their place. */
#include "core/growth/placeholder.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name in braces at the text's beginning, {NAME} or ${NAME}; *len_bytes of it, *used with what
 * is around it. NULL: there is none. */
static const char *name_at(const char *text, size_t *len_bytes, size_t *used)
{
	const char *name = text + (*text == '$');

	if (*name++ != '{')
		return NULL;
	*len_bytes = strcspn(name, "{} \t\n");
	if (!*len_bytes || name[*len_bytes] != '}')
		return NULL;
	*used = (size_t)(name - text) + *len_bytes + 1;
	return name;
}

/* The index of the value with this name, or that of none. */
static size_t find_value(const struct text_list *values, const char *name, size_t len_bytes)
{
	size_t i = 0;

	while (i < values->n_texts && (strncmp(values->texts[i], name, len_bytes) != 0 ||
	                               values->texts[i][len_bytes] != '='))
		i++;
	return i;
}

char *placeholders_fill(const char *text, const struct text_list *values, bool *is_used)
{
	char *filled = NULL;
	size_t filled_bytes, len_bytes = 0, used = 0;
	FILE *stream;

	if (!text)
		return NULL;
	stream = open_memstream(&filled, &filled_bytes);
	BUG(!stream);
	while (*text) {
		const char *name = name_at(text, &len_bytes, &used);
		size_t i = name ? find_value(values, name, len_bytes) : values->n_texts;

		if (i == values->n_texts) {
			fputc(*text++, stream);
			continue;
		}
		fputs(values->texts[i] + len_bytes + 1, stream);
		is_used[i] = true;
		text += used;
	}
	fclose(stream);
	return filled;
}

void placeholders_list(const char *text, struct text_list *names)
{
	size_t len_bytes = 0, used = 0;

	for (; text && *text; text++) {
		const char *name = *text == '{' ? name_at(text, &len_bytes, &used) : NULL;
		char *copy;

		if (!name)
			continue;
		copy = xstrndup(name, len_bytes);
		text_list_add(names, copy);
		free(copy);
	}
}
