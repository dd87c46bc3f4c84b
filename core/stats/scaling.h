/* How the time for a given amount of work falls with the number of workers: Amdahl's law, time(p) =
 * time(1) (s + (1 - s) / p), where s is the share of the work that only one of them can do (Amdahl,
 * "Validity of the single processor approach to achieving large scale computing capabilities",
 * AFIPS 1967).
 *
 * time(p) = a + b / p is fitted by least squares of the relative errors; s = a / (a + b). Its
 * interval is Student's, with the variance of the quotient by the delta method (Casella, Berger,
 * "Statistical Inference", 5.5.4). Pure.
 */
#ifndef CORE_STATS_SCALING_H
#define CORE_STATS_SCALING_H

#include <stddef.h>

struct scaling {
	double
	    serial; /* s, from 0 to 1; NaN: fewer than 3 numbers of workers, or a value of 0 or less
	             */
	double low; /* its 95 % interval, cut at 0 and 1 */
	double high;
	double one_worker; /* time(1) as fitted */
};

/* Points in any order. */
struct scaling scaling_fit(const double *workers, const double *times, size_t n);

#endif
