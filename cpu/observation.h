/* The sampling event opened on what is to be observed: a command that is held before its exec,
 * processes that run already, or all CPUs.
 *
 * An event that is disabled gives no records of mappings and forks either, so where sampling begins
 * later than the command a second event that counts nothing is there for them.
 */
#ifndef CPU_OBSERVATION_H
#define CPU_OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cpu_event;
struct diag;
struct perf_stream;
struct repeat;

enum { OBSERVE_SAMPLES, OBSERVE_TRACKING }; /* events of the stream; the second may not be there */

struct observation {
	struct perf_stream *stream; /* NULL: not open */
	unsigned n_events;          /* of the stream */
	/* Every process is observed; also where only some were asked for, but an event for each of
	 * their many threads would slow them. */
	bool all_cpus;
	int *clocks; /* counters of processor time, where the event's periods are none */
	size_t n_clocks;
	size_t clocks_capacity;
	bool knows_busy;
	uint64_t busy_ns; /* of all CPUs when sampling began */
};

/* -EACCES and -EPERM with what helps; -ESRCH when a process has ended; -EMFILE when there are too
 * many threads for the limit of descriptors, which is raised as far as we may. The struct is to be
 * closed in any case; a zeroed one may be. */
int observation_open(struct observation *observation, const struct cpu_event *event,
                     const struct repeat *repeat, size_t ring_bytes, uint32_t wakeup_bytes,
                     struct diag *diag);
void observation_close(struct observation *observation);

/* Of a repeat that begins later. */
void observation_start(struct observation *observation);

/* The processor time that was used while the event was on, by the kernel's counters; 0 where the
 * samples' periods are time. Once the stream has been stopped. False: they could not be read,
 * or counted a thread twice. */
bool observation_time(const struct observation *observation, uint64_t *time_ns);

#endif
