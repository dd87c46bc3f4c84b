/* Parses the command line by the tables of common and type options. */
#include "core/driver/command_line.h"

#include "core/driver/collectors.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Words of other tools that always hold here: perf's call graphs, strace's children and counts,
 * valgrind's children. */
static const char *const accepted_words[] = {"-g", "-f", "-c", "-fc", "-cf", "--trace-children=yes",
                                             NULL};

enum option_owner { OWNED_BY_TYPE, OWNED_BY_ALL, OWNED_BY_VERB };

/* Where one word of the command line leads. */
struct match {
	const struct verb *verb;
	const struct option_row *row;
	enum option_owner owner;
	char *type; /* of --TYPE.NAME; owned */
	char *name; /* owned */
	char letter;
	const char *value; /* attached to the word, or "no"; NULL: none */
};

static bool is_accepted_word(const char *word)
{
	for (const char *const *accepted = accepted_words; *accepted; accepted++)
		if (!strcmp(*accepted, word))
			return true;
	return false;
}

static const struct option_row *find_in(const struct option_table *table, const struct match *match)
{
	return match->name ? options_find(table, match->name)
	                   : options_find_letter(table, match->letter);
}

/* Is this what the type is called, or one of its views? */
static bool is_type(const char *type, const struct collector *collector)
{
	const struct collector *found = collector_find(type);

	return found && !strcmp(found->name, collector->name);
}

/* Sets match->row, NULL: nobody has the option, and whose it is. */
static void find_row(struct match *match)
{
	match->row = NULL;
	if (!match->type) {
		match->owner = OWNED_BY_VERB;
		match->row = find_in(&match->verb->own, match);
	}
	if (!match->type && !match->row) {
		match->owner = OWNED_BY_ALL;
		match->row = find_in(&run_option_table, match);
	}
	for (size_t i = 0; !match->row && collectors[i]; i++) {
		match->owner = OWNED_BY_TYPE;
		if (!match->type || is_type(match->type, collectors[i]))
			match->row = find_in(&collectors[i]->options, match);
	}
}

static void add_names(const struct option_table *table, const char **names, size_t *n_names)
{
	for (const struct option_row *row = table->rows; row && row->name && *n_names < 255; row++)
		names[(*n_names)++] = row->name;
}

static int unknown_option(const char *word, const struct match *match, struct diag *diag)
{
	const char *names[256] = {0};
	const char *near = NULL;
	size_t n_names = 0;

	add_names(&match->verb->own, names, &n_names);
	add_names(&run_option_table, names, &n_names);
	for (size_t i = 0; collectors[i]; i++)
		add_names(&collectors[i]->options, names, &n_names);
	if (match->name)
		near = nearest_word(match->name, names);
	if (near)
		return diag_fail(diag, EINVAL, "unknown option '%s'; did you mean '--%s'?", word,
		                 near);
	return diag_fail(diag, EINVAL, "unknown option '%s'; profile-scenario --help lists them",
	                 word);
}

/* --NAME, --NAME=VALUE, --no-NAME, --TYPE.NAME */
static int match_long(const char *word, struct match *match, struct diag *diag)
{
	const char *start = word + 2;
	size_t len = strcspn(start, "=");
	const char *dot = memchr(start, '.', len);

	match->value = start[len] ? start + len + 1 : NULL;
	if (dot) {
		match->type = xstrndup(start, (size_t)(dot - start));
		len -= (size_t)(dot + 1 - start);
		start = dot + 1;
	}
	match->name = xstrndup(start, len);
	find_row(match);
	if (!match->row && !strncmp(match->name, "no-", 3) && !match->value) {
		memmove(match->name, match->name + 3, strlen(match->name + 3) + 1);
		find_row(match);
		match->value = "no";
		if (match->row && match->row->kind != OPTION_SWITCH)
			match->row = NULL;
	}
	if (!match->row)
		return unknown_option(word, match, diag);
	return 0;
}

/* -X, -XVALUE */
static int match_short(const char *word, struct match *match, struct diag *diag)
{
	match->letter = word[1];
	find_row(match);
	if (!match->row)
		return unknown_option(word, match, diag);
	if (word[2] == '=' && match->row->kind == OPTION_MAYBE)
		match->value = word + 3;
	else if (word[2])
		match->value = word + 2;
	if (match->value && match->row->kind == OPTION_SWITCH)
		return unknown_option(word, match, diag);
	return 0;
}

static void keep_type_option(struct command_line *line, struct match *match)
{
	struct type_option *option =
	    ARRAY_APPEND(line->type_options, line->n_type_options, line->type_options_capacity);

	option->type = match->type;
	option->name = match->name;
	option->letter = match->letter;
	option->value = match->value;
	match->type = match->name = NULL;
}

static int take_match(struct command_line *line, struct match *match, struct diag *diag)
{
	switch (match->owner) {
	case OWNED_BY_VERB:
		line->verb_typed[match->row - line->verb->own.rows] = true;
		line->n_verb_options++;
		return options_set(match->row, line->verb_options, match->value, diag);
	case OWNED_BY_ALL:
		line->common_typed[match->row - run_option_table.rows] = true;
		return options_set(match->row, line->common, match->value, diag);
	case OWNED_BY_TYPE:
		keep_type_option(line, match);
		break;
	}
	return 0;
}

/* "--" or a long option: what no value looks like that was not forgotten. Words that begin with one
 * dash may be numbers, or targets' own options. */
static bool is_own_word(const struct command_line *line, const char *word)
{
	struct match match = {.verb = line->verb};
	struct diag ignored;
	bool is_own;

	if (strncmp(word, "--", 2) != 0)
		return false;
	is_own = !word[2] || !match_long(word, &match, &ignored);
	free(match.type);
	free(match.name);
	return is_own;
}

static int check_value(const struct command_line *line, const char *option, const char *value,
                       const struct match *match, struct diag *diag)
{
	if (!value)
		return diag_fail(diag, EINVAL, "option '%s' needs a value: %s", option,
		                 match->row->argument);
	if (is_own_word(line, value))
		return diag_fail(diag, EINVAL,
		                 "option '%s' needs a value: %s; if '%s' is meant, write it as "
		                 "%s%s%s",
		                 option, match->row->argument, value, option,
		                 match->name ? "=" : "", value);
	return 0;
}

static unsigned words_of(const struct option_row *row)
{
	return row->n_words ? row->n_words : 1;
}

/* The words behind the option as its value; *joined is owned by the caller where it takes several.
 * A word that is missing is the NULL at argv's end. */
static int take_words(struct command_line *line, char **argv, struct match *match, char **joined,
                      struct diag *diag)
{
	unsigned n_words = words_of(match->row);
	int err = 0;

	for (unsigned i = 1; !err && i <= n_words; i++) {
		char *longer;

		err = check_value(line, argv[0], argv[i], match, diag);
		if (err || n_words == 1)
			continue;
		longer = *joined ? xasprintf("%s %s", *joined, argv[i]) : xstrdup(argv[i]);
		free(*joined);
		*joined = longer;
	}
	match->value = *joined ? *joined : argv[1];
	return err;
}

/* Takes the option at argv[0] and perhaps its value behind; *used tells how many words. */
static int take_option(struct command_line *line, char **argv, int *used, struct diag *diag)
{
	struct match match = {.verb = line->verb};
	char *joined = NULL;
	int err;

	*used = 1;
	if (is_accepted_word(argv[0]))
		return 0;
	err = argv[0][1] == '-' ? match_long(argv[0], &match, diag)
	                        : match_short(argv[0], &match, diag);
	if (!err && !match.value && option_takes_word(match.row)) {
		*used = 1 + (int)words_of(match.row);
		err = take_words(line, argv, &match, &joined, diag);
	}
	if (!err)
		err = take_match(line, &match, diag);
	free(joined);
	free(match.type);
	free(match.name);
	return err;
}

static int check_verb_options(const struct command_line *line, struct diag *diag)
{
	const char *const *allowed = line->verb->options;

	if (line->common->results.n_texts > 1 && !line->verb->many_trees)
		return diag_fail(diag, EINVAL,
		                 "'%s' works on one results tree; give --results once",
		                 line->verb->name);
	if (!allowed)
		return 0;
	if (line->n_type_options)
		return diag_fail(diag, EINVAL, "'%s' takes no options of a type", line->verb->name);
	for (size_t i = 0; run_option_table.rows[i].name; i++) {
		const char *const *name = allowed;

		while (*name && strcmp(*name, run_option_table.rows[i].name) != 0)
			name++;
		if (line->common_typed[i] && !*name)
			return diag_fail(diag, EINVAL, "'%s' does not take --%s", line->verb->name,
			                 run_option_table.rows[i].name);
	}
	return 0;
}

static void set_verb(struct command_line *line, const struct verb *verb)
{
	size_t n_rows = 0;

	line->verb = verb;
	if (!verb->own.rows)
		return;
	while (verb->own.rows[n_rows].name)
		n_rows++;
	line->verb_options = options_new(&verb->own);
	line->verb_typed = xcalloc(n_rows, sizeof(*line->verb_typed));
}

/* Options, then the verb or the first word of the command; sets *at to what follows. */
static int parse_front(struct command_line *line, int argc, char **argv, int *at, struct diag *diag)
{
	bool verb_named = false;
	int err = 0;

	while (!err && *at < argc) {
		const char *word = argv[*at];
		const struct verb *verb;
		int used = 1;

		if (!strcmp(word, "--")) {
			++*at;
			line->after_dashes = true;
			break;
		}
		if (word[0] == '-' && word[1]) {
			err = take_option(line, argv + *at, &used, diag);
		} else {
			verb = verb_named ? NULL : verb_find(word);
			if (!verb)
				break;
			set_verb(line, verb);
			verb_named = true;
			if (!verb->takes_command) {
				++*at;
				break;
			}
		}
		*at += used;
	}
	return err;
}

/* The operands of a verb, with options before, between and behind them. */
static int parse_operands(struct command_line *line, int argc, char **argv, int at,
                          struct diag *diag)
{
	bool only_words = false;
	int err = 0;

	while (!err && at < argc) {
		int used = 1;

		if (!only_words && !strcmp(argv[at], "--"))
			only_words = true;
		else if (!only_words && argv[at][0] == '-' && argv[at][1])
			err = take_option(line, argv + at, &used, diag);
		else
			line->words[line->n_words++] = argv[at];
		at += used;
	}
	return err;
}

int command_line_parse(struct command_line *line, int argc, char **argv, struct diag *diag)
{
	size_t n_rows = 0;
	int at = 1;
	int err;

	while (run_option_table.rows[n_rows].name)
		n_rows++;
	*line = (struct command_line){.verb = &verbs[0]};
	line->common = options_new(&run_option_table);
	line->common_typed = xcalloc(n_rows, sizeof(*line->common_typed));
	line->words = xcalloc((size_t)argc + 1, sizeof(*line->words));
	err = parse_front(line, argc, argv, &at, diag);
	if (!err && line->verb->takes_command)
		for (; at < argc; at++)
			line->words[line->n_words++] = argv[at];
	else if (!err)
		err = parse_operands(line, argc, argv, at, diag);
	if (!err)
		err = check_verb_options(line, diag);
	return err;
}

void command_line_fini(struct command_line *line)
{
	options_free(&run_option_table, line->common);
	options_free(&line->verb->own, line->verb_options);
	free(line->verb_typed);
	free(line->common_typed);
	for (size_t i = 0; i < line->n_type_options; i++) {
		free(line->type_options[i].type);
		free(line->type_options[i].name);
	}
	free(line->type_options);
	free(line->words);
}

bool command_line_has(const struct command_line *line, const char *name)
{
	const struct option_row *row = options_find(&line->verb->own, name);

	return row && line->verb_typed[row - line->verb->own.rows];
}

static const struct option_row *row_of(const struct type_option *option,
                                       const struct collector *collector)
{
	if (option->type && !is_type(option->type, collector))
		return NULL;
	return option->name ? options_find(&collector->options, option->name)
	                    : options_find_letter(&collector->options, option->letter);
}

static bool was_used_before(const struct command_line *line, size_t n, const struct option_row *row,
                            const struct collector *collector)
{
	for (size_t i = 0; i < n; i++)
		if (row_of(&line->type_options[i], collector) == row)
			return true;
	return false;
}

int command_line_apply(const struct command_line *line, const struct collector *collector,
                       void *options, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < line->n_type_options; i++) {
		const struct option_row *row = row_of(&line->type_options[i], collector);

		if (row && !was_used_before(line, i, row, collector))
			options_empty(row, options);
		if (row)
			err = options_set(row, options, line->type_options[i].value, diag);
	}
	return err;
}

static int check_type_option(const struct type_option *option, const struct collector *const *types,
                             struct diag *diag)
{
	const struct collector *owner = NULL;
	char letter[] = {'-', option->letter, 0};
	char *spelling = option->name ? xasprintf("--%s", option->name) : xstrdup(letter);
	char asked[64] = "";
	char owners[64] = "";
	size_t n_owners = 0;
	int err = 0;

	for (size_t i = 0; types[i]; i++) {
		size_t used = strlen(asked);

		snprintf(asked + used, sizeof(asked) - used, "%s%s", i ? ", " : "", types[i]->name);
		if (row_of(option, types[i])) {
			used = strlen(owners);
			snprintf(owners + used, sizeof(owners) - used, "%s%s",
			         n_owners++ ? ", " : "", types[i]->name);
			owner = types[i];
		}
	}
	if (!owner && option->type)
		err =
		    diag_fail(diag, EINVAL, "option '--%s.%s' is for a type that is not asked for",
		              option->type, option->name);
	else if (!owner)
		err = diag_fail(diag, EINVAL, "option '%s' is not one of %s '%s'", spelling,
		                types[1] ? "types" : "type", asked);
	else if (n_owners > 1)
		err =
		    diag_fail(diag, EINVAL,
		              "option '%s' belongs to several types; say --TYPE.%s, with one of %s",
		              spelling, row_of(option, owner)->name, owners);
	free(spelling);
	return err;
}

int command_line_check_types(const struct command_line *line, const struct collector *const *types,
                             struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < line->n_type_options; i++)
		err = check_type_option(&line->type_options[i], types, diag);
	return err;
}
