/* The sides and the history of a baseline. */
#include "core/baseline/baseline.h"

#include "core/alloc.h"
#include "core/compare/side.h"
#include "core/json_text.h"

#include <stdlib.h>
#include <string.h>

struct baseline *baseline_new(const char *name, const char *scenario)
{
	struct baseline *baseline = xcalloc(1, sizeof(*baseline));

	baseline->name = xstrdup(name);
	baseline->scenario = xstrdup(scenario);
	baseline->history = json_array();
	return baseline;
}

void baseline_free(struct baseline *baseline)
{
	if (!baseline)
		return;
	for (size_t i = 0; i < baseline->n_sides; i++)
		side_free(baseline->sides[i]);
	free(baseline->sides);
	json_decref(baseline->history);
	free(baseline->name);
	free(baseline->scenario);
	free(baseline);
}

struct side *baseline_find(const struct baseline *baseline, const char *type)
{
	for (size_t i = 0; i < baseline->n_sides; i++)
		if (!strcmp(baseline->sides[i]->type, type))
			return baseline->sides[i];
	return NULL;
}

struct side *baseline_take(struct baseline *baseline, const char *type)
{
	for (size_t i = 0; i < baseline->n_sides; i++) {
		struct side *side = baseline->sides[i];

		if (strcmp(side->type, type) != 0)
			continue;
		baseline->n_sides--;
		memmove(&baseline->sides[i], &baseline->sides[i + 1],
		        (baseline->n_sides - i) * sizeof(*baseline->sides));
		return side;
	}
	return NULL;
}

static int by_type(const void *a, const void *b)
{
	return strcmp((*(struct side *const *)a)->type, (*(struct side *const *)b)->type);
}

void baseline_put(struct baseline *baseline, struct side *side)
{
	for (size_t i = 0; i < baseline->n_sides; i++)
		if (!strcmp(baseline->sides[i]->type, side->type)) {
			side_free(baseline->sides[i]);
			baseline->sides[i] = side;
			return;
		}
	*ARRAY_APPEND(baseline->sides, baseline->n_sides, baseline->sides_capacity) = side;
	qsort(baseline->sides, baseline->n_sides, sizeof(*baseline->sides), by_type);
}

void baseline_note(struct baseline *baseline, const char *at, const char *by,
                   const char *const *types, size_t n_types)
{
	json_t *runs = json_object();
	const char *commit = NULL;
	json_t *entry;

	for (size_t i = 0; i < n_types; i++) {
		const struct side *side = baseline_find(baseline, types[i]);
		json_t *ids = json_array();

		for (size_t j = 0; side && j < side->n_runs; j++) {
			json_array_append_new(ids, json_text(side->runs[j].run_id));
			if (side->runs[j].commit)
				commit = side->runs[j].commit;
		}
		json_object_set_new(runs, types[i], ids);
	}
	entry =
	    json_pack("{s:s, s:s, s:s, s:o}", "at", at, "by", by, "version", VERSION, "runs", runs);
	if (commit)
		json_object_set_new(entry, "commit", json_text(commit));
	json_array_append_new(baseline->history, entry);
}

bool baseline_has_run(const struct baseline *baseline, const char *type, const char *run_id)
{
	const struct side *side = baseline_find(baseline, type);

	for (size_t i = 0; side && i < side->n_runs; i++)
		if (!strcmp(side->runs[i].run_id, run_id))
			return true;
	return false;
}
