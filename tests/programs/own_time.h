/* The processor time that a program knows it had, and that sampling by time can know of too.
 *
 * A virtual machine's processor may be taken away in the middle of a loop: the thread's clock goes
 * on, or not, and of all the timer ticks that were due one fires, late. So of a step of a loop,
 * which lasts a fraction of a millisecond, no more than a period is counted.
 */
#ifndef TESTS_PROGRAMS_OWN_TIME_H
#define TESTS_PROGRAMS_OWN_TIME_H

#include <stdint.h>
#include <time.h>

static uint64_t own_time_period_ns = 1000000; /* of 997 samples a second */

static inline uint64_t own_time_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What the step since *last_ns took; that becomes now. */
static inline uint64_t own_time_step_ns(uint64_t *last_ns)
{
	uint64_t now_ns = own_time_clock_ns();
	uint64_t took_ns = now_ns - *last_ns;

	*last_ns = now_ns;
	return took_ns < own_time_period_ns ? took_ns : own_time_period_ns;
}

#endif
