/* Pools the runs of one side of a comparison. */
#include "core/compare/side.h"

#include "core/compare/side_rows.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/json_text.h"
#include "core/stats/describe.h"
#include "core/results/results.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct side *side_new(void)
{
	struct side *side = xcalloc(1, sizeof(*side));

	side->lost_percent = side->truncated_percent = side->unresolved_percent = -1;
	return side;
}

void side_free(struct side *side)
{
	if (!side)
		return;
	for (size_t i = 0; i < side->n_runs; i++) {
		free(side->runs[i].run_id);
		free(side->runs[i].started);
		free(side->runs[i].commit);
	}
	for (size_t i = 0; i < side->n_metrics; i++) {
		free(side->metrics[i].name);
		free(side->metrics[i].unit);
		free(side->metrics[i].samples);
	}
	free(side->runs);
	free(side->metrics);
	json_decref(side->command);
	json_decref(side->environment);
	json_decref(side->parameters);
	json_decref(side->host);
	json_decref(side->git);
	json_decref(side->binary);
	json_decref(side->collector);
	text_list_fini(&side->mixed);
	text_list_fini(&side->notes);
	side_rows_fini(side);
	free(side->title);
	free(side->scenario);
	free(side->type);
	free(side);
}

int side_check_schema(const json_t *document, int schema, const char *name, struct diag *diag)
{
	const json_t *found = json_object_get(document, "schema");
	const char *version = json_text_at(json_object_get(document, "tool"), "version");

	if (!json_is_integer(found))
		return diag_fail(diag, EINVAL,
		                 "%s has no schema version: it is no result of profile-scenario, "
		                 "or damaged",
		                 name);
	if (json_integer_value(found) > schema)
		return diag_fail(diag, EINVAL,
		                 "%s is of schema %lld, written by a newer version%s%s; this one "
		                 "(%s) reads schema %d: use that version",
		                 name, json_integer_value(found), version ? ", " : "",
		                 version ? version : "", VERSION, schema);
	if (json_integer_value(found) != schema)
		return diag_fail(diag, EINVAL, "%s is of schema %lld; this version reads %d", name,
		                 json_integer_value(found), schema);
	return 0;
}

/* The first run says what scenario and type the side is of. */
static int check_subject(struct side *side, const char *scenario, const char *type,
                         const char *name, struct diag *diag)
{
	if (!scenario || !type)
		return diag_fail(diag, EINVAL,
		                 "%s names no scenario and type: it was cut short or changed",
		                 name);
	if (!side->scenario) {
		side->scenario = xstrdup(scenario);
		side->type = xstrdup(type);
	}
	if (strcmp(side->scenario, scenario) != 0)
		return diag_fail(diag, EINVAL,
		                 "%s is of scenario %s, the runs before of %s: a set is of one "
		                 "scenario",
		                 name, scenario, side->scenario);
	if (strcmp(side->type, type) != 0)
		return diag_fail(diag, EINVAL,
		                 "%s is of type %s, the runs before of %s: a set is of one type",
		                 name, type, side->type);
	return 0;
}

static struct side_metric *find_metric(const struct side *side, const char *name)
{
	for (size_t i = 0; i < side->n_metrics; i++)
		if (!strcmp(side->metrics[i].name, name))
			return &side->metrics[i];
	return NULL;
}

const struct side_metric *side_find_metric(const struct side *side, const char *name)
{
	return find_metric(side, name);
}

bool side_metric_names_item(const char *name)
{
	const char *first = strchr(name, '.');

	return first && strrchr(name, '.') > first && strncmp(name, "user.", 5) != 0;
}

bool side_metric_is_of_item(const char *name, const char *unit)
{
	static const char *const sums[] = {"count", "bytes", "ns"};
	bool is_sum = false;

	for (size_t i = 0; i < ARRAY_SIZE(sums); i++)
		is_sum |= !strcmp(unit, sums[i]);
	return is_sum && side_metric_names_item(name);
}

/* Is it the same of another thing, as io.read.calls and io.write.calls are? */
static bool is_kin(const char *a, const char *b)
{
	size_t len = strcspn(a, ".");

	return !strncmp(a, b, len) && b[len] == '.' && !strcmp(strrchr(a, '.'), strrchr(b, '.'));
}

/* How many samples those like it have. */
static size_t samples_of_kin(const struct side *side, const char *name)
{
	size_t most = 0;

	for (size_t i = 0; i < side->n_metrics; i++) {
		const struct side_metric *metric = &side->metrics[i];

		if (side_metric_is_of_item(metric->name, metric->unit) &&
		    is_kin(name, metric->name) && metric->n_samples > most)
			most = metric->n_samples;
	}
	return most;
}

static void fill_up(struct side_metric *metric, size_t n_samples)
{
	while (metric->n_samples < n_samples)
		*ARRAY_APPEND(metric->samples, metric->n_samples, metric->samples_capacity) = 0;
}

static struct side_metric *add_metric(struct side *side, const char *name, const char *unit,
                                      enum metric_better better, bool instrumented)
{
	size_t n_before = side_metric_is_of_item(name, unit) ? samples_of_kin(side, name) : 0;
	struct side_metric *metric =
	    ARRAY_APPEND(side->metrics, side->n_metrics, side->metrics_capacity);

	metric->name = xstrdup(name);
	metric->unit = xstrdup(unit);
	metric->better = better;
	metric->instrumented = instrumented;
	fill_up(metric, n_before);
	return metric;
}

static enum metric_better better_of(const json_t *metric)
{
	const char *better = json_text_at(metric, "better");

	if (!better)
		return METRIC_NEUTRAL;
	return !strcmp(better, "higher") ? METRIC_HIGHER : METRIC_LOWER;
}

/* Makes the metric when it is new, with zeros for the runs before where they would have had it. */
static int declare_metric(struct side *side, const char *metric_name, const json_t *member,
                          const char *name, struct diag *diag)
{
	const char *unit = json_text_at(member, "unit");
	const struct side_metric *metric = find_metric(side, metric_name);

	if (!unit || !json_array_size(json_object_get(member, "samples")))
		return diag_fail(diag, EINVAL,
		                 "%s: metric %s has no unit or no samples: the file was changed",
		                 name, metric_name);
	if (metric && strcmp(metric->unit, unit) != 0)
		return diag_fail(diag, EINVAL, "%s: metric %s is in %s, in the runs before in %s",
		                 name, metric_name, unit, metric->unit);
	if (!metric)
		add_metric(side, metric_name, unit, better_of(member),
		           json_is_true(json_object_get(member, "instrumented")));
	return 0;
}

static int add_samples(struct side_metric *metric, const json_t *samples, const char *name,
                       struct diag *diag)
{
	for (size_t i = 0; i < json_array_size(samples); i++) {
		const json_t *sample = json_array_get(samples, i);

		if (!json_is_number(sample) || !isfinite(json_number_value(sample)))
			return diag_fail(diag, EINVAL, "%s: sample %zu of metric %s is no number",
			                 name, i + 1, metric->name);
		*ARRAY_APPEND(metric->samples, metric->n_samples, metric->samples_capacity) =
		    json_number_value(sample);
	}
	return 0;
}

int side_add_metrics(struct side *side, json_t *metrics, const char *name, struct diag *diag)
{
	const char *metric_name;
	json_t *member;
	int err = 0;

	if (!json_object_size(metrics))
		return diag_fail(diag, EINVAL,
		                 "%s has no metrics: nothing was measured, or it was cut short",
		                 name);
	json_object_foreach(metrics, metric_name, member)
	{
		if (!err)
			err = declare_metric(side, metric_name, member, name, diag);
	}
	json_object_foreach(metrics, metric_name, member)
	{
		if (!err)
			err = add_samples(find_metric(side, metric_name),
			                  json_object_get(member, "samples"), name, diag);
	}
	/* What this run alone lacks. */
	for (size_t i = 0; !err && i < side->n_metrics; i++) {
		struct side_metric *metric = &side->metrics[i];

		if (side_metric_is_of_item(metric->name, metric->unit))
			fill_up(metric, samples_of_kin(side, metric->name));
	}
	return err;
}

/* Of a member the parts that tell two of its kind apart. New reference. */
static json_t *identity_of(const char *what, const json_t *value)
{
	static const char *const binary[] = {"build_id", "sha256", NULL};
	static const char *const host[] = {"hostname", "kernel", "cpu_model", "cpus",
	                                   "governor", "turbo",  "smt",       "aslr",
	                                   "thp",      "libc",   NULL};
	static const char *const collector[] = {"backend", "event", "options", NULL};
	const char *const *keys = !strcmp(what, "binary")      ? binary
	                          : !strcmp(what, "host")      ? host
	                          : !strcmp(what, "collector") ? collector
	                                                       : NULL;
	json_t *identity = json_object();

	if (!keys || !json_is_object(value))
		json_object_set(identity, what, (json_t *)value);
	for (; keys && *keys; keys++)
		json_object_set(identity, *keys, json_object_get(value, *keys));
	return identity;
}

bool side_member_differs(const char *what, const json_t *a, const json_t *b)
{
	json_t *left = identity_of(what, a), *right = identity_of(what, b);
	bool differs = !json_equal(left, right);

	json_decref(left);
	json_decref(right);
	return differs;
}

static void add_once(struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->n_texts; i++)
		if (!strcmp(list->texts[i], text))
			return;
	text_list_add(list, text);
}

/* Keeps the newest of each, and notes which ones are not all the same. */
static void set_member(struct side *side, const json_t *manifest, const char *what, json_t **member)
{
	json_t *found = json_object_get(manifest, what);
	json_t *value = found ? json_incref(found) : json_null();

	if (*member && side_member_differs(what, *member, value))
		add_once(&side->mixed, what);
	json_decref(*member);
	*member = value;
}

static void set_environment(struct side *side, const json_t *manifest)
{
	json_t *git = json_object_get(manifest, "git");

	set_member(side, manifest, "command", &side->command);
	set_member(side, manifest, "environment", &side->environment);
	set_member(side, manifest, "parameters", &side->parameters);
	set_member(side, manifest, "host", &side->host);
	set_member(side, manifest, "binary", &side->binary);
	set_member(side, manifest, "collector", &side->collector);
	json_decref(side->git);
	side->git = git ? json_incref(git) : json_null();
}

/* The pooled share of something, weighted by samples; -1 stays where no run has it. */
static void pool_share(double *share, uint64_t n_before, const json_t *quality, const char *key,
                       uint64_t n_samples)
{
	const json_t *value = json_object_get(quality, key);
	double whole = (double)n_before + (double)n_samples;

	if (!json_is_number(value))
		return;
	if (*share < 0 || whole <= 0)
		*share = json_number_value(value);
	else
		*share =
		    (*share * (double)n_before + json_number_value(value) * (double)n_samples) /
		    whole;
}

static uint64_t count_at(const json_t *object, const char *key)
{
	double value = json_number_value(json_object_get(object, key));

	return value > 0 && value < 1e18 ? (uint64_t)value : 0;
}

void side_add_quality(struct side *side, const json_t *quality)
{
	uint64_t n_samples = count_at(quality, "samples");
	const json_t *notes = json_object_get(quality, "notes");

	pool_share(&side->lost_percent, side->n_samples, quality, "lost_percent", n_samples);
	pool_share(&side->truncated_percent, side->n_samples, quality, "truncated_percent",
	           n_samples);
	pool_share(&side->unresolved_percent, side->n_samples, quality, "unresolved_percent",
	           n_samples);
	side->n_samples += n_samples;
	side->n_lost += count_at(quality, "lost_samples");
	for (size_t i = 0; i < json_array_size(notes); i++)
		if (json_is_string(json_array_get(notes, i)))
			add_once(&side->notes, json_string_value(json_array_get(notes, i)));
}

void side_add_run(struct side *side, const char *run_id, const char *started, const json_t *git)
{
	struct side_run *run = ARRAY_APPEND(side->runs, side->n_runs, side->runs_capacity);

	run->run_id = xstrdup(run_id);
	run->started = xstrdup(started ? started : "");
	run->commit = xstrdup(json_text_at(git, "commit"));
	run->dirty = json_is_true(json_object_get(git, "dirty"));
}

/* Every repeat has its time. */
uint64_t side_repeats_of(const json_t *metrics)
{
	const json_t *wall = json_object_get(metrics, "run.wall_ns");
	size_t n = json_array_size(json_object_get(wall, "samples"));

	return n ? n : 1;
}

static int check_verdict(const json_t *manifest, const char *name, struct diag *diag)
{
	const char *verdict = json_text_at(manifest, "verdict");

	if (!verdict)
		return diag_fail(diag, EINVAL, "%s has no verdict: it was cut short or changed",
		                 name);
	if (!strcmp(verdict, "unusable"))
		return diag_fail(diag, EINVAL,
		                 "%s is unusable, and says why with: profile-scenario show %s",
		                 name, name);
	return 0;
}

int side_add_manifest(struct side *side, const json_t *manifest, const char *name,
                      struct diag *diag)
{
	const char *run_id = json_text_at(manifest, "run_id");
	json_t *metrics = json_object_get(manifest, "metrics");
	int err = side_check_schema(manifest, MANIFEST_SCHEMA, name, diag);

	if (!err)
		err = check_subject(side, json_text_at(manifest, "scenario"),
		                    json_text_at(manifest, "type"), name, diag);
	if (!err)
		err = check_verdict(manifest, name, diag);
	if (!err && !run_id)
		err =
		    diag_fail(diag, EINVAL, "%s has no run_id: it was cut short or changed", name);
	if (!err)
		err = side_add_metrics(side, metrics, name, diag);
	if (err)
		return err;
	if (!strcmp(json_text_at(manifest, "verdict"), "target_failed")) {
		char *note = xasprintf("the target failed in run %s", run_id);

		add_once(&side->notes, note);
		free(note);
	}
	set_environment(side, manifest);
	side_add_quality(side, json_object_get(manifest, "quality"));
	side_add_run(side, run_id, json_text_at(manifest, "started"), side->git);
	side->runs[side->n_runs - 1].failed =
	    !strcmp(json_text_at(manifest, "verdict"), "target_failed");
	side->n_repeats += side_repeats_of(metrics);
	return 0;
}

int side_finish(struct side *side, struct diag *diag)
{
	if (!side->n_runs)
		return diag_fail(diag, EINVAL, "there is no run to compare");
	if (!side->n_metrics)
		return diag_fail(diag, EINVAL, "%s/%s has no metrics", side->scenario, side->type);
	if (!side->title && side->n_runs == 1)
		side->title =
		    xasprintf("%s/%s %s", side->scenario, side->type, side->runs[0].run_id);
	else if (!side->title)
		side->title =
		    xasprintf("%s/%s, %zu runs", side->scenario, side->type, side->n_runs);
	side_rows_finish(side);
	return 0;
}

bool side_metric_is_constant(const struct side_metric *metric)
{
	for (size_t i = 1; i < metric->n_samples; i++)
		if (metric->samples[i] != metric->samples[0])
			return false;
	return metric->n_samples >= 3;
}

double side_metric_median(const struct side_metric *metric)
{
	BUG(!metric->n_samples);
	return describe_median(metric->samples, metric->n_samples);
}

/* Gives `side` what only the other one has. */
static void complete_from(struct side *side, const struct side *other)
{
	size_t n_metrics = other->n_metrics;

	for (size_t i = 0; i < n_metrics; i++) {
		const struct side_metric *metric = &other->metrics[i];

		if (side_metric_is_of_item(metric->name, metric->unit) &&
		    !find_metric(side, metric->name) && samples_of_kin(side, metric->name))
			add_metric(side, metric->name, metric->unit, metric->better,
			           metric->instrumented);
	}
}

/* What was chosen to be seen under other options is not 0 under these. */
static bool have_same_options(const struct side *a, const struct side *b)
{
	return json_equal(json_object_get(a->collector, "options"),
	                  json_object_get(b->collector, "options"));
}

void side_complete(struct side *a, struct side *b)
{
	if (!have_same_options(a, b))
		return;
	complete_from(a, b);
	complete_from(b, a);
}

static char *json_words(const json_t *value)
{
	if (!value || json_is_null(value))
		return xstrdup("not known");
	return json_is_string(value) ? xstrdup(json_string_value(value))
	                             : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

bool side_is_same_machine(const struct side *a, const struct side *b, char **why)
{
	static const char *const keys[] = {"hostname", "cpu_model", "cpus"};

	*why = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const json_t *left = json_object_get(a->host, keys[i]);
		const json_t *right = json_object_get(b->host, keys[i]);
		char *left_words, *right_words;

		if (left == right || (left && right && json_equal(left, right)))
			continue;
		left_words = json_words(left);
		right_words = json_words(right);
		*why = xasprintf("%s: %s, %s", keys[i], left_words, right_words);
		free(left_words);
		free(right_words);
		return false;
	}
	return true;
}

const char *const side_globs_of_machine[] = {
    "run.*", "stat.*", "cpu.*", "offcpu.*", "*rss_bytes", "*_ns", "*_per_s", NULL,
};

bool side_metric_is_of_machine(const struct side_metric *metric)
{
	if (!strcmp(metric->unit, "ns") || !strcmp(metric->unit, "1/s"))
		return true;
	for (size_t i = 0; side_globs_of_machine[i]; i++)
		if (!fnmatch(side_globs_of_machine[i], metric->name, 0))
			return true;
	return false;
}

int side_check_pair(const struct side *a, const struct side *b, struct diag *diag)
{
	if (strcmp(a->scenario, b->scenario) != 0)
		return diag_fail(diag, EINVAL,
		                 "%s is of scenario %s, %s of %s: two versions of "
		                 "one scenario are compared",
		                 a->title, a->scenario, b->title, b->scenario);
	if (strcmp(a->type, b->type) != 0)
		return diag_fail(diag, EINVAL,
		                 "%s is of type %s, %s of %s: runs of one type are compared",
		                 a->title, a->type, b->title, b->type);
	return 0;
}
