/* Reads option values by their table rows, and finds the word that was meant. */
#include "core/options.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/json_text.h"
#include "core/words.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void *field_of(const struct option_row *row, void *options)
{
	return (char *)options + row->field;
}

static const void *const_field_of(const struct option_row *row, const void *options)
{
	return (const char *)options + row->field;
}

void text_list_add(struct text_list *list, const char *text)
{
	list->texts =
	    array_reserve(list->texts, &list->capacity, list->n_texts + 2, sizeof(*list->texts));
	list->texts[list->n_texts++] = xstrdup(text);
	list->texts[list->n_texts] = NULL;
}

void text_list_fini(struct text_list *list)
{
	for (size_t i = 0; i < list->n_texts; i++)
		free(list->texts[i]);
	free(list->texts);
	*list = (struct text_list){0};
}

void *options_new(const struct option_table *table)
{
	void *options = xcalloc(1, table->struct_bytes);
	struct diag diag;

	for (const struct option_row *row = table->rows; row && row->name; row++)
		if (row->fallback)
			BUG(options_set(row, options, row->fallback, &diag) != 0);
	return options;
}

void options_free(const struct option_table *table, void *options)
{
	if (!options)
		return;
	for (const struct option_row *row = table->rows; row && row->name; row++) {
		if (row->kind == OPTION_TEXT || row->kind == OPTION_MAYBE)
			free(*(char **)field_of(row, options));
		else if (row->kind == OPTION_LIST)
			text_list_fini(field_of(row, options));
	}
	free(options);
}

const struct option_row *options_find(const struct option_table *table, const char *name)
{
	for (const struct option_row *row = table->rows; row && row->name; row++)
		if (!strcmp(row->name, name) || (row->alias && !strcmp(row->alias, name)))
			return row;
	return NULL;
}

const struct option_row *options_find_letter(const struct option_table *table, char letter)
{
	for (const struct option_row *row = table->rows; row && row->name; row++)
		if (letter && row->letter == letter)
			return row;
	return NULL;
}

bool option_takes_word(const struct option_row *row)
{
	return row->kind != OPTION_SWITCH && row->kind != OPTION_MAYBE;
}

/* One row a suffix: what the text may end in, and what it multiplies by. */
struct suffix {
	enum option_kind kind;
	const char *text;
	double factor;
};

static const struct suffix suffixes[] = {
    {OPTION_BYTES, "", 1},
    {OPTION_BYTES, "B", 1},
    {OPTION_BYTES, "K", 1024},
    {OPTION_BYTES, "KiB", 1024},
    {OPTION_BYTES, "M", 1024 * 1024},
    {OPTION_BYTES, "MiB", 1024 * 1024},
    {OPTION_BYTES, "G", 1024.0 * 1024 * 1024},
    {OPTION_BYTES, "GiB", 1024.0 * 1024 * 1024},
    {OPTION_SECONDS, "", 1e9},
    {OPTION_SECONDS, "s", 1e9},
    {OPTION_SECONDS, "ms", 1e6},
    {OPTION_SECONDS, "m", 60e9},
    {OPTION_HZ, "", 1},
    {OPTION_HZ, "Hz", 1},
    {OPTION_HZ, "kHz", 1000},
    {OPTION_COUNT, "", 1},
    {OPTION_PERCENT, "", 1},
    {OPTION_PERCENT, "%", 1},
};

/* What a value of each kind looks like, for error sentences. */
static const char *const kind_texts[] = {
    [OPTION_SWITCH] = "yes or no",
    [OPTION_COUNT] = "a whole number",
    [OPTION_HZ] = "a rate in Hz, such as 997",
    [OPTION_SECONDS] = "seconds, such as 2.5",
    [OPTION_BYTES] = "a size, such as 8192 or 64K",
    [OPTION_PERCENT] = "a percentage, such as 2.5",
    [OPTION_EXTENT] = "pixels or a percentage, such as 0.5 or 0.5%",
    [OPTION_TEXT] = "a text",
    [OPTION_LIST] = "a text",
    [OPTION_CHOICE] = "a word",
    [OPTION_MAYBE] = "a text",
};

static int bad_value(const struct option_row *row, const char *value, struct diag *diag)
{
	return diag_fail(diag, EINVAL, "option '%s' takes %s, not '%s'", row->name,
	                 kind_texts[row->kind], value);
}

static int read_number(const struct option_row *row, const char *value, double *number,
                       struct diag *diag)
{
	char *end;
	double parsed;

	errno = 0;
	parsed = strtod(value, &end);
	if (end == value || errno || !isfinite(parsed) || parsed < 0)
		return bad_value(row, value, diag);
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (suffixes[i].kind != row->kind || strcasecmp(suffixes[i].text, end) != 0)
			continue;
		*number = parsed * suffixes[i].factor;
		return 0;
	}
	return bad_value(row, value, diag);
}

static int set_whole(const struct option_row *row, void *options, const char *value,
                     struct diag *diag)
{
	double scale = row->kind == OPTION_SECONDS ? 1e9 : 1;
	double number;
	int err = read_number(row, value, &number, diag);

	if (err)
		return err;
	/* 2^53: beyond it a double no longer holds every whole number. */
	if (number > 9007199254740992.0 || (scale == 1 && number != floor(number)))
		return bad_value(row, value, diag);
	if (number < row->min)
		return diag_fail(diag, EINVAL, "option '%s' is at least %.15g, not '%s'", row->name,
		                 row->min / scale, value);
	if (row->max && number > row->max)
		return diag_fail(diag, EINVAL, "option '%s' is at most %.15g, not '%s'", row->name,
		                 row->max / scale, value);
	*(uint64_t *)field_of(row, options) = (uint64_t)number;
	return 0;
}

static int set_percent(const struct option_row *row, void *options, const char *value,
                       struct diag *diag)
{
	double number;
	int err = read_number(row, value, &number, diag);

	if (err)
		return err;
	if (number > 100)
		return bad_value(row, value, diag);
	*(double *)field_of(row, options) = number;
	return 0;
}

static int set_extent(const struct option_row *row, void *options, const char *value,
                      struct diag *diag)
{
	struct option_extent *extent = field_of(row, options);
	char *end;
	double number = strtod(value, &end);
	bool is_percent = !strcmp(end, "%");

	if (end == value || (*end && !is_percent) || !isfinite(number) || number < 0 ||
	    (is_percent && number > 100))
		return bad_value(row, value, diag);
	*extent = (struct option_extent){number, is_percent};
	return 0;
}

static void turn(const struct option_row *row, void *options, bool is_on)
{
	*(bool *)field_of(row, options) = is_on != row->is_opposite;
	if (is_on && row->effect)
		*(bool *)((char *)options + row->effect_field) = row->effect == OPTION_TURNS_ON;
}

static int set_switch(const struct option_row *row, void *options, const char *value,
                      struct diag *diag)
{
	static const char *const words[2][4] = {{"no", "false", "off", "0"},
	                                        {"yes", "true", "on", "1"}};

	if (!value) {
		turn(row, options, true);
		return 0;
	}
	for (int on = 0; on < 2; on++)
		for (size_t i = 0; i < ARRAY_SIZE(words[on]); i++)
			if (!strcasecmp(value, words[on][i])) {
				turn(row, options, on);
				return 0;
			}
	return bad_value(row, value, diag);
}

/* The nearest of the words, or where none is near all of them. */
static int refuse_choice(const struct option_row *row, const char *value, struct diag *diag)
{
	const char *near = nearest_word(value, row->choices);
	char *all;
	int err;

	if (near)
		return diag_fail(diag, EINVAL, "option '%s' does not know '%s'; did you mean '%s'?",
		                 row->name, value, near);
	all = words_list(row->choices);
	err = diag_fail(diag, EINVAL, "option '%s' does not know '%s'; it takes %s", row->name,
	                value, all);
	free(all);
	return err;
}

static int set_choice(const struct option_row *row, void *options, const char *value,
                      struct diag *diag)
{
	for (int i = 0; row->choices[i]; i++)
		if (!strcmp(row->choices[i], value)) {
			*(int *)field_of(row, options) = i;
			return 0;
		}
	if (row->check && row->check(value, diag))
		return -EINVAL;
	return refuse_choice(row, value, diag);
}

static int set_text(const struct option_row *row, void *options, const char *value)
{
	char **field = field_of(row, options);

	free(*field);
	*field = xstrdup(value);
	return 0;
}

int options_set(const struct option_row *row, void *options, const char *value, struct diag *diag)
{
	if (!value && option_takes_word(row))
		return diag_fail(diag, EINVAL, "option '%s' needs a value: %s", row->name,
		                 row->argument);
	switch (row->kind) {
	case OPTION_SWITCH:
		return set_switch(row, options, value, diag);
	case OPTION_COUNT:
	case OPTION_HZ:
	case OPTION_SECONDS:
	case OPTION_BYTES:
		return set_whole(row, options, value, diag);
	case OPTION_PERCENT:
		return set_percent(row, options, value, diag);
	case OPTION_EXTENT:
		return set_extent(row, options, value, diag);
	case OPTION_CHOICE:
		return set_choice(row, options, value, diag);
	case OPTION_LIST:
		text_list_add(field_of(row, options), value);
		return 0;
	case OPTION_TEXT:
	case OPTION_MAYBE:
		if (row->check && row->check(value, diag)) {
			diag_prefix(diag, "option '%s'", row->name);
			return -EINVAL;
		}
		return set_text(row, options, value ? value : "");
	}
	BUG(true);
}

void options_empty(const struct option_row *row, void *options)
{
	if (row->kind == OPTION_LIST)
		text_list_fini(field_of(row, options));
}

static void copy_list(struct text_list *to, const struct text_list *from)
{
	text_list_fini(to);
	for (size_t i = 0; i < from->n_texts; i++)
		text_list_add(to, from->texts[i]);
}

void options_copy(const struct option_row *row, void *to, const void *from)
{
	static const size_t sizes[] = {
	    [OPTION_SWITCH] = sizeof(bool),    [OPTION_COUNT] = sizeof(uint64_t),
	    [OPTION_HZ] = sizeof(uint64_t),    [OPTION_SECONDS] = sizeof(uint64_t),
	    [OPTION_BYTES] = sizeof(uint64_t), [OPTION_PERCENT] = sizeof(double),
	    [OPTION_CHOICE] = sizeof(int),     [OPTION_EXTENT] = sizeof(struct option_extent),
	};

	if (row->kind == OPTION_LIST)
		copy_list(field_of(row, to), const_field_of(row, from));
	else if (row->kind == OPTION_TEXT || row->kind == OPTION_MAYBE)
		set_text(row, to, *(char *const *)const_field_of(row, from));
	else
		memcpy(field_of(row, to), const_field_of(row, from), sizes[row->kind]);
}

static json_t *extent_to_json(const struct option_extent *extent)
{
	char text[40];

	if (!extent->is_percent)
		return json_real(extent->number);
	snprintf(text, sizeof(text), "%g%%", extent->number);
	return json_string(text);
}

static json_t *value_to_json(const struct option_row *row, const void *options)
{
	const void *field = const_field_of(row, options);

	switch (row->kind) {
	case OPTION_SWITCH:
		return json_boolean(*(const bool *)field != row->is_opposite);
	case OPTION_COUNT:
	case OPTION_HZ:
	case OPTION_BYTES:
		return json_integer((json_int_t) * (const uint64_t *)field);
	case OPTION_SECONDS:
		return json_real((double)*(const uint64_t *)field / 1e9);
	case OPTION_EXTENT:
		return extent_to_json(field);
	case OPTION_PERCENT:
		return json_real(*(const double *)field);
	case OPTION_CHOICE:
		return json_string(row->choices[*(const int *)field]);
	case OPTION_LIST:
		return json_texts(field);
	case OPTION_TEXT:
	case OPTION_MAYBE:
		return json_text(*(char *const *)field);
	}
	BUG(true);
}

bool options_are_alike(const struct option_row *row, const void *a, const void *b)
{
	json_t *value_a = value_to_json(row, a), *value_b = value_to_json(row, b);
	bool are_alike = value_a && value_b ? json_equal(value_a, value_b) : value_a == value_b;

	json_decref(value_a);
	json_decref(value_b);
	return are_alike;
}

json_t *options_to_json(const struct option_table *table, const void *options)
{
	json_t *object = json_object();

	for (const struct option_row *row = table->rows; row && row->name; row++) {
		json_t *value = value_to_json(row, options);

		if (value)
			json_object_set_new(object, row->name, value);
	}
	return object;
}

enum { NEAREST_MAX = 48 };

/* Edits from a to b: insert, remove, replace, swap neighbours (optimal string alignment distance).
 */
static unsigned count_edits(const char *a, const char *b)
{
	size_t len_a = strnlen(a, NEAREST_MAX - 1);
	size_t len_b = strnlen(b, NEAREST_MAX - 1);
	unsigned cost[NEAREST_MAX][NEAREST_MAX];

	for (size_t i = 0; i <= len_a; i++)
		cost[i][0] = (unsigned)i;
	for (size_t j = 0; j <= len_b; j++)
		cost[0][j] = (unsigned)j;
	for (size_t i = 1; i <= len_a; i++) {
		for (size_t j = 1; j <= len_b; j++) {
			unsigned best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (cost[i - 1][j] + 1 < best)
				best = cost[i - 1][j] + 1;
			if (cost[i][j - 1] + 1 < best)
				best = cost[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    cost[i - 2][j - 2] + 1 < best)
				best = cost[i - 2][j - 2] + 1;
			cost[i][j] = best;
		}
	}
	return cost[len_a][len_b];
}

const char *nearest_word(const char *text, const char *const *words)
{
	const char *nearest = NULL;
	/* More than a third of the letters wrong is another word, not a slip. */
	unsigned limit = ((unsigned)strlen(text) + 2) / 3;

	for (; *words; words++) {
		unsigned edits = count_edits(text, *words);

		if (edits <= limit) {
			limit = edits ? edits - 1 : 0;
			nearest = *words;
			if (!edits)
				break;
		}
	}
	return nearest;
}
