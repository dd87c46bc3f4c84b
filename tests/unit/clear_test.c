/* What is cleared of a block: all whole words between two sizes, and not a byte beside them. */
#include "mem/preload/clear.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* As many as a block that is cleared has at most, and what an off-by-one would hit. */
enum { N_BYTES = 1024, MARGIN = 64 };

static void clears_the_words_between(void **state)
{
	static _Alignas(8) unsigned char memory[MARGIN + N_BYTES + MARGIN];
	static unsigned char expected[sizeof(memory)];

	(void)state;
	for (size_t from = 0; from < 80; from++) {
		for (size_t to = 0; to < N_BYTES; to++) {
			size_t first = (from + 7) / 8 * 8, end = to / 8 * 8;

			memset(memory, 0x55, sizeof(memory));
			memset(expected, 0x55, sizeof(expected));
			if (first < end)
				memset(expected + MARGIN + first, 0, end - first);
			clear_words(memory + MARGIN, from, to);
			assert_memory_equal(memory, expected, sizeof(memory));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(clears_the_words_between)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
