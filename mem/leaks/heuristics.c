/* memcheck's leak check heuristics, in its order (Valgrind manual, --leak-check-heuristics;
 * mc_leakcheck.c). */
#include "mem/leaks/heuristics.h"

#include "core/alloc.h"
#include "core/u64map.h"
#include "mem/leaks/block_map.h"

#include <string.h>

enum { WORD = sizeof(uint64_t), PAGE_BYTES = 4096 };

/* Of a vtable: so many words are looked at until two are known to be functions. */
enum { VTABLE_WORDS = 20, VTABLE_FUNCTIONS = 2 };

struct candidate {
	const struct heuristics *heuristics;
	const struct leak_block *block;
	uint64_t pointer;
};

/* False: no whole word is there. */
static bool read_word(const struct candidate *candidate, uint64_t addr, uint64_t *word)
{
	const struct leak_block *block = candidate->block;
	size_t n = 1;

	if (addr % WORD || addr < block->addr || block->size_bytes < WORD ||
	    addr - block->addr > block->size_bytes - WORD)
		return false;
	*word = *block_map_words(candidate->heuristics->map, addr, &n, word);
	return true;
}

/* libstdc++'s string before C++11: length, capacity, reference count, characters, NUL. */
static bool is_string(const struct candidate *candidate)
{
	const struct leak_block *block = candidate->block;
	uint64_t length, capacity;

	return candidate->pointer == block->addr + 3 * WORD &&
	       read_word(candidate, block->addr + WORD, &capacity) &&
	       3 * WORD + capacity + 1 == block->size_bytes &&
	       read_word(candidate, block->addr, &length) && length <= capacity;
}

static bool has_length(const struct candidate *candidate)
{
	const struct leak_block *block = candidate->block;
	uint64_t size;

	return candidate->pointer == block->addr + WORD &&
	       read_word(candidate, block->addr, &size) && size > 0 &&
	       block->size_bytes - WORD == size;
}

/* The number of elements stands before those that have a destructor. */
static bool is_array(const struct candidate *candidate)
{
	const struct leak_block *block = candidate->block;
	uint64_t n_elements;

	return candidate->pointer == block->addr + WORD &&
	       read_word(candidate, block->addr, &n_elements) && n_elements > 0 &&
	       (block->size_bytes - WORD) % n_elements == 0;
}

/* The range that holds the address, or NULL. */
static const struct leak_range *find_range(const struct leak_range *ranges, size_t n, uint64_t addr)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && ranges[low].start <= addr ? &ranges[low] : NULL;
}

/* A table of functions, among which there may be NULLs. */
static bool looks_like_vtable(const struct leak_ground *ground, const struct leak_range *file,
                              uint64_t addr)
{
	uint64_t words[VTABLE_WORDS + 1];
	size_t n = ARRAY_SIZE(words), n_functions = 0;

	if (n > (file->end - addr) / WORD)
		n = (file->end - addr) / WORD;
	if (!ground->read(ground->context, addr, words, n * WORD))
		return false;
	for (size_t i = 0; i < n && n_functions < VTABLE_FUNCTIONS; i++) {
		if (words[i] && !find_range(ground->code, ground->n_code, words[i]))
			return false;
		n_functions += words[i] != 0;
	}
	return n_functions == VTABLE_FUNCTIONS;
}

static bool is_vtable(const struct heuristics *heuristics, uint64_t addr)
{
	enum { NOT_KNOWN, IS_NONE, IS_VTABLE };
	const struct leak_ground *ground = heuristics->ground;
	const struct leak_range *file;
	uint64_t *known;

	if (addr % WORD || addr < PAGE_BYTES)
		return false;
	file = find_range(ground->files, ground->n_files, addr);
	if (!file)
		return false;
	known = u64map_put(heuristics->vtables, addr, NULL);
	if (*known == NOT_KNOWN)
		*known = looks_like_vtable(ground, file, addr) ? IS_VTABLE : IS_NONE;
	return *known == IS_VTABLE;
}

/* A base class that is not the first one begins with a vtable of its own. */
static bool is_base(const struct candidate *candidate)
{
	uint64_t first, inner;

	return read_word(candidate, candidate->pointer, &inner) &&
	       read_word(candidate, candidate->block->addr, &first) &&
	       is_vtable(candidate->heuristics, first) && is_vtable(candidate->heuristics, inner);
}

static bool (*const rules[LEAK_N_HEURISTICS])(const struct candidate *) = {
    [LEAK_STDSTRING] = is_string,
    [LEAK_LENGTH64] = has_length,
    [LEAK_NEWARRAY] = is_array,
    [LEAK_MULTIPLE_INHERITANCE] = is_base,
};

enum leak_heuristic heuristics_judge(const struct heuristics *heuristics,
                                     const struct leak_block *block, uint64_t pointer)
{
	const struct candidate candidate = {
	    .heuristics = heuristics, .block = block, .pointer = pointer};

	for (unsigned i = 0; i < LEAK_N_HEURISTICS; i++)
		if (heuristics->ground->heuristics & 1U << i && rules[i] && rules[i](&candidate))
			return (enum leak_heuristic)i;
	return LEAK_NO_HEURISTIC;
}

void heuristics_learn(const struct heuristics *heuristics, const struct leak_block *block)
{
	const struct candidate candidate = {.heuristics = heuristics, .block = block};
	uint64_t word;

	if (!(heuristics->ground->heuristics & 1U << LEAK_MULTIPLE_INHERITANCE) ||
	    !read_word(&candidate, block->addr, &word) || !is_vtable(heuristics, word))
		return;
	for (uint64_t at = block->addr + WORD; read_word(&candidate, at, &word); at += WORD)
		is_vtable(heuristics, word);
}
