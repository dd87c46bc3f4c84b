/* Whole numbers of the smallest unit that is typed, so that every sum is exact. */
#include "core/growth/decimal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t powers[DECIMAL_MAX_DIGITS + 1] = {1,
                                                       10,
                                                       100,
                                                       1000,
                                                       10000,
                                                       100000,
                                                       1000000,
                                                       10000000,
                                                       100000000,
                                                       1000000000,
                                                       10000000000,
                                                       100000000000,
                                                       1000000000000,
                                                       10000000000000,
                                                       100000000000000,
                                                       1000000000000000};

static bool is_held(int64_t units)
{
	return units < powers[DECIMAL_MAX_DIGITS] && units > -powers[DECIMAL_MAX_DIGITS];
}

/* Without zeros at the end of the decimals. */
static struct decimal shortest(struct decimal decimal)
{
	while (decimal.n_decimals && decimal.units % 10 == 0) {
		decimal.units /= 10;
		decimal.n_decimals--;
	}
	return decimal;
}

/* The same number with so many decimals, no fewer than it has. */
static bool lengthen(struct decimal *decimal, unsigned n_decimals)
{
	while (decimal->n_decimals < n_decimals) {
		if (!is_held(decimal->units * 10))
			return false;
		decimal->units *= 10;
		decimal->n_decimals++;
	}
	return true;
}

/* The digits with at most one point among them; returns where they end, NULL: there are none, or
 * too many. */
static const char *read_digits(const char *text, struct decimal *decimal)
{
	bool has_point = false, has_digit = false;

	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !has_point); text++) {
		if (*text == '.') {
			has_point = true;
			continue;
		}
		decimal->units = decimal->units * 10 + (*text - '0');
		decimal->n_decimals += has_point;
		has_digit = true;
		if (!is_held(decimal->units) || decimal->n_decimals > DECIMAL_MAX_DIGITS)
			return NULL;
	}
	return has_digit ? text : NULL;
}

/* "e6", "E-3" or nothing. */
static bool read_exponent(const char *text, struct decimal *decimal)
{
	char *end;
	long exponent, n_decimals;

	if (!*text)
		return true;
	if ((*text != 'e' && *text != 'E') || !strchr("+-0123456789", text[1]))
		return false;
	exponent = strtol(text + 1, &end, 10);
	if (end == text + 1 || *end || labs(exponent) > 2 * DECIMAL_MAX_DIGITS)
		return false;
	n_decimals = (long)decimal->n_decimals - exponent;
	if (n_decimals > DECIMAL_MAX_DIGITS)
		return false;
	decimal->n_decimals = n_decimals > 0 ? (unsigned)n_decimals : 0;
	for (; n_decimals < 0; n_decimals++) {
		decimal->units *= 10;
		if (!is_held(decimal->units))
			return false;
	}
	return true;
}

bool decimal_read(const char *text, struct decimal *decimal)
{
	bool is_negative = *text == '-';
	const char *rest;

	*decimal = (struct decimal){0};
	rest = read_digits(text + (*text == '-' || *text == '+'), decimal);
	if (!rest || !read_exponent(rest, decimal))
		return false;
	if (is_negative)
		decimal->units = -decimal->units;
	*decimal = shortest(*decimal);
	return true;
}

bool decimal_add(struct decimal a, struct decimal b, struct decimal *sum)
{
	if (!lengthen(&a, b.n_decimals) || !lengthen(&b, a.n_decimals))
		return false;
	*sum = shortest((struct decimal){a.units + b.units, a.n_decimals});
	return is_held(a.units + b.units);
}

int decimal_compare(struct decimal a, struct decimal b)
{
	__int128 left = (__int128)a.units * powers[b.n_decimals];
	__int128 right = (__int128)b.units * powers[a.n_decimals];

	return (left > right) - (left < right);
}

struct decimal_text decimal_text_of(struct decimal decimal)
{
	struct decimal_text text;
	uint64_t units = (uint64_t)llabs(decimal.units);
	const char *sign = decimal.units < 0 ? "-" : "";
	uint64_t one;

	decimal = shortest(decimal);
	units = (uint64_t)llabs(decimal.units);
	one = (uint64_t)powers[decimal.n_decimals];
	if (decimal.n_decimals)
		snprintf(text.text, sizeof(text.text), "%s%" PRIu64 ".%0*" PRIu64, sign,
		         units / one, (int)decimal.n_decimals, units % one);
	else
		snprintf(text.text, sizeof(text.text), "%s%" PRIu64, sign, units);
	return text;
}

double decimal_value(struct decimal decimal)
{
	return (double)decimal.units / (double)powers[decimal.n_decimals];
}
