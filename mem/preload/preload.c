/* Starts the library in its host: once, at the first call of a hook or from the constructor,
 * whichever comes first.
 *
 * The first allocations come before any constructor of ours could run (libstdc++'s pool of 72,704
 * bytes, the dynamic linker's own), so the hooks start it; the constructor is for programs that
 * never allocate.
 */
#include "mem/preload/preload.h"

#include "mem/preload/allocator.h"
#include "mem/preload/attach.h"
#include "mem/preload/environment.h"
#include "mem/preload/live.h"
#include "mem/preload/lookup.h"
#include "mem/preload/modules.h"
#include "mem/preload/real.h"
#include "mem/preload/record.h"
#include "mem/preload/section.h"
#include "mem/preload/stacks.h"
#include "mem/preload/thread.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char never;
struct state preload = {.n_forks = 1, .single_threaded = &never};

void *preload_map(size_t bytes)
{
	int saved = errno;
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		memory = NULL;
	else
		madvise(memory, bytes, MADV_DONTDUMP);
	errno = saved;
	return memory;
}

void preload_wait_while(const uint32_t *lock, uint32_t value)
{
	struct timespec moment = {.tv_nsec = 50000};
	int saved = errno;

	syscall(SYS_futex, lock, FUTEX_WAIT_PRIVATE, value, &moment, NULL, 0);
	errno = saved;
}

void preload_trouble(enum wire_trouble trouble)
{
	if (preload_mode() == MODE_ON)
		__atomic_fetch_add(&preload.section->troubles[trouble], 1, __ATOMIC_RELAXED);
}

/* fork(3)'s handler. The wiping is what counts, since raw clones run no handlers; asking for the
 * pid here spares a system call later, when the child may have sandboxed itself. */
static void after_fork_in_child(void)
{
	preload.own->section = SECTION_OF_PARENT;
	preload.own->pid = getpid();
	thread_forked(thread_self());
}

static bool watch_forks(void)
{
	preload.own = preload_map(WIRE_PAGE);
	if (!preload.own)
		return false;
	madvise(preload.own, WIRE_PAGE, MADV_WIPEONFORK);
	preload.own->pid = getpid();
	return pthread_atfork(NULL, NULL, after_fork_in_child) == 0;
}

static void find_single_threaded(void)
{
	const char *flag = lookup_one("__libc_single_threaded", LOOKUP_ANYWHERE);

	if (flag)
		preload.single_threaded = flag;
}

/* Where glibc keeps a thread's id, as it tells debuggers (nptl_db): bits, number, offset. Where
 * that does not hold, the header's pointer to itself serves (x86-64 psABI, TLS), which tells
 * nothing. */
static void find_tid(void)
{
	const uint32_t *field = lookup_one("_thread_db_pthread_tid", LOOKUP_ANYWHERE);
	const char *self = __builtin_thread_pointer();

	enum { SELF_OFFSET = 16, MAX_OFFSET = 2048 };
	preload.tid_offset = SELF_OFFSET;
	if (!field || field[0] != 32 || field[1] != 1 || field[2] > MAX_OFFSET || field[2] % 4)
		return;
	if (*(const int32_t *)(self + field[2]) != (int32_t)syscall(SYS_gettid))
		return;
	preload.tid_offset = field[2];
	preload.has_tids = true;
}

static bool start_recording(void)
{
	const char *address = getenv("PROFILE_SCENARIO");

	environment_remember();
	find_single_threaded();
	find_tid();
	return address && attach(address) == 0 && thread_init() && watch_forks() &&
	       live_init(real_is_glibc()) && modules_init() && stacks_init() && record_init() &&
	       section_claim() && allocator_hook_own_functions();
}

void preload_start(void)
{
	int expected = MODE_NEW, saved = errno;

	if (!__atomic_compare_exchange_n(&preload.mode, &expected, MODE_STARTING, false,
	                                 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return;
	real_resolve();
	/* Before libc's own initialiser has run there is no environment to read; the next call
	 * tries again. */
	if (!environ)
		expected = MODE_NEW;
	else
		expected = start_recording() ? MODE_ON : MODE_OFF;
	__atomic_store_n(&preload.mode, expected, __ATOMIC_RELEASE);
	errno = saved;
}

static __attribute__((constructor)) void start_without_allocation(void)
{
	if (preload_mode() == MODE_NEW)
		preload_start();
}
