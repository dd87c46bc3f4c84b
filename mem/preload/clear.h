/* Clears memory of a few words, which is what most blocks are, by stores alone. */
#ifndef MEM_PRELOAD_CLEAR_H
#define MEM_PRELOAD_CLEAR_H

#include "mem/preload/preload.h"

#include <stddef.h>
#include <stdint.h>

/* What was in a block's memory before would lead a leak check to blocks that the program has
 * forgotten: memcheck knows that it is undefined, we only can see to it that it is 0. Not in large
 * ones, where it would cost more than all else, and memory that is never used. */
enum { CLEAR_LIMIT = 1024 };

typedef uint64_t two_words __attribute__((vector_size(16), aligned(8), may_alias));

/* With a barrier, since the compiler would make several a call of memset(3), which another library
 * may stand before. */
static always_inline void clear_two(uint64_t *words)
{
	*(two_words *)words = (two_words){0};
	__asm__ volatile("" ::: "memory");
}

static always_inline void clear_eight(uint64_t *words)
{
	clear_two(words);
	clear_two(words + 2);
	clear_two(words + 4);
	clear_two(words + 6);
}

static inline size_t clear_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The whole words between the two sizes. Few branches depend on how many they are, since one that
 * may be any would be guessed wrongly: four parts of eight words, or of two, begin where they may
 * overlap. */
static always_inline void clear_words(void *block, size_t from, size_t to)
{
	uint64_t *words = (uint64_t *)block + (from + 7) / 8, *end = (uint64_t *)block + to / 8;
	ptrdiff_t n = end - words;
	size_t second;

	if (n > 8) {
		for (; n > 32; n -= 8, words += 8)
			clear_eight(words);
		second = clear_least(8, (size_t)n - 8);
		clear_eight(words);
		clear_eight(words + second);
		clear_eight(end - 8 - second);
		clear_eight(end - 8);
	} else if (n > 1) {
		second = clear_least(2, (size_t)n - 2);
		clear_two(words);
		clear_two(words + second);
		clear_two(end - 2 - second);
		clear_two(end - 2);
	} else if (n == 1) {
		*words = 0;
	}
}

#endif
