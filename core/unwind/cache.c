/* Stores rules so that no reader, whenever it looks, finds half of one. */
#include "core/unwind/cache.h"

static uint32_t bits_of(struct unwind_rule rule)
{
	union {
		struct unwind_rule rule;
		uint32_t bits;
	} both = {.rule = rule};

	return both.bits;
}

void unwind_cache_init(struct unwind_cache *cache, void *memory, size_t size_bytes)
{
	size_t n_slots = size_bytes / sizeof(*cache->slots);

	cache->slots = memory;
	cache->n_slots_log2 = 0;
	while (n_slots >> (cache->n_slots_log2 + 1))
		cache->n_slots_log2++;
}

bool unwind_cache_put(struct unwind_cache *cache, uint64_t key, struct unwind_rule rule)
{
	size_t mask = ((size_t)1 << cache->n_slots_log2) - 1;
	size_t place = unwind_cache_place(key, cache->n_slots_log2);

	for (size_t i = 0; i < UNWIND_CACHE_PROBES; i++) {
		struct unwind_cache_slot *slot = &cache->slots[(place + i) & mask];
		uint64_t found = 0;

		/* A slot whose writer died or is interrupted before its second store is finished by
		 * the next. */
		if (atomic_compare_exchange_strong(&slot->key, &found, key) || found == key) {
			atomic_store_explicit(&slot->rule, bits_of(rule), memory_order_release);
			return true;
		}
	}
	return false;
}

void unwind_front_put(struct unwind_front *front, uint64_t key, struct unwind_rule rule)
{
	struct unwind_cache_slot *slot =
	    &front->slots[unwind_cache_place(key, UNWIND_FRONT_SLOTS_LOG2)];

	if (atomic_load_explicit(&front->is_writing, memory_order_relaxed))
		return;
	atomic_store_explicit(&front->is_writing, true, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	/* The slot is empty while its two halves do not belong together. */
	atomic_store_explicit(&slot->key, 0, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&slot->rule, bits_of(rule), memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&slot->key, key, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&front->is_writing, false, memory_order_relaxed);
}
