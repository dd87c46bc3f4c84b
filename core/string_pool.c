/* Interned strings: a chunked store and a hash of ids. */
#include "core/string_pool.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/u64map.h"

#include <stdlib.h>
#include <string.h>

struct string_pool {
	char **texts;
	size_t n_texts;
	size_t texts_capacity;
	struct u64map *by_hash;
};

struct string_pool *string_pool_new(void)
{
	struct string_pool *pool = xcalloc(1, sizeof(*pool));

	pool->by_hash = u64map_new();
	string_pool_add(pool, "");
	return pool;
}

void string_pool_free(struct string_pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->n_texts; i++)
		free(pool->texts[i]);
	free(pool->texts);
	u64map_free(pool->by_hash);
	free(pool);
}

static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a: offset basis and prime of 64 bits */

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return hash;
}

uint32_t string_pool_add(struct string_pool *pool, const char *text)
{
	uint64_t hash;

	if (!text)
		text = "";
	/* Two texts of one hash sit at neighbouring keys. */
	for (hash = hash_text(text);; hash++) {
		bool is_new;
		uint64_t *id = u64map_put(pool->by_hash, hash, &is_new);

		if (is_new) {
			*id = pool->n_texts;
			*ARRAY_APPEND(pool->texts, pool->n_texts, pool->texts_capacity) =
			    xstrdup(text);
		}
		if (is_new || !strcmp(pool->texts[*id], text))
			return (uint32_t)*id;
	}
}

const char *string_pool_text(const struct string_pool *pool, uint32_t id)
{
	BUG(id >= pool->n_texts);
	return pool->texts[id];
}

size_t string_pool_count(const struct string_pool *pool)
{
	return pool->n_texts;
}
