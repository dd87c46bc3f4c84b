/* Sentences beside a comparison's numbers. */
#include "core/compare/comparison_notes.h"

#include "core/alloc.h"
#include "core/host/host_findings.h"
#include "core/number_text.h"

#include <stdlib.h>

static size_t fewest_samples(const struct comparison *comparison)
{
	size_t fewest = SIZE_MAX;

	for (size_t i = 0; i < comparison->n_metrics; i++) {
		const struct judged_metric *judged = &comparison->metrics[i].judged;

		if (!judged->gating || judged->exact)
			continue;
		if (judged->base.n < fewest)
			fewest = judged->base.n;
		if (judged->new.n < fewest)
			fewest = judged->new.n;
	}
	return fewest;
}

/* Those that gate and take a test: not the counts that never vary. */
static size_t count_tested(const struct comparison *comparison)
{
	size_t n = 0;

	for (size_t i = 0; i < comparison->n_metrics; i++) {
		const struct judged_metric *judged = &comparison->metrics[i].judged;

		n += judged->gating && !judged->exact &&
		     !(judged->countable && judged->base.n < JUDGE_FEWEST_COUNTS) &&
		     !(judged->countable && judged->new.n < JUDGE_FEWEST_COUNTS);
	}
	return n;
}

static void note_runs(struct comparison *comparison)
{
	size_t n_tested = count_tested(comparison);
	size_t n_counts = comparison->counts_needed;
	size_t needed = n_tested ? compare_runs_needed(n_tested) : n_counts;
	size_t fewest = fewest_samples(comparison);
	char *note;

	if (!comparison->n_gating || fewest >= needed)
		return;
	note =
	    xasprintf("%s on a side: counts that never vary are judged from %zu on%s, all "
	              "others here from %zu (-r %zu)",
	              counted_text_of(fewest, "run").text, n_counts,
	              n_counts > JUDGE_FEWEST_COUNTS ? " where others vary, as they do here" : "",
	              needed, needed);
	text_list_add(&comparison->notes, note);
	free(note);
}

static void note_side(struct comparison *comparison, const char *which, const struct side *side)
{
	char *note;

	for (size_t i = 0; i < side->mixed.n_texts; i++) {
		note = xasprintf("%s: its runs differ in %s", which, side->mixed.texts[i]);
		text_list_add(&comparison->notes, note);
		free(note);
	}
	if (side->lost_percent > 0) {
		note = xasprintf("%s: %.2g %% of what was to be recorded was lost", which,
		                 side->lost_percent);
		text_list_add(&comparison->notes, note);
		free(note);
	}
}

/* What of the machine disturbs times, where a time decides. */
static void note_host(struct comparison *comparison)
{
	static const struct finding_row rows[] = {HOST_FINDING_ROWS, {0}};
	struct findings *findings = findings_new();
	bool decides = false;

	for (size_t i = 0; i < comparison->n_metrics; i++)
		decides |= comparison->metrics[i].judged.gating &&
		           !comparison->metrics[i].judged.countable;
	if (decides)
		host_findings_judge(findings, rows, comparison->new->host);
	for (size_t i = 0; i < findings_count(findings); i++)
		text_list_add(&comparison->notes, findings_text(findings, i));
	findings_free(findings);
}

void comparison_add_notes(struct comparison *comparison)
{
	note_runs(comparison);
	note_side(comparison, "base", comparison->base);
	note_side(comparison, "new", comparison->new);
	note_host(comparison);
}
