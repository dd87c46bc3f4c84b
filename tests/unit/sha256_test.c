/* SHA-256 gives the standard's answers, whatever pieces the message comes in. */
#include "core/target/sha256.h"

#include "core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* NIST, "Examples with Intermediate Values" and FIPS 180-2 appendix B. */
static const struct {
	const char *message;
	size_t repeat;
	const char *hex;
} vectors[] = {
    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

static void the_standard_s_examples_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct sha256 sha;
		char hex[65];

		for (int plain = 0; plain < 2; plain++) {
			plain ? sha256_init_plain(&sha) : sha256_init(&sha);
			for (size_t n = 0; n < vectors[i].repeat; n++)
				sha256_add(&sha, vectors[i].message, strlen(vectors[i].message));
			sha256_finish(&sha, hex);
			assert_string_equal(hex, vectors[i].hex);
		}
	}
}

static void pieces_make_no_difference(void **state)
{
	char message[200], whole[65], pieces[65];
	struct sha256 sha;

	(void)state;
	memset(message, 'x', sizeof(message));
	for (size_t len = 0; len < sizeof(message); len++) {
		sha256_init(&sha);
		sha256_add(&sha, message, len);
		sha256_finish(&sha, whole);
		sha256_init(&sha);
		sha256_add(&sha, message, len / 3);
		sha256_add(&sha, message, len - len / 3);
		sha256_finish(&sha, pieces);
		assert_string_equal(whole, pieces);
	}
}

static void the_cpu_s_instructions_give_what_the_standard_does(void **state)
{
	uint8_t message[1000];
	uint32_t random = 1;
	char by_cpu[65], plain[65];
	struct sha256 sha;

	(void)state;
	for (size_t round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(message); i++)
			message[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
		sha256_init(&sha);
		sha256_add(&sha, message, round * 5);
		sha256_finish(&sha, by_cpu);
		sha256_init_plain(&sha);
		sha256_add(&sha, message, round * 5);
		sha256_finish(&sha, plain);
		assert_string_equal(by_cpu, plain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_standard_s_examples_hold),
	    cmocka_unit_test(pieces_make_no_difference),
	    cmocka_unit_test(the_cpu_s_instructions_give_what_the_standard_does),
	};

	return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
