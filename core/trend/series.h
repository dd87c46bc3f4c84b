/* One series as plain numbers, and where its level changed.
 */
#ifndef CORE_TREND_SERIES_H
#define CORE_TREND_SERIES_H

#include "core/stats/change_points.h"
#include "core/stats/ratio.h"
#include "core/trend/trend.h"

/* Runs on either side of a change that its ratio is made of, at most: the nearest. */
enum { LEVEL_RUNS = 30 };

struct level_change {
	size_t at; /* index of the first value of the new level */
	double before, after;
	struct ratio_interval ratio; /* of the nearest runs on either side */
	const char *word;            /* "worse", "better"; "changed" of what has no direction */
};

/* The values of good runs, oldest first. */
struct series_view {
	const struct trend_series *series;
	double *values;
	size_t *runs; /* index of the list, one a value */
	size_t n;
	struct level_change *changes;
	size_t n_changes;
};

/* One for each series of the trend; made in several threads. The caller frees them. */
struct series_view *series_views_new(const struct trend *trend);
void series_views_free(struct series_view *views, size_t n);

#endif
