/* Refuses what the preload library would not be asked by, each with its remedy. */
#include "mem/visible.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/target/binary.h"
#include "core/target/user_access.h"
#include "mem/installed.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int visible_find_library(char **library, struct diag *diag)
{
	int err = installed_find("libprofile-scenario-preload.so", library, diag);

	if (err)
		return err;
	/* ld.so(8): both separate the names in LD_PRELOAD, and cannot be escaped. */
	if (strpbrk(*library, " :"))
		return diag_fail(
		    diag, EOPNOTSUPP,
		    "the dynamic linker cannot load %s: its path has a space or colon; "
		    "move it",
		    *library);
	return 0;
}

/* Programs that load the library, and allocate past it. */
static int check_allocator(const struct binary *binary, struct diag *diag)
{
	const char *path = binary->path;

	if (binary->sanitizer[0])
		return diag_fail(diag, EOPNOTSUPP,
		                 "%s is built with the %s sanitizer, which has an allocator of its "
		                 "own; build it without -fsanitize",
		                 path, binary->sanitizer);
	if (binary->defines_malloc)
		return diag_fail(diag, EOPNOTSUPP,
		                 "%s has its own allocator (%s) linked in, which a preload library "
		                 "is never asked for; link the allocator as a shared library",
		                 path, binary->allocator);
	return 0;
}

/* What keeps a preload library out of a program, and what the user can do about it. */
static int check_binary(const struct binary *binary, struct diag *diag)
{
	const char *path = binary->path;

	if (!binary->is_elf)
		return 0;
	if (!binary->is_64_bit_x86)
		return diag_fail(
		    diag, EOPNOTSUPP,
		    "%s is not an x86-64 program, so the heap library cannot be loaded "
		    "into it; build it for x86-64",
		    path);
	if (binary->is_static)
		return diag_fail(
		    diag, EOPNOTSUPP,
		    "%s is static, so the heap library cannot be loaded into it; link it "
		    "dynamically, or count its pages by --pages-as-heap=yes",
		    path);
	if (binary->is_musl)
		return diag_fail(diag, EOPNOTSUPP,
		                 "%s uses musl, and the heap library is for glibc; build it for a "
		                 "-linux-gnu target",
		                 path);
	if (binary->is_setuid)
		return diag_fail(diag, EOPNOTSUPP,
		                 "%s is set-user-id or set-group-id, so the dynamic linker ignores "
		                 "LD_PRELOAD; run it as that user, or run a copy without the bit",
		                 path);
	if (binary->has_file_capabilities)
		return diag_fail(
		    diag, EOPNOTSUPP,
		    "%s has file capabilities, so the dynamic linker ignores LD_PRELOAD; "
		    "give it the capability by --ambient-cap NAME (and --user NAME)",
		    path);
	return check_allocator(binary, diag);
}

static int check_user(uid_t uid, struct diag *diag)
{
	const struct passwd *user = getpwuid(uid);
	char *library = NULL;
	int err = visible_find_library(&library, diag);

	/* The dynamic linker would only warn, and the program would run without the library. */
	if (!err && !user_can_read(uid, library))
		err =
		    diag_fail(diag, EACCES,
		              "%s cannot read the heap library %s; make each folder on the way "
		              "enterable (chmod o+x), or install the tool where everybody can read",
		              user ? user->pw_name : "the target's user", library);
	free(library);
	return err;
}

int visible_check(const struct target *target, struct diag *diag)
{
	int err = check_binary(target->binary, diag);

	return err ? err : check_user(target->uid, diag);
}

int visible_check_image(const char *path, struct diag *diag)
{
	struct binary binary;
	struct diag unreadable;
	int err = 0;

	if (!binary_look(&binary, path, NULL, geteuid(), &unreadable) && binary.is_elf)
		err = check_allocator(&binary, diag);
	binary_fini(&binary);
	return err;
}
