/* One side of a comparison: the metrics of some runs with all their samples, what they ran on, and
 * their top functions, allocation sites and calls.
 *
 * It is filled from run.json files (side_add_manifest(); several runs of one scenario and type are
 * pooled) and their profiles (side_add_profile()), or read from a baseline file
 * (core/baseline/baseline.h). Nothing here touches a file: core/driver/stored_side.h does.
 *
 * A side owns all that hangs on it; its members are for reading. Functions that can fail return
 * 0 or -errno and a sentence. What is refused is unusable (exit 3), whatever the errno. Not
 * thread-safe.
 */
#ifndef CORE_COMPARE_SIDE_H
#define CORE_COMPARE_SIDE_H

#include "core/metrics.h"
#include "core/options.h"
#include "core/profile.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct side_index;

/* A run that is in it. */
struct side_run {
	char *run_id;
	char *started; /* RFC 3339, UTC */
	char *commit;  /* NULL: not known */
	bool dirty;    /* the checkout had changes */
	bool failed;   /* the target did not end well */
};

struct side_metric {
	char *name;
	char *unit; /* "ns", "bytes", "count", "percent", "1/s" ... */
	enum metric_better better;
	double *samples; /* of each repeat of each run, in the order of the runs; all finite */
	size_t n_samples;
	size_t samples_capacity;
	bool instrumented; /* the collector slowed what it measured */
};

enum side_row_kind {
	SIDE_FUNCTION, /* self: at the leaf; total: anywhere on the stack */
	SIDE_SITE, /* the innermost frame that asked on no other's behalf; total like a function */
	SIDE_CALL, /* a system call; self and total are the same */
};
extern const char *const side_kind_words[]; /* "function", "site", "call" */
enum { SIDE_N_KINDS = SIDE_CALL + 1, SIDE_MAX_ROWS = 200, SIDE_MAX_VALUES = 4 };

/* A column of the rows: pprof's pair of name and unit. */
struct side_value {
	char *name;                 /* "cpu", "alloc_space", "calls" */
	char *unit;                 /* "nanoseconds", "bytes", "count" */
	double whole[SIDE_N_KINDS]; /* of all there was of this kind, rows that were left out too */
};

struct side_row {
	enum side_row_kind kind;
	char *name;    /* demangled; frame_kind_mark() at its end where it is the kernel's, ... */
	char *object;  /* base name of the program or library; "": not known */
	char *file;    /* "": not known */
	uint32_t line; /* 0: not known */
	double self[SIDE_MAX_VALUES]; /* by index of side.values */
	double total[SIDE_MAX_VALUES];
};

struct side {
	char *title; /* "syn-1k/cpu 20261120T093000.123Z", "syn-1k/io, 5 runs", "baseline v1.2" */
	char *scenario;
	char *type;
	struct side_run *runs;
	size_t n_runs;
	size_t runs_capacity;
	uint64_t n_repeats; /* of the target, in all runs together */

	struct side_metric *metrics; /* in the order of run.json */
	size_t n_metrics;
	size_t metrics_capacity;

	/* As run.json has them, of the last run; {} or null where there is nothing. */
	json_t *command;
	json_t *environment; /* the scenario's own variables */
	json_t *parameters;
	json_t *host;
	json_t *git;
	json_t *binary;
	json_t *collector; /* name, backend, event, fallback, options */
	/* In which of these the pooled runs differ: "host", "binary", "options", ... A time of two
	 * machines is of neither. */
	struct text_list mixed;

	/* Pooled quality. A share is -1 where it is not known. */
	uint64_t n_samples;
	uint64_t n_lost;
	double lost_percent;
	double truncated_percent;
	double unresolved_percent;
	struct text_list notes; /* each once */

	struct side_value values[SIDE_MAX_VALUES];
	size_t n_values;
	/* The rows of a kind are sums over so many repeats; 0: there are none. Divided by it they
	 * are of one repeat. */
	uint64_t n_profiled[SIDE_N_KINDS];
	struct side_row *rows; /* by kind, then most first; at most SIDE_MAX_ROWS of a kind */
	size_t n_rows;
	size_t rows_capacity;
	size_t n_left_out[SIDE_N_KINDS]; /* that had less than those */
	struct side_index *index;        /* side_rows.c's own */
};

struct side *side_new(void);
void side_free(struct side *side); /* NULL is fine */

/* Adds one run. `name` is what sentences call it. -EINVAL: it is of another schema or a newer
 * version, cut short, of another scenario or type than the runs before, unusable, or a metric is
 * no number; *side is then only good for side_free(). Oldest run first. */
int side_add_manifest(struct side *side, const json_t *manifest, const char *name,
                      struct diag *diag);

/* Which functions or sites of a profile are compared, and in what: data of a collector. */
struct side_view {
	enum side_row_kind kind;
	/* A frame that asks on its caller's behalf, which the value is then counted as self of; a
	 * stack of nothing else has no site. NULL: the leaf is it. */
	frame_filter *passes_on;
	/* Names of value types, ended by NULL; at most SIDE_MAX_VALUES. What a profile does not
	 * have is left out. */
	const char *const *values;
};

/* Adds the functions or sites of a run's profile, which holds sums of `n_repeats` repeats. */
void side_add_profile(struct side *side, const struct profile *profile,
                      const struct side_view *view, uint64_t n_repeats);

/* To be called once when all is added: pools, sorts and cuts the rows. -EINVAL: there is no run, or
 * it has no metrics. */
int side_finish(struct side *side, struct diag *diag);

/* NULL: it has none of the name. */
const struct side_metric *side_find_metric(const struct side *side, const char *name);

/* Did at least 3 samples agree exactly, and none differ? */
bool side_metric_is_constant(const struct side_metric *metric);
double side_metric_median(const struct side_metric *metric);

/* Is the metric of one of many things of a kind, as io.read.calls is of one system call? Names that
 * users choose may have any dots. */
bool side_metric_names_item(const char *name);
/* And is its absence therefore 0? (Not so shares and means: of nothing there is none.) */
bool side_metric_is_of_item(const char *name, const char *unit);
/* Gives each side the metrics of such things that only the other one has, as zeros: a call that
 * was not made before. What is then still in one side alone was not measured in the other. */
void side_complete(struct side *a, struct side *b);

/* May times, PMU events and resident sets be compared: is the host of both one and the same? *why,
 * which the caller frees, has what differs ("hostname: a, b"); NULL when none does. */
bool side_is_same_machine(const struct side *a, const struct side *b, char **why);
/* Is this metric only good for that? A time, a share of time, a PMU event, a resident set, a
 * number of switches or migrations: DESIGN "compare". */
bool side_metric_is_of_machine(const struct side_metric *metric);
/* Globs that match the names of these, ended by NULL. */
extern const char *const side_globs_of_machine[];

/* -EINVAL with a sentence that names both when they are of two scenarios or types. */
int side_check_pair(const struct side *a, const struct side *b, struct diag *diag);

#endif
