/* Outliers by median absolute deviations. */
#include "core/stats/outliers.h"

#include "core/stats/describe.h"

#include <math.h>

/* Deviations of normal noise that are too far, in which units. */
#define TOO_FAR 10
#define DEVIATION_IN_MADS 1.4826
#define DEVIATION_IN_MEAN_DISTANCES 1.2533

static double mean_distance(const double *values, size_t n, double centre)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += fabs(values[i] - centre);
	return sum / (double)n;
}

struct outliers outliers_find(const double *values, size_t n)
{
	struct outliers found = {0};
	double median = describe_median(values, n);
	double deviation = DEVIATION_IN_MADS * describe_mad(values, n);

	if (n < 3)
		return found;
	if (deviation == 0)
		deviation = DEVIATION_IN_MEAN_DISTANCES * mean_distance(values, n, median);
	for (size_t i = 0; i < n; i++)
		found.n += fabs(values[i] - median) > TOO_FAR * deviation;
	found.first_high = values[0] - median > TOO_FAR * deviation;
	return found;
}
