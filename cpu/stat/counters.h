/* Perf counters of one repeat: opened for a held command, for the threads of running processes, or
 * for each CPU, and read as sums.
 *
 * Each event is read by itself: PERF_FORMAT_GROUP does not go together with inherit before Linux
 * 4.13. Children's counts are in what read(2) gives (perf_event_open(2), inherit).
 */
#ifndef CPU_STAT_COUNTERS_H
#define CPU_STAT_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct counters;
struct diag;
struct event_list;
struct repeat;

/* What read(2) gives of an event, summed over all for whom it was opened. */
struct raw_count {
	uint64_t value;
	uint64_t enabled_ns; /* in which it was to count, and something ran */
	uint64_t running_ns; /* in which the PMU had a counter for it */
};

/* Scaled to the whole time that it was to count. */
struct count {
	bool is_known;
	double value;
	double counted_percent; /* under 100: the value is an estimate */
};

/* From what was counted: value x enabled / running, as perf stat does. An event that never had a
 * counter is not known; of one that was never on, because nothing ran, `idle_is_zero` tells. */
struct count count_scale(const struct raw_count *raw, bool idle_is_zero);
/* Of what came between two readings. */
struct raw_count raw_count_since(const struct raw_count *now, const struct raw_count *before);

/* Opens what the list's events have as their source; the list must outlive the counters. A command
 * counts from its exec on, unless the repeat begins later; all others from counters_start() on.
 * -EACCES and -EPERM with what helps; -ESRCH, -EMFILE as of running_threads_watch(). */
int counters_open(struct counters **counters, const struct event_list *list,
                  const struct repeat *repeat, struct diag *diag);
void counters_close(struct counters *counters); /* NULL is fine */

void counters_start(struct counters *counters);
void counters_stop(struct counters *counters);

/* One a event of the list; of those without a counter all is 0. */
void counters_read(const struct counters *counters, struct raw_count *counts);

/* Threads that were made while the others were being attached to: they may have inherited what was
 * then opened for them, too, and count twice. */
size_t counters_n_doubtful(const struct counters *counters);

#endif
