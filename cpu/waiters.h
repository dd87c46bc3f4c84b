/* Who waits most, and where: blocked time by thread name and the function that waits. */
#ifndef CPU_WAITERS_H
#define CPU_WAITERS_H

#include <stddef.h>
#include <stdint.h>

struct profile;

struct waiter {
	const char *comm; /* lives as long as the profile */
	uint32_t site;    /* frame id: the innermost one with a name that is not the system's */
	uint32_t call; /* frame id: the innermost user frame, by which it waits; may be the site */
	uint64_t blocked_ns;
	uint64_t n_waits;
};

/* The waiters of a profile with the types of enum offcpu_type, most time first; time of which
 * there is no stack is under its frame that says so. The caller frees the array. */
struct waiter *waiters_of(const struct profile *profile, size_t *n_waiters);

#endif
