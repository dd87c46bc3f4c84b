/* rho: STEPS steps of Pollard's rho method on a product of two primes, in big numbers that allocate
 * each result, as cfrac's do: 18 blocks a step, each freed soon after. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct number {
	unsigned n_limbs; /* the last one is not 0 */
	uint32_t limbs[];
};

static unsigned long n_blocks;

static struct number *number_new(unsigned n_limbs)
{
	struct number *number = calloc(1, sizeof(*number) + n_limbs * sizeof(number->limbs[0]));

	if (!number) {
		fputs("rho: out of memory\n", stderr);
		exit(1);
	}
	n_blocks++;
	number->n_limbs = n_limbs;
	return number;
}

static struct number *trimmed(struct number *number)
{
	while (number->n_limbs && !number->limbs[number->n_limbs - 1])
		number->n_limbs--;
	return number;
}

static struct number *from_integer(unsigned __int128 value)
{
	struct number *number = number_new(4);

	for (int i = 0; i < 4; i++)
		number->limbs[i] = (uint32_t)(value >> (32 * i));
	return trimmed(number);
}

static int compare(const struct number *a, const struct number *b)
{
	if (a->n_limbs != b->n_limbs)
		return a->n_limbs < b->n_limbs ? -1 : 1;
	for (unsigned i = a->n_limbs; i-- > 0;)
		if (a->limbs[i] != b->limbs[i])
			return a->limbs[i] < b->limbs[i] ? -1 : 1;
	return 0;
}

static struct number *add(const struct number *a, const struct number *b)
{
	unsigned n_limbs = (a->n_limbs > b->n_limbs ? a->n_limbs : b->n_limbs) + 1;
	struct number *sum = number_new(n_limbs);
	uint64_t carry = 0;

	for (unsigned i = 0; i < n_limbs; i++) {
		carry += i < a->n_limbs ? a->limbs[i] : 0;
		carry += i < b->n_limbs ? b->limbs[i] : 0;
		sum->limbs[i] = (uint32_t)carry;
		carry >>= 32;
	}
	return trimmed(sum);
}

/* a is not smaller than b. */
static struct number *subtract(const struct number *a, const struct number *b)
{
	struct number *difference = number_new(a->n_limbs);
	int64_t borrow = 0;

	for (unsigned i = 0; i < a->n_limbs; i++) {
		borrow += (int64_t)a->limbs[i] - (i < b->n_limbs ? b->limbs[i] : 0);
		difference->limbs[i] = (uint32_t)borrow;
		borrow >>= 32;
	}
	return trimmed(difference);
}

static struct number *multiply(const struct number *a, const struct number *b)
{
	struct number *product = number_new(a->n_limbs + b->n_limbs);

	for (unsigned i = 0; i < a->n_limbs; i++) {
		uint64_t carry = 0;

		for (unsigned j = 0; j < b->n_limbs; j++) {
			carry += (uint64_t)a->limbs[i] * b->limbs[j] + product->limbs[i + j];
			product->limbs[i + j] = (uint32_t)carry;
			carry >>= 32;
		}
		product->limbs[i + b->n_limbs] = (uint32_t)carry;
	}
	return trimmed(product);
}

/* Takes QUOTIENT times the modulus, moved up by SHIFT limbs, off the rest; true when that was once
 * too often. */
static int take_off(struct number *rest, const struct number *modulus, unsigned shift,
                    uint64_t quotient)
{
	uint64_t carry = 0;
	int64_t borrow = 0;

	for (unsigned i = 0; i <= modulus->n_limbs; i++) {
		carry += i < modulus->n_limbs ? quotient * modulus->limbs[i] : 0;
		borrow += (int64_t)rest->limbs[i + shift] - (uint32_t)carry;
		rest->limbs[i + shift] = (uint32_t)borrow;
		borrow >>= 32;
		carry >>= 32;
	}
	return borrow < 0;
}

static void put_back(struct number *rest, const struct number *modulus, unsigned shift)
{
	uint64_t carry = 0;

	for (unsigned i = 0; i <= modulus->n_limbs; i++) {
		carry += rest->limbs[i + shift];
		carry += i < modulus->n_limbs ? modulus->limbs[i] : 0;
		rest->limbs[i + shift] = (uint32_t)carry;
		carry >>= 32;
	}
}

/* Knuth's algorithm D; the modulus has its top bit set, so nothing needs to be scaled, and two
 * limbs or more. */
static struct number *modulo(const struct number *a, const struct number *modulus)
{
	struct number *rest = number_new(a->n_limbs + 1);
	uint32_t top = modulus->limbs[modulus->n_limbs - 1];

	memcpy(rest->limbs, a->limbs, a->n_limbs * sizeof(a->limbs[0]));
	for (unsigned shift = rest->n_limbs - modulus->n_limbs;
	     a->n_limbs >= modulus->n_limbs && shift-- > 0;) {
		const uint32_t *high = &rest->limbs[shift + modulus->n_limbs];
		uint64_t quotient = ((uint64_t)high[0] << 32 | high[-1]) / top;

		if (quotient > UINT32_MAX)
			quotient = UINT32_MAX;
		if (take_off(rest, modulus, shift, quotient))
			for (int overdrawn = 1; overdrawn;) {
				put_back(rest, modulus, shift);
				overdrawn = rest->limbs[shift + modulus->n_limbs] != 0;
			}
	}
	return trimmed(rest);
}

/* These consume what they are given, but for the modulus. */
static struct number *reduced(struct number *a, const struct number *modulus)
{
	struct number *rest = modulo(a, modulus);

	free(a);
	return rest;
}

static struct number *step(struct number *x, const struct number *modulus)
{
	struct number *square = reduced(multiply(x, x), modulus);
	struct number *one = from_integer(1);
	struct number *sum = add(square, one);

	free(x);
	free(square);
	free(one);
	return reduced(sum, modulus);
}

static struct number *times_distance(struct number *product, const struct number *x,
                                     const struct number *y, const struct number *modulus)
{
	struct number *distance = compare(x, y) < 0 ? subtract(y, x) : subtract(x, y);
	struct number *longer = multiply(product, distance);

	free(distance);
	free(product);
	return reduced(longer, modulus);
}

int main(int argc, char **argv)
{
	unsigned long n_steps = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	/* The Mersenne prime 2^61 - 1 times the largest prime below 2^64, times 8. */
	struct number *modulus =
	    from_integer(((unsigned __int128)0x1fffffffffffffff * 0xffffffffffffffc5u) << 3);
	struct number *x = from_integer(2), *y = from_integer(2), *product = from_integer(1);

	if (!n_steps) {
		fputs("usage: rho STEPS\n", stderr);
		return 2;
	}
	for (unsigned long i = 0; i < n_steps; i++) {
		x = step(x, modulus);
		y = step(step(y, modulus), modulus);
		product = times_distance(product, x, y, modulus);
	}
	printf("%lu blocks, product ends in %08x\n", n_blocks,
	       product->n_limbs ? product->limbs[0] : 0);
	free(x);
	free(y);
	free(product);
	free(modulus);
	return 0;
}
