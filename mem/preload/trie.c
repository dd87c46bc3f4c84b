/* Finds or adds a stack in the trie that all processes of an image share. */
#include "mem/preload/trie.h"

#include "mem/preload/preload.h"

static inline struct wire_node *nodes(void)
{
	return (struct wire_node *)((char *)preload.image + WIRE_NODES_OFF);
}

static uint32_t new_node(uint32_t parent, uint64_t ip)
{
	uint32_t id = __atomic_add_fetch(&preload.image->n_nodes, 1, __ATOMIC_RELAXED);

	if (id > WIRE_MAX_NODES) {
		__atomic_store_n(&preload.image->n_nodes, WIRE_MAX_NODES, __ATOMIC_RELAXED);
		return 0;
	}
	nodes()[id].ip = ip;
	nodes()[id].parent = parent;
	return id;
}

/* An entry of the index is a node's id and, above it, bits of its hash: without them each entry of
 * a bucket would cost a cache miss in the nodes, and a new node has many full buckets before it. */
enum { ID_BITS = 23 };
_Static_assert(WIRE_MAX_NODES < 1 << ID_BITS, "an id fits");

static inline bool is_node(uint32_t id, uint32_t parent, uint64_t ip)
{
	return id <= WIRE_MAX_NODES && nodes()[id].ip == ip &&
	       (nodes()[id].parent & ~WIRE_NODE_IS_PLACED) == parent;
}

/* The nodes of a new stack are made one after the other, so most have their only or most frequent
 * child behind them. It may be seen while it is made, or have lost the race for its place: then it
 * is not placed. */
static inline bool is_next(uint32_t parent, uint64_t ip)
{
	const struct wire_node *next = &nodes()[parent + 1];

	return parent < WIRE_MAX_NODES &&
	       __atomic_load_n(&next->parent, __ATOMIC_ACQUIRE) == (parent | WIRE_NODE_IS_PLACED) &&
	       next->ip == ip;
}

static inline void set_placed(uint32_t id, uint32_t parent)
{
	__atomic_store_n(&nodes()[id].parent, parent | WIRE_NODE_IS_PLACED, __ATOMIC_RELEASE);
}

static inline size_t level_slots(unsigned level)
{
	return (size_t)1 << (WIRE_INDEX_FIRST_BITS + level * WIRE_INDEX_STEP_BITS);
}

static inline size_t place_in_level(unsigned level, uint64_t hash)
{
	return hash & (level_slots(level) - 1) & -(size_t)WIRE_INDEX_BUCKET;
}

/* All levels that may be in use: a level that is far from full sends few to the next one. */
static inline void prefetch_levels(const uint32_t *index, uint64_t hash)
{
	uint32_t n_nodes = __atomic_load_n(&preload.image->n_nodes, __ATOMIC_RELAXED);

	for (unsigned i = 0; i < WIRE_INDEX_LEVELS; i++) {
		__builtin_prefetch(index + place_in_level(i, hash));
		if (n_nodes < level_slots(i) / 2)
			break;
		index += level_slots(i);
	}
}

/* A node that loses the race for its place in the index is never referred to again. */
static uint32_t find_in_index(uint32_t parent, uint64_t ip)
{
	uint32_t *level = (uint32_t *)((char *)preload.image + WIRE_INDEX_OFF), made = 0;
	uint64_t hash = (ip ^ (uint64_t)parent << 32) * 0x9e3779b97f4a7c15u;

	uint32_t tag = (uint32_t)(hash >> (32 + ID_BITS)) << ID_BITS;

	hash ^= hash >> 32;
	prefetch_levels(level, hash);
	for (unsigned i = 0; i < WIRE_INDEX_LEVELS; i++) {
		uint32_t *bucket = level + place_in_level(i, hash), *next = level + level_slots(i);

		for (unsigned j = 0; j < WIRE_INDEX_BUCKET; j++) {
			uint32_t entry = __atomic_load_n(&bucket[j], __ATOMIC_ACQUIRE);

			if (!entry) {
				if (!made && !(made = new_node(parent, ip)))
					return 0;
				if (__atomic_compare_exchange_n(&bucket[j], &entry, made | tag,
				                                false, __ATOMIC_ACQ_REL,
				                                __ATOMIC_ACQUIRE)) {
					set_placed(made, parent);
					return made;
				}
			}
			if ((entry ^ tag) >> ID_BITS == 0 && is_node(entry ^ tag, parent, ip))
				return entry ^ tag;
		}
		level = next;
	}
	return 0;
}

uint32_t trie_child(uint32_t parent, uint64_t ip)
{
	return is_next(parent, ip) ? parent + 1 : find_in_index(parent, ip);
}

uint32_t trie_root(uint32_t generation)
{
	return trie_child(0, WIRE_IP_GENERATION | generation);
}

uint32_t trie_stack(uint32_t node, bool *is_new)
{
	uint32_t *stacks = (uint32_t *)((char *)preload.image + WIRE_STACKS_OFF);
	uint32_t stack = __atomic_load_n(&nodes()[node].stack, __ATOMIC_ACQUIRE), made;

	*is_new = !stack;
	if (stack)
		return stack;
	made = __atomic_add_fetch(&preload.image->n_stacks, 1, __ATOMIC_RELAXED);
	if (made > WIRE_MAX_STACKS) {
		__atomic_store_n(&preload.image->n_stacks, WIRE_MAX_STACKS, __ATOMIC_RELAXED);
		return 0;
	}
	stacks[made] = node;
	if (__atomic_compare_exchange_n(&nodes()[node].stack, &stack, made, false, __ATOMIC_ACQ_REL,
	                                __ATOMIC_ACQUIRE))
		return made;
	return stack;
}
