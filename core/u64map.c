/* Open-addressing hash map of 64-bit words. */
#include "core/u64map.h"

#include "core/alloc.h"

#include <stdlib.h>

/* One cache line is touched for a key, mostly. */
struct slot {
	uint64_t key;
	uint64_t value;
	bool is_used;
};

struct u64map {
	struct slot *slots;
	size_t n_slots; /* a power of two */
	size_t n_used;
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
	map->slots = xcalloc(n_slots, sizeof(*map->slots));
	map->n_slots = n_slots;
	map->n_used = 0;
}

struct u64map *u64map_new(void)
{
	struct u64map *map = xcalloc(1, sizeof(*map));

	allocate_slots(map, FIRST_SLOTS);
	return map;
}

/* The slot that holds the key, or the free one where it belongs. */
static size_t find_slot(const struct u64map *map, uint64_t key)
{
	size_t mask = map->n_slots - 1;
	size_t i = u64_mix(key, 0) & mask;

	while (map->slots[i].is_used && map->slots[i].key != key)
		i = (i + 1) & mask;
	return i;
}

static void move_to(struct u64map *map, size_t n_slots)
{
	struct u64map old = *map;

	allocate_slots(map, n_slots);
	for (size_t i = 0; i < old.n_slots; i++)
		if (old.slots[i].is_used)
			map->slots[find_slot(map, old.slots[i].key)] = old.slots[i];
	map->n_used = old.n_used;
	free(old.slots);
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
	free(map->slots);
	free(map);
}

uint64_t *u64map_get(const struct u64map *map, uint64_t key)
{
	size_t i = find_slot(map, key);

	return map->slots[i].is_used ? &map->slots[i].value : NULL;
}

uint64_t *u64map_put(struct u64map *map, uint64_t key, bool *is_new)
{
	size_t i;

	if (map->n_used * 4 >= map->n_slots * 3)
		move_to(map, map->n_slots * 2);
	i = find_slot(map, key);
	if (is_new)
		*is_new = !map->slots[i].is_used;
	if (!map->slots[i].is_used) {
		map->slots[i] = (struct slot){.key = key, .is_used = true};
		map->n_used++;
	}
	return &map->slots[i].value;
}

size_t u64map_count(const struct u64map *map)
{
	return map->n_used;
}

bool u64map_next(const struct u64map *map, size_t *position, uint64_t *key, uint64_t *value)
{
	for (; *position < map->n_slots; (*position)++) {
		if (!map->slots[*position].is_used)
			continue;
		*key = map->slots[*position].key;
		*value = map->slots[*position].value;
		(*position)++;
		return true;
	}
	return false;
}
