/* Open-addressing hash map of 64-bit words. */
#include "core/u64map.h"

#include "core/alloc.h"

#include <stdlib.h>

/* Four to a cache line; a free one has the key 0. */
struct slot {
	uint64_t key;
	uint64_t value;
};

struct u64map {
	struct slot *slots; /* huge_new(): each look-up is in another page */
	size_t n_slots;     /* a power of two */
	size_t n_used;      /* without that of the key 0, which lies apart */
	bool has_zero;
	uint64_t zero;
};

enum { FIRST_SLOTS = 64 };

uint64_t u64_mix(uint64_t a, uint64_t b)
{
	/* The finaliser of splitmix64 (Steele, Lea, Flood 2014) over a combination of both. */
	uint64_t x = a * 0x9e3779b97f4a7c15u ^ (b + 0x632be59bd9b4e019u + (a << 6) + (a >> 2));

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static void allocate_slots(struct u64map *map, size_t n_slots)
{
	map->slots = huge_new(n_slots * sizeof(*map->slots));
	map->n_slots = n_slots;
}

struct u64map *u64map_new(void)
{
	struct u64map *map = xcalloc(1, sizeof(*map));

	allocate_slots(map, FIRST_SLOTS);
	return map;
}

/* The slot that holds the key, which is not 0, or the free one where it belongs. */
static struct slot *find_slot(const struct u64map *map, uint64_t key)
{
	size_t mask = map->n_slots - 1;
	size_t i = u64_mix(key, 0) & mask;

	while (map->slots[i].key && map->slots[i].key != key)
		i = (i + 1) & mask;
	return &map->slots[i];
}

static void move_to(struct u64map *map, size_t n_slots)
{
	struct u64map old = *map;

	allocate_slots(map, n_slots);
	for (size_t i = 0; i < old.n_slots; i++)
		if (old.slots[i].key)
			*find_slot(map, old.slots[i].key) = old.slots[i];
	huge_free(old.slots, old.n_slots * sizeof(*old.slots));
}

void u64map_reserve(struct u64map *map, size_t n_keys)
{
	size_t n_slots = map->n_slots;

	while (n_slots * 3 / 4 < n_keys)
		n_slots *= 2;
	if (n_slots > map->n_slots)
		move_to(map, n_slots);
}

void u64map_free(struct u64map *map)
{
	if (!map)
		return;
	huge_free(map->slots, map->n_slots * sizeof(*map->slots));
	free(map);
}

uint64_t *u64map_get(const struct u64map *map, uint64_t key)
{
	struct slot *slot;

	if (!key)
		return map->has_zero ? (uint64_t *)&map->zero : NULL;
	slot = find_slot(map, key);
	return slot->key ? &slot->value : NULL;
}

static uint64_t *put_zero(struct u64map *map, bool *is_new)
{
	if (is_new)
		*is_new = !map->has_zero;
	map->has_zero = true;
	return &map->zero;
}

uint64_t *u64map_put(struct u64map *map, uint64_t key, bool *is_new)
{
	struct slot *slot;

	if (!key)
		return put_zero(map, is_new);
	if (map->n_used * 4 >= map->n_slots * 3)
		move_to(map, map->n_slots * 2);
	slot = find_slot(map, key);
	if (is_new)
		*is_new = !slot->key;
	map->n_used += !slot->key;
	slot->key = key;
	return &slot->value;
}

size_t u64map_count(const struct u64map *map)
{
	return map->n_used + map->has_zero;
}

bool u64map_next(const struct u64map *map, size_t *position, uint64_t *key, uint64_t *value)
{
	for (; *position < map->n_slots; (*position)++) {
		const struct slot *slot = &map->slots[*position];

		if (!slot->key)
			continue;
		*key = slot->key;
		*value = slot->value;
		(*position)++;
		return true;
	}
	if (*position > map->n_slots || !map->has_zero)
		return false;
	*key = 0;
	*value = map->zero;
	(*position)++;
	return true;
}
