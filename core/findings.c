/* Judges values against thresholds and keeps the sentences of those beyond. */
#include "core/findings.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/json_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct finding {
	char *text;
	char *metric;
	const char *severity;
};

struct override {
	char *key;
	double threshold;
};

struct findings {
	struct finding *items;
	size_t n_items;
	size_t items_capacity;
	struct override *overrides;
	size_t n_overrides;
	size_t overrides_capacity;
};

struct findings *findings_new(void)
{
	return xcalloc(1, sizeof(struct findings));
}

void findings_free(struct findings *findings)
{
	if (!findings)
		return;
	for (size_t i = 0; i < findings->n_items; i++) {
		free(findings->items[i].text);
		free(findings->items[i].metric);
	}
	for (size_t i = 0; i < findings->n_overrides; i++)
		free(findings->overrides[i].key);
	free(findings->items);
	free(findings->overrides);
	free(findings);
}

void findings_set_threshold(struct findings *findings, const char *key, double threshold)
{
	struct override *override =
	    ARRAY_APPEND(findings->overrides, findings->n_overrides, findings->overrides_capacity);

	override->key = xstrdup(key);
	override->threshold = threshold;
}

double findings_threshold(const struct findings *findings, const struct finding_row *row)
{
	/* The last word on a key wins, as in a file read from the top. */
	for (size_t i = findings->n_overrides; i > 0; i--)
		if (!strcmp(findings->overrides[i - 1].key, row->key))
			return findings->overrides[i - 1].threshold;
	return row->threshold;
}

static const struct finding_row *find_row(const struct finding_row *rows, const char *key)
{
	for (; rows->key; rows++)
		if (!strcmp(rows->key, key))
			return rows;
	return NULL;
}

void findings_judge(struct findings *findings, const struct finding_row *rows, const char *key,
                    double value, const char *metric, const char *format, ...)
{
	const struct finding_row *row = find_row(rows, key);
	struct finding *finding;
	double threshold;
	va_list args;

	BUG(!row);
	threshold = findings_threshold(findings, row);
	if (row->when == FINDING_ABOVE ? value <= threshold : value >= threshold)
		return;
	finding = ARRAY_APPEND(findings->items, findings->n_items, findings->items_capacity);
	va_start(args, format);
	BUG(vasprintf(&finding->text, format, args) < 0);
	va_end(args);
	finding->metric = xstrdup(metric);
	finding->severity = row->severity;
}

size_t findings_count(const struct findings *findings)
{
	return findings->n_items;
}

const char *findings_text(const struct findings *findings, size_t i)
{
	return findings->items[i].text;
}

json_t *findings_to_json(const struct findings *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < findings->n_items; i++) {
		const struct finding *finding = &findings->items[i];
		json_t *object = json_pack("{s:s, s:o}", "severity", finding->severity, "text",
		                           json_text(finding->text));

		if (finding->metric)
			json_object_set_new(object, "metric", json_text(finding->metric));
		json_array_append_new(array, object);
	}
	return array;
}
