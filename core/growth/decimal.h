/* Decimal numbers as they are typed: 0.1 and ten steps of 0.1 make 1.1, where doubles make
 * 1.0999999999999999. Pure.
 */
#ifndef CORE_GROWTH_DECIMAL_H
#define CORE_GROWTH_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

/* units / 10^n_decimals */
struct decimal {
	int64_t units;
	unsigned n_decimals;
};

enum { DECIMAL_MAX_DIGITS = 15 }; /* before and behind the point: a double still holds them */

/* "-12", "0.50", "1e6". False: no such number, or more than DECIMAL_MAX_DIGITS digits. */
bool decimal_read(const char *text, struct decimal *decimal);

/* False: the sum has more digits than can be held. */
bool decimal_add(struct decimal a, struct decimal b, struct decimal *sum);

/* Below 0, 0 or above 0 as a is less than, equal to or more than b. */
int decimal_compare(struct decimal a, struct decimal b);

/* Without zeros at the end of its decimals: "1.5", "2". */
struct decimal_text {
	char text[24];
};
struct decimal_text decimal_text_of(struct decimal decimal);

double decimal_value(struct decimal decimal);

#endif
