/* Prints a run's summary from its manifest. */
#include "core/driver/summary.h"

#include "core/collector.h"
#include "core/options.h"

#include <string.h>

enum { MAX_TABLE_LINES = 6, MAX_FINDINGS = 2 };

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
		json_array_append_new(table, json_string(result->table.texts[i]));
	json_object_set_new(summary, "headline",
	                    json_string(result->unusable   ? result->unusable
	                                : result->headline ? result->headline
	                                                   : ""));
	json_object_set_new(summary, "table", table);
	if (result->page && !result->unusable)
		json_object_set_new(summary, "page", json_string(result->page));
	if (result->next)
		json_object_set_new(summary, "next", json_string(result->next));
	return summary;
}

static const char *text_at(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static const char *word_of(const char *verdict)
{
	for (size_t i = 0; words[i].verdict; i++)
		if (!strcmp(words[i].verdict, verdict))
			return words[i].word;
	return verdict;
}

void summary_print(json_t *manifest, const char *path, FILE *out)
{
	json_t *summary = json_object_get(manifest, "summary");
	json_t *findings = json_object_get(manifest, "findings");
	json_t *item;
	size_t i;

	fprintf(out, "%s/%s  %s   %s\n", text_at(manifest, "scenario"), text_at(manifest, "type"),
	        word_of(text_at(manifest, "verdict")), text_at(summary, "headline"));
	json_array_foreach(json_object_get(summary, "table"), i, item)
	    fprintf(out, "   %s\n", json_string_value(item));
	json_array_foreach(findings, i, item) if (i < MAX_FINDINGS)
	    fprintf(out, "note   %s\n", text_at(item, "text"));
	if (json_array_size(findings) > MAX_FINDINGS)
		fprintf(out, "note   %zu more: findings in %s/run.json\n",
		        json_array_size(findings) - MAX_FINDINGS, path);
	if (*text_at(summary, "page"))
		fprintf(out, "page   %s/%s\n", path, text_at(summary, "page"));
	if (*text_at(summary, "next"))
		fprintf(out, "next   %s\n", text_at(summary, "next"));
}
