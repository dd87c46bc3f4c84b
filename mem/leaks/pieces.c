/* Goes from chunk to chunk (malloc/malloc.c, sysmalloc()): a piece begins with one at the beginning
 * of a page, and ends with the uppermost chunk of all, or with two chunks of a header only. */
#include "mem/leaks/pieces.h"

#include <string.h>

enum {
	WORD = 8,
	PAGE = 4096,
	WINDOW_BYTES = 1 << 16,
	HEADER = 2 * WORD,
	MIN_CHUNK = 2 * HEADER,
	PREV_INUSE = 1,
	FLAGS = 7,
	MAX_PAGES = 1 << 18, /* so 1 GB is searched for where a piece begins */
};

struct walk {
	const struct leak_memory *memory;
	struct leak_range map;
	uint64_t window; /* what is copied */
	bool has_window;
	char bytes[WINDOW_BYTES];
};

/* A chunk's size with its flags. */
static uint64_t size_word(struct walk *walk, uint64_t chunk)
{
	uint64_t addr = chunk + WORD, window = addr & -(uint64_t)WINDOW_BYTES, word;

	if (!walk->has_window || walk->window != window) {
		leak_memory_read(walk->memory, window, walk->bytes, WINDOW_BYTES);
		walk->window = window;
		walk->has_window = true;
	}
	memcpy(&word, walk->bytes + (addr - window), sizeof(word));
	return word;
}

/* Goes on to the next chunk. False: there is none. */
static bool next_chunk(struct walk *walk, uint64_t *chunk)
{
	uint64_t size = size_word(walk, *chunk) & ~(uint64_t)FLAGS;

	if (size < MIN_CHUNK || size % HEADER || size > walk->map.end - *chunk)
		return false;
	*chunk += size;
	return *chunk <= walk->map.end - HEADER;
}

static bool is_fence(struct walk *walk, uint64_t chunk)
{
	return (size_word(walk, chunk) & ~(uint64_t)PREV_INUSE) == HEADER;
}

static bool find_end(struct walk *walk, const struct leak_arenas *arenas, uint64_t chunk,
                     uint64_t *end)
{
	do {
		for (size_t i = 0; i < arenas->n_mains; i++)
			if (chunk == arenas->mains[i].top.start) {
				*end = arenas->mains[i].top.end;
				return *end <= walk->map.end;
			}
		*end = chunk + 2 * HEADER;
		if (*end % PAGE == 0 && *end <= walk->map.end && is_fence(walk, chunk) &&
		    is_fence(walk, chunk + HEADER))
			return true;
	} while (next_chunk(walk, &chunk));
	return false;
}

/* Do chunks lead from one to the other? */
static bool leads_to(struct walk *walk, uint64_t from, uint64_t to)
{
	while (from < to && next_chunk(walk, &from))
		;
	return from == to;
}

/* The lowest page from which chunks lead here; 0: there is none. */
static uint64_t find_start(struct walk *walk, uint64_t chunk)
{
	uint64_t page = chunk & -(uint64_t)PAGE, start = 0, known = chunk;

	for (int i = 0; i < MAX_PAGES && page >= walk->map.start; i++, page -= PAGE)
		if ((size_word(walk, page) & FLAGS) == PREV_INUSE && leads_to(walk, page, known))
			known = start = page;
	return start;
}

bool leak_piece_find(const struct leak_memory *memory, const struct leak_arenas *arenas,
                     struct leak_range map, uint64_t block, struct leak_range *piece)
{
	struct walk walk = {.memory = memory, .map = map};

	piece->start = find_start(&walk, block - HEADER);
	return piece->start && find_end(&walk, arenas, block - HEADER, &piece->end);
}
