/* A walk is found again only where all that it read is as it was. */
#include "core/walk/walk_cache.h"

#include "core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGE_BYTES = 4096, N_PAGES = 64, STACK = 7 };

/* A stack in our own memory, with pages in it that cannot be read. */
struct fixture {
	struct walk_cache *cache;
	uint64_t *memory;
	struct stack_words words;
	struct walk_place place;
};

static void note(struct fixture *fixture, size_t index)
{
	struct stack_words *words = &fixture->words;

	fixture->memory[index] = 1000 + index;
	words->words[words->n_words++] =
	    (struct stack_word){(uintptr_t)&fixture->memory[index], fixture->memory[index]};
}

static int set_up(void **state)
{
	struct fixture *fixture = xcalloc(1, sizeof(*fixture));
	enum { WORDS_A_PAGE = PAGE_BYTES / sizeof(uint64_t) };

	fixture->cache = walk_cache_new();
	fixture->memory = mmap(NULL, N_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
	                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(fixture->memory, MAP_FAILED);
	/* As a walk reads them: the return address before what is saved below it; near each other,
	 * pages apart, and on another stack behind a hole. */
	note(fixture, 3);
	note(fixture, 2);
	for (size_t page = 0; page < 6; page++)
		note(fixture, page * WORDS_A_PAGE + 100);
	note(fixture, 20 * WORDS_A_PAGE);
	note(fixture, (N_PAGES - 1) * WORDS_A_PAGE + WORDS_A_PAGE - 1);
	assert_int_equal(mprotect(fixture->memory + 30 * WORDS_A_PAGE, 10 * PAGE_BYTES, PROT_NONE),
	                 0);
	fixture->place = (struct walk_place){1, 0x401000, (uintptr_t)fixture->memory, 5};
	walk_cache_keep(fixture->cache, &fixture->place, STACK, &fixture->words);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	munmap(fixture->memory, N_PAGES * PAGE_BYTES);
	walk_cache_free(fixture->cache);
	free(fixture);
	return 0;
}

static uint32_t find(const struct fixture *fixture, struct walk_place place)
{
	return walk_cache_find(fixture->cache, &place, getpid());
}

static void what_is_as_it_was_is_found(void **state)
{
	const struct fixture *fixture = *state;

	assert_int_equal(find(fixture, fixture->place), STACK);
	fixture->memory[50] = 1; /* a local variable: no walk reads it */
	assert_int_equal(find(fixture, fixture->place), STACK);
}

/* In a copy all words must be there that were read. */
static void a_copy_is_compared_as_far_as_it_goes(void **state)
{
	struct fixture *fixture = *state;
	uint8_t copy[48];

	fixture->words.n_words = 2;
	fixture->place.ip++;
	walk_cache_keep(fixture->cache, &fixture->place, STACK + 1, &fixture->words);
	memcpy(copy, fixture->memory, sizeof(copy));
	assert_int_equal(walk_cache_find_copied(fixture->cache, &fixture->place, copy, 32),
	                 STACK + 1);
	assert_int_equal(walk_cache_find_copied(fixture->cache, &fixture->place, copy, 31), 0);
	assert_int_equal(walk_cache_find_copied(fixture->cache, &fixture->place, copy, 7), 0);
	assert_int_equal(walk_cache_find_copied(fixture->cache, &fixture->place, copy, 0), 0);
	copy[40]++;
	assert_int_equal(walk_cache_find_copied(fixture->cache, &fixture->place, copy, 48),
	                 STACK + 1);
	copy[16]++;
	assert_int_equal(walk_cache_find_copied(fixture->cache, &fixture->place, copy, 48), 0);
	fixture->place.sp += 8;
	assert_int_equal(walk_cache_find_copied(fixture->cache, &fixture->place, copy, 48), 0);
}

static void any_word_that_changed_tells(void **state)
{
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < fixture->words.n_words; i++) {
		uint64_t *word = (uint64_t *)(uintptr_t)fixture->words.words[i].addr;

		*word ^= UINT64_C(1) << 63;
		assert_int_equal(find(fixture, fixture->place), 0);
		*word ^= UINT64_C(1) << 63;
		assert_int_equal(find(fixture, fixture->place), STACK);
	}
}

static void another_place_is_another_walk(void **state)
{
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(fixture->place) / sizeof(uint64_t); i++) {
		struct walk_place place = fixture->place;

		((uint64_t *)&place)[i]++;
		assert_int_equal(find(fixture, place), 0);
	}
}

static void memory_that_is_gone_is_not_believed(void **state)
{
	const struct fixture *fixture = *state;

	assert_int_equal(mprotect(fixture->memory, PAGE_BYTES, PROT_NONE), 0);
	assert_int_equal(find(fixture, fixture->place), 0);
}

/* As of a thread that has called nothing yet. */
static void a_walk_that_read_nothing_is_its_place(void **state)
{
	struct fixture *fixture = *state;

	fixture->words.n_words = 0;
	fixture->place.ip++;
	walk_cache_keep(fixture->cache, &fixture->place, STACK + 1, &fixture->words);
	assert_int_equal(find(fixture, fixture->place), STACK + 1);
}

/* Far more than there is room for: whatever is found is what was kept last for that place. */
static void what_was_displaced_is_not_found(void **state)
{
	struct fixture *fixture = *state;
	struct walk_place place = fixture->place;
	uint32_t n_found = 0;

	for (uint32_t i = 1; i <= 5000; i++) {
		place.ip = i;
		walk_cache_keep(fixture->cache, &place, i, &fixture->words);
		assert_int_equal(find(fixture, place), i);
	}
	for (uint32_t i = 1; i <= 5000; i++) {
		uint32_t stack;

		place.ip = i;
		stack = find(fixture, place);
		assert_true(stack == 0 || stack == i);
		n_found += stack != 0;
	}
	assert_in_range(n_found, 1, 4999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_is_as_it_was_is_found, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_copy_is_compared_as_far_as_it_goes, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(any_word_that_changed_tells, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(another_place_is_another_walk, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(memory_that_is_gone_is_not_believed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_walk_that_read_nothing_is_its_place, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(what_was_displaced_is_not_found, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
