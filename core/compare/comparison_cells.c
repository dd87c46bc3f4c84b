/* Numbers of a comparison as texts. */
#include "core/compare/comparison_cells.h"

#include "core/alloc.h"
#include "core/number_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cell cell(const char *text)
{
	struct cell result;

	snprintf(result.text, sizeof(result.text), "%s", text);
	return result;
}

/* Four digits, without those that say nothing. */
static struct cell plain(double value, const char *unit)
{
	struct cell result;

	if (value >= 1e15) {
		snprintf(result.text, sizeof(result.text), "%.4g%s%s", value, *unit ? " " : "",
		         unit);
		return result;
	}
	snprintf(result.text, sizeof(result.text), "%.*f%s%s",
	         value >= 999.5 || value == 0 ? 0
	         : value >= 99.5              ? 1
	         : value >= 9.95              ? 2
	                                      : 3,
	         value, *unit ? " " : "", unit);
	return result;
}

static struct cell time_cell(double ns)
{
	static const struct {
		double ns;
		const char *name;
	} units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (ns >= units[i].ns)
			return plain(ns / units[i].ns, units[i].name);
	return plain(ns, "ns");
}

static bool is_whole(double value)
{
	return value == floor(value) && value < 1e15;
}

struct cell cell_of_value(double value, const char *unit)
{
	double size = fabs(value);
	struct cell positive;
	struct cell result;

	if (isnan(value))
		return cell("?");
	if (isinf(value))
		return cell(value < 0 ? "-inf" : "inf");
	if (!strcmp(unit, "ns") || !strcmp(unit, "nanoseconds"))
		positive = time_cell(size);
	else if (!strcmp(unit, "bytes") && size >= 1000 && size < 1e18)
		positive = cell(size_text_of((uint64_t)size).text);
	else if (is_whole(size) && strcmp(unit, "percent") != 0)
		positive = cell(count_text_of((uint64_t)size).text);
	else
		positive = plain(size, !strcmp(unit, "percent") ? "%" : "");
	snprintf(result.text, sizeof(result.text), "%s%.40s", value < 0 ? "-" : "", positive.text);
	return result;
}

struct cell cell_of_delta(double delta, const char *unit)
{
	struct cell value = cell_of_value(delta, unit);
	struct cell result;

	snprintf(result.text, sizeof(result.text), "%s%.40s", delta > 0 ? "+" : "", value.text);
	return result;
}

static struct cell ratio_cell(double ratio)
{
	struct cell result;

	if (isnan(ratio))
		return cell("");
	if (isinf(ratio))
		return cell("from 0");
	snprintf(result.text, sizeof(result.text), ratio < 10 ? "%.3f" : "%.4g", ratio);
	return result;
}

/* Of a metric that is often 0 a ratio is that of chance, unless it was always 0 before. */
static bool has_ratio(const struct judged_metric *judged)
{
	return isnan(judged->high) || isinf(judged->ratio) || !isinf(judged->high);
}

static struct cell interval_cell(const struct judged_metric *judged)
{
	struct cell result;
	struct cell low = ratio_cell(judged->low), high = ratio_cell(judged->high);

	if (judged->exact)
		return cell("exact");
	if (isnan(judged->low) || isnan(judged->high))
		return cell("");
	if (isinf(judged->high))
		return cell("-");
	snprintf(result.text, sizeof(result.text), "%.18s .. %.18s", low.text, high.text);
	return result;
}

/* It changed, and nobody can say whether for the better. */
static bool is_changed(const struct judged_metric *judged)
{
	return judged->better == METRIC_NEUTRAL && judged->exact &&
	       judged->verdict == VERDICT_INCONCLUSIVE;
}

struct metric_cells metric_cells_of(const struct comparison_metric *metric)
{
	const struct judged_metric *judged = &metric->judged;
	struct metric_cells cells = {
	    .base = cell_of_value(judged->base_value, metric->unit),
	    .new = cell_of_value(judged->new_value, metric->unit),
	    .ratio = has_ratio(judged) ? ratio_cell(judged->ratio) : cell("-"),
	    .interval = interval_cell(judged),
	    .noise = cell(""),
	    .verdict = verdict_word(judged->verdict),
	    .why = judged->why ? judged->why : metric->advisory,
	};

	if (isinf(judged->noise_floor))
		cells.noise = cell("-");
	else if (!isnan(judged->noise_floor))
		snprintf(cells.noise.text, sizeof(cells.noise.text),
		         judged->noise_floor < 0.1 ? "%.2g %%" : "%.0f %%",
		         100 * judged->noise_floor);
	if (is_changed(judged)) {
		cells.verdict = "changed";
		cells.why = NULL;
	}
	if (metric->not_compared) {
		cells =
		    (struct metric_cells){.verdict = "not compared", .why = metric->not_compared};
		cells.base = cell_of_value(NAN, "");
		cells.new = cells.base;
	}
	return cells;
}

static bool is_always_zero(const struct judged_samples *samples)
{
	for (size_t i = 0; i < samples->n; i++)
		if (samples->values[i] != 0)
			return false;
	return true;
}

/* A call that neither side made, of many there are. */
static bool is_nothing(const struct comparison_metric *metric)
{
	return !metric->not_compared && side_metric_names_item(metric->judged.name) &&
	       is_always_zero(&metric->judged.base) && is_always_zero(&metric->judged.new);
}

bool metric_is_shown(const struct comparison_metric *metric)
{
	const struct judged_metric *judged = &metric->judged;

	if (metric->not_compared || judged->verdict == VERDICT_SAME || is_nothing(metric))
		return false;
	return judged->gating || judged->verdict != VERDICT_INCONCLUSIVE || is_changed(judged);
}

static bool is_same(const struct comparison_metric *metric)
{
	return !metric->not_compared && metric->judged.verdict == VERDICT_SAME &&
	       !is_nothing(metric);
}

static bool is_undecided(const struct comparison_metric *metric)
{
	return !metric->not_compared && !metric_is_shown(metric) &&
	       metric->judged.verdict == VERDICT_INCONCLUSIVE && !is_nothing(metric);
}

static bool is_not_compared(const struct comparison_metric *metric)
{
	return metric->not_compared != NULL;
}

const struct metric_group metric_groups[] = {
    {"same", is_same},
    {"inconclusive, not gating", is_undecided},
    {"not compared", is_not_compared},
    {0},
};

const char *share_verdict_word(enum verdict verdict)
{
	return verdict == VERDICT_WORSE    ? "more"
	       : verdict == VERDICT_BETTER ? "less"
	                                   : verdict_word(verdict);
}

static struct cell points_cell(double part)
{
	struct cell result;

	snprintf(result.text, sizeof(result.text), "%+.2f points", 100 * part);
	return result;
}

static struct cell share_cell(double part)
{
	struct cell result;

	snprintf(result.text, sizeof(result.text), "%.2f %%", 100 * part);
	return result;
}

static double part_of(double value, double whole)
{
	return whole > 0 ? value / whole : 0;
}

struct mover_cells mover_cells_of(const struct comparison_movers *movers,
                                  const struct comparison_mover *mover)
{
	struct mover_cells cells = {
	    .base = cell_of_value(mover->base_self, movers->unit),
	    .new = cell_of_value(mover->new_self, movers->unit),
	    .self = cell_of_delta(mover->new_self - mover->base_self, movers->unit),
	    .total = cell_of_delta(mover->new_total - mover->base_total, movers->unit),
	    .verdict = "",
	};

	if (mover->share && !isnan(mover->share->delta)) {
		cells.base = share_cell(mover->share->base_share);
		cells.new = share_cell(mover->share->new_share);
		cells.self = points_cell(mover->share->delta);
		cells.total = points_cell(part_of(mover->new_total, movers->new_whole) -
		                          part_of(mover->base_total, movers->base_whole));
		cells.verdict = share_verdict_word(mover->share->verdict);
	}
	if (*mover->file && mover->line)
		cells.place = xasprintf("%s:%u", mover->file, (unsigned)mover->line);
	else
		cells.place = xstrdup(*mover->file ? mover->file : mover->object);
	return cells;
}

static bool has_digits(const char *points)
{
	return strcspn(points, "123456789") < strlen(points);
}

bool mover_is_told(const struct comparison_movers *movers, const struct comparison_mover *mover)
{
	struct mover_cells cells;

	if (!mover->share || isnan(mover->share->delta))
		return true;
	cells = mover_cells_of(movers, mover);
	free(cells.place);
	return has_digits(cells.self.text) || has_digits(cells.total.text);
}

size_t movers_n_told(const struct comparison_movers *movers)
{
	size_t n = 0;

	for (size_t i = 0; i < movers->n_rows; i++)
		n += mover_is_told(movers, &movers->rows[i]);
	return n;
}

/* Times by samples are the samples again. */
bool movers_are_told(const struct comparison *comparison, const struct comparison_movers *movers)
{
	for (size_t i = 0; i < comparison->n_movers; i++)
		if (comparison->movers[i].kind == movers->kind && comparison->movers[i].shares)
			return movers->shares && movers_n_told(movers);
	return movers_n_told(movers);
}

const char *mover_kind_word(const struct comparison_movers *movers)
{
	static const char *const words[] = {
	    [SIDE_FUNCTION] = "function", [SIDE_SITE] = "site", [SIDE_CALL] = "call"};

	return words[movers->kind];
}

char *mover_value_words(const struct comparison_movers *movers)
{
	return strcmp(movers->unit, "count") != 0 && strcmp(movers->unit, movers->value) != 0
	           ? xasprintf("%s in %s", movers->value, movers->unit)
	           : xstrdup(movers->value);
}

const char *verdict_capitals(enum verdict verdict)
{
	static const char *const words[] = {[VERDICT_SAME] = "SAME",
	                                    [VERDICT_BETTER] = "BETTER",
	                                    [VERDICT_WORSE] = "WORSE",
	                                    [VERDICT_INCONCLUSIVE] = "INCONCLUSIVE"};

	return words[verdict];
}
