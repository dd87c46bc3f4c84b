/* What a set of numbers is like: centre, spread, quantiles.
 *
 * The numbers may stand in any order and are not changed; they must be finite. Of too few the
 * answer is NaN.
 */
#ifndef CORE_STATS_DESCRIBE_H
#define CORE_STATS_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

double describe_mean(const double *values, size_t n);
/* Of a sample (divided by n - 1); NaN of fewer than two. */
double describe_deviation(const double *values, size_t n);
double describe_median(const double *values, size_t n);
/* The value below which this part of them lies, 0 to 1, linear between neighbours: definition 7 of
 * Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996),
 * which is also that of R, NumPy and hyperfine. */
double describe_quantile(const double *values, size_t n, double part);
/* Median of the distances from the median, as it is: not scaled to a normal deviation. */
double describe_mad(const double *values, size_t n);

bool describe_all_finite(const double *values, size_t n);
/* At least one, and all the same. */
bool describe_all_equal(const double *values, size_t n);

/* For qsort(3): ascending. */
int describe_compare(const void *left, const void *right);
/* An ascending copy; the caller frees it. NULL for none. */
double *describe_sorted(const double *values, size_t n);
/* The quantile of values that are ascending already. */
double describe_sorted_quantile(const double *ascending, size_t n, double part);

/* The value that would stand at `index` if they were sorted; reorders them (Hoare, "Algorithm 65:
 * find", Communications of the ACM 4 (1961)). index < n. */
double describe_select(double *values, size_t n, size_t index);

#endif
