/* The command line as data: options in their order, the verb, and the words of the command.
 *
 * Options of collectors are kept as they were typed until the types are known. Texts point into
 * argv.
 */
#ifndef CORE_DRIVER_COMMAND_LINE_H
#define CORE_DRIVER_COMMAND_LINE_H

#include "core/driver/run_options.h"

#include <stdbool.h>
#include <stddef.h>

struct collector;
struct diag;
struct scan_point;

/* One use of an option that is not common to all types. */
struct type_option {
	char *type;        /* of --TYPE.NAME, or NULL */
	char *name;        /* long name, or NULL */
	char letter;       /* where it was used by letter */
	const char *value; /* NULL: a switch that is on */
};

struct command_line {
	struct run_options *common; /* what was typed over the defaults */
	bool *common_typed;         /* one a row of run_option_table: was it typed? */
	struct type_option *type_options;
	size_t n_type_options;
	size_t type_options_capacity;
	const struct verb *verb; /* never NULL */
	void *verb_options;      /* of verb->own; NULL where it has none */
	bool *verb_typed;        /* one a row of them: was it typed? */
	size_t n_verb_options;   /* how many were */
	char **words;            /* the command, or a verb's operands; ended by NULL */
	size_t n_words;
	bool after_dashes; /* the words came right after `--` */
	const struct scan_point *point; /* of a scan, which this line stands for; NULL: no scan's */
};

int command_line_parse(struct command_line *line, int argc, char **argv, struct diag *diag);
void command_line_fini(struct command_line *line);

/* Whether the verb's own option of that name was typed. */
bool command_line_has(const struct command_line *line, const char *name);

/* Sets a type's own options from the command line. */
int command_line_apply(const struct command_line *line, const struct collector *collector,
                       void *options, struct diag *diag);

/* -EINVAL when a type option was typed that none of the types has, or several have without saying
 * which is meant. */
int command_line_check_types(const struct command_line *line, const struct collector *const *types,
                             struct diag *diag);

#endif
