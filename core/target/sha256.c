/* Computes SHA-256 as FIPS 180-4 sections 5 and 6.2 define it; names are the standard's. Where the
 * CPU has instructions for it (Intel SDM volume 2, SHA256RNDS2 and others) they are used: a program
 * with 100 MB of DWARF takes 1.6 s without them. */
#include "core/target/sha256.h"

#include <cpuid.h>
#include <immintrin.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes (4.2.2). */
static const _Alignas(16) uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static uint32_t load(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

/* The message schedule (6.2.2, step 1). */
static void expand(uint32_t W[64], const uint8_t *block)
{
	for (int t = 0; t < 16; t++)
		W[t] = load(block + 4 * t);
	for (int t = 16; t < 64; t++) {
		uint32_t s1 = rotr(W[t - 2], 17) ^ rotr(W[t - 2], 19) ^ W[t - 2] >> 10;
		uint32_t s0 = rotr(W[t - 15], 7) ^ rotr(W[t - 15], 18) ^ W[t - 15] >> 3;

		W[t] = s1 + W[t - 7] + s0 + W[t - 16];
	}
}

/* One block (6.2.2, steps 2 to 4). Eight variables and no array: the compiler keeps them in
 * registers, and their going round costs nothing. */
static void compress(uint32_t H[8], const uint8_t *block)
{
	uint32_t a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7];
	uint32_t W[64];

	expand(W, block);
	for (int t = 0; t < 64; t++) {
		uint32_t S1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
		uint32_t ch = (e & f) ^ (~e & g);
		uint32_t T1 = h + S1 + ch + K[t] + W[t];
		uint32_t S0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
		uint32_t maj = (a & b) ^ (a & c) ^ (b & c);

		h = g;
		g = f;
		f = e;
		e = d + T1;
		d = c;
		c = b;
		b = a;
		a = T1 + S0 + maj;
	}
	H[0] += a;
	H[1] += b;
	H[2] += c;
	H[3] += d;
	H[4] += e;
	H[5] += f;
	H[6] += g;
	H[7] += h;
}

/* The same. The instructions want the state as (A B E F) and (C D G H), first letters in the upper
 * words, and do two rounds with the lower half of four values of W + K. */
__attribute__((target("sha,sse4.1"))) static void compress_by_cpu(uint32_t H[8],
                                                                  const uint8_t *block)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i abcd = _mm_loadu_si128((const __m128i *)&H[0]);
	__m128i efgh = _mm_loadu_si128((const __m128i *)&H[4]);
	__m128i badc = _mm_shuffle_epi32(abcd, 0xb1), hgfe = _mm_shuffle_epi32(efgh, 0x1b);
	__m128i abef = _mm_alignr_epi8(badc, hgfe, 8);
	__m128i cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
	const __m128i abef_before = abef, cdgh_before = cdgh;
	__m128i W[4]; /* the last 16 words of the schedule */

	for (int t = 0; t < 16; t++) { /* four rounds each */
		__m128i *now = &W[t % 4], sum;

		if (t < 4)
			*now = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * t)),
			                        big_endian);
		else
			*now = _mm_sha256msg2_epu32(
			    _mm_add_epi32(_mm_sha256msg1_epu32(*now, W[(t + 1) % 4]),
			                  _mm_alignr_epi8(W[(t + 3) % 4], W[(t + 2) % 4], 4)),
			    W[(t + 3) % 4]);
		sum = _mm_add_epi32(*now, _mm_load_si128((const __m128i *)&K[4 * t]));
		cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
		abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
	}
	abef = _mm_shuffle_epi32(_mm_add_epi32(abef, abef_before), 0x1b); /* now F E B A */
	cdgh = _mm_shuffle_epi32(_mm_add_epi32(cdgh, cdgh_before), 0xb1); /* now D C H G */
	_mm_storeu_si128((__m128i *)&H[0], _mm_blend_epi16(abef, cdgh, 0xf0));
	_mm_storeu_si128((__m128i *)&H[4], _mm_alignr_epi8(cdgh, abef, 8));
}

static bool cpu_has_sha(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_SHA;
}

void sha256_init(struct sha256 *sha)
{
	sha256_init_plain(sha);
	if (cpu_has_sha())
		sha->compress = compress_by_cpu;
}

void sha256_init_plain(struct sha256 *sha)
{
	/* Of the square roots of the first 8 primes (5.3.3). */
	static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(sha->state, initial, sizeof(initial));
	sha->len_bytes = 0;
	sha->compress = compress;
}

void sha256_add(struct sha256 *sha, const void *bytes, size_t len_bytes)
{
	const uint8_t *next = bytes;

	while (len_bytes) {
		size_t used = sha->len_bytes % sizeof(sha->block);
		size_t taken = sizeof(sha->block) - used;

		if (taken > len_bytes)
			taken = len_bytes;
		memcpy(sha->block + used, next, taken);
		sha->len_bytes += taken;
		next += taken;
		len_bytes -= taken;
		if (used + taken == sizeof(sha->block))
			sha->compress(sha->state, sha->block);
	}
}

void sha256_finish(struct sha256 *sha, char hex[65])
{
	const uint64_t len_bits = sha->len_bytes * 8;
	uint8_t length[8];

	/* A one bit, zeros, and the length in the last 8 bytes of a block (5.1.1). */
	sha256_add(sha, "\x80", 1);
	while (sha->len_bytes % sizeof(sha->block) != sizeof(sha->block) - sizeof(length))
		sha256_add(sha, "", 1);
	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)(len_bits >> (56 - 8 * i));
	sha256_add(sha, length, sizeof(length));
	for (int i = 0; i < 8; i++)
		snprintf(hex + 8 * i, 9, "%08x", sha->state[i]);
}
