/* Keeps the stops that wait4(2) gave and that are not dealt with yet. */
#include "core/trace/stops.h"

#include "core/alloc.h"
#include "core/clock.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

enum { STOPS_A_TURN = 16 };

static bool is_at_event(const siginfo_t *info, int event)
{
	return info->si_code == (SIGTRAP | event << 8);
}

/* SIGKILL takes a thread on to its exit, and another thread's exec a process's first thread: that
 * one has its id then. */
static bool is_outdated(const struct stop *stop)
{
	int event = stop->status >> 16;
	siginfo_t info;

	/* The target may queue to itself a SIGTRAP that looks like them. */
	if (!WIFSTOPPED(stop->status) || (!event && WSTOPSIG(stop->status) == SIGTRAP) ||
	    ptrace(PTRACE_GETSIGINFO, stop->tid, NULL, &info) || info.si_signo != SIGTRAP)
		return false;
	return (event != PTRACE_EVENT_EXEC && is_at_event(&info, PTRACE_EVENT_EXEC)) ||
	       (event != PTRACE_EVENT_EXIT && is_at_event(&info, PTRACE_EVENT_EXIT));
}

const struct stop *stops_next(struct stops *stops)
{
	while (stops->n_given < stops->n_taken) {
		const struct stop *stop = &stops->taken[stops->n_given++];

		if (!is_outdated(stop))
			return stop;
	}
	return NULL;
}

void stops_take_due(struct stops *stops, bool wants_usage)
{
	struct stop stop = {0};

	if (++stops->n_since < STOPS_A_TURN)
		return;
	stops->n_since = 0;
	stops->n_taken = stops->n_given = 0;
	while ((stop.tid = wait4(-1, &stop.status, WNOHANG | __WALL | __WNOTHREAD,
	                         wants_usage ? &stop.usage : NULL)) > 0) {
		stop.taken_ns = clock_now_ns();
		*ARRAY_APPEND(stops->taken, stops->n_taken, stops->capacity) = stop;
	}
}
