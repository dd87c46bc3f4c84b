/* Splits, expands and joins words the way sh(1) spells them. */
#include "core/words.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies one word up to an unquoted blank; returns where it ended, or NULL when a quote stays open.
 */
static const char *copy_word(const char *text, FILE *word)
{
	char quote = 0;

	for (; *text; text++) {
		if (quote == '\'' ? *text == '\'' : quote && *text == '"') {
			quote = 0;
		} else if (quote == '\'') {
			fputc(*text, word);
		} else if (*text == '\\' && text[1] && (!quote || strchr("$`\"\\\n", text[1]))) {
			fputc(*++text, word);
		} else if (!quote && (*text == '\'' || *text == '"')) {
			quote = *text;
		} else if (!quote && strchr(" \t\n", *text)) {
			break;
		} else {
			fputc(*text, word);
		}
	}
	return quote ? NULL : text;
}

int words_split(const char *text, struct text_list *words, struct diag *diag)
{
	const char *rest = text;

	for (;;) {
		char *word = NULL;
		size_t len_bytes;
		FILE *stream;

		rest += strspn(rest, " \t\n");
		if (!*rest)
			return 0;
		stream = open_memstream(&word, &len_bytes);
		BUG(!stream);
		rest = copy_word(rest, stream);
		fclose(stream);
		if (rest)
			text_list_add(words, word);
		free(word);
		if (!rest)
			return diag_fail(diag, EINVAL, "a quote is not closed in: %s", text);
	}
}

static const char *find_value(const struct text_list *values, const char *name, size_t len_bytes)
{
	for (size_t i = values->n_texts; i > 0; i--) {
		const char *text = values->texts[i - 1];

		if (!strncmp(text, name, len_bytes) && text[len_bytes] == '=')
			return text + len_bytes + 1;
	}
	return NULL;
}

static int unknown_name(const struct text_list *values, const char *name, size_t len_bytes,
                        struct diag *diag)
{
	const char **known = xcalloc(values->n_texts + 1, sizeof(*known));
	char *asked = xstrndup(name, len_bytes);
	const char *near;

	for (size_t i = 0; i < values->n_texts; i++)
		known[i] = xstrndup(values->texts[i], strcspn(values->texts[i], "="));
	near = nearest_word(asked, known);
	if (near)
		diag_fail(diag, EINVAL, "unknown parameter ${%s}; did you mean ${%s}?", asked,
		          near);
	else
		diag_fail(diag, EINVAL, "unknown parameter ${%s}; set it under [parameters]",
		          asked);
	for (size_t i = 0; i < values->n_texts; i++)
		free((char *)known[i]);
	free(known);
	free(asked);
	return -EINVAL;
}

int words_expand(const char *text, const struct text_list *values, char **expanded,
                 struct diag *diag)
{
	size_t len_bytes;
	FILE *stream = open_memstream(expanded, &len_bytes);
	int err = 0;

	BUG(!stream);
	while (*text && !err) {
		size_t plain = strcspn(text, "$");
		size_t name_bytes;
		const char *value;

		fwrite(text, 1, plain, stream);
		text += plain;
		name_bytes = text[0] == '$' && text[1] == '{' ? strcspn(text + 2, "}") : 0;
		if (!name_bytes || text[2 + name_bytes] != '}') {
			if (*text)
				fputc(*text++, stream);
			continue;
		}
		value = find_value(values, text + 2, name_bytes);
		if (value)
			fputs(value, stream);
		else
			err = unknown_name(values, text + 2, name_bytes, diag);
		text += name_bytes + 3;
	}
	fclose(stream);
	if (err) {
		free(*expanded);
		*expanded = NULL;
	}
	return err;
}

static void put_quoted(const char *word, FILE *stream)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                           "@%+=:,./_-";

	if (*word && !word[strspn(word, safe)]) {
		fputs(word, stream);
		return;
	}
	fputc('\'', stream);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", stream);
		else
			fputc(*word, stream);
	}
	fputc('\'', stream);
}

char *words_join(char *const *words, size_t n_words)
{
	char *text = NULL;
	size_t len_bytes;
	FILE *stream = open_memstream(&text, &len_bytes);

	BUG(!stream);
	for (size_t i = 0; i < n_words; i++) {
		if (i)
			fputc(' ', stream);
		put_quoted(words[i], stream);
	}
	fclose(stream);
	return text;
}

char *words_list(const char *const *words)
{
	char *text = xstrdup(words[0] ? words[0] : "");

	for (size_t i = 1; words[0] && words[i]; i++) {
		char *longer = xasprintf("%s, %s", text, words[i]);

		free(text);
		text = longer;
	}
	return text;
}
