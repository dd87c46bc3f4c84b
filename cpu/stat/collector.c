/* The stat collector: options, steps of a run, results. */
#include "cpu/stat/counters.h"
#include "cpu/stat/csv.h"
#include "cpu/stat/events.h"
#include "cpu/stat/limits.h"
#include "cpu/stat/hyperfine.h"
#include "cpu/stat/interval.h"
#include "cpu/stat/options.h"
#include "cpu/stat/runs.h"
#include "cpu/stat/summary.h"
#include "cpu/stat/text.h"

#include "cpu/perf_target.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/quality.h"
#include "core/perf/proc_scan.h"
#include "core/results/results.h"
#include "core/target/binary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct stat_state {
	const struct stat_options *options;
	struct event_list events;
	struct stat_facts facts;
	struct stat_run *runs;
	size_t n_runs;
	size_t capacity;
	uint64_t counted_ns; /* of all runs */
	struct results_run *results;
	struct interval *interval; /* NULL: none */
	char *pids;

	/* of the present repeat */
	struct counters *counters; /* NULL: there are none */
	bool is_child;
	bool begins_later;
};

#define FIELD(name) offsetof(struct stat_options, name)

static const struct option_row option_rows[] = {
    {
        .name = "event",
        .letter = 'e',
        .kind = OPTION_TEXT,
        .field = FIELD(events),
        .argument = "EVENT,...",
        .help = "events of perf list, tracepoints or rNNN to count; {a,b} in the same moments",
        .check = event_list_check,
    },
    {
        .name = "interval",
        .kind = OPTION_COUNT,
        .field = FIELD(interval_ms),
        .argument = "MS",
        .help = "the counters all MS milliseconds, too: interval.csv",
        .min = 1,
        .max = 86400000,
    },
    {
        .name = "min-runs",
        .kind = OPTION_COUNT,
        .field = FIELD(min_runs),
        .argument = "N",
        .help = "run the command at least N times, and again until it ran for 3 s",
        .min = 1,
    },
    {0},
};

/* Any program is measured: what the kernel hides of one is said when it has run. */
static int stat_check(const struct target *target, const void *options, struct diag *diag)
{
	(void)target;
	(void)options;
	(void)diag;
	return 0;
}

static int stat_create(void **state, const void *options, struct diag *diag)
{
	struct stat_state *stat = xcalloc(1, sizeof(*stat));

	(void)diag;
	stat->options = options;
	*state = stat;
	return 0;
}

/* "12,34" */
static void keep_pids(struct stat_state *stat, const struct repeat *repeat)
{
	for (size_t i = 0; i < repeat->n_pids; i++) {
		char *longer =
		    xasprintf("%s%s%d", i ? stat->pids : "", i ? "," : "", repeat->pids[i]);

		free(stat->pids);
		stat->pids = longer;
	}
}

static size_t n_counted(const struct event_list *events)
{
	size_t n = 0;

	for (size_t i = 0; i < events->n_events; i++)
		n += events->events[i].source == SOURCE_COUNTER;
	return n;
}

/* What is the same in all repeats; at the first one. */
static int set_up(struct stat_state *stat, const struct repeat *repeat, struct diag *diag)
{
	struct stat_facts *facts = &stat->facts;
	const struct binary *binary = repeat->binary;
	int err = event_list_parse(&stat->events, stat->options->events, repeat->all_cpus, diag);

	if (!err)
		err = event_list_probe(&stat->events, diag);
	if (err)
		return err;
	facts->events = &stat->events;
	facts->runs_command = repeat->pid > 0;
	facts->all_cpus = repeat->all_cpus;
	facts->counts_part = repeat->begins_later && !repeat->all_cpus;
	facts->gains_rights =
	    binary && !repeat->all_cpus && (binary->is_setuid || binary->has_file_capabilities);
	keep_pids(stat, repeat);
	facts->pids = stat->pids;
	stat->results = repeat->results;
	if (stat->options->interval_ms)
		err = interval_new(&stat->interval, &stat->events, stat->options->interval_ms,
		                   repeat->results, diag);
	facts->has_intervals = stat->interval != NULL;
	return err;
}

static int stat_prepare(void *state, const struct repeat *repeat, struct diag *diag)
{
	struct stat_state *stat = state;
	const char *repeats = stat->options->min_runs ? "min-runs" : NULL;
	int err = perf_target_check_repeats(repeat, repeats, diag);

	if (!err && repeat->number == 0)
		err = set_up(stat, repeat, diag);
	if (err)
		return err;
	stat->is_child = repeat->pid > 0;
	stat->begins_later = repeat->begins_later;
	if (stat->facts.gains_rights || !n_counted(&stat->events))
		return 0;
	err = counters_open(&stat->counters, &stat->events, repeat, diag);
	if (!err)
		stat->facts.n_doubtful += counters_n_doubtful(stat->counters);
	return err;
}

static void begin_interval(struct stat_state *stat)
{
	if (stat->interval && stat->counters)
		interval_begin(stat->interval, (unsigned)stat->n_runs + 1);
}

static int stat_started(void *state, struct diag *diag)
{
	struct stat_state *stat = state;

	(void)diag;
	if (!stat->begins_later)
		begin_interval(stat);
	return 0;
}

static int stat_begin(void *state, struct diag *diag)
{
	struct stat_state *stat = state;

	(void)diag;
	if (stat->begins_later && stat->counters)
		counters_start(stat->counters);
	if (stat->begins_later)
		begin_interval(stat);
	return 0;
}

static int stat_fd(void *state)
{
	const struct stat_state *stat = state;

	return stat->interval && stat->counters ? interval_fd(stat->interval) : -1;
}

static int stat_step(void *state, struct diag *diag)
{
	struct stat_state *stat = state;

	(void)diag;
	interval_step(stat->interval, stat->counters);
	return 0;
}

static void stat_cease(void *state)
{
	struct stat_state *stat = state;

	if (stat->counters)
		counters_stop(stat->counters);
}

static uint64_t timeval_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

/* What wait4(2) has of the event. */
static double rusage_value(const struct rusage *usage, uint64_t config)
{
	switch (config) {
	case PERF_COUNT_SW_PAGE_FAULTS:
		return (double)(usage->ru_minflt + usage->ru_majflt);
	case PERF_COUNT_SW_PAGE_FAULTS_MIN:
		return (double)usage->ru_minflt;
	case PERF_COUNT_SW_PAGE_FAULTS_MAJ:
		return (double)usage->ru_majflt;
	case PERF_COUNT_SW_CONTEXT_SWITCHES:
		return (double)(usage->ru_nvcsw + usage->ru_nivcsw);
	}
	BUG(true);
}

static void read_counts(struct stat_state *stat, const struct target_end *end, struct count *counts)
{
	size_t n_events = stat->events.n_events;
	struct raw_count *raw = xcalloc(n_events + 1, sizeof(*raw));
	bool has_rusage = end->is_known && !stat->begins_later && !stat->facts.all_cpus;
	/* A command's events were on from its exec, unless the kernel has dropped them. */
	bool idle_is_zero = !stat->is_child || stat->begins_later;

	if (stat->counters)
		counters_read(stat->counters, raw);
	for (size_t i = 0; i < n_events; i++) {
		const struct counted_event *event = &stat->events.events[i];

		if (event->source == SOURCE_COUNTER && stat->counters)
			counts[i] = count_scale(&raw[i], idle_is_zero);
		else if (event->source == SOURCE_RUSAGE && has_rusage)
			counts[i] = (struct count){
			    true, rusage_value(&end->usage, event->wish.row.config), 100};
	}
	free(raw);
}

static int stat_ended(void *state, const struct target_end *end, struct diag *diag)
{
	struct stat_state *stat = state;
	struct stat_run *run = ARRAY_APPEND(stat->runs, stat->n_runs, stat->capacity);

	(void)diag;
	run->is_child = end->is_known;
	run->counted_ns = end->measured_ns;
	run->counts = xcalloc(stat->events.n_events + 1, sizeof(*run->counts));
	if (end->is_known) {
		run->wait_status = end->wait_status;
		run->wall_ns = end->wall_ns;
		run->user_ns = timeval_ns(end->usage.ru_utime);
		run->system_ns = timeval_ns(end->usage.ru_stime);
		run->max_rss_bytes = end->max_rss_bytes;
	}
	if (stat->interval && stat->counters)
		interval_end(stat->interval, stat->counters);
	read_counts(stat, end, run->counts);
	stat->counted_ns += end->measured_ns;
	counters_close(stat->counters);
	stat->counters = NULL;
	return 0;
}

/* As hyperfine chooses: at least so many, and at least 3 s in all. */
static bool stat_wants_more(void *state)
{
	const struct stat_state *stat = state;
	static const uint64_t least_ns = 3000000000;

	return stat->options->min_runs && (stat->n_runs < stat->options->min_runs ||
	                                   stat->counted_ns < least_ns);
}

static int write_text(struct stat_state *stat, const struct result *result, struct diag *diag)
{
	FILE *out = results_create(stat->results, "stat.txt", diag);
	char *notes;

	if (!out)
		return -EIO;
	notes = quality_lines(result->quality);
	stat_text_write(&stat->facts, notes, out);
	free(notes);
	return results_close(stat->results, out, diag);
}

static int write_csv(struct stat_state *stat, struct diag *diag)
{
	FILE *out = results_create(stat->results, "runs.csv", diag);

	if (!out)
		return -EIO;
	runs_csv_write(&stat->facts, out);
	return results_close(stat->results, out, diag);
}

/* Of commands alone: its times are those of runs. */
static int write_hyperfine(struct stat_state *stat, const struct result *result, struct diag *diag)
{
	json_t *json;
	FILE *out;
	int damaged, err;

	if (!stat->facts.runs_command)
		return 0;
	out = results_create(stat->results, "hyperfine.json", diag);
	if (!out)
		return -EIO;
	json = hyperfine_to_json(&stat->facts, result->parameters);
	damaged = json_dumpf(json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	fputc('\n', out);
	json_decref(json);
	err = results_close(stat->results, out, diag);
	return !err && damaged ? diag_fail(diag, EIO, "cannot write hyperfine.json") : err;
}

/* Whom it was attached to. */
static void add_processes(const struct stat_state *stat, struct result *result)
{
	char *rest = NULL;
	char *copy = xstrdup(stat->pids ? stat->pids : "");

	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		struct observed_process *row = result_add_process(result);

		row->pid = (pid_t)strtol(word, NULL, 10);
		row->command = proc_scan_command(row->pid);
		row->observed = true;
	}
	free(copy);
}

static int stat_finish(void *state, struct results_run *run, struct result *result,
                       struct diag *diag)
{
	struct stat_state *stat = state;
	int err = 0;

	(void)run;
	result->backend = xstrdup(n_counted(&stat->events) ? "perf_event" : "wait4");
	stat->facts.runs = stat->runs;
	stat->facts.n_runs = stat->n_runs;
	stat->facts.command = result->command;
	add_processes(stat, result);
	if (stat->interval)
		err = interval_close(stat->interval, diag);
	if (!stat->facts.runs_command && !n_counted(&stat->events)) {
		result->unusable = xasprintf("nothing could be counted: %s: %s",
		                             stat->events.events[0].name,
		                             stat->events.events[0].why);
		return err;
	}
	stat_summarize(&stat->facts, result);
	if (!err)
		err = write_text(stat, result, diag);
	if (!err)
		err = write_csv(stat, diag);
	if (!err)
		err = write_hyperfine(stat, result, diag);
	result->page = "stat.txt";
	return err;
}

static void stat_destroy(void *state)
{
	struct stat_state *stat = state;
	struct diag ignored;

	if (!stat)
		return;
	if (stat->interval)
		interval_close(stat->interval, &ignored);
	interval_free(stat->interval);
	counters_close(stat->counters);
	for (size_t i = 0; i < stat->n_runs; i++)
		free(stat->runs[i].counts);
	free(stat->runs);
	event_list_fini(&stat->events);
	free(stat->pids);
	free(stat);
}

const struct collector stat_collector = {
    .name = "stat",
    .aliases = (const char *const[]){"bench", NULL},
    .help = "how long it takes, and what the processor and the kernel count meanwhile",
    .repeats_by_scenario = true,
    .takes_lock = true,
    .attaches = true,
    .sees_all_cpus = true,
    .options = {option_rows, sizeof(struct stat_options)},
    .metrics = stat_metrics,
    .findings = stat_findings,
    .check_metric = stat_metric_check,
    .check = stat_check,
    .create = stat_create,
    .prepare = stat_prepare,
    .started = stat_started,
    .begin = stat_begin,
    .fd = stat_fd,
    .step = stat_step,
    .cease = stat_cease,
    .ended = stat_ended,
    .wants_more = stat_wants_more,
    .finish = stat_finish,
    .destroy = stat_destroy,
};
