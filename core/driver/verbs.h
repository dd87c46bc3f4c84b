/* The verbs of the command line: a row each.
 */
#ifndef CORE_DRIVER_VERBS_H
#define CORE_DRIVER_VERBS_H

#include "core/options.h"

#include <stdbool.h>

struct command_line;
struct diag;

struct verb {
	const char *name;
	const char *operands; /* for help */
	const char *help;
	bool takes_command; /* words are a command: options end at the first */
	bool many_trees;    /* --results may be given several times */
	/* Long names of the common options that it takes, ended by NULL; NULL: all of them and
	 * those of types. */
	const char *const *options;
	/* Returns the exit status; for any but 0 the diagnostic says why. */
	int (*run)(const struct command_line *line, struct diag *diag);
	struct option_table own; /* its own, which go before common ones of the same name */
};

extern const struct verb verbs[]; /* ended by a row without a name; the first is the default */
const struct verb *verb_find(const char *name); /* NULL: no such verb */
const char *verb_nearest(const char *word);     /* NULL: none is near */

int run_verb(const struct command_line *line, struct diag *diag);
int list_verb(const struct command_line *line, struct diag *diag);
int show_verb(const struct command_line *line, struct diag *diag);
int regress_verb(const struct command_line *line, struct diag *diag);
int export_verb(const struct command_line *line, struct diag *diag);
int rm_verb(const struct command_line *line, struct diag *diag);
int prune_verb(const struct command_line *line, struct diag *diag);
int trend_verb(const struct command_line *line, struct diag *diag);
int compare_verb(const struct command_line *line, struct diag *diag);
int baseline_verb(const struct command_line *line, struct diag *diag);

#endif
