/* Options that every type has (CONTRACT 1). */
#ifndef CORE_DRIVER_RUN_OPTIONS_H
#define CORE_DRIVER_RUN_OPTIONS_H

#include "core/export/picture.h"
#include "core/options.h"

struct run_options {
	char *scenario;
	char *type;
	struct text_list results; /* trees; several for verbs that read many */
	char *output_dir;
	char *pid; /* as typed: "1234,5678" */
	bool all_cpus;
	char *only; /* as typed: "nginx,worker" */
	struct text_list scenario_dirs;
	struct text_list parameters;
	struct text_list parameter_scans; /* "VAR MIN MAX" */
	struct text_list parameter_lists; /* "VAR a,b" */
	char *parameter_step;             /* as typed */
	bool parameter_doubles;
	uint64_t runs;
	uint64_t warmup;
	char *prepare;
	char *cleanup;
	char *ready;
	char *load;
	char *ignore_failure; /* "": any status; "1,2": these; NULL: none */
	uint64_t timeout_ns;
	uint64_t duration_ns;
	uint64_t delay_ns;
	char *user;
	char *ambient_cap;
	char *cpus;      /* as typed: "0-3,5" */
	char *numa_node; /* as typed */
	struct text_list budgets;
	struct text_list advisory; /* globs */
	char *baseline;            /* names */
	char *baseline_lenient;
	char *save_baseline;
	char *baselines; /* a directory */
	double min_quality_percent;
	int inconclusive;    /* index into its choices: 0: pass */
	char *repeat_output; /* null, inherit or a file */
	char *copy_to;       /* -o */
	char *json;
	struct picture_options picture;
	bool lock;
	bool quiet;
	bool progress;
	bool version;
	bool help;
};

extern const struct option_table run_option_table;

#endif
