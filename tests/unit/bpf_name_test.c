/* What the kernel's side saw of a descriptor is called as /proc calls it. */
#include "io/bpf/name.h"

#include "io/bpf/wire.h"

#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct meter_name name;
static char text[64];

static const char *format(uint32_t flags, uint64_t file_system, const char *components,
                          size_t len_bytes)
{
	name = (struct meter_name){.flags = flags, .file_system = file_system, .inode = 4711};
	memcpy(name.text, components, len_bytes);
	name.len_bytes = (uint32_t)len_bytes;
	return bpf_name_format(&name, text, sizeof(text)) ? text : NULL;
}

#define FORMAT(flags, file_system, components)                                                     \
	format(flags, file_system, components, sizeof(components) - 1)

static void paths_are_put_together_from_the_root(void **state)
{
	(void)state;
	assert_string_equal(FORMAT(0, EXT4_SUPER_MAGIC, "passwd\0etc\0"), "/etc/passwd");
	assert_string_equal(FORMAT(0, EXT4_SUPER_MAGIC, ""), "/");
	assert_string_equal(FORMAT(METER_NAME_DELETED, EXT4_SUPER_MAGIC, "a\0tmp\0"),
	                    "/tmp/a (deleted)");
}

static void what_could_not_be_followed_is_said(void **state)
{
	(void)state;
	assert_string_equal(FORMAT(METER_NAME_TRUNCATED, EXT4_SUPER_MAGIC, "b\0a\0"), "(...)/a/b");
	assert_string_equal(FORMAT(METER_NAME_UNREACHABLE, EXT4_SUPER_MAGIC, "b\0a\0"),
	                    "(unreachable)/a/b");
}

static void what_has_no_directory_has_a_number_or_a_name(void **state)
{
	(void)state;
	assert_string_equal(FORMAT(METER_NAME_PSEUDO, SOCKFS_MAGIC, "\0"), "socket:[4711]");
	assert_string_equal(FORMAT(METER_NAME_PSEUDO, PIPEFS_MAGIC, "\0"), "pipe:[4711]");
	assert_string_equal(FORMAT(METER_NAME_PSEUDO, ANON_INODE_FS_MAGIC, "[eventpoll]\0"),
	                    "anon_inode:[eventpoll]");
	assert_string_equal(FORMAT(METER_NAME_PSEUDO, NSFS_MAGIC, "net\0"), "net:[4711]");
	assert_string_equal(FORMAT(METER_NAME_PSEUDO, SECRETMEM_MAGIC, "secretmem\0"),
	                    "/secretmem (deleted)");
	assert_string_equal(FORMAT(METER_NAME_PSEUDO, TMPFS_MAGIC, "memfd:x\0"),
	                    "/memfd:x (deleted)");
}

static void of_unknown_kinds_proc_is_asked(void **state)
{
	(void)state;
	assert_null(FORMAT(METER_NAME_PSEUDO, 1, "x\0"));
}

static void long_paths_are_cut_as_readlink_cuts(void **state)
{
	char component[100];

	(void)state;
	memset(component, 'x', sizeof(component));
	component[sizeof(component) - 1] = '\0';
	assert_non_null(format(0, EXT4_SUPER_MAGIC, component, sizeof(component)));
	assert_int_equal(strlen(text), sizeof(text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths_are_put_together_from_the_root),
	    cmocka_unit_test(what_could_not_be_followed_is_said),
	    cmocka_unit_test(what_has_no_directory_has_a_number_or_a_name),
	    cmocka_unit_test(of_unknown_kinds_proc_is_asked),
	    cmocka_unit_test(long_paths_are_cut_as_readlink_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
