/* .debug_aranges: from an address to the offset of its unit. */
#include "core/symbolize/aranges.h"
#include "core/symbolize/interval_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { NO_UNIT = UINT32_MAX };

/* A set of two ranges and the end, as gas writes it. */
struct set {
	uint32_t len;
	uint16_t version;
	uint32_t unit;
	uint8_t address_bytes;
	uint8_t segment_bytes;
	uint32_t padding;
	uint64_t ranges[3][2];
} __attribute__((packed));

static struct set make_set(uint32_t unit, uint64_t start)
{
	return (struct set){
	    .len = sizeof(struct set) - sizeof(uint32_t),
	    .version = 2,
	    .unit = unit,
	    .address_bytes = 8,
	    .ranges = {{start, 0x10}, {start + 0x100, 0x10}},
	};
}

/* The unit at an address by the first `len` bytes of the section. */
static uint32_t unit_at(const void *section, size_t len, uint64_t address)
{
	struct interval_map *map = interval_map_new();
	uint32_t unit = NO_UNIT;

	aranges_read((struct byte_range){section, len}, map);
	if (!interval_map_find(map, address, &unit))
		unit = NO_UNIT;
	interval_map_free(map);
	return unit;
}

static void each_range_leads_to_its_unit(void **state)
{
	const struct set sets[] = {make_set(0, 0x1000), make_set(77, 0x2000)};

	(void)state;
	assert_int_equal(unit_at(sets, sizeof(sets), 0x1000), 0);
	assert_int_equal(unit_at(sets, sizeof(sets), 0x110f), 0);
	assert_int_equal(unit_at(sets, sizeof(sets), 0x1110), NO_UNIT);
	assert_int_equal(unit_at(sets, sizeof(sets), 0x0fff), NO_UNIT);
	assert_int_equal(unit_at(sets, sizeof(sets), 0x2000), 77);
	assert_int_equal(unit_at(sets, sizeof(sets), 0x2100), 77);
}

static void what_linkers_dropped_is_nowhere(void **state)
{
	struct set sets[] = {make_set(1, 0), make_set(2, 1), make_set(3, UINT64_MAX - 0x10f)};

	(void)state;
	sets[2].ranges[1][1] = 0x1000; /* goes round */
	assert_int_equal(unit_at(sets, sizeof(sets), 0), NO_UNIT);
	assert_int_equal(unit_at(sets, sizeof(sets), 1), NO_UNIT);
	assert_int_equal(unit_at(sets, sizeof(sets), UINT64_MAX - 0x10f), 3);
	assert_int_equal(unit_at(sets, sizeof(sets), UINT64_MAX - 0xf), NO_UNIT);
}

static void sets_of_another_kind_are_passed_over(void **state)
{
	struct set sets[] = {make_set(1, 0x1000), make_set(2, 0x2000), make_set(3, 0x3000),
	                     make_set(4, 0x4000)};

	(void)state;
	sets[0].version = 3;
	sets[1].address_bytes = 4;
	sets[2].segment_bytes = 2;
	for (uint64_t i = 1; i < 4; i++)
		assert_int_equal(unit_at(sets, sizeof(sets), i << 12), NO_UNIT);
	assert_int_equal(unit_at(sets, sizeof(sets), 0x4000), 4);
}

static void a_set_that_does_not_fit_ends_the_section(void **state)
{
	struct set sets[] = {make_set(1, 0x1000), make_set(2, 0x2000)};

	(void)state;
	for (size_t len = 0; len < sizeof(sets[0]); len++)
		assert_int_equal(unit_at(sets, len, 0x1000), NO_UNIT);
	for (size_t len = sizeof(sets[0]); len < sizeof(sets); len++) {
		assert_int_equal(unit_at(sets, len, 0x1000), 1);
		assert_int_equal(unit_at(sets, len, 0x2000), NO_UNIT);
	}
	sets[0].len = 3; /* less than its own header */
	assert_int_equal(unit_at(sets, sizeof(sets), 0x2000), NO_UNIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_range_leads_to_its_unit),
	    cmocka_unit_test(what_linkers_dropped_is_nowhere),
	    cmocka_unit_test(sets_of_another_kind_are_passed_over),
	    cmocka_unit_test(a_set_that_does_not_fit_ends_the_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
