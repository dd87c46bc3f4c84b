/* Options as data: one table gives parsing, scenario-file keys, help, docs and run.json.
 *
 * A module describes its options as rows that point into its own struct. The same row
 * serves `--freq 997`, `-F 997` and `freq = 997` in a section of a scenario file.
 */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

/* The field in the struct has the type in brackets. */
enum option_kind {
	OPTION_SWITCH,  /* [bool] --name and --no-name; in a file yes or no */
	OPTION_COUNT,   /* [uint64_t] */
	OPTION_HZ,      /* [uint64_t] */
	OPTION_SECONDS, /* [uint64_t, ns] decimals allowed */
	OPTION_BYTES,   /* [uint64_t] with K, M, G */
	OPTION_PERCENT, /* [double] */
	OPTION_EXTENT,  /* [struct option_extent] pixels, or with % a share of the whole */
	OPTION_TEXT,    /* [char *] owned */
	OPTION_LIST,    /* [struct text_list] each use adds one */
	OPTION_CHOICE,  /* [int] index into `choices` */
	OPTION_MAYBE,   /* [char *] --name or --name=TEXT; "" without a text */
};

enum option_effect { OPTION_NO_EFFECT, OPTION_TURNS_ON, OPTION_TURNS_OFF };

struct option_extent {
	double number;
	bool is_percent;
};

struct text_list {
	char **texts; /* ended by NULL once there is one */
	size_t n_texts;
	size_t capacity;
};

struct option_row {
	const char *name; /* long name; NULL ends a table */
	char letter;      /* 0: none */
	enum option_kind kind;
	size_t field;         /* offsetof() in the options struct */
	const char *argument; /* "HZ"; NULL for a switch */
	const char *fallback; /* the default as a user would type it; NULL: zero, NULL, false */
	const char *help;
	const char *const *choices; /* OPTION_CHOICE, ended by NULL */
	uint64_t min, max;          /* for numbers (ns for seconds); max 0: no bound */
	bool command_line_only;     /* not a key of scenario files */
	bool with_output_dir;       /* a switch of a type that --output-dir turns on: older wrappers
	                               always wrote what it writes */
	const char *alias;          /* another long name that means the same, or NULL */
	unsigned n_words; /* that it takes, joined by blanks to one value; 0: one. Common options
	                     and verbs' alone */
	/* The option of this table without which this one does nothing, or NULL. It is the
	 * collector that knows when that is (check_options). */
	const char *serves;
	/* A switch that is on makes the field false: with the row that makes it true it is one
	 * choice under two names, and the later use wins. */
	bool is_opposite;
	/* A switch that is turned on does this to another field, a bool, as well: a later use of
	 * that one's own row wins. */
	enum option_effect effect;
	size_t effect_field; /* likewise offsetof() */
	/* Refuses with -EINVAL and a sentence. OPTION_TEXT: NULL: any text will do; the option's
	 * name is put in front. OPTION_CHOICE: asked of words that are no choice, for those that
	 * deserve a sentence of their own. */
	int (*check)(const char *text, struct diag *diag);
};

struct option_table {
	const struct option_row *rows; /* ended by a row without a name; NULL: none */
	size_t struct_bytes;
};

/* A zeroed struct with all defaults set. options_free() frees texts, lists and it. */
void *options_new(const struct option_table *table);
void options_free(const struct option_table *table, void *options);

const struct option_row *options_find(const struct option_table *table, const char *name);
const struct option_row *options_find_letter(const struct option_table *table, char letter);
/* True when a command line's use of the row takes the next word as its value. */
bool option_takes_word(const struct option_row *row);

/* Reads `value` (NULL for a switch that is on) into the row's field. -EINVAL with a sentence
 * that names the option and what it takes. */
int options_set(const struct option_row *row, void *options, const char *value, struct diag *diag);

/* Takes all uses of an OPTION_LIST back; other kinds stay as they are, for a use replaces them. */
void options_empty(const struct option_row *row, void *options);

/* Copies one field from one options struct to another of the same table. */
void options_copy(const struct option_row *row, void *to, const void *from);

/* Has the field the same value in both structs of one table? */
bool options_are_alike(const struct option_row *row, const void *a, const void *b);

/* All values that differ in no way from how they would be typed, for run.json. New reference. */
json_t *options_to_json(const struct option_table *table, const void *options);

void text_list_add(struct text_list *list, const char *text);
void text_list_fini(struct text_list *list);

/* The nearest of the NULL-ended words to `text` by edits (Damerau-Levenshtein), or NULL when none
 * is near. */
const char *nearest_word(const char *text, const char *const *words);

#endif
