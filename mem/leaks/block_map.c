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
	SET_BITS = 64,
	SETS = GRANULES / SET_BITS, /* of a page */
	RUN = 64,                   /* windows that are read at once */
};

/* Larger ones, which may be larger than all memory, have no windows but the first. */
#define LARGE_BYTES (UINT64_C(1) << 26)

struct page {
	uint64_t starts[SETS]; /* the granules in which a block starts */
	uint8_t before[SETS];  /* how many of them are in the sets before each */
	size_t first;          /* the first block that starts here or later */
};

struct window {
	uint64_t addr;
	uint64_t *words; /* the copy; NULL: none */
	bool was_used;   /* since the hand passed */
	/* The pages with several blocks in one granule, which no allocator makes; those are
	 * searched. */
	uint16_t searched;
	struct page pages[PAGES];
};
_Static_assert(PAGES <= 16, "each page has its bit");

struct block_map {
	const struct leak_block *blocks;
	size_t n_blocks;
	leak_read *read; /* NULL: all is copied */
	void *context;
	struct window ***regions; /* [REGIONS][WINDOWS] */
	bool is_mapped;           /* the first of these tables */
	/* What of it there is, for most heaps are small: the numbers of the regions, all windows.
	 */
	size_t *made_regions;
	size_t n_made_regions;
	size_t made_regions_capacity;
	struct window **windows; /* by address */
	size_t n_windows;
	size_t windows_capacity;
	uint64_t *all; /* the copies of all of them, one after the other; NULL: there is none */
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
		*ARRAY_APPEND(map->windows, map->n_windows, map->windows_capacity) = *window;
		for (size_t i = 0; i < PAGES; i++)
			(*window)->pages[i].first = next_block;
	}
	return *window;
}

static uint64_t end_of(const struct leak_block *block)
{
	return block->addr + block->size_bytes + (block->size_bytes == 0);
}

/* How many bits are set (H. Warren, Hacker's Delight, 5-1): not all x86-64 have an instruction for
 * it. */
static size_t count_bits(uint64_t set)
{
	set -= set >> 1 & UINT64_C(0x5555555555555555);
	set = (set & UINT64_C(0x3333333333333333)) + (set >> 2 & UINT64_C(0x3333333333333333));
	set = (set + (set >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (size_t)(set * UINT64_C(0x0101010101010101) >> 56);
}

/* Enters the blocks that start in one page: n of them from `first` on. */
static void fill_page(struct block_map *map, size_t first, size_t n)
{
	const struct leak_block *blocks = &map->blocks[first];
	struct window *window = make_window(map, blocks->addr, first);
	size_t number = (blocks->addr >> PAGE_BITS) % PAGES;
	struct page *page = &window->pages[number];

	page->first = first;
	for (size_t i = number + 1; i < PAGES; i++)
		window->pages[i].first = first + n;
	for (size_t i = 0; i < n; i++) {
		size_t granule = (blocks[i].addr >> GRANULE_BITS) % GRANULES;
		uint64_t *set = &page->starts[granule / SET_BITS];
		uint64_t bit = UINT64_C(1) << granule % SET_BITS;

		if (*set & bit)
			window->searched |= (uint16_t)(1U << number);
		*set |= bit;
	}
	for (size_t i = 1; i < SETS; i++)
		page->before[i] = (uint8_t)(page->before[i - 1] + count_bits(page->starts[i - 1]));
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

void block_map_free(struct block_map *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < map->n_windows; i++) {
		if (!map->all)
			free(map->windows[i]->words);
		free(map->windows[i]);
	}
	huge_free(map->all, block_map_copied_bytes(map));
	free(map->windows);
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

/* How many granules up to the one of the address have a block's start. */
static size_t count_starts(const struct page *page, uint64_t addr)
{
	size_t granule = (addr >> GRANULE_BITS) % GRANULES, set = granule / SET_BITS;

	return page->before[set] +
	       count_bits(page->starts[set] << (SET_BITS - 1 - granule % SET_BITS));
}

size_t block_map_guess(const struct block_map *map, uint64_t addr)
{
	const struct window *window = find_window(map, addr);
	size_t number = (addr >> PAGE_BITS) % PAGES, next;

	if (!window)
		return find_large(map, addr);
	next = window->pages[number].first;
	if (window->searched & 1U << number)
		next += search(map, next, addr);
	else
		next += count_starts(&window->pages[number], addr);
	return next ? next - 1 : BLOCK_NONE;
}

size_t block_map_confirm(const struct block_map *map, size_t guess, uint64_t addr)
{
	/* It starts in the address's own granule, and behind it. */
	if (guess != BLOCK_NONE && map->blocks[guess].addr > addr)
		guess = guess ? guess - 1 : BLOCK_NONE;
	return guess != BLOCK_NONE && holds(&map->blocks[guess], addr) ? guess : BLOCK_NONE;
}

size_t block_map_find(const struct block_map *map, uint64_t addr)
{
	return block_map_confirm(map, block_map_guess(map, addr), addr);
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

static void copy(struct block_map *map, uint64_t addr, uint64_t *words, size_t bytes)
{
	if (!map->read || !map->read(map->context, addr, words, bytes))
		memset(words, 0, bytes);
}

/* How many windows from number `first` on lie one behind the other. */
static size_t count_run(const struct block_map *map, size_t first)
{
	uint64_t addr = map->windows[first]->addr;
	size_t n = 1;

	while (n < RUN && first + n < map->n_windows &&
	       map->windows[first + n]->addr == addr + n * WINDOW_BYTES)
		n++;
	return n;
}

bool block_map_copy_all(struct block_map *map, size_t limit_bytes)
{
	uint64_t *words;

	if (map->n_large || map->n_windows > limit_bytes / WINDOW_BYTES)
		return false;
	map->all = words = huge_new(map->n_windows * WINDOW_BYTES);
	for (size_t i = 0, n; i < map->n_windows; i += n) {
		n = count_run(map, i);
		copy(map, map->windows[i]->addr, words, n * WINDOW_BYTES);
		for (size_t j = 0; j < n; j++, words += WINDOW_BYTES / WORD)
			map->windows[i + j]->words = words;
	}
	map->read = NULL;
	return true;
}

size_t block_map_copied_bytes(const struct block_map *map)
{
	return map->all ? map->n_windows * WINDOW_BYTES : 0;
}

static const uint64_t *window_words(struct block_map *map, struct window *window)
{
	if (!window->words) {
		window->words = make_room(map, window);
		copy(map, window->addr, window->words, WINDOW_BYTES);
	}
	window->was_used = true;
	return window->words;
}

static const uint64_t *scratch_words(struct block_map *map, uint64_t window_addr)
{
	if (!map->scratch)
		map->scratch = xmalloc(WINDOW_BYTES);
	copy(map, window_addr, map->scratch, WINDOW_BYTES);
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

const uint64_t *block_map_words(struct block_map *map, uint64_t addr, size_t *n, uint64_t *room)
{
	const struct window *window = map->all ? find_window(map, addr) : NULL;
	size_t at = addr % WINDOW_BYTES / WORD, left = WINDOW_BYTES / WORD - at;

	if (!window) {
		block_map_copy(map, addr, room, *n);
		return room;
	}
	if (*n > left)
		*n = left;
	return window->words + at;
}

void block_map_prefetch(const struct block_map *map, uint64_t addr)
{
	const struct window *window = find_window(map, addr);

	if (window && window->words)
		__builtin_prefetch(window->words + addr % WINDOW_BYTES / WORD);
}
