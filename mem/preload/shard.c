/* The shards: who gets which, and their memory. */
#include "mem/preload/shard.h"

#include "mem/preload/section.h"

struct shard shards[WIRE_N_SHARDS];
uint32_t origin_depth;

static uint32_t n_known_units(const struct shard *shard)
{
	return shard == &shards[0] ? KNOWN_FIRST_RING_UNITS : KNOWN_RING_UNITS;
}

static size_t scratch_bytes(const struct shard *shard)
{
	return stack_scratch_bytes(n_known_units(shard));
}

/* Most programs use few shards. */
static bool has_scratch(struct shard *shard)
{
	if (likely(shard->has_scratch))
		return true;
	shard->has_scratch =
	    preload_may_call() && preload_make_writable(shard->scratch, scratch_bytes(shard));
	if (shard->has_scratch)
		stack_scratch_init(shard->scratch, n_known_units(shard));
	return shard->has_scratch;
}

void shards_reset(void)
{
	for (uint32_t i = 0; i < WIRE_N_SHARDS; i++)
		shards[i] = (struct shard){.scratch = shards[i].scratch,
		                           .known = shards[i].known,
		                           .has_scratch = shards[i].has_scratch,
		                           .clock_limit = UINT64_C(1) << WIRE_TICK_BITS,
		                           .counters_off = WIRE_COUNTERS_OFF + i * WIRE_SHARD_BYTES,
		                           .origin = i << LIVE_ORIGIN_SHARD_AT |
		                                     origin_depth << LIVE_ORIGIN_DEPTH_AT};
}

bool shards_init(void)
{
	size_t bytes = 0;
	char *scratch;

	for (size_t i = 0; i < WIRE_N_SHARDS; i++)
		bytes += scratch_bytes(&shards[i]);
	scratch = preload_reserve(bytes);
	if (!scratch)
		return false;
	for (size_t i = 0; i < WIRE_N_SHARDS; i++) {
		shards[i].scratch = (struct stack_scratch *)scratch;
		shards[i].known = stack_scratch_known(shards[i].scratch);
		scratch += scratch_bytes(&shards[i]);
	}
	shards_reset();
	return has_scratch(&shards[0]) && has_scratch(&shards[FIRST_SHARED_SHARD]);
}

uint8_t shard_of_number(uint32_t number)
{
	if (number < N_OWNED_SHARDS && has_scratch(&shards[number]))
		return (uint8_t)number;
	return (uint8_t)(FIRST_SHARED_SHARD + number % (WIRE_N_SHARDS - N_OWNED_SHARDS));
}

static bool try_take(struct shard *shard)
{
	return !__atomic_load_n(&shard->is_taken, __ATOMIC_RELAXED) &&
	       !__atomic_exchange_n(&shard->is_taken, 1, __ATOMIC_ACQUIRE);
}

struct shard *shard_take_shared(struct thread *thread)
{
	enum { N_SHARED = WIRE_N_SHARDS - FIRST_SHARED_SHARD };
	for (;;) {
		for (unsigned i = 0; i < N_SHARED; i++) {
			unsigned number = FIRST_SHARED_SHARD + (thread->shard + i) % N_SHARED;

			if (!try_take(&shards[number]))
				continue;
			/* The first one has it always. */
			if (unlikely(!has_scratch(&shards[number]))) {
				shard_give_back(&shards[number]);
				continue;
			}
			thread->shard = (uint8_t)number;
			if (unlikely(thread->shares_row))
				thread->row =
				    section_thread(preload.section, WIRE_MAX_THREADS + number);
			return &shards[number];
		}
		/* More threads inside than shards: some of them are not running. */
		preload_wait_while(&shards[thread->shard].is_taken, 1);
	}
}

void origin_widen_ticks(struct shard *shard)
{
	uint32_t shift = (shard->origin >> LIVE_ORIGIN_SHIFT_AT) + 1;

	if (shift > WIRE_MAX_TICK_SHIFT) /* never: it takes years */
		return;
	shard->clock_limit <<= 1;
	shard->origin += UINT32_C(1) << LIVE_ORIGIN_SHIFT_AT;
	if (preload.section->tick_shift < shift)
		preload.section->tick_shift = shift;
}
