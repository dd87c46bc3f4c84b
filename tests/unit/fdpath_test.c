/* Files below a directory handle: links are refused at every step, and what we make belongs to the
 * invoking user. */
#include "core/results/fdpath.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct owner nobody_else = {(uid_t)-1, (gid_t)-1};

struct place {
	char path[64];
	int dir;
};

static int enter_place(void **state)
{
	struct place *place = xcalloc(1, sizeof(*place));

	strcpy(place->path, "/tmp/fdpath-test.XXXXXX");
	if (!mkdtemp(place->path))
		return -1;
	place->dir = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = place;
	return place->dir < 0;
}

static int leave_place(void **state)
{
	struct place *place = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", place->path);
	close(place->dir);
	free(place);
	return system(command);
}

static void touch(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	close(fd);
}

static bool exists(int dir, const char *name)
{
	struct stat status;

	return fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static void a_link_in_the_way_is_refused_and_named(void **state)
{
	struct place *place = *state;
	struct diag diag;

	assert_int_equal(mkdirat(place->dir, "real", 0755), 0);
	assert_int_equal(symlinkat("real", place->dir, "link"), 0);
	assert_int_equal(symlinkat("nowhere", place->dir, "dangling"), 0);

	assert_int_equal(fdpath_open_dir(place->dir, "link", nobody_else, &diag), -ELOOP);
	assert_non_null(strstr(diag.text, place->path));
	assert_non_null(strstr(diag.text, "/link: a symbolic link is in the way; remove it"));
	assert_int_equal(fdpath_open_dir(place->dir, "dangling", nobody_else, &diag), -ELOOP);
	assert_int_equal(fdpath_create(place->dir, "link", nobody_else, &diag), -ELOOP);
	assert_int_equal(fdpath_create(place->dir, "dangling", nobody_else, &diag), -ELOOP);
	assert_false(exists(place->dir, "nowhere"));
}

static void only_plain_names_are_taken(void **state)
{
	static const char *const names[] = {"", ".", "..", "a/b", "/etc", "../out"};
	struct place *place = *state;
	struct diag diag;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(fdpath_open_dir(place->dir, names[i], nobody_else, &diag),
		                 -EINVAL);
		assert_int_equal(fdpath_create(place->dir, names[i], nobody_else, &diag), -EINVAL);
		assert_int_equal(fdpath_remove_tree(place->dir, names[i], &diag), -EINVAL);
		assert_int_equal(fdpath_replace_link(place->dir, names[i], "x", nobody_else, &diag),
		                 -EINVAL);
	}
}

static void a_file_in_the_way_is_named(void **state)
{
	struct place *place = *state;
	struct diag diag;
	char path[128];
	bool made;

	touch(place->dir, "file");
	assert_int_equal(fdpath_open_dir(place->dir, "file", nobody_else, &diag), -ENOTDIR);
	assert_non_null(strstr(diag.text, "a file is in the way; remove it"));
	assert_int_equal(fdpath_create(place->dir, "file", nobody_else, &diag), -EEXIST);

	snprintf(path, sizeof(path), "%s/file", place->path);
	assert_int_equal(fdpath_open_root(path, nobody_else, &made, &diag), -ENOTDIR);
	snprintf(path, sizeof(path), "%s/file/below", place->path);
	assert_int_equal(fdpath_open_root(path, nobody_else, &made, &diag), -ENOTDIR);
	assert_int_equal(fdpath_open_root("", nobody_else, &made, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "give one with --results"));
}

static void a_root_is_made_with_its_parents(void **state)
{
	struct place *place = *state;
	struct diag diag;
	char path[128];
	bool made;
	int fd;

	snprintf(path, sizeof(path), "%s/a//b/./c/", place->path);
	fd = fdpath_open_root(path, nobody_else, &made, &diag);
	assert_true(fd >= 0);
	assert_true(made);
	touch(fd, "here");
	close(fd);
	assert_true(exists(place->dir, "a/b/c/here"));
	fd = fdpath_open_root(path, nobody_else, &made, &diag);
	assert_true(fd >= 0);
	assert_false(made);
	close(fd);
}

static void links_in_the_root_that_the_user_named_are_theirs(void **state)
{
	struct place *place = *state;
	struct diag diag;
	char path[128];
	bool made;
	int fd;

	assert_int_equal(mkdirat(place->dir, "real", 0755), 0);
	assert_int_equal(symlinkat("real", place->dir, "link"), 0);
	assert_int_equal(symlinkat("nowhere", place->dir, "dangling"), 0);
	snprintf(path, sizeof(path), "%s/link/new", place->path);
	fd = fdpath_open_root(path, nobody_else, &made, &diag);
	assert_true(fd >= 0 && made);
	close(fd);
	assert_true(exists(place->dir, "real/new"));

	snprintf(path, sizeof(path), "%s/dangling", place->path);
	assert_int_equal(fdpath_open_root(path, nobody_else, &made, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "a link to what does not exist"));
	assert_false(exists(place->dir, "nowhere"));
}

static void what_is_made_belongs_to_the_invoking_user(void **state)
{
	const struct owner owner = {12345, 23456};
	struct place *place = *state;
	struct stat status;
	struct diag diag;
	char path[128];
	int fd;

	if (geteuid() != 0) {
		print_message("only root can give files away\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/new/root", place->path);
	close(fdpath_open_root(path, owner, NULL, &diag));
	close(fdpath_open_dir(place->dir, "dir", owner, &diag));
	fd = fdpath_create(place->dir, "file", owner, &diag);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(fdpath_replace_link(place->dir, "link", "dir", owner, &diag), 0);

	static const char *const made[] = {"new", "new/root", "dir", "file", "link"};
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		assert_int_equal(fstatat(place->dir, made[i], &status, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(status.st_uid, owner.uid);
		assert_int_equal(status.st_gid, owner.gid);
	}
	/* What was there keeps its owner. */
	close(fdpath_open_dir(place->dir, "dir", (struct owner){1, 1}, &diag));
	assert_int_equal(fstatat(place->dir, "dir", &status, 0), 0);
	assert_int_equal(status.st_uid, owner.uid);
}

static void the_invoking_user_is_sudo_s_and_only_for_root(void **state)
{
	const bool is_root = geteuid() == 0;

	(void)state;
	setenv("SUDO_UID", "1000", 1);
	setenv("SUDO_GID", "1001", 1);
	assert_int_equal(fdpath_invoking_user().uid, is_root ? 1000 : (uid_t)-1);
	assert_int_equal(fdpath_invoking_user().gid, is_root ? 1001 : (gid_t)-1);
	setenv("SUDO_UID", "-1", 1);
	assert_int_equal(fdpath_invoking_user().uid, (uid_t)-1);
	setenv("SUDO_UID", "12x", 1);
	assert_int_equal(fdpath_invoking_user().uid, (uid_t)-1);
	unsetenv("SUDO_UID");
	assert_int_equal(fdpath_invoking_user().uid, (uid_t)-1);
	unsetenv("SUDO_GID");
}

static void removing_a_tree_leaves_what_its_links_name(void **state)
{
	struct place *place = *state;
	struct diag diag;

	assert_int_equal(mkdirat(place->dir, "kept", 0755), 0);
	touch(place->dir, "kept/file");
	assert_int_equal(mkdirat(place->dir, "tree", 0755), 0);
	assert_int_equal(mkdirat(place->dir, "tree/deep", 0755), 0);
	touch(place->dir, "tree/deep/file");
	assert_int_equal(symlinkat("../../kept", place->dir, "tree/deep/link"), 0);
	assert_int_equal(symlinkat("nowhere", place->dir, "tree/dangling"), 0);
	assert_int_equal(symlinkat("kept", place->dir, "link"), 0);

	assert_int_equal(fdpath_remove_tree(place->dir, "tree", &diag), 0);
	assert_int_equal(fdpath_remove_tree(place->dir, "link", &diag), 0);
	assert_int_equal(fdpath_remove_tree(place->dir, "never-there", &diag), 0);
	assert_false(exists(place->dir, "tree"));
	assert_false(exists(place->dir, "link"));
	assert_true(exists(place->dir, "kept/file"));
}

static void removing_a_tree_does_not_enter_other_file_systems(void **state)
{
	struct place *place = *state;
	struct diag diag;
	char path[128];
	bool kept;
	int err;

	assert_int_equal(mkdirat(place->dir, "tree", 0755), 0);
	assert_int_equal(mkdirat(place->dir, "tree/mounted", 0755), 0);
	snprintf(path, sizeof(path), "%s/tree/mounted", place->path);
	if (mount("none", path, "tmpfs", 0, "size=64k") < 0) {
		print_message("cannot mount a tmpfs: %s\n", strerror(errno));
		skip();
	}
	touch(place->dir, "tree/mounted/file");
	err = fdpath_remove_tree(place->dir, "tree", &diag);
	kept = exists(place->dir, "tree/mounted/file");
	assert_int_equal(umount(path), 0);
	assert_true(kept);
	assert_int_equal(err, -EXDEV);
	assert_non_null(strstr(diag.text, "/mounted: another file system is mounted there"));
}

static void a_tree_made_to_exhaust_us_is_refused(void **state)
{
	struct place *place = *state;
	struct diag diag;
	int fd = dup(place->dir), next;

	for (int depth = 0; depth < 200; depth++) {
		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	close(fd);
	assert_true(fdpath_remove_tree(place->dir, "d", &diag) < 0);
}

static void a_link_is_replaced_and_nothing_else(void **state)
{
	struct place *place = *state;
	struct diag diag;
	char target[16] = "";

	assert_int_equal(fdpath_replace_link(place->dir, "link", "one", nobody_else, &diag), 0);
	/* What a killed process left is in nobody's way. */
	assert_int_equal(symlinkat("junk", place->dir, ".link.tmp"), 0);
	assert_int_equal(fdpath_replace_link(place->dir, "link", "two", nobody_else, &diag), 0);
	assert_int_equal(readlinkat(place->dir, "link", target, sizeof(target)), 3);
	assert_string_equal(target, "two");
	assert_false(exists(place->dir, ".link.tmp"));

	touch(place->dir, "file");
	assert_int_equal(fdpath_replace_link(place->dir, "file", "x", nobody_else, &diag), -EEXIST);
}

static void check_renames(struct place *place)
{
	assert_int_equal(mkdirat(place->dir, "from", 0755), 0);
	touch(place->dir, "from/file");
	assert_int_equal(fdpath_rename_new(place->dir, "from", "to"), 0);
	assert_true(exists(place->dir, "to/file"));
	assert_false(exists(place->dir, "from"));

	assert_int_equal(mkdirat(place->dir, "from", 0755), 0);
	assert_int_equal(fdpath_rename_new(place->dir, "from", "to"), -EEXIST);
	assert_int_equal(mkdirat(place->dir, "empty", 0755), 0);
	assert_int_equal(fdpath_rename_new(place->dir, "from", "empty"), -EEXIST);
	assert_int_equal(symlinkat("nowhere", place->dir, "dangling"), 0);
	assert_int_equal(fdpath_rename_new(place->dir, "from", "dangling"), -EEXIST);
	assert_true(exists(place->dir, "from"));
	assert_true(exists(place->dir, "to/file"));
}

static void a_rename_never_replaces(void **state)
{
	check_renames(*state);
}

/* As on NFS and some FUSE file systems. */
static void a_rename_never_replaces_where_the_file_system_cannot_promise_it(void **state)
{
	scmp_filter_ctx filter;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		filter = seccomp_init(SCMP_ACT_ALLOW);
		if (!filter ||
		    seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(renameat2), 1,
		                     SCMP_A4(SCMP_CMP_NE, 0, 0)) < 0 ||
		    seccomp_load(filter) < 0)
			_exit(77);
		seccomp_release(filter);
		check_renames(*state);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("cannot load a seccomp filter here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, enter_place, leave_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_PLACE(a_link_in_the_way_is_refused_and_named),
	    IN_PLACE(only_plain_names_are_taken),
	    IN_PLACE(a_file_in_the_way_is_named),
	    IN_PLACE(a_root_is_made_with_its_parents),
	    IN_PLACE(links_in_the_root_that_the_user_named_are_theirs),
	    IN_PLACE(what_is_made_belongs_to_the_invoking_user),
	    cmocka_unit_test(the_invoking_user_is_sudo_s_and_only_for_root),
	    IN_PLACE(removing_a_tree_leaves_what_its_links_name),
	    IN_PLACE(removing_a_tree_does_not_enter_other_file_systems),
	    IN_PLACE(a_tree_made_to_exhaust_us_is_refused),
	    IN_PLACE(a_link_is_replaced_and_nothing_else),
	    IN_PLACE(a_rename_never_replaces),
	    IN_PLACE(a_rename_never_replaces_where_the_file_system_cannot_promise_it),
	};

	return cmocka_run_group_tests_name("fdpath", tests, NULL, NULL);
}
