/* Keeps the words that walks have read, and compares them with what is there. */
#include "core/walk/walk_cache.h"

#include "core/alloc.h"
#include "core/u64map.h"
#include "core/walk/process_memory.h"

#include <stdlib.h>
#include <string.h>

enum {
	N_SLOTS = 256,        /* 8 MB when each has the most words */
	READ_BYTES = 1 << 14, /* at once */
	GAP_BYTES = 4096,     /* where words are farther apart there may be nothing between them */
};

struct kept_walk {
	struct walk_place place;
	uint32_t stack;           /* 0: nothing is kept */
	struct stack_word *words; /* by address */
	size_t n_words;
	size_t capacity;
};

struct walk_cache {
	struct kept_walk slots[N_SLOTS];
	uint8_t bytes[READ_BYTES];
};

struct walk_cache *walk_cache_new(void)
{
	return xcalloc(1, sizeof(struct walk_cache));
}

void walk_cache_free(struct walk_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < N_SLOTS; i++)
		free(cache->slots[i].words);
	free(cache);
}

static struct kept_walk *slot_of(struct walk_cache *cache, const struct walk_place *place)
{
	return &cache->slots[u64_mix(u64_mix(place->code, place->ip),
	                             u64_mix(place->sp, place->bp)) %
	                     N_SLOTS];
}

static bool is_same_place(const struct walk_place *a, const struct walk_place *b)
{
	return a->code == b->code && a->ip == b->ip && a->sp == b->sp && a->bp == b->bp;
}

/* How many of the words, from the first on, can be read at once. */
static size_t words_at_once(const struct stack_word *words, size_t n_words)
{
	size_t n = 1;

	while (n < n_words && words[n].addr - words[n - 1].addr <= GAP_BYTES &&
	       words[n].addr - words[0].addr <= READ_BYTES - sizeof(words->value))
		n++;
	return n;
}

static bool are_there(struct walk_cache *cache, const struct stack_word *words, size_t n_words,
                      pid_t tid)
{
	uint64_t start = words[0].addr;
	size_t n_bytes = (size_t)(words[n_words - 1].addr - start) + sizeof(words->value);

	if (process_memory_read(tid, start, cache->bytes, n_bytes) != n_bytes)
		return false;
	for (size_t i = 0; i < n_words; i++)
		if (memcmp(cache->bytes + (words[i].addr - start), &words[i].value,
		           sizeof(words->value)) != 0)
			return false;
	return true;
}

uint32_t walk_cache_find(struct walk_cache *cache, const struct walk_place *place, pid_t tid)
{
	const struct kept_walk *kept = slot_of(cache, place);
	size_t n;

	if (!kept->stack || !is_same_place(&kept->place, place))
		return 0;
	for (size_t i = 0; i < kept->n_words; i += n) {
		n = words_at_once(kept->words + i, kept->n_words - i);
		if (!are_there(cache, kept->words + i, n, tid))
			return 0;
	}
	return kept->stack;
}

static bool is_in_copy(const struct stack_word *word, uint64_t start, const uint8_t *copy,
                       size_t copy_bytes)
{
	uint64_t offset = word->addr - start;

	return copy_bytes >= sizeof(word->value) && offset <= copy_bytes - sizeof(word->value) &&
	       !memcmp(copy + offset, &word->value, sizeof(word->value));
}

uint32_t walk_cache_find_copied(struct walk_cache *cache, const struct walk_place *place,
                                const uint8_t *copy, size_t copy_bytes)
{
	const struct kept_walk *kept = slot_of(cache, place);

	if (!kept->stack || !is_same_place(&kept->place, place))
		return 0;
	for (size_t i = 0; i < kept->n_words; i++)
		if (!is_in_copy(&kept->words[i], place->sp, copy, copy_bytes))
			return 0;
	return kept->stack;
}

static int by_address(const void *left, const void *right)
{
	const struct stack_word *a = left, *b = right;

	return (a->addr > b->addr) - (a->addr < b->addr);
}

void walk_cache_keep(struct walk_cache *cache, const struct walk_place *place, uint32_t stack,
                     const struct stack_words *words)
{
	struct kept_walk *kept = slot_of(cache, place);

	kept->place = *place;
	kept->stack = stack;
	kept->n_words = words->n_words;
	if (!words->n_words)
		return;
	kept->words =
	    array_reserve(kept->words, &kept->capacity, words->n_words, sizeof(*kept->words));
	memcpy(kept->words, words->words, words->n_words * sizeof(*kept->words));
	qsort(kept->words, kept->n_words, sizeof(*kept->words), by_address);
}
