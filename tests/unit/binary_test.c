/* The look at a binary: what keeps a collector from seeing is found before the program starts, in
 * hostile files too. */
#include "core/target/binary.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "tests/unit/place.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

static char programs[4096]; /* tests/programs of the build */

static void look(struct binary *binary, const char *command)
{
	struct diag diag = {""};

	if (binary_look(binary, command, NULL, getuid(), &diag))
		fail_msg("%s", diag.text);
}

static void look_at_program(struct binary *binary, const char *name)
{
	char *path = xasprintf("%s/%s", programs, name);

	look(binary, path);
	free(path);
}

static void look_fails(const char *command, int err, const char *sentence)
{
	struct diag diag = {""};
	struct binary binary;

	assert_int_equal(binary_look(&binary, command, NULL, getuid(), &diag), -err);
	if (!strstr(diag.text, sentence))
		fail_msg("'%s' lacks '%s'", diag.text, sentence);
	binary_fini(&binary);
}

static void copy_program(const char *name, const char *to)
{
	char *command = xasprintf("cp %s/%s %s", programs, name, to);

	assert_int_equal(system(command), 0);
	free(command);
}

static void write_script(const char *name, const char *text, mode_t mode)
{
	FILE *stream = fopen(name, "w");

	assert_non_null(stream);
	fputs(text, stream);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static void every_way_to_build_a_program_is_told(void **state)
{
	static const struct {
		const char *name, *allocator, *sanitizer;
		bool is_static, is_musl, has_symbols, defines_malloc;
	} looks[] = {
	    {"look-plain", "glibc", "", .has_symbols = true},
	    {"look-stripped", "glibc", "", .has_symbols = false},
	    {"look-static", "glibc", "", .has_symbols = true, .is_static = true,
	     .defines_malloc = true},
	    {"look-static-pie", "glibc", "", .has_symbols = true, .is_static = true,
	     .defines_malloc = true},
	    {"look-asan", "glibc", "address", .has_symbols = true},
	    {"look-tsan", "glibc", "thread", .has_symbols = true},
	    {"look-ubsan", "glibc", "", .has_symbols = true},
	    {"look-own-malloc", "own", "", .has_symbols = true, .defines_malloc = true},
	    {"look-own-name", "jemalloc", "", .has_symbols = true, .defines_malloc = true},
	    {"look-jemalloc", "jemalloc", "", .has_symbols = true},
	    {"look-musl", "musl", "", .has_symbols = true, .is_musl = true},
	    {"look-musl-static", "musl", "", .has_symbols = true, .is_static = true,
	     .defines_malloc = true},
	};
	struct binary binary;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		print_message("%s\n", looks[i].name);
		look_at_program(&binary, looks[i].name);
		assert_true(binary.is_elf);
		assert_true(binary.is_64_bit_x86);
		assert_string_equal(binary.allocator, looks[i].allocator);
		assert_string_equal(binary.sanitizer, looks[i].sanitizer);
		assert_int_equal(binary.is_static, looks[i].is_static);
		assert_int_equal(binary.is_musl, looks[i].is_musl);
		assert_int_equal(binary.has_symbols, looks[i].has_symbols);
		assert_int_equal(binary.defines_malloc, looks[i].defines_malloc);
		assert_false(binary.is_setuid || binary.has_file_capabilities);
		binary_fini(&binary);
	}
}

static char *output_of(const char *format, const char *name)
{
	char *command = xasprintf(format, programs, name);
	FILE *stream = popen(command, "r");
	char line[256] = "";

	free(command);
	assert_non_null(stream);
	assert_non_null(fgets(line, sizeof(line), stream));
	pclose(stream);
	line[strcspn(line, " \n")] = '\0';
	return xstrdup(line);
}

static void the_identity_is_what_readelf_and_sha256sum_say(void **state)
{
	struct binary binary;
	char *expected;
	json_t *json;

	(void)state;
	look_at_program(&binary, "look-plain");
	json = binary_to_json(&binary);
	expected = output_of("readelf -n %s/%s | sed -n 's/.*Build ID: //p'", "look-plain");
	assert_string_equal(json_string_value(json_object_get(json, "build_id")), expected);
	free(expected);
	expected = output_of("sha256sum %s/%s", "look-plain");
	assert_string_equal(json_string_value(json_object_get(json, "sha256")), expected);
	free(expected);
	expected = output_of("stat -c %%s %s/%s", "look-plain");
	assert_int_equal(json_integer_value(json_object_get(json, "size_bytes")), atoi(expected));
	free(expected);
	assert_true(json_is_false(json_object_get(json, "stripped")));
	assert_true(json_is_false(json_object_get(json, "debug_info")));
	assert_string_equal(json_string_value(json_object_get(json, "allocator")), "glibc");
	assert_null(json_object_get(json, "interpreter"));
	json_decref(json);
	binary_fini(&binary);
}

static void debug_info_counts_here_and_in_a_separate_file(void **state)
{
	static const struct {
		const char *name;
		bool has;
	} looks[] = {{"look-plain", false}, {"look-debug", true}, {"look-debuglink", true}};
	struct binary binary;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		look_at_program(&binary, looks[i].name);
		assert_int_equal(binary.has_debug_info, looks[i].has);
		binary_fini(&binary);
	}
}

static json_t *frame_pointers_of(const char *name)
{
	struct binary binary;
	json_t *json, *answer;

	look_at_program(&binary, name);
	json = binary_to_json(&binary);
	answer = json_incref(json_object_get(json, "frame_pointers"));
	json_decref(json);
	binary_fini(&binary);
	return answer;
}

static void frame_pointers_are_told_or_absent(void **state)
{
	(void)state;
	assert_true(json_is_false(frame_pointers_of("look-plain")));
	assert_true(json_is_false(frame_pointers_of("look-static")));
	assert_true(json_is_true(frame_pointers_of("look-frame-pointers")));
	assert_null(frame_pointers_of("look-stripped"));
}

static void programs_are_found_as_execvp_finds_them(void **state)
{
	const char *place = *state;
	char *path_before = xstrdup(getenv("PATH"));
	struct binary binary;
	struct diag diag;
	char *expected;

	assert_int_equal(mkdir("bin", 0755), 0);
	assert_int_equal(mkdir("bin/tool", 0755), 0);
	assert_int_equal(mkdir("other", 0755), 0);
	copy_program("look-plain", "other/tool");
	setenv("PATH", "missing:bin:other", 1);

	/* The directory of that name is passed over. */
	look(&binary, "tool");
	expected = xasprintf("%s/other/tool", place);
	assert_string_equal(binary.path, expected);
	binary_fini(&binary);
	look(&binary, "./other/tool");
	assert_string_equal(binary.path, expected);
	binary_fini(&binary);
	assert_int_equal(binary_look(&binary, "./tool", "other", getuid(), &diag), 0);
	assert_string_equal(binary.path, expected);
	binary_fini(&binary);
	/* An empty part of PATH is the current directory: the target's. */
	setenv("PATH", "bin:", 1);
	assert_int_equal(binary_look(&binary, "tool", "other", getuid(), &diag), 0);
	assert_string_equal(binary.path, expected);
	binary_fini(&binary);
	free(expected);

	look_fails("tool", EACCES, "/bin/tool: it is a directory");
	look_fails("toool", ENOENT, "cannot find the program toool in PATH; install it");
	look_fails("", ENOENT, "without a name");
	setenv("PATH", path_before, 1);
	free(path_before);
}

static void what_cannot_be_executed_is_refused_with_the_remedy(void **state)
{
	(void)state;
	write_script("text", "#!/bin/sh\n", 0644);
	assert_int_equal(mkfifo("fifo", 0755), 0);
	assert_int_equal(mkdir("directory", 0755), 0);
	copy_program("look-object", "object");
	assert_int_equal(chmod("object", 0755), 0);
	assert_int_equal(system("printf 'MZ\\0\\0' > other && chmod 755 other"), 0);
	assert_int_equal(system("printf '\\177ELF' > damaged && chmod 755 damaged"), 0);
	write_script("lost", "#!/no/such/interpreter\n", 0755);
	write_script("loop", "#!./loop\n", 0755);

	look_fails("./none", ENOENT, "/none: No such file or directory");
	look_fails("./text", EACCES, "it is not executable; run: chmod +x ");
	look_fails("./text/below", ENOTDIR, "Not a directory");
	look_fails("./fifo", EACCES, "it is no regular file");
	look_fails("./directory", EACCES, "it is a directory");
	look_fails("./object", ENOEXEC, "it is an object file or a damaged one");
	look_fails("./other", ENOEXEC, "neither an ELF program nor a script");
	look_fails("./damaged", ENOEXEC, "damaged");
	look_fails("./lost", ENOENT, "/lost is a script: cannot execute /no/such/interpreter");
	look_fails("./loop", ELOOP, "interpreters are scripts themselves");
}

static void a_script_is_looked_at_through_its_interpreter(void **state)
{
	char *path_before = xstrdup(getenv("PATH"));
	char *path = xasprintf("%s:%s", programs, path_before);
	char *expected = xasprintf("%s/look-musl", programs);
	char *texts[] = {
	    xasprintf("#!%s\n", expected),
	    xasprintf("#! \t%s -x -y\n", expected),
	    xstrdup("#!/usr/bin/env look-musl\n"),
	    xstrdup("#!/usr/bin/env -S A=b look-musl -x\n"),
	    xstrdup("#!/usr/bin/env -Slook-musl -x\n"),
	};
	struct binary binary;
	json_t *json;

	(void)state;
	setenv("PATH", path, 1);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		write_script("script", texts[i], 0755);
		look(&binary, "./script");
		assert_string_equal(binary.interpreter, expected);
		assert_true(binary.is_musl);
		json = binary_to_json(&binary);
		assert_string_equal(json_string_value(json_object_get(json, "interpreter")),
		                    expected);
		json_decref(json);
		binary_fini(&binary);
		free(texts[i]);
	}
	/* A script whose interpreter is a script, and text that execvp(3) gives to the shell. */
	write_script("second", "#!./script\n", 0755);
	look(&binary, "./second");
	assert_string_equal(binary.interpreter, expected);
	binary_fini(&binary);
	write_script("text", "echo hello\n", 0755);
	look(&binary, "./text");
	assert_string_equal(binary.interpreter, "/bin/sh");
	binary_fini(&binary);
	setenv("PATH", path_before, 1);
	free(path_before);
	free(expected);
	free(path);
}

static void another_architecture_is_told(void **state)
{
	const Elf64_Half arm = EM_AARCH64;
	struct binary binary;
	int fd;

	(void)state;
	copy_program("look-plain", "other");
	fd = open("other", O_WRONLY);
	assert_int_equal(pwrite(fd, &arm, sizeof(arm), offsetof(Elf64_Ehdr, e_machine)), 2);
	close(fd);
	look(&binary, "./other");
	assert_true(binary.is_elf);
	assert_false(binary.is_64_bit_x86);
	binary_fini(&binary);
}

static void needed_libraries_are_found_without_section_headers(void **state)
{
	const Elf64_Off nowhere = 0;
	const Elf64_Half none[2] = {0, 0}; /* e_shnum, e_shstrndx */
	struct binary binary;
	int fd;

	(void)state;
	copy_program("look-jemalloc", "bare");
	fd = open("bare", O_WRONLY);
	assert_int_equal(pwrite(fd, &nowhere, sizeof(nowhere), offsetof(Elf64_Ehdr, e_shoff)), 8);
	assert_int_equal(pwrite(fd, none, sizeof(none), offsetof(Elf64_Ehdr, e_shnum)), 4);
	close(fd);
	look(&binary, "./bare");
	assert_string_equal(binary.allocator, "jemalloc");
	assert_false(binary.has_symbols);
	binary_fini(&binary);
}

static bool is_setuid_for(uid_t uid)
{
	struct diag diag = {""};
	struct binary binary;
	bool answer;

	if (binary_look(&binary, "./copy", NULL, uid, &diag))
		fail_msg("%s", diag.text);
	answer = binary.is_setuid;
	binary_fini(&binary);
	return answer;
}

static void need_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("only root can set this up\n");
	skip();
}

static void set_user_id_counts_when_it_changes_the_identity(void **state)
{
	(void)state;
	need_root();
	copy_program("look-plain", "copy");
	assert_int_equal(chown("copy", 12345, 0), 0);
	assert_false(is_setuid_for(0));
	assert_int_equal(chmod("copy", 04755), 0);
	assert_true(is_setuid_for(0));
	assert_true(is_setuid_for(65534));
	assert_false(is_setuid_for(12345));

	assert_int_equal(chown("copy", 0, 23456), 0);
	assert_int_equal(chmod("copy", 02755), 0);
	assert_true(is_setuid_for(0));
	/* Without group execution the bit means something else. */
	assert_int_equal(chmod("copy", 02745), 0);
	assert_false(is_setuid_for(0));
}

/* The oracle is the dynamic linker: a secure execution does not see LD_PRELOAD. */
static bool kernel_calls_it_secure(uid_t uid)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (setgid(uid) < 0 || setuid(uid) < 0)
			_exit(3);
		execl("./copy", "./copy", (char *)NULL);
		_exit(4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 1;
}

static bool has_capabilities_for(uid_t uid)
{
	struct diag diag = {""};
	struct binary binary;
	bool answer;

	if (binary_look(&binary, "./copy", NULL, uid, &diag))
		fail_msg("%s", diag.text);
	answer = binary.has_file_capabilities;
	binary_fini(&binary);
	return answer;
}

static void file_capabilities_count_when_the_kernel_calls_them_secure(void **state)
{
	static const struct {
		uint32_t magic, permitted, inheritable;
		bool gives;
	} sets[] = {
	    {VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE, 1 << CAP_NET_RAW, 0, true},
	    {VFS_CAP_REVISION_2, 1 << CAP_NET_RAW, 0, true},
	    {VFS_CAP_REVISION_2, 0, 1 << CAP_NET_RAW, false},
	    {VFS_CAP_REVISION_2, 0, 0, false},
	};
	struct vfs_cap_data data = {0};

	(void)state;
	need_root();
	copy_program("look-secure", "copy");
	assert_false(has_capabilities_for(65534));
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		data.magic_etc = sets[i].magic;
		data.data[0].permitted = sets[i].permitted;
		data.data[0].inheritable = sets[i].inheritable;
		if (setxattr("copy", "security.capability", &data, sizeof(data), 0) < 0) {
			print_message("no file capabilities here: %s\n", strerror(errno));
			skip();
		}
		assert_int_equal(kernel_calls_it_secure(65534), sets[i].gives);
		assert_int_equal(has_capabilities_for(65534), sets[i].gives);
		assert_false(kernel_calls_it_secure(0));
		assert_false(has_capabilities_for(0));
	}
}

static void a_nosuid_mount_takes_both_away(void **state)
{
	const struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
	                                  .data[0].permitted = 1 << CAP_NET_RAW};

	(void)state;
	assert_int_equal(mkdir("mounted", 0755), 0);
	if (mount("none", "mounted", "tmpfs", MS_NOSUID, "size=256k") < 0) {
		print_message("cannot mount a tmpfs: %s\n", strerror(errno));
		skip();
	}
	/* Detached, it goes when we leave, whatever the test says. */
	assert_int_equal(chdir("mounted"), 0);
	assert_int_equal(umount2("../mounted", MNT_DETACH), 0);
	copy_program("look-plain", "copy");
	assert_int_equal(chown("copy", 12345, 0), 0);
	assert_int_equal(chmod("copy", 04755), 0);
	assert_int_equal(setxattr("copy", "security.capability", &data, sizeof(data), 0), 0);
	assert_false(is_setuid_for(65534));
	assert_false(has_capabilities_for(65534));
}

static void a_program_that_may_be_run_but_not_read_is_no_error(void **state)
{
	struct diag diag = {""};
	struct binary binary;
	json_t *json;
	pid_t child;
	int status;

	(void)state;
	copy_program("look-plain", "copy");
	assert_int_equal(chmod("copy", 0111), 0);
	child = fork();
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(3);
		status = binary_look(&binary, "./copy", NULL, 65534, &diag);
		json = binary_to_json(&binary);
		_exit(!(status == 0 && !binary.is_elf && !binary.elf &&
		        !json_object_get(json, "sha256") && json_object_get(json, "path")));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static uint32_t random_state = 1;

/* Numerical Recipes' generator: the same mutations in every run. */
static uint32_t next_random(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

static void write_mutant(const uint8_t *bytes, size_t len, int fd)
{
	uint8_t *mutant = xmalloc(len);
	size_t cut = next_random(8) ? len : next_random((uint32_t)len);

	memcpy(mutant, bytes, len);
	for (uint32_t n = 1 + next_random(8); n; n--) {
		/* Half of them where the headers are. */
		uint32_t at = next_random(next_random(2) ? 1024 : (uint32_t)len);

		mutant[at] = next_random(2) ? (uint8_t)next_random(256) : 0xff;
	}
	memcpy(mutant, ELFMAG, SELFMAG);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, mutant, cut, 0), cut);
	free(mutant);
}

static void damaged_files_are_refused_or_read_but_never_end_us(void **state)
{
	static const char *const names[] = {"look-plain", "look-musl-static", "look-debuglink"};
	static uint8_t bytes[1 << 20];
	struct binary binary;
	struct diag diag;
	size_t looked_at = 0;
	int fd, err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = xasprintf("%s/%s", programs, names[i]);
		ssize_t len;

		fd = open(path, O_RDONLY);
		len = read(fd, bytes, sizeof(bytes));
		assert_true(len > 1024);
		close(fd);
		free(path);
		for (int round = 0; round < 500; round++) {
			fd = open("mutant", O_RDWR | O_CREAT, 0755);
			write_mutant(bytes, (size_t)len, fd);
			close(fd);
			err = binary_look(&binary, "./mutant", NULL, getuid(), &diag);
			if (err)
				assert_int_equal(err, -ENOEXEC);
			else
				looked_at++;
			json_decref(binary_to_json(&binary));
			binary_fini(&binary);
		}
	}
	assert_true(looked_at > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_way_to_build_a_program_is_told),
	    cmocka_unit_test(the_identity_is_what_readelf_and_sha256sum_say),
	    cmocka_unit_test(debug_info_counts_here_and_in_a_separate_file),
	    cmocka_unit_test(frame_pointers_are_told_or_absent),
	    IN_PLACE(programs_are_found_as_execvp_finds_them),
	    IN_PLACE(what_cannot_be_executed_is_refused_with_the_remedy),
	    IN_PLACE(a_script_is_looked_at_through_its_interpreter),
	    IN_PLACE(another_architecture_is_told),
	    IN_PLACE(needed_libraries_are_found_without_section_headers),
	    IN_PLACE(set_user_id_counts_when_it_changes_the_identity),
	    IN_PLACE(file_capabilities_count_when_the_kernel_calls_them_secure),
	    IN_PLACE(a_nosuid_mount_takes_both_away),
	    IN_PLACE(a_program_that_may_be_run_but_not_read_is_no_error),
	    IN_PLACE(damaged_files_are_refused_or_read_but_never_end_us),
	};
	const char *build = getenv("BUILD");
	char *relative = xasprintf("%s/tests/programs", build ? build : "build");

	if (!realpath(relative, programs))
		return 1;
	free(relative);
	return cmocka_run_group_tests_name("binary", tests, NULL, NULL);
}
