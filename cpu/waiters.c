/* Groups blocked time by (thread name, waiting function). */
#include "cpu/waiters.h"

#include "cpu/offcpu.h"

#include "core/alloc.h"
#include "core/profile.h"
#include "core/string_pool.h"
#include "core/u64map.h"

#include <stdlib.h>

/* What is not the function by which a user waits: the kernel, and what a library's function has
 * inlined. */
static bool is_beneath(const struct profile *profile, uint32_t frame)
{
	enum frame_kind kind = profile_frame(profile, frame)->kind;

	return kind == FRAME_KERNEL || kind == FRAME_INLINED;
}

/* Functions without a name tell nobody anything either. */
static bool waits_for_caller(const struct profile *profile, uint32_t frame)
{
	return profile_is_system_code(profile, frame) ||
	       profile_frame(profile, frame)->kind == FRAME_UNRESOLVED;
}

/* False: the stack has no frame. */
static bool find_frames(const struct profile *profile, uint32_t stack, struct waiter *waiter)
{
	if (!profile_stack_site(profile, stack, is_beneath, &waiter->call) &&
	    !profile_stack_site(profile, stack, NULL, &waiter->call))
		return false;
	if (!profile_stack_site(profile, stack, waits_for_caller, &waiter->site) ||
	    profile_frame(profile, waiter->site)->kind == FRAME_FAILED)
		waiter->site = waiter->call;
	return true;
}

struct groups {
	struct waiter *waiters;
	size_t n_waiters;
	size_t capacity;
	struct u64map *by_key;
	struct string_pool *comms;
};

static void add(struct groups *groups, const struct profile *profile,
                const struct profile_sample *sample)
{
	const char *comm = profile_thread(profile, sample->thread)->comm;
	struct waiter found = {.comm = comm};
	uint64_t *index;
	bool is_new;

	if (!sample->values[OFFCPU_WAITS] || !find_frames(profile, sample->stack, &found))
		return;
	index = u64map_put(groups->by_key,
	                   (uint64_t)string_pool_add(groups->comms, comm) << 32 |
	                       profile_frame(profile, found.site)->function,
	                   &is_new);
	if (is_new) {
		*ARRAY_APPEND(groups->waiters, groups->n_waiters, groups->capacity) = found;
		*index = groups->n_waiters - 1;
	}
	groups->waiters[*index].blocked_ns += sample->values[OFFCPU_BLOCKED_NS];
	groups->waiters[*index].n_waits += sample->values[OFFCPU_WAITS];
}

static int compare_waiters(const void *a, const void *b)
{
	const struct waiter *x = a;
	const struct waiter *y = b;

	return (x->blocked_ns < y->blocked_ns) - (x->blocked_ns > y->blocked_ns);
}

struct waiter *waiters_of(const struct profile *profile, size_t *n_waiters)
{
	struct groups groups = {.by_key = u64map_new(), .comms = string_pool_new()};

	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		struct profile_sample sample = profile_sample(profile, i);

		add(&groups, profile, &sample);
	}
	if (groups.n_waiters)
		qsort(groups.waiters, groups.n_waiters, sizeof(*groups.waiters), compare_waiters);
	u64map_free(groups.by_key);
	string_pool_free(groups.comms);
	*n_waiters = groups.n_waiters;
	return groups.waiters;
}
