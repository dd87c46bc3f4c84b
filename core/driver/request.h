/* What is to be measured: the scenario file, the command line and the defaults brought together.
 */
#ifndef CORE_DRIVER_REQUEST_H
#define CORE_DRIVER_REQUEST_H

#include "core/driver/command_line.h"

#include "core/scenario.h"

#include <sys/types.h>

struct collector;
struct diag;

struct request {
	const struct command_line *line;
	struct scenario scenario; /* an empty one around a bare command */
	char *name;               /* of the results */
	char *results;            /* directory of the results tree */
	struct text_list command; /* argv, expanded; with pids the first one's; may be empty */
	bool runs_command;
	/* One of many that are run in a row: no target has the caller's stdin or stdout, and no
	 * summary is printed. */
	bool is_unattended;
	uint64_t default_runs;          /* where nobody says how often; 0: the option's own */
	double noise_threshold_percent; /* of what a baseline judges; 0: its own */
	pid_t *pids;                    /* processes to attach to instead */
	size_t n_pids;
	struct text_list variables;     /* the scenario's environment, expanded */
	struct text_list parameters;    /* NAME=VALUE: built-in, file, command line */
	char *scratch;                  /* the directory that ${scratch} names, or NULL */
	double work;                    /* done by a whole run; 0: not known */
	char *work_unknown;             /* why, where the scenario says how much; or NULL */
	const struct collector **types; /* ended by NULL */
};

/* -EINVAL for wrong usage and wrong files, with a sentence. */
int request_init(struct request *request, const struct command_line *line, struct diag *diag);
void request_fini(struct request *request);

/* Where scenario files are looked for: --scenarios, else ./scenarios and the installed ones. */
void request_scenario_dirs(const struct run_options *options, struct text_list *directories);

/* The results tree: --output-dir, --results, PROFILE_SCENARIO_RESULTS, ./results. The caller frees
 * it. */
char *request_results_dir(const struct run_options *options);
/* All of them, for verbs with `many_trees`: added to the list. */
void request_results_dirs(const struct run_options *options, struct text_list *trees);

/* Replaces each ${NAME} in an owned text, or leaves it NULL. -EINVAL: unknown name. */
int request_expand(const struct request *request, char **text, struct diag *diag);

#endif
