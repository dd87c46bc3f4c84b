/* Map from a 64-bit key to a 64-bit value; open addressing, no removal of single keys.
 *
 * The caller chooses what key and value mean (a hash of something longer has
 * to be checked by the caller). Not thread-safe.
 */
#ifndef CORE_U64MAP_H
#define CORE_U64MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct u64map;

struct u64map *u64map_new(void);
/* Makes room for so many keys at once, where their number is known: growing on the way costs as much
 * as putting them in. */
void u64map_reserve(struct u64map *map, size_t n_keys);
void u64map_free(struct u64map *map); /* NULL is fine */

/* The address of the key's value, or NULL. Valid until the next u64map_put(). */
uint64_t *u64map_get(const struct u64map *map, uint64_t key);

/* The address of the key's value, which is 0 when the key is new (*is_new, may be NULL). */
uint64_t *u64map_put(struct u64map *map, uint64_t key, bool *is_new);

size_t u64map_count(const struct u64map *map);

/* Walks all entries in no useful order: start with *position = 0; false at the end. */
bool u64map_next(const struct u64map *map, size_t *position, uint64_t *key, uint64_t *value);

/* Mixes two words into one well-spread key (for tries and pairs). */
uint64_t u64_mix(uint64_t a, uint64_t b);

#endif
