/* Recognises glibc's main arena by its bins, and follows it to the others and their heaps.
 *
 * An arena (struct malloc_state), around its bins, in all versions from 2.22 to 2.41 at least:
 *
 *   mutex, flags, fastbins ...  104 bytes until 2.26, 112 since (have_fastchunks)
 *   top                         8 bytes before last_remainder, which is 8 before the bins
 *   bins[127]                   fd and bk of each; of an empty one both point 16 bytes before it
 *   binmap                      16 bytes
 *   next                        the arenas are a ring
 *   next_free, attached_threads, system_mem, max_system_mem
 *
 * All but the main one lie in their first heap: a mapping aligned to its largest size, which begins
 * with heap_info: ar_ptr, prev, size, mprotect_size.
 */
#include "mem/leaks/arenas.h"

#include "core/alloc.h"

#include <stdlib.h>

enum {
	WORD = 8,
	PAGE = 4096,
	N_BINS = 127,
	BINS_BYTES = N_BINS * 2 * WORD,
	EMPTY_BIN = 2 * WORD, /* what an empty bin points before itself */
	TOP_BEFORE_BINS = 2 * WORD,
	NEXT_AFTER_BINS = BINS_BYTES + 16,
	SYSTEM_MEM_AFTER_BINS = NEXT_AFTER_BINS + 3 * WORD,
	STATE_AFTER_BINS = NEXT_AFTER_BINS + 5 * WORD,
	MAX_BEFORE_BINS = 256,
	MAX_ARENAS = 1 << 13,
	MAX_HEAPS = 1 << 17, /* 8 TB */
	MAX_SEGMENT_BYTES = 1 << 26,
	SIZE_FLAGS = 7,
	IS_MMAPPED = 2,
	IS_HUGE_PAGE = 1, /* of prev_size, after 2.41 */
};

/* 64 MB; four huge pages of 2 MB or 1 GB with the tunable glibc.malloc.hugetlb (2.35). */
static const uint64_t heap_alignments[] = {UINT64_C(1) << 26, UINT64_C(1) << 23, UINT64_C(1) << 32};

struct heap_info {
	uint64_t arena;
	uint64_t prev;
	uint64_t size;
	uint64_t mprotect_size;
};

static uint64_t read_word(const struct leak_memory *memory, uint64_t addr)
{
	uint64_t word;

	leak_memory_read(memory, addr, &word, sizeof(word));
	return word;
}

static bool is_empty_bin(const uint64_t *bin, uint64_t addr)
{
	return bin[0] == addr - EMPTY_BIN && bin[1] == addr - EMPTY_BIN;
}

static bool are_bins(const uint64_t *bins, uint64_t addr)
{
	for (size_t i = 0; i < N_BINS; i++, bins += 2, addr += 2 * WORD)
		if (!is_empty_bin(bins, addr) &&
		    (!bins[0] || !bins[1] || (bins[0] | bins[1]) % (2 * WORD) ||
		     bins[0] == addr - EMPTY_BIN || bins[1] == addr - EMPTY_BIN))
			return false;
	return true;
}

/* When to remember where a list is: if it comes there again, it is a ring (R. P. Brent, An improved
 * Monte Carlo factorization algorithm, section 2). Or 0. */
static bool is_power_of_two(size_t n)
{
	return (n & (n - 1)) == 0;
}

/* Do the arenas from the one with these bins on come back to it, when they begin so many bytes
 * before their bins? Adds those between. */
static bool follow_ring(const struct leak_memory *memory, uint64_t bins, uint64_t before,
                        uint64_t *others, size_t *n_others)
{
	uint64_t arena = read_word(memory, bins + NEXT_AFTER_BINS), seen = 0;

	*n_others = 0;
	while (arena != bins - before) {
		if (!arena || arena % (2 * WORD) || arena == seen || *n_others == MAX_ARENAS)
			return false;
		if (is_power_of_two(*n_others))
			seen = arena;
		others[(*n_others)++] = arena;
		arena = read_word(memory, arena + before + NEXT_AFTER_BINS);
	}
	return true;
}

static bool read_heap(const struct leak_memory *memory, uint64_t addr, uint64_t arena,
                      uint64_t alignment, struct heap_info *heap)
{
	leak_memory_read(memory, addr, heap, sizeof(*heap));
	if (heap->mprotect_size < heap->size)
		heap->mprotect_size = heap->size;
	return heap->arena == arena && heap->size && heap->mprotect_size <= alignment &&
	       heap->prev % alignment == 0;
}

/* Adds the heaps of an arena, from that of its uppermost chunk back to the one that holds it.
 * False: they do not lead there; the heaps may be in part. */
static bool add_heaps(struct leak_arenas *arenas, const struct leak_memory *memory, uint64_t arena,
                      uint64_t before, uint64_t alignment)
{
	uint64_t at = read_word(memory, arena + before - TOP_BEFORE_BINS) & -alignment;
	uint64_t seen = 0;
	struct heap_info heap;

	for (size_t n = 0; n < MAX_HEAPS && at && at != seen; n++) {
		if (!read_heap(memory, at, arena, alignment, &heap))
			return false;
		leak_ranges_add(&arenas->heaps, at, at + heap.mprotect_size);
		if (!heap.prev)
			return at == (arena & -alignment);
		if (is_power_of_two(n))
			seen = at;
		at = heap.prev;
	}
	return false;
}

static void add_arena(struct leak_arenas *arenas, const struct leak_memory *memory, uint64_t arena,
                      uint64_t before)
{
	for (size_t i = 0; i < ARRAY_SIZE(heap_alignments); i++)
		if (add_heaps(arenas, memory, arena, before, heap_alignments[i]))
			return;
	arenas->n_damaged++;
}

/* With which the memory that a main arena got last ends. Empty before the first allocation, when it
 * is the first bin. */
static struct leak_range find_top(const struct leak_memory *memory, uint64_t bins)
{
	uint64_t top = read_word(memory, bins - TOP_BEFORE_BINS);
	uint64_t size = read_word(memory, top + WORD) & ~(uint64_t)SIZE_FLAGS;

	if (top == bins - EMPTY_BIN || top % (2 * WORD) || (top + size) % PAGE)
		return (struct leak_range){0};
	return (struct leak_range){top, top + size};
}

static bool take_main_arena(struct leak_arenas *arenas, const struct leak_memory *memory,
                            uint64_t bins, uint64_t *others)
{
	size_t n_others;

	for (uint64_t before = TOP_BEFORE_BINS; before <= MAX_BEFORE_BINS; before += WORD) {
		if (!follow_ring(memory, bins, before, others, &n_others))
			continue;
		*ARRAY_APPEND(arenas->mains, arenas->n_mains, arenas->mains_capacity) =
		    (struct leak_main_arena){.state = {bins - before, bins + STATE_AFTER_BINS},
		                             .top = find_top(memory, bins),
		                             .bytes =
		                                 read_word(memory, bins + SYSTEM_MEM_AFTER_BINS)};
		arenas->n_arenas += 1 + n_others;
		for (size_t i = 0; i < n_others; i++)
			add_arena(arenas, memory, others[i], before);
		leak_ranges_sort(&arenas->heaps);
		return true;
	}
	return false;
}

bool leak_arenas_find(const struct leak_memory *memory, struct leak_range segment,
                      struct leak_arenas *arenas)
{
	uint64_t bytes = segment.end - segment.start, *words, *others;
	size_t n_words, first;
	bool found = false;

	if (bytes > MAX_SEGMENT_BYTES)
		bytes = MAX_SEGMENT_BYTES;
	n_words = bytes / WORD;
	words = xmalloc(bytes + 1);
	others = xmalloc(MAX_ARENAS * sizeof(*others));
	leak_memory_read(memory, segment.start, words, bytes);
	for (first = 0; first + 2 * N_BINS <= n_words && !found; first++) {
		uint64_t addr = segment.start + first * WORD;

		/* Few bins are in use; the last ones, for blocks that get a mapping to themselves,
		 * least. */
		if (is_empty_bin(&words[first + 2 * (N_BINS - 1)],
		                 addr + 2 * WORD * (N_BINS - 1)) &&
		    are_bins(&words[first], addr))
			found = take_main_arena(arenas, memory, addr, others);
	}
	free(words);
	free(others);
	return found;
}

void leak_arenas_fini(struct leak_arenas *arenas)
{
	free(arenas->mains);
	leak_ranges_fini(&arenas->heaps);
}

bool leak_mapped_chunk(const struct leak_memory *memory, uint64_t block, struct leak_range *mapping)
{
	struct {
		uint64_t prev_size;
		uint64_t size;
	} header;
	uint64_t chunk = block - sizeof(header), offset, size;

	leak_memory_read(memory, chunk, &header, sizeof(header));
	offset = header.prev_size & ~(uint64_t)IS_HUGE_PAGE;
	size = header.size & ~(uint64_t)SIZE_FLAGS;
	if (!(header.size & IS_MMAPPED) || offset > chunk || (chunk - offset) % PAGE ||
	    size > UINT64_MAX / 2 - chunk)
		return false;
	/* The last page is the chunk's whole; after 2.41 the size is less than the mapping's. */
	*mapping = (struct leak_range){chunk - offset, (chunk + size + PAGE - 1) & -(uint64_t)PAGE};
	return true;
}
