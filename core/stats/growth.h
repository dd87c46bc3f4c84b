/* How a number grows with a size: its exponent, and which of the usual laws it follows.
 *
 * The exponent is the slope of a straight line through (log size, log value), by least squares,
 * with Student's interval (Draper, Smith, "Applied Regression Analysis", 1.4). It is that of the
 * sizes measured: a fixed cost at the start lowers it.
 *
 * A law f is fitted as a + b f(size) with a and b not below 0, by least squares of the relative
 * errors, since noise of times is relative. The best one has the least Bayesian information
 * criterion (Schwarz, "Estimating the dimension of a model", Annals of Statistics 6 (1978)); those
 * within 6 of it fit too: evidence between them is not strong (Kass, Raftery, "Bayes factors",
 * JASA 90 (1995)).
 */
#ifndef CORE_STATS_GROWTH_H
#define CORE_STATS_GROWTH_H

#include <stdbool.h>
#include <stddef.h>

enum growth_law {
	GROWTH_CONSTANT,
	GROWTH_LOG,
	GROWTH_LINEAR,
	GROWTH_LINEAR_LOG,
	GROWTH_SQUARE,
	GROWTH_CUBE,
	N_GROWTH_LAWS
};

struct growth {
	double exponent; /* NaN: fewer than 3 sizes, or a size or value of 0 or less */
	double low;      /* its 95 % interval */
	double high;
	bool has_law; /* false: fewer than 3 sizes, or one of 0 or less, or a value below 0 */
	enum growth_law law; /* the one that fits best, of equal ones the slowest */
	bool fits[N_GROWTH_LAWS];
	double start, factor; /* value = start + factor * f(size) */
};

/* "O(1)", "O(log n)", ... */
const char *growth_law_text(enum growth_law law);

/* f(size), for sizes above 0. */
double growth_law_at(enum growth_law law, double size);

/* Points in any order; a size may come again. Values that are all 0, or all the same, are constant
 * with an exponent of 0. All must be finite. */
struct growth growth_fit(const double *sizes, const double *values, size_t n);

#endif
