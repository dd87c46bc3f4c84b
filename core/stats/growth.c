/* Exponent and law of growth. */
#include "core/stats/growth.h"

#include "core/stats/describe.h"
#include "core/stats/distributions.h"

#include <math.h>

#define FEWEST_SIZES 3
/* Differences of Schwarz's criterion that are no strong evidence. */
#define ALIKE 6.0
/* Relative error below which two fits are both perfect: counts that follow a law exactly. */
#define LEAST_ERROR 1e-6

static double constant(double n)
{
	(void)n;
	return 1;
}

static double logarithm(double n)
{
	return log2(n);
}

static double linear(double n)
{
	return n;
}

static double linear_log(double n)
{
	return n * log2(n);
}

static double square(double n)
{
	return n * n;
}

static double cube(double n)
{
	return n * n * n;
}

static const struct {
	const char *text;
	double (*at)(double n);
} laws[N_GROWTH_LAWS] = {
    [GROWTH_CONSTANT] = {"O(1)", constant}, [GROWTH_LOG] = {"O(log n)", logarithm},
    [GROWTH_LINEAR] = {"O(n)", linear},     [GROWTH_LINEAR_LOG] = {"O(n log n)", linear_log},
    [GROWTH_SQUARE] = {"O(n^2)", square},   [GROWTH_CUBE] = {"O(n^3)", cube},
};

const char *growth_law_text(enum growth_law law)
{
	return laws[law].text;
}

double growth_law_at(enum growth_law law, double size)
{
	return laws[law].at(size);
}

static size_t count_sizes(const double *sizes, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		size_t before = 0;

		while (sizes[before] != sizes[i])
			before++;
		count += before == i;
	}
	return count;
}

static double least_of(const double *values, size_t n)
{
	double least = INFINITY;

	for (size_t i = 0; i < n; i++)
		least = fmin(least, values[i]);
	return least;
}

/* The slope of log value on log size. */
static void fit_exponent(struct growth *growth, const double *sizes, const double *values, size_t n)
{
	double mean_x = 0, mean_y = 0, xx = 0, xy = 0, rest = 0, reach;

	for (size_t i = 0; i < n; i++) {
		mean_x += log(sizes[i]) / (double)n;
		mean_y += log(values[i]) / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		double x = log(sizes[i]) - mean_x;

		xx += x * x;
		xy += x * (log(values[i]) - mean_y);
	}
	growth->exponent = xy / xx;
	for (size_t i = 0; i < n; i++) {
		double error =
		    log(values[i]) - mean_y - growth->exponent * (log(sizes[i]) - mean_x);

		rest += error * error;
	}
	reach = student_quantile(0.975, (double)(n - 2)) * sqrt(rest / (double)(n - 2) / xx);
	growth->low = growth->exponent - reach;
	growth->high = growth->exponent + reach;
}

struct fit {
	double start, factor;
	double error; /* mean square of the relative errors */
};

/* Values of 0 have no relative error: they count as a hundredth of the largest one. */
static double weight_of(double value, double largest)
{
	double scale = fmax(value, largest / 100);

	return 1 / (scale * scale);
}

static double error_of(const struct fit *fit, enum growth_law law, const double *sizes,
                       const double *values, size_t n, double largest)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		double error = values[i] - fit->start - fit->factor * laws[law].at(sizes[i]);

		sum += error * error * weight_of(values[i], largest);
	}
	return sum / (double)n;
}

/* Least squares of start + factor * f with both not below 0: where one would be, it is 0. */
static struct fit fit_law(enum growth_law law, const double *sizes, const double *values, size_t n,
                          double largest)
{
	/* f in parts of its largest, so that cubes do not drown the ones. */
	double scale = laws[law].at(sizes[0]), w1 = 0, wf = 0, wff = 0, wy = 0, wfy = 0;
	struct fit fit = {0};

	for (size_t i = 1; i < n; i++)
		scale = fmax(scale, laws[law].at(sizes[i]));
	scale = scale > 0 ? scale : 1;
	for (size_t i = 0; i < n; i++) {
		double w = weight_of(values[i], largest), f = laws[law].at(sizes[i]) / scale;

		w1 += w;
		wf += w * f;
		wff += w * f * f;
		wy += w * values[i];
		wfy += w * f * values[i];
	}
	if (law != GROWTH_CONSTANT) {
		double determinant = w1 * wff - wf * wf;

		fit.factor = (w1 * wfy - wf * wy) / determinant;
		fit.start = (wff * wy - wf * wfy) / determinant;
	}
	if (law == GROWTH_CONSTANT || fit.factor <= 0) {
		fit.factor = 0;
		fit.start = wy / w1;
	} else if (fit.start < 0) {
		fit.start = 0;
		fit.factor = wfy / wff;
	}
	fit.factor /= scale;
	fit.error = error_of(&fit, law, sizes, values, n, largest);
	return fit;
}

static void fit_laws(struct growth *growth, const double *sizes, const double *values, size_t n)
{
	double largest = 0, criteria[N_GROWTH_LAWS], best = INFINITY;

	for (size_t i = 0; i < n; i++)
		largest = fmax(largest, values[i]);
	for (enum growth_law law = 0; law < N_GROWTH_LAWS; law++) {
		struct fit fit = fit_law(law, sizes, values, n, largest);
		double error = fit.error + LEAST_ERROR * LEAST_ERROR;

		criteria[law] = (double)n * log(error) + log((double)n) * (law != GROWTH_CONSTANT);
		/* What is equal but for rounding is the slower law's. */
		if (criteria[law] < best - 1e-6) {
			best = criteria[law];
			growth->law = law;
			growth->start = fit.start;
			growth->factor = fit.factor;
		}
	}
	for (enum growth_law law = 0; law < N_GROWTH_LAWS; law++)
		growth->fits[law] = criteria[law] < best + ALIKE;
	growth->has_law = true;
}

struct growth growth_fit(const double *sizes, const double *values, size_t n)
{
	struct growth growth = {.exponent = NAN, .low = NAN, .high = NAN};
	double least;

	if (count_sizes(sizes, n) < FEWEST_SIZES || least_of(sizes, n) <= 0)
		return growth;
	if (describe_all_equal(values, n)) {
		growth.exponent = growth.low = growth.high = 0;
		growth.has_law = growth.fits[GROWTH_CONSTANT] = true;
		growth.start = values[0];
		return growth;
	}
	least = least_of(values, n);
	if (least > 0)
		fit_exponent(&growth, sizes, values, n);
	if (least >= 0)
		fit_laws(&growth, sizes, values, n);
	return growth;
}
