/* Takes series apart and looks for changes of their level. */
#include "core/trend/series.h"

#include "core/alloc.h"
#include "core/parallel.h"

#include <stdlib.h>

/* Any will do, as long as the same runs give the same interval. */
#define SEED 1

static const char *word_of(enum metric_better better, double before, double after)
{
	if (better == METRIC_NEUTRAL)
		return "changed";
	return (after > before) == (better == METRIC_LOWER) ? "worse" : "better";
}

static struct ratio_interval ratio_at(const struct series_view *view, size_t from, size_t at,
                                      size_t to)
{
	struct ratio_interval none = {0, 0, 0};

	if (at - from > LEVEL_RUNS)
		from = at - LEVEL_RUNS;
	if (to - at > LEVEL_RUNS)
		to = at + LEVEL_RUNS;
	for (size_t i = from; i < to; i++)
		if (view->values[i] < 0)
			return none;
	return ratio_estimate(view->values + from, at - from, view->values + at, to - at, SEED);
}

static void find_changes(struct series_view *view)
{
	struct change_point *points;
	size_t n = change_points_find(view->values, view->n, &points);

	view->changes = xcalloc(n + 1, sizeof(*view->changes));
	for (size_t i = 0; i < n; i++) {
		size_t from = i ? points[i - 1].at : 0;
		size_t to = i + 1 < n ? points[i + 1].at : view->n;

		view->changes[i] = (struct level_change){
		    .at = points[i].at,
		    .before = points[i].before,
		    .after = points[i].after,
		    .ratio = ratio_at(view, from, points[i].at, to),
		    .word = word_of(view->series->better, points[i].before, points[i].after),
		};
	}
	view->n_changes = n;
	free(points);
}

struct work {
	const struct trend *trend;
	struct series_view *views;
};

static void fill(void *context, size_t i)
{
	const struct work *work = context;
	struct series_view *view = &work->views[i];
	const struct trend_series *series = &work->trend->series[i];

	view->series = series;
	view->values = xcalloc(series->n_values + 1, sizeof(*view->values));
	view->runs = xcalloc(series->n_values + 1, sizeof(*view->runs));
	for (size_t v = 0; v < series->n_values; v++) {
		if (!work->trend->runs[series->values[v].run].is_good)
			continue;
		view->values[view->n] = series->values[v].value;
		view->runs[view->n++] = series->values[v].run;
	}
	find_changes(view);
}

struct series_view *series_views_new(const struct trend *trend)
{
	struct work work = {trend, xcalloc(trend->n_series + 1, sizeof(*work.views))};

	parallel_do(fill, &work, trend->n_series);
	return work.views;
}

void series_views_free(struct series_view *views, size_t n)
{
	for (size_t i = 0; views && i < n; i++) {
		free(views[i].values);
		free(views[i].runs);
		free(views[i].changes);
	}
	free(views);
}
