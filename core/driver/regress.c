/* The verb regress: all release scenarios under all their types, one verdict for all of them. */
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/measure.h"
#include "core/driver/measuring.h"
#include "core/driver/output.h"
#include "core/driver/regress_options.h"
#include "core/driver/signals.h"
#include "core/driver/stored_run.h"
#include "core/driver/sweep_files.h"
#include "core/driver/sweep_plan.h"
#include "core/driver/sweep_push.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/export/manifest_members.h"
#include "core/export/openmetrics.h"
#include "core/lock.h"
#include "core/proc_file.h"
#include "core/push/http.h"
#include "core/regress/row.h"
#include "core/regress/state.h"
#include "core/regress/table.h"
#include "core/results/results.h"
#include "core/results/run_id.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sweep {
	const struct command_line *line;
	const struct regress_options *options;
	struct sweep_plan plan;
	struct sweep_files files;
	struct regress_state state;
	struct signals signals;
	struct http *http; /* NULL: nothing is pushed */
	struct lock *lock; /* NULL: not wanted, or not taken yet */
};

static bool is_strict(const struct sweep *sweep)
{
	return sweep->options->strict || sweep->line->common->inconclusive;
}

static void say(const struct sweep *sweep, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(const struct sweep *sweep, const char *format, ...)
{
	va_list args;

	if (sweep->line->common->quiet)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
}

/* Gives the rows of an earlier call their manifests again. -ENOENT: one is not there any more. */
static int find_manifests(struct regress_state *state, const struct run_options *common,
                          struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < state->n_rows; i++) {
		struct regress_row *row = &state->rows[i];
		struct stored_run run;
		char *name;

		if (!row->run_id)
			continue;
		if (!run_id_is_valid(row->run_id) || !results_name_is_valid(row->scenario) ||
		    !results_name_is_valid(row->type))
			return diag_fail(diag, EINVAL, "a row of it is malformed");
		name = xasprintf("%s/%s/%s", row->scenario, row->type, row->run_id);
		err = stored_run_open(&run, common, name, diag);
		if (!err)
			row->manifest = json_incref(run.manifest);
		stored_run_fini(&run);
		free(name);
	}
	return err;
}

static void begin_anew(struct sweep *sweep)
{
	char id[RUN_ID_SIZE];
	struct timespec now;

	regress_state_fini(&sweep->state);
	clock_gettime(CLOCK_REALTIME, &now);
	run_id_format(id, now, 1);
	sweep->state.sweep_id = xstrdup(id);
	sweep->state.key = json_incref(sweep->plan.key);
}

/* Goes on where an interrupted sweep of the same key was; else begins. */
static void resume(struct sweep *sweep)
{
	struct diag why = {0};
	char *difference = NULL;
	int err = sweep_files_load(&sweep->files, &sweep->state, &why);

	if (!err) {
		difference = regress_key_difference(sweep->state.key, sweep->plan.key);
		if (difference)
			diag_fail(&why, ESTALE, "%s has changed", difference);
		else
			err = find_manifests(&sweep->state, sweep->line->common, &why);
	}
	if (!err && !difference) {
		say(sweep, "regress: going on with the sweep %s: %zu of %zu are done\n",
		    sweep->state.sweep_id, sweep->state.n_rows, sweep->plan.n_steps);
	} else {
		if (err != -ENOENT || *why.text)
			say(sweep,
			    "regress: starting anew, not where a sweep was interrupted: %s\n",
			    why.text);
		begin_anew(sweep);
	}
	free(difference);
}

/* Ctrl-C is the sweep's, whatever the target made of it. */
static bool was_interrupted(struct sweep *sweep, const struct outcome *outcome)
{
	const json_t *end = json_object_get(outcome->manifest, "exit");

	signals_take(&sweep->signals);
	return sweep->signals.interrupted || !strcmp(member_text(end, "by"), "interrupt");
}

static int interrupted(struct sweep *sweep, struct diag *diag)
{
	diag_fail(diag, EINTR,
	          "interrupted when %zu of %zu were measured; the same command line goes on from "
	          "there",
	          sweep->state.n_rows, sweep->plan.n_steps);
	return -EINTR;
}

/* Measures one step and keeps what came of it. */
static int run_step(struct sweep *sweep, struct sweep_request *request,
                    const struct sweep_step *step, struct diag *diag)
{
	struct diag why = {0};
	struct outcome outcome = measure(&request->request, step->type, &sweep->signals, &why);
	struct regress_end end = {
	    .status = outcome.status,
	    .target_failed = outcome.target_failed,
	    .gate_failed = outcome.gate_failed,
	    .reason = why.text,
	    .manifest = outcome.manifest,
	};
	struct regress_row *row;
	int err;

	if (was_interrupted(sweep, &outcome)) {
		err = interrupted(sweep, diag);
	} else {
		row = regress_state_add(&sweep->state);
		regress_row_init(row, step->scenario, step->type->name, &end);
		say(sweep, "[%zu/%zu] %s/%s  %s\n", sweep->state.n_rows, sweep->plan.n_steps,
		    step->scenario, step->type->name, regress_verdict_word(row->verdict));
		err = sweep_files_save(&sweep->files, &sweep->state, diag);
	}
	json_decref(outcome.manifest);
	return err;
}

/* The steps of one scenario, from `start` on; *end is behind the last one. */
static int run_scenario(struct sweep *sweep, size_t start, size_t *end, struct diag *diag)
{
	const struct sweep_step *steps = sweep->plan.steps;
	const char *scenario = steps[start].scenario;
	struct sweep_request request;
	int err = sweep_request_init(&request, sweep->line, scenario, diag);

	for (*end = start; *end < sweep->plan.n_steps; ++*end) {
		const struct sweep_step *step = &steps[*end];

		if (strcmp(step->scenario, scenario) != 0)
			break;
		if (!err && !regress_state_find(&sweep->state, scenario, step->type->name))
			err = run_step(sweep, &request, step, diag);
	}
	sweep_request_fini(&request);
	return err;
}

static int run_steps(struct sweep *sweep, struct diag *diag)
{
	int err = 0;

	for (size_t at = 0; !err && at < sweep->plan.n_steps;)
		err = run_scenario(sweep, at, &at, diag);
	return err;
}

static void write_junit(const void *of, FILE *out)
{
	const struct sweep *sweep = of;
	const struct regress_state *state = &sweep->state;
	struct junit_suite *suites = xcalloc(state->n_rows, sizeof(*suites));
	size_t n_suites = 0;

	for (size_t i = 0; i < state->n_rows; i++) {
		const struct regress_row *row = &state->rows[i];
		size_t at = 0;

		while (at < n_suites && strcmp(suites[at].name, row->scenario) != 0)
			at++;
		if (at == n_suites)
			suites[n_suites++].name = xstrdup(row->scenario);
		regress_row_to_junit(row, &suites[at], is_strict(sweep));
	}
	junit_write(suites, n_suites, out);
	for (size_t i = 0; i < n_suites; i++)
		junit_suite_fini(&suites[i]);
	free(suites);
}

static void write_openmetrics(const void *of, FILE *out)
{
	const struct sweep *sweep = of;
	const struct regress_state *state = &sweep->state;
	json_t **manifests = xcalloc(state->n_rows, sizeof(*manifests));
	size_t n_manifests = 0;

	for (size_t i = 0; i < state->n_rows; i++)
		if (state->rows[i].manifest)
			manifests[n_manifests++] = state->rows[i].manifest;
	openmetrics_write(manifests, n_manifests, out);
	free(manifests);
}

static void write_markdown(const void *of, FILE *out)
{
	const struct sweep *sweep = of;

	regress_markdown_write("profile-scenario regress", sweep->state.rows, sweep->state.n_rows,
	                       out);
}

enum { JUNIT, OPENMETRICS, MARKDOWN };

static const struct sweep_document documents[] = {
    [JUNIT] = {"junit.xml", write_junit},
    [OPENMETRICS] = {"openmetrics.txt", write_openmetrics},
    [MARKDOWN] = {"summary.md", write_markdown},
    {0},
};

static int write_copy(const struct sweep *sweep, const struct sweep_document *document,
                      const char *file, struct diag *diag)
{
	struct output out;
	int err = file ? output_open(&out, file, diag) : 0;

	if (!file || err)
		return err;
	document->write(sweep, out.stream);
	return output_close(&out, 0, diag);
}

static int write_all(const struct sweep *sweep, struct diag *diag)
{
	const struct regress_options *options = sweep->options;
	int err = sweep_files_publish(&sweep->files, &sweep->state, documents, sweep, diag);

	if (!err)
		err = write_copy(sweep, &documents[JUNIT], options->junit, diag);
	if (!err)
		err = write_copy(sweep, &documents[OPENMETRICS], options->openmetrics, diag);
	if (!err)
		err = write_copy(sweep, &documents[MARKDOWN], options->markdown, diag);
	return err;
}

/* Of two documents on stdout neither could be read. */
static bool stdout_is_taken(const struct regress_options *options)
{
	const char *files[] = {options->junit, options->openmetrics, options->markdown};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i] && output_is_stdout(files[i]))
			return true;
	return false;
}

static int print_table(const struct sweep *sweep, struct diag *diag)
{
	if (sweep->line->common->quiet || stdout_is_taken(sweep->options))
		return 0;
	regress_table_write(sweep->state.rows, sweep->state.n_rows, stdout);
	return output_flush(0, diag);
}

static int status_of(const struct sweep *sweep, struct diag *diag)
{
	const struct regress_row *row =
	    regress_decisive(sweep->state.rows, sweep->state.n_rows, is_strict(sweep));

	if (!row)
		return STATUS_WELL;
	diag_fail(diag, EDOM, "%s: %s/%s%s%s", regress_verdict_word(row->verdict), row->scenario,
	          row->type, row->reason ? ": " : "", row->reason ? row->reason : "");
	return regress_row_status(row);
}

/* The verdict stands whether or not it reached the gateway: only where all is well is that what
 * went wrong. */
static int push(const struct sweep *sweep, int status, struct diag *diag)
{
	const char *url = sweep->options->push;
	struct diag why;

	if (!sweep->http || !sweep_push(sweep->http, url, &sweep->state, &why))
		return status;
	if (status != STATUS_WELL) {
		fprintf(stderr, "profile-scenario: not all was pushed: %s\n", why.text);
		return status;
	}
	diag_fail(diag, EIO, "not all was pushed: %s", why.text);
	return STATUS_OWN_FAILURE;
}

static int run_sweep(struct sweep *sweep, struct diag *diag)
{
	char *results = request_results_dir(sweep->line->common);
	int err = sweep_files_open(&sweep->files, results, diag), status = STATUS_WELL;

	free(results);
	if (err)
		return STATUS_OWN_FAILURE;
	/* A sweep has times in it: no other one, and no run of times, goes on meanwhile. */
	if (sweep->line->common->lock)
		status = measuring_wait(&sweep->lock, &sweep->signals, diag);
	if (status != STATUS_WELL)
		return status;
	resume(sweep);
	err = run_steps(sweep, diag);
	if (!err)
		err = write_all(sweep, diag);
	if (!err)
		err = print_table(sweep, diag);
	if (err)
		return STATUS_OWN_FAILURE;
	say(sweep, "page   %s/latest/%s\n", sweep->files.path, documents[MARKDOWN].name);
	return push(sweep, status_of(sweep, diag), diag);
}

static int check_files(const struct regress_options *options, struct diag *diag)
{
	int err = output_check(options->junit, diag);

	if (!err)
		err = output_check(options->openmetrics, diag);
	if (!err)
		err = output_check(options->markdown, diag);
	return err;
}

static int open_gateway(struct sweep *sweep, struct diag *diag)
{
	const char *url = sweep->options->push;

	return url ? sweep_push_open(&sweep->http, url, diag) : 0;
}

int regress_verb(const struct command_line *line, struct diag *diag)
{
	struct sweep sweep = {
	    .line = line,
	    .options = line->verb_options,
	    .files = {.dir_fd = -1},
	    .signals = {.fd = -1},
	};
	int status = STATUS_OWN_FAILURE;

	if (proc_file_check(diag))
		return STATUS_UNUSABLE;
	if (!check_files(sweep.options, diag) && !open_gateway(&sweep, diag) &&
	    !sweep_plan_init(&sweep.plan, line, diag) && !signals_init(&sweep.signals, diag))
		status = run_sweep(&sweep, diag);
	lock_free(sweep.lock);
	http_close(sweep.http);
	signals_fini(&sweep.signals);
	sweep_files_close(&sweep.files);
	regress_state_fini(&sweep.state);
	sweep_plan_fini(&sweep.plan);
	return status;
}
