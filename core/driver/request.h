/* What is to be measured: the scenario file, the command line and the defaults brought together.
 */
#ifndef CORE_DRIVER_REQUEST_H
#define CORE_DRIVER_REQUEST_H

#include "core/driver/command_line.h"

#include "core/scenario.h"

struct collector;
struct diag;

struct request {
	const struct command_line *line;
	struct scenario scenario;       /* an empty one around a bare command */
	char *name;                     /* of the results */
	char *results;                  /* directory of the results tree */
	struct text_list command;       /* argv, expanded */
	struct text_list variables;     /* the scenario's environment, expanded */
	struct text_list parameters;    /* NAME=VALUE: built-in, file, command line */
	const struct collector **types; /* ended by NULL */
};

/* -EINVAL for wrong usage and wrong files, with a sentence. */
int request_init(struct request *request, const struct command_line *line, struct diag *diag);
void request_fini(struct request *request);

/* The options of one type: defaults, then the scenario file, then the command line; texts expanded.
 * *common and *own (of the collector's table) are the caller's to free. */
int request_options(const struct request *request, const struct collector *collector,
                    struct run_options **common, void **own, struct diag *diag);

/* Where scenario files are looked for: --scenarios, else ./scenarios and the installed ones. */
void request_scenario_dirs(const struct run_options *options, struct text_list *directories);

/* The results tree: --output-dir, --results, PROFILE_SCENARIO_RESULTS, ./results. The caller frees
 * it. */
char *request_results_dir(const struct run_options *options);

/* Says whether a section of a scenario file knows a key (a scenario_judge). */
int request_judge_setting(const struct setting *setting, void *context, struct diag *diag);

#endif
