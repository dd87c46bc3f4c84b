/* Reads the words of --sort. */
#include "core/export/report_shape.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct report_shape report_default_shape = {
    .keys = {REPORT_COMM, REPORT_DSO, REPORT_SYMBOL},
    .n_keys = 3,
};

static const struct key_word {
	const char *word;
	enum report_key key;
} key_words[] = {
    {"comm", REPORT_COMM},  {"dso", REPORT_DSO}, {"symbol", REPORT_SYMBOL}, {"thread", REPORT_TID},
    {"sym", REPORT_SYMBOL}, {"tid", REPORT_TID}, {"pid", REPORT_PID},
};

static int unknown_key(const char *word, struct diag *diag)
{
	const char *words[ARRAY_SIZE(key_words) + 1] = {0};
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(key_words); i++)
		words[i] = key_words[i].word;
	near = nearest_word(word, words);
	return diag_fail(diag, EINVAL,
	                 "--sort does not know '%s'; %s%s%sit takes comm, dso, symbol, thread, pid",
	                 word, near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
}

static int add_key(struct report_shape *shape, const char *word, struct diag *diag)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(key_words) && strcmp(key_words[i].word, word) != 0)
		i++;
	if (i == ARRAY_SIZE(key_words))
		return unknown_key(word, diag);
	for (size_t j = 0; j < shape->n_keys; j++)
		if (shape->keys[j] == key_words[i].key)
			return diag_fail(diag, EINVAL, "--sort has '%s' twice", word);
	shape->keys[shape->n_keys++] = key_words[i].key;
	return 0;
}

int report_keys_parse(struct report_shape *shape, const char *words, struct diag *diag)
{
	char *copy = xstrdup(words);
	char *save;
	int err = 0;

	shape->n_keys = 0;
	for (char *word = strtok_r(copy, ", ", &save); word && !err;
	     word = strtok_r(NULL, ", ", &save))
		err = add_key(shape, word, diag);
	if (!err && !shape->n_keys)
		err = unknown_key("", diag);
	free(copy);
	return err;
}
