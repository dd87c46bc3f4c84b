/* Fits Amdahl's law. */
#include "core/stats/scaling.h"

#include "core/stats/distributions.h"

#include <math.h>
#include <stdbool.h>

static bool is_fit_for(const double *workers, const double *times, size_t n)
{
	size_t n_different = 0;

	for (size_t i = 0; i < n; i++) {
		size_t before = 0;

		if (!(workers[i] > 0) || !(times[i] > 0))
			return false;
		while (workers[before] != workers[i])
			before++;
		n_different += before == i;
	}
	return n_different >= 3;
}

/* Weighted sums: of ones, of x = 1 / workers, of its square, of the times, and of both. */
struct sums {
	double one, x, xx, y, xy;
};

static struct sums sum_up(const double *workers, const double *times, size_t n)
{
	struct sums sums = {0};

	for (size_t i = 0; i < n; i++) {
		double weight = 1 / (times[i] * times[i]), x = 1 / workers[i];

		sums.one += weight;
		sums.x += weight * x;
		sums.xx += weight * x * x;
		sums.y += weight * times[i];
		sums.xy += weight * x * times[i];
	}
	return sums;
}

/* The mean square of the relative errors, by degrees of freedom. */
static double variance_of(double a, double b, const double *workers, const double *times, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		double error = 1 - (a + b / workers[i]) / times[i];

		sum += error * error;
	}
	return sum / (double)(n - 2);
}

static double within(double share)
{
	return fmin(fmax(share, 0), 1);
}

struct scaling scaling_fit(const double *workers, const double *times, size_t n)
{
	struct scaling scaling = {NAN, NAN, NAN, NAN};
	struct sums sums;
	double determinant, a, b, variance, by_a, by_b, reach;

	if (!is_fit_for(workers, times, n))
		return scaling;
	sums = sum_up(workers, times, n);
	determinant = sums.one * sums.xx - sums.x * sums.x;
	a = (sums.xx * sums.y - sums.x * sums.xy) / determinant;
	b = (sums.one * sums.xy - sums.x * sums.y) / determinant;
	if (!(a + b > 0))
		return scaling;
	variance = variance_of(a, b, workers, times, n);
	/* Derivatives of a / (a + b). */
	by_a = b / ((a + b) * (a + b));
	by_b = -a / ((a + b) * (a + b));
	reach = student_quantile(0.975, (double)(n - 2)) *
	        sqrt(variance / determinant *
	             (by_a * by_a * sums.xx - 2 * by_a * by_b * sums.x + by_b * by_b * sums.one));
	scaling.one_worker = a + b;
	scaling.serial = within(a / (a + b));
	scaling.low = within(a / (a + b) - reach);
	scaling.high = within(a / (a + b) + reach);
	return scaling;
}
