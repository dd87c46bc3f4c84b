/* Numbers as people read them: digits in groups of three, sizes with a unit, shares in percent. */
#ifndef CORE_NUMBER_TEXT_H
#define CORE_NUMBER_TEXT_H

#include <stdint.h>

/* "1.5 MB": three digits and a unit of 1,024, as ms_print shows them. */
struct size_text {
	char text[16];
};
struct size_text size_text_of(uint64_t bytes);

/* 1234567 as "1,234,567". */
struct count_text {
	char text[28];
};
struct count_text count_text_of(uint64_t count);

/* "1 call", "2,000 calls": `noun` is a singular that takes an s. */
struct counted_text {
	char text[64];
};
struct counted_text counted_text_of(uint64_t count, const char *noun);

/* A part in percent of the whole; of nothing it is 0. */
double share_percent(uint64_t part, uint64_t whole);

#endif
