/* Mean, deviation, quantiles. */
#include "core/stats/describe.h"

#include "core/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double describe_mean(const double *values, size_t n)
{
	double mean = 0;

	if (n == 0)
		return NAN;
	/* Steps of the running mean: a sum of large values could overflow. */
	for (size_t i = 0; i < n; i++)
		mean += (values[i] - mean) / (double)(i + 1);
	return mean;
}

double describe_deviation(const double *values, size_t n)
{
	double mean = describe_mean(values, n);
	double squares = 0;

	if (n < 2)
		return NAN;
	for (size_t i = 0; i < n; i++)
		squares += (values[i] - mean) * (values[i] - mean);
	return sqrt(squares / (double)(n - 1));
}

int describe_compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double *describe_sorted(const double *values, size_t n)
{
	double *sorted;

	if (n == 0)
		return NULL;
	sorted = xmalloc(n * sizeof(*sorted));
	memcpy(sorted, values, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), describe_compare);
	return sorted;
}

double describe_sorted_quantile(const double *ascending, size_t n, double part)
{
	double place, below;
	size_t index;

	if (n == 0)
		return NAN;
	place = part * (double)(n - 1);
	below = floor(place);
	index = (size_t)below;
	if (index + 1 >= n)
		return ascending[n - 1];
	if (place == below)
		return ascending[index];
	return ascending[index] + (place - below) * (ascending[index + 1] - ascending[index]);
}

double describe_quantile(const double *values, size_t n, double part)
{
	double *sorted = describe_sorted(values, n);
	double quantile = describe_sorted_quantile(sorted, n, part);

	free(sorted);
	return quantile;
}

double describe_median(const double *values, size_t n)
{
	return describe_quantile(values, n, 0.5);
}

double describe_mad(const double *values, size_t n)
{
	double median = describe_median(values, n);
	double *distances;
	double mad;

	if (n == 0)
		return NAN;
	distances = xmalloc(n * sizeof(*distances));
	for (size_t i = 0; i < n; i++)
		distances[i] = fabs(values[i] - median);
	mad = describe_median(distances, n);
	free(distances);
	return mad;
}

bool describe_all_finite(const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(values[i]))
			return false;
	return true;
}

bool describe_all_equal(const double *values, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (values[i] != values[0])
			return false;
	return n > 0;
}

double describe_select(double *values, size_t n, size_t index)
{
	size_t from = 0, to = n - 1;

	while (from < to) {
		double pivot = values[index];
		size_t left = from, right = to;

		while (left <= right) {
			double swapped;

			while (values[left] < pivot)
				left++;
			while (values[right] > pivot)
				right--;
			if (left > right)
				break;
			swapped = values[left];
			values[left++] = values[right];
			values[right] = swapped;
			if (right == 0)
				break;
			right--;
		}
		if (index <= right)
			to = right;
		else if (index >= left)
			from = left;
		else
			break;
	}
	return values[index];
}
