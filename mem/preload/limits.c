/* Hooks of the functions that limit a process's resources. */
#include "mem/preload/preload.h"
#include "mem/preload/real.h"
#include "mem/preload/section.h"
#include "mem/preload/thread.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

/* A vfork child runs on its parent's memory, which is not its to give away. */
static bool is_memory_our_own(void)
{
	return !preload.own->pid || preload.own->pid == getpid();
}

/* We have reserved more address space than programs have use for. One that limits its own gets it
 * back: first the room for forked children, and where that cannot be enough all, and then it is not
 * observed any more. What it has done so far is the driver's already. */
static void give_room_back(rlim_t limit)
{
	struct thread *self;

	if (limit >= WIRE_FILE_BYTES || !is_memory_our_own())
		return;
	self = thread_self();
	if (!self || self->busy == preload.n_forks)
		return; /* a signal handler that interrupted the recorder, which goes on */
	self->busy = preload.n_forks;
	section_unmap_others();
	self->busy = 0;
	/* Other threads may be in the recorder. */
	if (limit < WIRE_ADDRESS_SPACE && preload_is_single_threaded()) {
		preload_trouble(WIRE_STOPPED);
		preload_stop();
	}
}

static void before_limit(int resource, const struct rlimit *limit)
{
	int saved = errno;

	if (resource == RLIMIT_AS && limit && preload_mode() == MODE_ON)
		give_room_back(limit->rlim_cur);
	errno = saved;
}

static int is_missing(void)
{
	errno = ENOSYS;
	return -1;
}

static int set(int resource, const struct rlimit *limit)
{
	if (preload_mode() == MODE_NEW)
		preload_start();
	if (!real.setrlimit)
		return is_missing();
	before_limit(resource, limit);
	return real.setrlimit(resource, limit);
}

static int set_of(pid_t pid, int resource, const struct rlimit *limit, struct rlimit *old)
{
	if (preload_mode() == MODE_NEW)
		preload_start();
	if (!real.prlimit)
		return is_missing();
	if (!pid || pid == getpid())
		before_limit(resource, limit);
	return real.prlimit(pid, resource, limit, old);
}

/* The numbers are the same with and without 64 on this machine. */
EXPORT int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	return set((int)resource, limit);
}

EXPORT int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
	return set((int)resource, (const struct rlimit *)limit);
}

EXPORT int prlimit(pid_t pid, enum __rlimit_resource resource, const struct rlimit *limit,
                   struct rlimit *old)
{
	return set_of(pid, (int)resource, limit, old);
}

EXPORT int prlimit64(pid_t pid, enum __rlimit_resource resource, const struct rlimit64 *limit,
                     struct rlimit64 *old)
{
	return set_of(pid, (int)resource, (const struct rlimit *)limit, (struct rlimit *)old);
}
