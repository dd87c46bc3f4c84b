/* Where the level of a series changed: runs in the order in which they were made.
 *
 * The series is cut so that the sum of squares about each part's mean and a penalty for each part
 * is least (optimal partitioning: Jackson and others, "An algorithm for optimal partitioning of
 * data on an interval", IEEE Signal Processing Letters 12 (2005)). Not the values are summed but
 * the normal scores of their ranks (van der Waerden, "Order tests for the two-sample problem",
 * 1952): so outliers are only the last in a row, and how often there is a false alarm in runs that
 * are alike depends on their number alone, not on the kind of noise. Parts are cut again, ranked by
 * themselves, until none can be.
 *
 * Runs that are alike depend on nothing but chance. A machine that is slower in the afternoon is a
 * change of level too.
 */
#ifndef CORE_STATS_CHANGE_POINTS_H
#define CORE_STATS_CHANGE_POINTS_H

#include <stddef.h>

/* A level has so many runs at least. */
#define CHANGE_POINTS_SHORTEST 3

struct change_point {
	size_t at;            /* index of the first run of the new level */
	double before, after; /* medians of the levels that meet here */
};

/* Finite values. *points gets an array that the caller frees, in the order of the series; NULL for
 * none. Returns how many there are. Of more than 2,000 values groups of neighbours are looked at,
 * and a level of fewer than three such groups may be overlooked. */
size_t change_points_find(const double *values, size_t n, struct change_point **points);

#endif
