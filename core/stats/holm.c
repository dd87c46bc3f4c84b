/* Holm's correction. */
#include "core/stats/holm.h"

#include "core/alloc.h"

#include <math.h>
#include <stdlib.h>

static int compare_targets(const void *left, const void *right)
{
	double a = **(double *const *)left, b = **(double *const *)right;

	return (a > b) - (a < b);
}

void holm_correct(double *p, size_t n)
{
	double **ascending = xcalloc(n, sizeof(*ascending));
	double highest = 0;

	for (size_t i = 0; i < n; i++)
		ascending[i] = &p[i];
	qsort(ascending, n, sizeof(*ascending), compare_targets);
	for (size_t i = 0; i < n; i++) {
		highest = fmax(highest, fmin(1, *ascending[i] * (double)(n - i)));
		*ascending[i] = highest;
	}
	free(ascending);
}
