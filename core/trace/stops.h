/* Takes the stops of traced threads in turn.
 *
 * wait4(-1) gives the first stop on the kernel's list of tracees, which begins with those that came
 * last. Where hundreds stop again as fast as they are resumed, it never gets to the others. So
 * every now and then all stops that wait are taken, and dealt with before any other. (To take all
 * each time would cost a call a stop where a single thread makes them.)
 */
#ifndef CORE_TRACE_STOPS_H
#define CORE_TRACE_STOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct stop {
	pid_t tid;
	int status;          /* as waitpid(2) gives it; also an end */
	struct rusage usage; /* 0 where it is not wanted */
	uint64_t taken_ns;
};

/* All 0: empty. */
struct stops {
	struct stop *taken; /* NULL: none; free(3) */
	size_t n_taken;
	size_t n_given; /* of them */
	size_t capacity;
	unsigned n_since; /* stops that were waited for since all were taken */
};

/* The next of those that were taken; NULL: they are through. Valid until the next call of
 * stops_take_due(). Stops that are none any more, since their thread was taken on to another one
 * meanwhile, are passed over: wait4(2) gives that one. */
const struct stop *stops_next(struct stops *stops);

/* The calling thread has waited for a stop, and resumed nobody yet: takes the others too, if it is
 * time to. Only when stops_next() gives none. */
void stops_take_due(struct stops *stops, bool wants_usage);

#endif
