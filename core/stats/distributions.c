/* Normal and Student's distribution. */
#include "core/stats/distributions.h"

#include <math.h>

double normal_probability(double z)
{
	return erfc(-z / M_SQRT2) / 2;
}

/* The t at which `probability` reaches p. Bisection: both distributions rise everywhere, and nobody
 * asks for more than a few quantiles. */
static double quantile_of(double (*probability)(double, double), double p, double degrees)
{
	double low = -1, high = 1;

	while (probability(low, degrees) > p)
		low *= 2;
	while (probability(high, degrees) < p)
		high *= 2;
	for (int i = 0; i < 200 && low < high; i++) {
		double middle = low + (high - low) / 2;

		if (middle == low || middle == high)
			break;
		if (probability(middle, degrees) < p)
			low = middle;
		else
			high = middle;
	}
	return low + (high - low) / 2;
}

static double normal_of(double z, double unused)
{
	(void)unused;
	return normal_probability(z);
}

double normal_quantile(double p)
{
	return quantile_of(normal_of, p, 0);
}

/* The continued fraction of the incomplete beta function (26.5.8), by Lentz's method: converges
 * fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1), result;

	d = 1 / (fabs(d) < tiny ? tiny : d);
	result = d;
	for (int m = 1; m < 1000; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		result *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		step = d * c;
		result *= step;
		if (fabs(step - 1) < 1e-16)
			break;
	}
	return result;
}

/* lgamma() itself writes a global. */
static double log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

/* I_x(a, b) of 26.5.1. */
static double incomplete_beta(double x, double a, double b)
{
	double front;

	if (x <= 0 || x >= 1)
		return x <= 0 ? 0 : 1;
	front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(x, a, b) / a;
	return 1 - front * beta_fraction(1 - x, b, a) / b;
}

double student_probability(double t, double degrees)
{
	/* 26.7.1; both tails together. */
	double tails = incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5);

	return t > 0 ? 1 - tails / 2 : tails / 2;
}

double student_quantile(double p, double degrees)
{
	return quantile_of(student_probability, p, degrees);
}
