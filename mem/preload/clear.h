/* Clears memory of a few words, which is what most blocks are, by stores alone. */
#ifndef MEM_PRELOAD_CLEAR_H
#define MEM_PRELOAD_CLEAR_H

#include "mem/preload/preload.h"

#include <stddef.h>
#include <stdint.h>

typedef uint64_t two_words __attribute__((vector_size(16), aligned(8), may_alias));

/* With a barrier, since the compiler would make several a call of memset(3), which another library
 * may stand before. */
static always_inline void clear_two(uint64_t *words)
{
	*(two_words *)words = (two_words){0};
	__asm__ volatile("" ::: "memory");
}

static always_inline void clear_four(uint64_t *words)
{
	clear_two(words);
	clear_two(words + 2);
}

static always_inline void clear_eight(uint64_t *words)
{
	clear_four(words);
	clear_four(words + 4);
}

/* The whole words between the two sizes. From both ends, which may meet or overlap, so that few
 * branches depend on the size: one that is any would be guessed wrongly. */
static always_inline void clear_words(void *block, size_t from, size_t to)
{
	uint64_t *words = (uint64_t *)block + (from + 7) / 8, *end = (uint64_t *)block + to / 8;

	for (; end - words > 16; words += 8)
		clear_eight(words);
	if (end - words > 8) {
		clear_eight(words);
		clear_eight(end - 8);
	} else if (end - words > 4) {
		clear_four(words);
		clear_four(end - 4);
	} else if (end - words > 1) {
		clear_two(words);
		clear_two(end - 2);
	} else if (end > words) {
		*words = 0;
	}
}

#endif
