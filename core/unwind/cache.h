/* Remembers rules by key, in memory that the caller gives; nothing is ever taken out.
 *
 * Two layers that fit together but know nothing of each other:
 *   unwind_cache   shared by all threads of a process: open addressing, lock-free, filled at most
 * once a key; unwind_front   direct-mapped, of one thread, in front of it: overwrites what hashes
 * alike.
 *
 * Both may be used in signal handlers that interrupt a use of the same cache: a reader either finds
 * the whole rule of its key or UNWIND_RULE_UNKNOWN. Everybody who stores a key must store the same
 * rule. When what a key means changes (dlclose, then dlopen at the same address) the caller must
 * change the key: addresses leave 17 upper bits for a generation.
 */
#ifndef CORE_UNWIND_CACHE_H
#define CORE_UNWIND_CACHE_H

#include "core/unwind/unwind.h"

#include <stdatomic.h>

struct unwind_cache_slot {
	_Atomic(uint64_t) key;  /* 0: empty */
	_Atomic(uint32_t) rule; /* 0 while its writer is between the two stores */
	uint32_t unused;
};

struct unwind_cache {
	struct unwind_cache_slot *slots;
	unsigned n_slots_log2;
};

enum {
	/* As far as a key may lie from where it belongs. A cache counts as full when this many
	 * neighbours are taken, which happens at about three quarters of its slots. */
	UNWIND_CACHE_PROBES = 16,
	/* 64 KB a thread: of the programs measured only cc1plus needs more (10,100 addresses). */
	UNWIND_FRONT_SLOTS_LOG2 = 12,
};

/* `memory` must be zeroed, aligned to 16 bytes, and outlive the cache; the largest power of two of
 * slots that fits is used (16 bytes each), two at least. */
void unwind_cache_init(struct unwind_cache *cache, void *memory, size_t size_bytes);

/* Stores a rule whose kind is not UNWIND_RULE_UNKNOWN under a key that is not 0. False: no room
 * near its place; the rule will have to be decoded again. */
bool unwind_cache_put(struct unwind_cache *cache, uint64_t key, struct unwind_rule rule);

static inline size_t unwind_cache_place(uint64_t key, unsigned n_slots_log2)
{
	/* Fibonacci hashing (Knuth, TAOCP 6.4): the upper bits of the product are well mixed. */
	return (size_t)(key * 0x9e3779b97f4a7c15u >> (64 - n_slots_log2));
}

static inline struct unwind_rule unwind_rule_from_bits(uint32_t bits)
{
	union {
		uint32_t bits;
		struct unwind_rule rule;
	} both = {.bits = bits};

	return both.rule;
}

/* UNWIND_RULE_UNKNOWN: not there. */
static inline struct unwind_rule unwind_cache_get(const struct unwind_cache *cache, uint64_t key)
{
	size_t mask = ((size_t)1 << cache->n_slots_log2) - 1;
	size_t place = unwind_cache_place(key, cache->n_slots_log2);

	for (size_t i = 0; i < UNWIND_CACHE_PROBES; i++) {
		struct unwind_cache_slot *slot = &cache->slots[(place + i) & mask];
		uint64_t found = atomic_load_explicit(&slot->key, memory_order_acquire);

		if (found == key)
			return unwind_rule_from_bits(
			    atomic_load_explicit(&slot->rule, memory_order_acquire));
		if (found == 0)
			break;
	}
	return (struct unwind_rule){.kind = UNWIND_RULE_UNKNOWN};
}

/* Zeroed memory is an empty front. */
struct unwind_front {
	struct unwind_cache_slot slots[1 << UNWIND_FRONT_SLOTS_LOG2];
	_Atomic(bool) is_writing;
};

/* UNWIND_RULE_UNKNOWN: not there. The key is read again after the rule, because a signal handler
 * may have put another pair here between the two reads. */
static inline struct unwind_rule unwind_front_get(struct unwind_front *front, uint64_t key)
{
	struct unwind_cache_slot *slot =
	    &front->slots[unwind_cache_place(key, UNWIND_FRONT_SLOTS_LOG2)];
	uint64_t before = atomic_load_explicit(&slot->key, memory_order_relaxed);
	uint32_t bits;

	atomic_signal_fence(memory_order_seq_cst);
	bits = atomic_load_explicit(&slot->rule, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (before != key || atomic_load_explicit(&slot->key, memory_order_relaxed) != key)
		bits = 0;
	return unwind_rule_from_bits(bits);
}

/* Does nothing in a signal handler that interrupted another put: two half-done pairs could mix. */
void unwind_front_put(struct unwind_front *front, uint64_t key, struct unwind_rule rule);

#endif
