/* The blocks by address, and copies of the memory that they are in. */
#include "mem/leaks/block_map.h"

#include "core/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	GRANULE_BITS = 4,
	PAGE_BITS = 12,
	WINDOW_BITS = 16,
	REGION_BITS = 30,
	ADDRESS_BITS = 47,
	GRANULES = 1 << (PAGE_BITS - GRANULE_BITS),
	PAGES = 1 << (WINDOW_BITS - PAGE_BITS), /* of a window */
	WINDOWS = 1 << (REGION_BITS - WINDOW_BITS),
	REGIONS = 1 << (ADDRESS_BITS - REGION_BITS),
	WINDOW_BYTES = 1 << WINDOW_BITS,
	WORD = sizeof(uint64_t),
	TABLE_BYTES = REGIONS * (int)sizeof(void *),
};

/* Blocks start 16 bytes apart in any allocator; a page that has more of them is searched. */
enum { MANY_STARTS = UINT8_MAX };

/* Larger ones, which may be larger than all memory, have no windows but the first. */
#define LARGE_BYTES (UINT64_C(1) << 26)

struct page {
	/* How many blocks start before the end of each granule; NULL: none starts here, or too
	 * many. */
	uint8_t *starts;
	size_t first; /* the first block that starts here or later */
	bool is_searched;
};

struct window {
	uint64_t addr;
	uint64_t *words; /* the copy; NULL: none */
	bool was_used;   /* since the hand passed */
	struct window *made_before;
	struct page pages[PAGES];
};

struct block_map {
	const struct leak_block *blocks;
	size_t n_blocks;
	leak_read *read;
	void *context;
	struct window ***regions; /* [REGIONS][WINDOWS] */
	bool is_mapped;           /* the first of these tables */
	/* What of it there is, for most heaps are small: the numbers of the regions, all windows.
	 */
	size_t *made_regions;
	size_t n_made_regions;
	size_t made_regions_capacity;
	struct window *last_made;
	struct window **copied; /* a clock of those with a copy */
	size_t n_copied;
	size_t hand;
	size_t max_copied;
	size_t copied_capacity;
	size_t *large; /* numbers of the large blocks */
	size_t n_large;
	size_t large_capacity;
	uint64_t *scratch; /* a copy of what has no window */
};

static struct window *find_window(const struct block_map *map, uint64_t addr)
{
	struct window **region;

	if (addr >> ADDRESS_BITS)
		return NULL;
	region = map->regions[addr >> REGION_BITS];
	return region ? region[(addr >> WINDOW_BITS) % WINDOWS] : NULL;
}

static struct window *make_window(struct block_map *map, uint64_t addr, size_t next_block)
{
	size_t number = addr >> REGION_BITS;
	struct window ***region = &map->regions[number], **window;

	if (!*region) {
		*region = xcalloc(WINDOWS, sizeof(**region));
		*ARRAY_APPEND(map->made_regions, map->n_made_regions, map->made_regions_capacity) =
		    number;
	}
	window = &(*region)[(addr >> WINDOW_BITS) % WINDOWS];
	if (!*window) {
		*window = xcalloc(1, sizeof(**window));
		(*window)->addr = addr & ~(uint64_t)(WINDOW_BYTES - 1);
		(*window)->made_before = map->last_made;
		map->last_made = *window;
		for (size_t i = 0; i < PAGES; i++)
			(*window)->pages[i].first = next_block;
	}
	return *window;
}

static uint64_t end_of(const struct leak_block *block)
{
	return block->addr + block->size_bytes + (block->size_bytes == 0);
}

/* Enters the blocks that start in one page: n of them from `first` on. */
static void fill_page(struct block_map *map, size_t first, size_t n)
{
	const struct leak_block *blocks = &map->blocks[first];
	struct window *window = make_window(map, blocks->addr, first);
	size_t number = (blocks->addr >> PAGE_BITS) % PAGES, granule = 0;
	struct page *page = &window->pages[number];

	page->first = first;
	for (size_t i = number + 1; i < PAGES; i++)
		window->pages[i].first = first + n;
	if (n > MANY_STARTS) {
		page->is_searched = true;
		return;
	}
	page->starts = xmalloc(GRANULES);
	for (size_t i = 0; i < n; i++) {
		size_t at = (blocks[i].addr >> GRANULE_BITS) % GRANULES;

		while (granule < at)
			page->starts[granule++] = (uint8_t)i;
	}
	while (granule < GRANULES)
		page->starts[granule++] = (uint8_t)n;
}

/* Windows that a block only reaches into. */
static void cover(struct block_map *map, const struct leak_block *block, size_t next)
{
	uint64_t last = (end_of(block) - 1) >> WINDOW_BITS;

	if (block->size_bytes >= LARGE_BYTES) {
		*ARRAY_APPEND(map->large, map->n_large, map->large_capacity) = next - 1;
		return;
	}
	for (uint64_t i = (block->addr >> WINDOW_BITS) + 1; i <= last; i++)
		make_window(map, i << WINDOW_BITS, next);
}

static void fill(struct block_map *map)
{
	for (size_t i = 0, n; i < map->n_blocks; i += n) {
		uint64_t page = map->blocks[i].addr >> PAGE_BITS;

		n = 1;
		while (i + n < map->n_blocks && map->blocks[i + n].addr >> PAGE_BITS == page)
			n++;
		fill_page(map, i, n);
		cover(map, &map->blocks[i + n - 1], i + n);
	}
}

/* Most processes touch two pages of it: calloc(3), which clears 1 MB that was in use before, took
 * 36 us of each, this takes 11. */
static void make_regions(struct block_map *map)
{
	map->regions =
	    mmap(NULL, TABLE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	map->is_mapped = map->regions != MAP_FAILED;
	if (!map->is_mapped)
		map->regions = xcalloc(1, TABLE_BYTES);
}

static void free_regions(struct block_map *map)
{
	for (size_t i = 0; i < map->n_made_regions; i++)
		free(map->regions[map->made_regions[i]]);
	free(map->made_regions);
	if (map->is_mapped)
		munmap(map->regions, TABLE_BYTES);
	else
		free(map->regions);
}

struct block_map *block_map_new(const struct leak_block *blocks, size_t n_blocks, leak_read *read,
                                void *context, size_t copy_limit_bytes)
{
	struct block_map *map = xcalloc(1, sizeof(*map));

	map->blocks = blocks;
	map->n_blocks = n_blocks;
	map->read = read;
	map->context = context;
	map->max_copied = copy_limit_bytes / WINDOW_BYTES + 1;
	make_regions(map);
	fill(map);
	return map;
}

static void free_window(struct window *window)
{
	for (size_t i = 0; i < PAGES; i++)
		free(window->pages[i].starts);
	free(window->words);
	free(window);
}

void block_map_free(struct block_map *map)
{
	struct window *window, *before;

	if (!map)
		return;
	for (window = map->last_made; window; window = before) {
		before = window->made_before;
		free_window(window);
	}
	free_regions(map);
	free(map->copied);
	free(map->large);
	free(map->scratch);
	free(map);
}

/* How many of the blocks from `first` on start at the address or before. */
static size_t search(const struct block_map *map, size_t first, uint64_t addr)
{
	size_t low = first, high = map->n_blocks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->blocks[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low - first;
}

static bool holds(const struct leak_block *block, uint64_t addr)
{
	return addr >= block->addr && addr < end_of(block);
}

static size_t find_large(const struct block_map *map, uint64_t addr)
{
	for (size_t i = 0; i < map->n_large; i++)
		if (holds(&map->blocks[map->large[i]], addr))
			return map->large[i];
	return BLOCK_NONE;
}

size_t block_map_find(const struct block_map *map, uint64_t addr)
{
	const struct window *window = find_window(map, addr);
	const struct page *page;
	size_t next;

	if (!window)
		return find_large(map, addr);
	page = &window->pages[(addr >> PAGE_BITS) % PAGES];
	next = page->first;
	if (page->starts)
		next += page->starts[(addr >> GRANULE_BITS) % GRANULES];
	else if (page->is_searched)
		next += search(map, next, addr);
	/* Others of the same granule. */
	while (next && map->blocks[next - 1].addr > addr)
		next--;
	return next && holds(&map->blocks[next - 1], addr) ? next - 1 : BLOCK_NONE;
}

/* The memory of a copy that makes room, or new memory. */
static uint64_t *make_room(struct block_map *map, struct window *for_window)
{
	struct window *old;
	uint64_t *words;

	if (map->n_copied < map->max_copied) {
		*ARRAY_APPEND(map->copied, map->n_copied, map->copied_capacity) = for_window;
		return xmalloc(WINDOW_BYTES);
	}
	while (map->copied[map->hand]->was_used) {
		map->copied[map->hand]->was_used = false;
		map->hand = (map->hand + 1) % map->n_copied;
	}
	old = map->copied[map->hand];
	map->copied[map->hand] = for_window;
	words = old->words;
	old->words = NULL;
	return words;
}

static void copy(struct block_map *map, uint64_t addr, uint64_t *words)
{
	if (!map->read(map->context, addr, words, WINDOW_BYTES))
		memset(words, 0, WINDOW_BYTES);
}

static const uint64_t *window_words(struct block_map *map, struct window *window)
{
	if (!window->words) {
		window->words = make_room(map, window);
		copy(map, window->addr, window->words);
	}
	window->was_used = true;
	return window->words;
}

static const uint64_t *scratch_words(struct block_map *map, uint64_t window_addr)
{
	if (!map->scratch)
		map->scratch = xmalloc(WINDOW_BYTES);
	copy(map, window_addr, map->scratch);
	return map->scratch;
}

void block_map_copy(struct block_map *map, uint64_t addr, uint64_t *words, size_t n)
{
	while (n) {
		struct window *window = find_window(map, addr);
		size_t at = addr % WINDOW_BYTES / WORD, room = WINDOW_BYTES / WORD - at;
		size_t now = n < room ? n : room;
		const uint64_t *from =
		    window ? window_words(map, window) : scratch_words(map, addr - at * WORD);

		memcpy(words, from + at, now * WORD);
		words += now;
		addr += now * WORD;
		n -= now;
	}
}
