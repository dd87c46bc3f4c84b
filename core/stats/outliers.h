/* Runs that do not belong to the others.
 *
 * The modified z-score of Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993):
 * distance from the median in median absolute deviations, which the outliers themselves hardly
 * move. Like hyperfine (its src/outlier_detection.rs) we warn only of what is absurdly far: ten
 * times the deviation that the others have, 14.826 of these units for normal noise. Where half of
 * the values are equal that unit is 0, and hyperfine counts every other value; ticks of a clock are
 * no outliers, so the mean absolute deviation takes its place here, scaled alike (1.2533
 * for 1.4826).
 */
#ifndef CORE_STATS_OUTLIERS_H
#define CORE_STATS_OUTLIERS_H

#include <stdbool.h>
#include <stddef.h>

struct outliers {
	size_t n;        /* values too far from the median, below or above */
	bool first_high; /* the first value is one, above: a cache was cold */
};

/* Finite values in the order of the runs. Of fewer than 3 none is an outlier. */
struct outliers outliers_find(const double *values, size_t n);

#endif
