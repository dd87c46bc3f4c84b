/* Members of the kernel's structures are found in BTF: the running kernel's as libbpf finds them,
 * and in damaged ones nothing.
 */
#include "io/bpf/offsets.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "io/bpf/wire.h"
#include "tests/unit/btf_fixture.h"

#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const struct row {
	const char *structure, *member;
	size_t field;
} rows[] = {
#define OFFSET(field, structure, member)                                                           \
	{#structure, #member, offsetof(struct meter_offsets, field)},
#include "io/bpf/offsets.def"
#undef OFFSET
};

static struct btf_fixture btf;
static struct meter_offsets offsets;
static struct diag diag;

static uint32_t offset_of(const struct row *row)
{
	return *(const uint32_t *)((const char *)&offsets + row->field);
}

/* From memory of just that size, so that memcheck and the sanitizers see what is read beyond. */
static int read_bytes(const void *bytes, size_t len_bytes)
{
	void *copy = xmalloc(len_bytes ? len_bytes : 1);
	int err;

	memcpy(copy, bytes, len_bytes);
	diag.text[0] = '\0';
	err = bpf_offsets_read(&offsets, copy, len_bytes, &diag);
	free(copy);
	return err;
}

static int read_fixture(void)
{
	btf_fixture_end(&btf);
	return read_bytes(btf.image, btf.image_bytes);
}

static void assert_damaged(void)
{
	assert_int_equal(read_bytes(btf.image, btf.image_bytes), -EOPNOTSUPP);
	assert_non_null(strstr(diag.text, "damaged, or newer"));
}

static int set_up(void **state)
{
	(void)state;
	btf_fixture_begin(&btf);
	btf_fixture_add_kinds(&btf);
	btf_fixture_add_wanted(&btf);
	btf_fixture_end(&btf);
	return 0;
}

static void all_members_are_found(void **state)
{
	(void)state;
	assert_int_equal(read_fixture(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(offset_of(&rows[i]), 8 * (i + 1));
}

/* The first structure that has it counts. */
static void also_in_anonymous_structures_and_unions(void **state)
{
	uint32_t inner, outer;

	(void)state;
	btf_fixture_begin(&btf);
	inner = btf_fixture_add_structure(&btf, BTF_KIND_STRUCT, "", "mm", 0, 64);
	outer = btf_fixture_add_structure(&btf, BTF_KIND_UNION, "", "", inner, 0);
	btf_fixture_add_structure(&btf, BTF_KIND_STRUCT, "task_struct", "", outer, 800);
	btf_fixture_add_wanted(&btf);
	assert_int_equal(read_fixture(), 0);
	assert_int_equal(offsets.task_mm, 108);
}

/* Where bit fields are among the members, an offset's upper byte is a width. */
static void also_beside_bit_fields(void **state)
{
	uint32_t more[] = {0, 1, 3u << 24 | 64};

	(void)state;
	btf_fixture_begin(&btf);
	more[0] = btf_fixture_name(&btf, "mm");
	btf_fixture_add(&btf, "task_struct", 1u << 31 | BTF_KIND_STRUCT << 24 | 1, 16, more, 3);
	btf_fixture_add_wanted(&btf);
	assert_int_equal(read_fixture(), 0);
	assert_int_equal(offsets.task_mm, 8);
}

static void a_member_that_is_missing_is_named(void **state)
{
	(void)state;
	btf_fixture_begin(&btf);
	btf_fixture_add_structure(&btf, BTF_KIND_STRUCT, rows[0].structure, rows[0].member, 1, 0);
	assert_int_equal(read_fixture(), -EOPNOTSUPP);
	assert_non_null(strstr(diag.text, rows[1].structure));
	assert_non_null(strstr(diag.text, rows[1].member));
}

static void structures_in_themselves_come_to_an_end(void **state)
{
	uint32_t more[3 * 200] = {0};

	(void)state;
	btf_fixture_begin(&btf);
	for (size_t i = 0; i < ARRAY_SIZE(more); i += 3)
		more[i + 1] = 1;
	btf_fixture_add(&btf, "task_struct", BTF_KIND_STRUCT << 24 | 200, 8, more,
	                ARRAY_SIZE(more));
	assert_int_equal(read_fixture(), -EOPNOTSUPP);
}

static void no_types_or_half_of_them_are_damaged(void **state)
{
	size_t whole_bytes = btf.image_bytes;

	(void)state;
	for (btf.image_bytes = 0; btf.image_bytes < whole_bytes; btf.image_bytes++)
		assert_damaged();
}

static void a_header_that_leads_elsewhere_is_damaged(void **state)
{
	struct btf_header *header = (void *)btf.image;
	const struct btf_header good = *header;
	uint32_t *const words[] = {&header->hdr_len, &header->type_off, &header->type_len,
	                           &header->str_off, &header->str_len};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		*words[i] = UINT32_MAX;
		assert_damaged();
		*words[i] = UINT32_MAX - 3;
		assert_damaged();
		*header = good;
	}
	header->magic = 0x9feb; /* of a machine with the other order of bytes */
	assert_damaged();
	*header = good;
	header->type_off = 2;
	assert_damaged();
	*header = good;
	header->str_len--; /* the last name has no end */
	assert_damaged();
}

static void kinds_that_nobody_knows_are_not_guessed(void **state)
{
	static const uint32_t none[1];

	(void)state;
	btf_fixture_add(&btf, "new", 20u << 24, 0, none, 0);
	btf_fixture_end(&btf);
	assert_damaged();
}

/* How libbpf, which bpftool and pahole read with, would go there. */
static bool find_member(const struct btf *types, uint32_t id, const char *name, uint32_t *bits)
{
	const struct btf_type *type = btf__type_by_id(types, id);
	const struct btf_member *members = btf_members(type);

	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		const char *member = btf__name_by_offset(types, members[i].name_off);
		const struct btf_type *inner = btf__type_by_id(types, members[i].type);

		if (!strcmp(member, name) || (!*member && btf_is_composite(inner) &&
		                              find_member(types, members[i].type, name, bits))) {
			*bits += btf_member_bit_offset(type, i);
			return true;
		}
	}
	return false;
}

static void the_running_kernels_are_as_libbpf_finds_them(void **state)
{
	struct btf *types;

	(void)state;
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		print_message("the kernel does not tell its types here\n");
		skip();
	}
	types = btf__parse("/sys/kernel/btf/vmlinux", NULL);
	assert_non_null(types);
	assert_int_equal(bpf_offsets_find(&offsets, &diag), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int id = btf__find_by_name_kind(types, rows[i].structure, BTF_KIND_STRUCT);
		uint32_t bits = 0;

		assert_true(id > 0);
		assert_true(find_member(types, (uint32_t)id, rows[i].member, &bits));
		if (offset_of(&rows[i]) != bits / 8)
			fail_msg("%s.%s: %u, libbpf has %u", rows[i].structure, rows[i].member,
			         offset_of(&rows[i]), bits / 8);
	}
	btf__free(types);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup(function, set_up)
	    TEST(all_members_are_found),
	    TEST(also_in_anonymous_structures_and_unions),
	    TEST(also_beside_bit_fields),
	    TEST(a_member_that_is_missing_is_named),
	    TEST(structures_in_themselves_come_to_an_end),
	    TEST(no_types_or_half_of_them_are_damaged),
	    TEST(a_header_that_leads_elsewhere_is_damaged),
	    TEST(kinds_that_nobody_knows_are_not_guessed),
	    TEST(the_running_kernels_are_as_libbpf_finds_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
