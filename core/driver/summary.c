/* Prints a run's summary from its manifest. */
#include "core/driver/summary.h"

#include "core/collector.h"
#include "core/json_text.h"
#include "core/options.h"

#include <stdbool.h>
#include <string.h>

enum { MAX_TABLE_LINES = 7, MAX_FINDINGS = 2, MAX_NOTES = 1, MAX_GATES = 2 };

/* The manifest's verdict as the first line spells it. */
static const struct {
	const char *verdict;
	const char *word;
} words[] = {
    {"ok", "OK"},
    {"gate_failed", "GATE FAILED"},
    {"inconclusive", "INCONCLUSIVE"},
    {"unusable", "UNUSABLE"},
    {"target_failed", "TARGET FAILED"},
    {NULL, NULL},
};

json_t *summary_to_json(const struct result *result)
{
	json_t *summary = json_object();
	json_t *table = json_array();

	for (size_t i = 0; i < result->table.n_texts && i < MAX_TABLE_LINES; i++)
		json_array_append_new(table, json_text(result->table.texts[i]));
	json_object_set_new(summary, "headline",
	                    json_text(result->unusable   ? result->unusable
	                              : result->headline ? result->headline
	                                                 : ""));
	json_object_set_new(summary, "table", table);
	if (result->page && !result->unusable)
		json_object_set_new(summary, "page", json_text(result->page));
	if (result->next)
		json_object_set_new(summary, "next", json_text(result->next));
	return summary;
}

/* A manifest that is shown may have anything in a text's place. */
static const char *string_of(const json_t *string)
{
	const char *text = json_string_value(string);

	return text ? text : "";
}

static const char *word_of(const char *verdict)
{
	for (size_t i = 0; words[i].verdict; i++)
		if (!strcmp(words[i].verdict, verdict))
			return words[i].word;
	return verdict;
}

/* How many of a list are printed: what is left is a line, which one more would not be longer than.
 */
static size_t count_shown(size_t n, size_t most)
{
	return n <= most + 1 ? n : most;
}

/* The first findings, and how many there are beyond. Returns the lines printed or, without a
 * stream, those that it takes. */
static size_t print_findings(json_t *findings, const char *path, FILE *out)
{
	size_t n_findings = json_array_size(findings);
	size_t n_shown = count_shown(n_findings, MAX_FINDINGS);

	for (size_t i = 0; out && i < n_shown; i++)
		fprintf(out, "note   %s\n",
		        json_text_or_empty(json_array_get(findings, i), "text"));
	if (out && n_findings > n_shown)
		fprintf(out, "note   %zu more findings in %s/run.json\n", n_findings - n_shown,
		        path);
	return n_shown + (n_findings > n_shown);
}

static bool is_status(const json_t *gate, const char *status)
{
	return !strcmp(json_text_or_empty(gate, "status"), status);
}

static void print_gate(const json_t *gate, FILE *out)
{
	const char *metric = json_text_or_empty(gate, "metric"),
	           *text = json_text_or_empty(gate, "text");
	const char *value = json_text_or_empty(gate, "value_text");
	bool has_metric = !strncmp(text, metric, strlen(metric));

	fprintf(out, "gate   %s ", metric);
	if (*value)
		fputs(value, out);
	else
		fprintf(out, "%.15g", json_number_value(json_object_get(gate, "value")));
	fprintf(out, ", limit%s (%s)%s\n", has_metric ? text + strlen(metric) : "",
	        json_text_or_empty(gate, "source"),
	        is_status(gate, "advisory") ? ", advisory" : "");
}

/* The first gates that the values are beyond, "METRIC VALUE, limit ...", those that fail before
 * those that are advisory; returns as print_findings() does. */
static size_t print_gates(json_t *gates, FILE *out)
{
	static const char *const shown[] = {"failed", "advisory"};
	size_t n_failed = 0;

	for (size_t i = 0; i < 2 * json_array_size(gates); i++) {
		json_t *gate = json_array_get(gates, i % json_array_size(gates));

		if (is_status(gate, shown[i / json_array_size(gates)]) && ++n_failed <= MAX_GATES &&
		    out)
			print_gate(gate, out);
	}
	if (n_failed <= MAX_GATES)
		return n_failed;
	if (out)
		fprintf(out, "gate   %zu more: gates in run.json\n", n_failed - MAX_GATES);
	return MAX_GATES + 1;
}

static bool has_artifact(json_t *manifest, const char *name)
{
	json_t *artifacts = json_object_get(manifest, "artifacts");

	for (size_t i = 0; i < json_array_size(artifacts); i++)
		if (!strcmp(string_of(json_array_get(artifacts, i)), name))
			return true;
	return false;
}

/* What limits the numbers: the first sentence, and where the others are: for people in the text
 * report, where the type has one. Returns as print_findings() does. */
static size_t print_limits(json_t *manifest, const char *path, FILE *out)
{
	json_t *notes = json_object_get(json_object_get(manifest, "quality"), "notes");
	size_t n_notes = json_array_size(notes);
	size_t n_shown = count_shown(n_notes, MAX_NOTES);

	for (size_t i = 0; out && i < n_shown; i++)
		fprintf(out, "note   %s\n", string_of(json_array_get(notes, i)));
	if (out && n_notes > n_shown)
		fprintf(out, "note   %zu more notes in %s/%s\n", n_notes - n_shown, path,
		        has_artifact(manifest, "report.txt") ? "report.txt" : "run.json");
	return n_shown + (n_notes > n_shown);
}

void summary_print_verdict(json_t *manifest, FILE *out)
{
	fprintf(out, "%s/%s  %s", json_text_or_empty(manifest, "scenario"),
	        json_text_or_empty(manifest, "type"),
	        word_of(json_text_or_empty(manifest, "verdict")));
}

void summary_print_headline(json_t *manifest, FILE *out)
{
	summary_print_verdict(manifest, out);
	fprintf(out, "   %s\n",
	        json_text_or_empty(json_object_get(manifest, "summary"), "headline"));
}

void summary_print(json_t *manifest, const char *path, unsigned max_lines, FILE *out)
{
	json_t *summary = json_object_get(manifest, "summary");
	json_t *findings = json_object_get(manifest, "findings");
	json_t *gates = json_object_get(manifest, "gates");
	json_t *table = json_object_get(summary, "table");
	const char *page = json_text_or_empty(summary, "page");
	const char *next = json_text_or_empty(summary, "next");
	size_t n_other = 1 + print_gates(gates, NULL) + print_findings(findings, path, NULL) +
	                 print_limits(manifest, path, NULL) + !!*page + !!*next;

	summary_print_headline(manifest, out);
	for (size_t i = 0; i < json_array_size(table) && i + n_other < max_lines; i++)
		fprintf(out, "   %s\n", string_of(json_array_get(table, i)));
	print_gates(gates, out);
	print_findings(findings, path, out);
	print_limits(manifest, path, out);
	if (*page)
		fprintf(out, "page   %s/%s\n", path, page);
	if (*next)
		fprintf(out, "next   %s\n", next);
}
