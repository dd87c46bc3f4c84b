/* What stored runs measured over time: of each metric a series of values.
 *
 * Runs are read from their manifests in several threads, without building JSON (core/json_scan.h).
 * Runs belong together that have scenario, type, host and parameters in common. `run.*` is taken
 * from type stat only: other types slow the target. Not thread-safe.
 */
#ifndef CORE_TREND_TREND_H
#define CORE_TREND_TREND_H

#include "core/metrics.h"
#include "core/options.h"
#include "core/results/run_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trend_lack {
	TREND_READ,       /* it was read */
	TREND_DAMAGED,    /* run.json is cut short or no JSON, or has not what it must have */
	TREND_NEWER,      /* of another schema */
	TREND_UNFINISHED, /* no run.json */
	TREND_UNREADABLE, /* for us: rights, the disk */
	TREND_NO_RUN,     /* the growth of a scan */
	TREND_COPY,       /* another tree has the same run of the same host */
};

/* A run of the list, under the same index. Texts live as long as the trend. */
struct trend_run {
	enum trend_lack lack;
	size_t group;
	const char *started; /* "2026-11-20T09:30:00.123Z" */
	const char *commit;  /* "": none */
	const char *verdict; /* "ok", ... */
	/* JSON, as it stands in the file; of one address when they are the same. */
	const char *command, *options;
	bool is_dirty;
	bool is_good; /* usable, and the target did not fail: a part of the series */
};

/* Runs that can be compared over time. */
struct trend_group {
	const char *scenario;
	const char *type;
	const char *host;       /* "": not known */
	const char *parameters; /* "n=1000, how=quick"; "": none */
	size_t n_runs, n_good;
	size_t newest;      /* the last run that was read */
	size_t first, last; /* good runs; meaningless without any */
	/* Good runs that had another command, or other options of the type, than the one before:
	 * a level may change for that alone. */
	size_t n_new_commands, n_new_options;
};

struct trend_value {
	size_t run;
	double value;
	size_t first_sample, n_samples; /* in trend.samples */
};

struct trend_series {
	size_t group;
	size_t number; /* in the order in which they came up */
	const char *metric;
	const char *unit;
	enum metric_better better;
	struct trend_value *values; /* in the order of the runs; of all that were read */
	size_t n_values, capacity;
};

struct trend_wish {
	const char *metrics; /* a glob; NULL: all but those of single system calls (io.NAME.*) */
	bool all;            /* these, too */
	bool with_samples;
};

struct trend {
	const struct run_list *list; /* the caller's; outlives the trend */
	struct trend_run *runs;      /* list->n_runs */
	struct trend_group *groups;  /* by scenario and type as in the list, then as they came up */
	size_t n_groups, groups_capacity;
	struct trend_series *series; /* by group, then as the manifests have them */
	size_t n_series, series_capacity;
	double *samples;
	size_t n_samples, samples_capacity;
	size_t n_lacking; /* runs that were not read */
	size_t n_copies;  /* that are not counted */
	struct trend_inside *inside;
};

/* Reads all runs of the list. Never fails: each run says what it lacks. */
struct trend *trend_new(const struct run_list *list, const struct trend_wish *wish);
void trend_free(struct trend *trend); /* NULL is fine */

/* "cut short or damaged", ... */
const char *trend_lack_text(enum trend_lack lack);

#endif
