/* Reads what a trend needs of a manifest. */
#include "core/trend/manifest_read.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/json_scan.h"
#include "core/results/results.h"
#include "core/results/run_parameters.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 256 };

static uint32_t add_span(struct manifest_reading *reading, const struct json_span *span)
{
	char buffer[NAME_BYTES], *copy;
	uint32_t id;

	if (!span->has_escapes && span->len_bytes < sizeof(buffer)) {
		memcpy(buffer, span->text, span->len_bytes);
		buffer[span->len_bytes] = '\0';
		return string_pool_add(reading->pool, buffer);
	}
	copy = json_span_copy(span);
	id = string_pool_add(reading->pool, copy);
	free(copy);
	return id;
}

static void read_text(struct manifest_reading *reading, struct json_scan *scan, uint32_t *id)
{
	struct json_span span;

	if (json_scan_string(scan, &span))
		*id = add_span(reading, &span);
}

static void read_raw(struct manifest_reading *reading, struct json_scan *scan, uint32_t *id)
{
	struct json_span raw;

	if (json_scan_raw(scan, &raw))
		*id = add_span(reading, &raw);
}

static void read_collector(struct manifest_reading *reading, struct json_scan *scan)
{
	struct json_span name;

	if (!json_scan_object(scan))
		return;
	while (json_scan_member(scan, &name)) {
		if (json_span_is(&name, "options"))
			read_raw(reading, scan, &reading->options);
		else
			json_scan_skip(scan);
	}
}

static void read_git(struct manifest_reading *reading, struct json_scan *scan)
{
	struct json_span name;

	if (!json_scan_object(scan))
		return;
	while (json_scan_member(scan, &name)) {
		if (json_span_is(&name, "commit"))
			read_text(reading, scan, &reading->commit);
		else if (json_span_is(&name, "dirty"))
			json_scan_bool(scan, &reading->is_dirty);
		else
			json_scan_skip(scan);
	}
}

static void read_host(struct manifest_reading *reading, struct json_scan *scan)
{
	struct json_span name;

	if (!json_scan_object(scan))
		return;
	while (json_scan_member(scan, &name)) {
		if (json_span_is(&name, "hostname"))
			read_text(reading, scan, &reading->host);
		else
			json_scan_skip(scan);
	}
}

static void read_parameters(struct manifest_reading *reading, struct json_scan *scan)
{
	struct json_span name, value;
	char *text = NULL;
	size_t size;
	FILE *out;

	if (!json_scan_object(scan))
		return;
	out = open_memstream(&text, &size);
	BUG(!out);
	while (json_scan_member(scan, &name)) {
		bool is_shown = !run_parameter_is_place(name.text, name.len_bytes);

		if (json_scan_string(scan, &value) && is_shown)
			fprintf(out, "%s%.*s=%.*s", ftell(out) > 0 ? ", " : "", (int)name.len_bytes,
			        name.text, (int)value.len_bytes, value.text);
	}
	fclose(out);
	reading->parameters = string_pool_add(reading->pool, text);
	free(text);
}

static size_t count_dots(const char *name)
{
	size_t n_dots = 0;

	for (; *name; name++)
		n_dots += *name == '.';
	return n_dots;
}

static bool judge_wish(const struct manifest_reading *reading, const char *name)
{
	const struct trend_wish *wish = reading->wish;

	if (wish->metrics)
		return fnmatch(wish->metrics, name, 0) == 0;
	return wish->all || strncmp(name, "io.", 3) != 0 || count_dots(name) < 2;
}

static bool is_wanted(struct manifest_reading *reading, uint32_t id)
{
	size_t before = reading->n_wanted;
	const char *name = string_pool_text(reading->pool, id);

	if (id >= reading->n_wanted) {
		reading->wanted = array_reserve(reading->wanted, &reading->n_wanted, id + 1, 1);
		memset(reading->wanted + before, 0, reading->n_wanted - before);
	}
	if (!reading->wanted[id])
		reading->wanted[id] = judge_wish(reading, name) ? 2 : 1;
	return reading->wanted[id] == 2 && (reading->is_stat || strncmp(name, "run.", 4) != 0);
}

static enum metric_better read_better(struct json_scan *scan)
{
	struct json_span span;

	if (!json_scan_string(scan, &span))
		return METRIC_NEUTRAL;
	return json_span_is(&span, "lower")    ? METRIC_LOWER
	       : json_span_is(&span, "higher") ? METRIC_HIGHER
	                                       : METRIC_NEUTRAL;
}

static void read_samples(struct manifest_reading *reading, struct json_scan *scan,
                         struct manifest_metric *metric)
{
	double value;

	if (!reading->wish->with_samples) {
		json_scan_skip(scan);
		return;
	}
	if (!json_scan_array(scan))
		return;
	metric->first_sample = reading->n_samples;
	while (json_scan_item(scan))
		if (json_scan_number(scan, &value))
			*ARRAY_APPEND(reading->samples, reading->n_samples,
			              reading->samples_capacity) = value;
	metric->n_samples = reading->n_samples - metric->first_sample;
}

/* False: it has no value that is a number. */
static bool read_metric(struct manifest_reading *reading, uint32_t id, struct json_scan *scan)
{
	struct manifest_metric metric = {.name = id};
	struct json_span name;
	bool has_value = false;

	if (!json_scan_object(scan))
		return false;
	while (json_scan_member(scan, &name)) {
		if (json_span_is(&name, "value"))
			has_value = json_scan_number(scan, &metric.value);
		else if (json_span_is(&name, "unit"))
			read_text(reading, scan, &metric.unit);
		else if (json_span_is(&name, "better"))
			metric.better = read_better(scan);
		else if (json_span_is(&name, "samples"))
			read_samples(reading, scan, &metric);
		else
			json_scan_skip(scan);
	}
	*ARRAY_APPEND(reading->metrics, reading->n_metrics, reading->metrics_capacity) = metric;
	return has_value;
}

/* False: they are not what metrics are. */
static bool read_metrics(struct manifest_reading *reading, struct json_scan *scan)
{
	struct json_span name;
	bool are_good = true;

	if (!json_scan_object(scan))
		return false;
	while (json_scan_member(scan, &name)) {
		uint32_t id = add_span(reading, &name);

		if (is_wanted(reading, id))
			are_good &= read_metric(reading, id, scan);
		else
			json_scan_skip(scan);
	}
	return are_good;
}

static enum trend_lack read_members(struct manifest_reading *reading, struct json_scan *scan)
{
	bool has_metrics = false;
	struct json_span name;
	double schema = 0;

	if (!json_scan_object(scan))
		return TREND_DAMAGED;
	while (json_scan_member(scan, &name)) {
		if (json_span_is(&name, "schema"))
			json_scan_number(scan, &schema);
		else if (json_span_is(&name, "started"))
			read_text(reading, scan, &reading->started);
		else if (json_span_is(&name, "verdict"))
			read_text(reading, scan, &reading->verdict);
		else if (json_span_is(&name, "git"))
			read_git(reading, scan);
		else if (json_span_is(&name, "host"))
			read_host(reading, scan);
		else if (json_span_is(&name, "command"))
			read_raw(reading, scan, &reading->command);
		else if (json_span_is(&name, "collector"))
			read_collector(reading, scan);
		else if (json_span_is(&name, "parameters"))
			read_parameters(reading, scan);
		else if (json_span_is(&name, "metrics"))
			has_metrics = read_metrics(reading, scan);
		else
			json_scan_skip(scan);
	}
	if (!json_scan_end(scan) || !schema)
		return TREND_DAMAGED;
	/* What another schema's members mean is not known. */
	if (schema != MANIFEST_SCHEMA)
		return TREND_NEWER;
	return has_metrics && reading->started && reading->verdict ? TREND_READ : TREND_DAMAGED;
}

enum trend_lack manifest_read(struct manifest_reading *reading, const char *type, const char *text,
                              size_t len_bytes)
{
	size_t n_metrics = reading->n_metrics, n_samples = reading->n_samples;
	struct json_scan scan;
	enum trend_lack lack;

	reading->started = reading->commit = reading->verdict = 0;
	reading->host = reading->parameters = reading->command = reading->options = 0;
	reading->is_dirty = false;
	reading->is_stat = !strcmp(type, "stat");
	json_scan_init(&scan, text, len_bytes);
	lack = read_members(reading, &scan);
	if (lack) {
		reading->n_metrics = n_metrics;
		reading->n_samples = n_samples;
	}
	return lack;
}

void manifest_reading_fini(struct manifest_reading *reading)
{
	free(reading->metrics);
	free(reading->samples);
	free(reading->wanted);
}
