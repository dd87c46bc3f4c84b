/* Writes manifests as OpenMetrics text: gauges by family, with labels of the run. */
#include "core/export/openmetrics.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/exporter.h"
#include "core/export/manifest_members.h"
#include "core/json_text.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* How a unit of run.json is written: base units, in full words, as the last part of the name. */
struct unit_rule {
	const char *unit;   /* of run.json */
	const char *suffix; /* of the metric there, which `words` replaces */
	const char *words;
	bool always; /* appended where the suffix is not there */
	double per_unit;
};

static const struct unit_rule unit_rules[] = {
    {"ns", "_ns", "_seconds", true, 1e9},
    {"percent", "_percent", "_ratio", true, 100},
    {"1/s", "_per_s", "_per_second", true, 1},
    {"bytes", "_bytes", "_bytes", false, 1},
};

/* The suffixes that are units, which a UNIT line names; a family that does not end so has none. */
static const char *const base_units[] = {"seconds", "bytes", "ratio"};

struct series {
	char *family;
	char *help;
	char *labels; /* `scenario="syn-1k",type="cpu"` */
	double value;
	size_t order; /* of arrival */
};

struct exposition {
	struct series *series;
	size_t n_series;
	size_t capacity;
};

/* A label's value: UTF-8, with backslash, quote and line feed escaped. */
static void write_escaped(FILE *out, const char *text)
{
	char *clean = utf8_text(text);

	for (const char *c = clean; *c; c++) {
		if (*c == '\n')
			fputs("\\n", out);
		else if (*c == '\\' || *c == '"')
			fprintf(out, "\\%c", *c);
		else
			putc(*c, out);
	}
	free(clean);
}

static void write_label(FILE *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	fprintf(out, "%s%s=\"", ftell(out) ? "," : "", name);
	write_escaped(out, value);
	putc('"', out);
}

/* The labels that every series of the run has, and one of its own (NULL: none). The caller frees
 * them. */
static char *labels_of(const json_t *manifest, const char *name, const char *value)
{
	const json_t *host = json_object_get(manifest, "host");
	const json_t *git = json_object_get(manifest, "git");
	char *labels = NULL;
	size_t len_bytes;
	FILE *out = open_memstream(&labels, &len_bytes);

	BUG(!out);
	write_label(out, "scenario", member_text(manifest, "scenario"));
	write_label(out, "type", member_text(manifest, "type"));
	write_label(out, "host", member_text(host, "hostname"));
	write_label(out, "commit", member_text(git, "commit"));
	if (name)
		write_label(out, name, value);
	fclose(out);
	return labels;
}

/* "cache-misses" as "cache_misses", "fooBar" as "foo_bar": what a name may hold, and the linter
 * takes. */
static void write_name(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x80 && isupper(c)) {
			if (i && islower((unsigned char)text[i - 1]))
				putc('_', out);
			putc(tolower(c), out);
		} else {
			putc(c < 0x80 && isalnum(c) ? c : '_', out);
		}
	}
}

static const struct unit_rule *unit_rule_of(const char *unit)
{
	for (size_t i = 0; i < ARRAY_SIZE(unit_rules); i++)
		if (!strcmp(unit_rules[i].unit, unit))
			return &unit_rules[i];
	return NULL;
}

static bool ends_with(const char *text, size_t len, const char *suffix)
{
	size_t suffix_len = strlen(suffix);

	return len >= suffix_len && !strncmp(text + len - suffix_len, suffix, suffix_len);
}

/* "run.wall_ns" in ns as "profile_scenario_run_wall_seconds". `len` leaves out "(FUNCTION)". The
 * caller frees it. */
static char *family_of(const char *metric, size_t len, const struct unit_rule *rule)
{
	bool has_suffix = rule && ends_with(metric, len, rule->suffix);
	char *family = NULL;
	size_t len_bytes;
	FILE *out = open_memstream(&family, &len_bytes);

	BUG(!out);
	fputs("profile_scenario_", out);
	write_name(out, metric, has_suffix ? len - strlen(rule->suffix) : len);
	if (rule && (has_suffix || rule->always))
		fputs(rule->words, out);
	fclose(out);
	return family;
}

static void add_series(struct exposition *exposition, char *family, char *help, char *labels,
                       double value)
{
	struct series *series =
	    ARRAY_APPEND(exposition->series, exposition->n_series, exposition->capacity);

	*series = (struct series){.family = family,
	                          .help = help,
	                          .labels = labels,
	                          .value = value,
	                          .order = exposition->n_series};
}

static bool has_series(const struct exposition *exposition, size_t start, const char *family,
                       const char *labels)
{
	for (size_t i = start; i < exposition->n_series; i++)
		if (!strcmp(exposition->series[i].family, family) &&
		    !strcmp(exposition->series[i].labels, labels))
			return true;
	return false;
}

/* `start`: the first series of this run. */
static void add_metric(struct exposition *exposition, size_t start, const json_t *manifest,
                       const char *metric, const json_t *member)
{
	const char *better = member_text(member, "better");
	const struct unit_rule *rule = unit_rule_of(member_text(member, "unit"));
	const json_t *value = json_object_get(member, "value");
	size_t len = strcspn(metric, "(");
	char *function = NULL, *family, *labels;

	if (!json_is_number(value))
		return;
	if (metric[len])
		function = xstrndup(metric + len + 1, strcspn(metric + len + 1, ")"));
	family = family_of(metric, len, rule);
	labels = labels_of(manifest, function ? "function" : NULL, function);
	/* Names that differ only in what a name may not hold fall together. */
	if (has_series(exposition, start, family, labels)) {
		free(labels);
		labels = labels_of(manifest, "metric", metric);
	}
	add_series(exposition, family,
	           xasprintf("%.*s%s%s%s", (int)len, metric, *better ? ", " : "", better,
	                     *better ? " is better" : ""),
	           labels, json_number_value(value) / (rule ? rule->per_unit : 1));
	free(function);
}

/* What is not a metric: how the run ended, when it began, which limits failed. */
static void add_facts(struct exposition *exposition, const json_t *manifest)
{
	const json_t *clock = json_object_get(manifest, "clock");
	const json_t *gates = json_object_get(manifest, "gates");
	size_t n_failed = 0;

	for (size_t i = 0; i < json_array_size(gates); i++)
		n_failed += !strcmp(member_text(json_array_get(gates, i), "status"), "failed");
	add_series(exposition, xstrdup("profile_scenario_verdict"),
	           xstrdup("1 for the verdict that the run has"),
	           labels_of(manifest, "verdict", member_text(manifest, "verdict")), 1);
	add_series(exposition, xstrdup("profile_scenario_gates_failed"),
	           xstrdup("limits that the run does not keep"), labels_of(manifest, NULL, NULL),
	           (double)n_failed);
	if (json_is_integer(json_object_get(clock, "realtime_ns")))
		add_series(exposition, xstrdup("profile_scenario_started_timestamp_seconds"),
		           xstrdup("when the run began"), labels_of(manifest, NULL, NULL),
		           (double)json_integer_value(json_object_get(clock, "realtime_ns")) / 1e9);
}

static void add_manifest(struct exposition *exposition, const json_t *manifest)
{
	json_t *metrics = json_object_get(manifest, "metrics");
	size_t start = exposition->n_series;
	const char *name;
	json_t *member;

	add_facts(exposition, manifest);
	json_object_foreach(metrics, name, member)
	{
		add_metric(exposition, start, manifest, name, member);
	}
}

static int by_family(const void *a, const void *b)
{
	const struct series *left = a, *right = b;
	int order = strcmp(left->family, right->family);

	if (order)
		return order;
	return (left->order > right->order) - (left->order < right->order);
}

static void write_family_head(const struct series *series, FILE *out)
{
	const char *last = strrchr(series->family, '_');

	fprintf(out, "# TYPE %s gauge\n", series->family);
	for (size_t i = 0; last && i < ARRAY_SIZE(base_units); i++)
		if (!strcmp(last + 1, base_units[i]))
			fprintf(out, "# UNIT %s %s\n", series->family, base_units[i]);
	fprintf(out, "# HELP %s ", series->family);
	write_escaped(out, series->help);
	putc('\n', out);
}

/* Counts whole, up to where a double holds each; others as precisely as run.json has them. */
static void write_value(double value, FILE *out)
{
	bool is_count = value == floor(value) && fabs(value) < 9007199254740992.0;

	fprintf(out, is_count ? "%.0f\n" : "%.15g\n", value);
}

static void write_series(const struct exposition *exposition, FILE *out)
{
	for (size_t i = 0; i < exposition->n_series; i++) {
		const struct series *series = &exposition->series[i];

		if (!i || strcmp(series->family, series[-1].family) != 0)
			write_family_head(series, out);
		fprintf(out, "%s{%s} ", series->family, series->labels);
		write_value(series->value, out);
	}
	fputs("# EOF\n", out);
}

void openmetrics_write(json_t *const *manifests, size_t n_manifests, FILE *out)
{
	struct exposition exposition = {0};

	for (size_t i = 0; i < n_manifests; i++)
		add_manifest(&exposition, manifests[i]);
	if (exposition.n_series)
		qsort(exposition.series, exposition.n_series, sizeof(*exposition.series),
		      by_family);
	write_series(&exposition, out);
	for (size_t i = 0; i < exposition.n_series; i++) {
		free(exposition.series[i].family);
		free(exposition.series[i].help);
		free(exposition.series[i].labels);
	}
	free(exposition.series);
}

static int write_manifest(json_t *manifest, FILE *out, struct diag *diag)
{
	(void)diag;
	openmetrics_write(&manifest, 1, out);
	return 0;
}

const struct exporter openmetrics_exporter = {
    .name = "openmetrics",
    .help = "metrics as Prometheus and its Pushgateway read them",
    .write_manifest = write_manifest,
};
