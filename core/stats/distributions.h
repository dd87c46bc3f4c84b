/* Distributions that intervals and tests are read from.
 *
 * The normal distribution function is the C library's erfc(); quantiles and Student's t are
 * computed from Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.5 and 26.7,
 * and agree with its tables to 1e-9.
 */
#ifndef CORE_STATS_DISTRIBUTIONS_H
#define CORE_STATS_DISTRIBUTIONS_H

/* Probability of a standard normal value of at most z. */
double normal_probability(double z);
/* The z of which normal_probability() is p, 0 < p < 1. */
double normal_quantile(double p);
/* The same for Student's t with this many degrees of freedom, more than 0. */
double student_probability(double t, double degrees);
double student_quantile(double p, double degrees);

#endif
