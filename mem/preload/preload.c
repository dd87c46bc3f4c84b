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
#include "mem/preload/entrance.h"
#include "mem/preload/environment.h"
#include "mem/preload/live.h"
#include "mem/preload/lookup.h"
#include "mem/preload/modules.h"
#include "mem/preload/real.h"
#include "mem/preload/section.h"
#include "mem/preload/shard.h"
#include "mem/preload/stacks.h"
#include "mem/preload/thread.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char never;
struct state preload = {.n_forks = 1, .single_threaded = &never};

bool preload_may_call(void)
{
	const struct thread *thread = thread_table ? thread_self() : NULL;

	return !thread || !thread->has_no_calls;
}

uint64_t preload_now_ns(void)
{
	static uint64_t last;
	const struct thread *thread = thread_self();
	struct timespec now;

	if (thread && thread->has_no_clock)
		return __atomic_load_n(&last, __ATOMIC_RELAXED);
	clock_gettime(CLOCK_MONOTONIC, &now);
	__atomic_store_n(&last, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
	                 __ATOMIC_RELAXED);
	return last;
}

/* Those of the start; later ones are tables of live blocks, which are listed apart. */
static void note_mapping(const void *memory, size_t bytes)
{
	enum { MAX = sizeof(live_facts.mappings) / sizeof(live_facts.mappings[0]) };
	uint64_t start = (uint64_t)memory;

	if (preload_mode() == MODE_STARTING && live_facts.n_mappings < MAX)
		live_facts.mappings[live_facts.n_mappings++] =
		    (struct live_memory){start, start + bytes};
}

static void *map(size_t bytes, int protection)
{
	int saved = errno;
	void *memory;

	if (!preload_may_call())
		return NULL;
	memory = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		memory = NULL;
	} else {
		madvise(memory, bytes, MADV_DONTDUMP);
		note_mapping(memory, bytes);
	}
	errno = saved;
	return memory;
}

void *preload_map(size_t bytes)
{
	return map(bytes, PROT_READ | PROT_WRITE);
}

void *preload_reserve(size_t bytes)
{
	return map(bytes, PROT_READ);
}

bool preload_make_writable(void *memory, size_t bytes)
{
	uint64_t start = (uint64_t)memory & -(uint64_t)WIRE_PAGE;
	int saved = errno;
	bool ok =
	    mprotect((void *)start, (uint64_t)memory + bytes - start, PROT_READ | PROT_WRITE) == 0;

	errno = saved;
	return ok;
}

void preload_wait_while(const uint32_t *lock, uint32_t value)
{
	struct timespec moment = {.tv_nsec = 50000};
	int saved = errno;

	if (preload_may_call())
		syscall(SYS_futex, lock, FUTEX_WAIT_PRIVATE, value, &moment, NULL, 0);
	errno = saved;
}

void preload_trouble(enum wire_trouble trouble)
{
	if (preload_mode() == MODE_ON)
		__atomic_fetch_add(&preload.section->troubles[trouble], 1, __ATOMIC_RELAXED);
}

void preload_unmap(void)
{
	for (unsigned i = 0; i < live_facts.n_mappings; i++)
		munmap((void *)live_facts.mappings[i].start,
		       live_facts.mappings[i].end - live_facts.mappings[i].start);
	live_facts.n_mappings = 0;
	section_unmap_all();
}

void preload_stop(void)
{
	alone.owner = 0;
	__atomic_store_n(&preload.mode, MODE_OFF, __ATOMIC_RELEASE);
	preload_unmap();
}

/* fork(3)'s handler. The wiping is what counts, since raw clones run no handlers. libc knows the
 * pid (it is the id of the only thread), so a sandbox that forbids to ask for it does no harm. */
static void after_fork_in_child(void)
{
	if (preload_mode() != MODE_ON)
		return;
	preload.own->section = LIVE_SECTION_OF_PARENT;
	preload.own->pid =
	    preload.has_tids
	        ? *(const int32_t *)((const char *)__builtin_thread_pointer() + preload.tid_offset)
	        : getpid();
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

/* valgrind exchanges the functions of every library, as far as its tool wants to. */
static bool is_under_valgrind(void)
{
	const char *list = getenv("LD_PRELOAD");

	return list && strstr(list, "/vgpreload_");
}

/* Another library may stand before this one and never ask it: one call tells. Without a sign of
 * that there is none, since mcheck(3) and others want to be there before the first block.
 * Executables with a malloc of their own are left to the driver, which reads them; they may not be
 * ready for a call. */
static bool is_never_asked(void)
{
	struct lookup first = {.name = "malloc", .scope = LOOKUP_BEFORE_US};
	uint64_t executable = getauxval(AT_PHDR) & -(uint64_t)WIRE_PAGE;
	void *(*volatile function)(size_t) = malloc;
	void *block;

	lookup_all(&first, 1);
	if (first.address ? first.object == executable : !is_under_valgrind())
		return false;
	if (first.address)
		memcpy((void *)&function, &first.address, sizeof(function));
	preload.was_asked = false;
	block = function(1);
	free(block);
	return block && !preload.was_asked;
}

/* glibc from 2.34 on: its lists of stacks are in the dynamic linker's data one after the other,
 * that of kept ones behind the two that debuggers are told of (struct rtld_global). */
static void find_stack_cache(void)
{
	enum { LINKER, USED, USER, LIST, N, OFFSET = 2, LIST_BYTES = 16, MAX_OFFSET = 1 << 16 };
	struct lookup found[N] = {
	    [LINKER] = {"_rtld_global", LOOKUP_ANYWHERE, NULL, NULL, 0},
	    [USED] = {"_thread_db_rtld_global__dl_stack_used", LOOKUP_ANYWHERE, NULL, NULL, 0},
	    [USER] = {"_thread_db_rtld_global__dl_stack_user", LOOKUP_ANYWHERE, NULL, NULL, 0},
	    [LIST] = {"_thread_db_pthread_list", LOOKUP_ANYWHERE, NULL, NULL, 0},
	};
	uint32_t offsets[N] = {0};

	lookup_all(found, N);
	live_facts.stack_cache.linker = (uint64_t)found[LINKER].address;
	for (int i = LINKER; i < N; i++) {
		if (!found[i].address)
			return;
		if (i > LINKER)
			offsets[i] = ((const uint32_t *)found[i].address)[OFFSET];
		if (offsets[i] > MAX_OFFSET || offsets[i] % 8)
			return;
	}
	if (!preload.has_tids || offsets[USER] != offsets[USED] + LIST_BYTES)
		return;
	live_facts.stack_cache.head = live_facts.stack_cache.linker + offsets[USER] + LIST_BYTES;
	live_facts.stack_cache.list_offset = offsets[LIST];
	live_facts.stack_cache.tid_offset = preload.tid_offset;
}

static void find_exits(void)
{
	struct lookup found[] = {
	    {"exit", LOOKUP_AFTER_US, NULL, NULL, 0},
	    {"quick_exit", LOOKUP_AFTER_US, NULL, NULL, 0},
	};

	lookup_all(found, 2);
	for (size_t i = 0; i < 2; i++)
		live_facts.exits[i] = (uint64_t)found[i].address;
}

/* Where our own memory lies, for whoever looks at this process from outside. The linker defines the
 * two symbols. */
static void publish_facts(void)
{
	extern HIDDEN const char __ehdr_start, _end;

	live_facts.library = (struct live_memory){(uint64_t)&__ehdr_start, (uint64_t)&_end};
	live_facts.pool = pool_memory();
	live_facts.image = (uint64_t)preload.image;
	live_facts.own_page = (uint64_t)preload.own;
	find_stack_cache();
	find_exits();
	live_facts.magic = LIVE_MAGIC;
	preload.image->facts = (uint64_t)&live_facts;
}

static int set_up(void)
{
	if (is_never_asked())
		return WIRE_NEVER_ASKED;
	if (!(thread_init() && watch_forks() && live_init(real_is_glibc()) && modules_init() &&
	      stacks_init() && shards_init() && section_claim() && allocator_hook_own_functions()))
		return ENOMEM;
	publish_facts();
	return 0;
}

static bool start_recording(void)
{
	const char *address = getenv("PROFILE_SCENARIO");

	environment_remember();
	find_single_threaded();
	find_tid();
	return address && attach(address, set_up) == 0;
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
