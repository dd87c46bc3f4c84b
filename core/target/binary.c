/* Looks at a program before it is launched: its file, its rights, its identity. */
#include "core/target/binary.h"

#include "core/alloc.h"
#include "core/target/binary_elf.h"
#include "core/diag.h"
#include "core/json_text.h"
#include "core/target/program.h"
#include "core/target/sha256.h"
#include "core/symbolize/elf_file.h"

#include <endian.h>
#include <errno.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

static gid_t group_of(uid_t uid)
{
	const struct passwd *user = uid == geteuid() ? NULL : getpwuid(uid);

	return user ? user->pw_gid : getegid();
}

/* bprm_fill_uid() in the kernel's fs/exec.c: set-group-id without group execution marks mandatory
 * locking. */
static bool changes_identity(const struct stat *status, uid_t uid)
{
	const mode_t set_group = S_ISGID | S_IXGRP;

	return ((status->st_mode & S_ISUID) && status->st_uid != uid) ||
	       ((status->st_mode & set_group) == set_group && status->st_gid != group_of(uid));
}

/* cap_bprm_creds_from_file() in the kernel's security/commoncap.c: the execution is secure when
 * capabilities are permitted or made effective. Inheritable ones alone give the target nothing. */
static bool gives_capabilities(const char *path)
{
	struct vfs_ns_cap_data data = {0};
	ssize_t len = getxattr(path, "security.capability", &data, sizeof(data));

	if (len < (ssize_t)sizeof(data.magic_etc))
		return false;
	return (le32toh(data.magic_etc) & VFS_CAP_FLAGS_EFFECTIVE) || data.data[0].permitted ||
	       data.data[1].permitted;
}

static int read_rights(struct binary *binary, const char *path, uid_t uid, struct diag *diag)
{
	struct statvfs mounted;
	struct stat status;

	if (stat(path, &status) < 0)
		return diag_fail(diag, errno, "cannot look at %s: %s", path, strerror(errno));
	binary->size_bytes = (uint64_t)status.st_size;
	if ((statvfs(path, &mounted) == 0 && (mounted.f_flag & ST_NOSUID)) ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return 0;
	binary->is_setuid = changes_identity(&status, uid);
	binary->has_file_capabilities = uid != 0 && gives_capabilities(path);
	return 0;
}

static int read_contents(struct binary *binary, const char *path, struct diag *diag)
{
	int err = elf_file_open_path(&binary->elf, path, diag);

	if (err == -EACCES)
		return 0;
	if (err)
		return err;
	binary->is_elf = true;
	if (!binary_elf_read(binary, binary->elf))
		return diag_fail(diag, ENOEXEC,
		                 "cannot execute %s: it is an object file or a damaged one, not a "
		                 "program",
		                 path);
	return 0;
}

int binary_look(struct binary *binary, const char *command, const char *cwd, uid_t uid,
                struct diag *diag)
{
	const char *started;
	int err;

	memset(binary, 0, sizeof(*binary));
	err = program_find(&binary->path, command, cwd, diag);
	if (!err)
		err = program_find_interpreter(&binary->interpreter, binary->path, cwd, diag);
	if (err)
		return err;
	started = binary->interpreter ? binary->interpreter : binary->path;
	err = read_rights(binary, started, uid, diag);
	return err ? err : read_contents(binary, started, diag);
}

void binary_fini(struct binary *binary)
{
	elf_file_free(binary->elf);
	free(binary->path);
	free(binary->interpreter);
	memset(binary, 0, sizeof(*binary));
}

/* The hash of the file that was looked at, even when another took its name since. */
void binary_hash(struct binary *binary)
{
	enum { CHUNK = 1 << 16 };
	uint8_t *bytes;
	struct sha256 sha;
	off_t file_off = 0;
	ssize_t len;

	if (!binary->elf || binary->sha256[0])
		return;
	bytes = xmalloc(CHUNK);
	sha256_init(&sha);
	while ((len = pread(elf_file_fd(binary->elf), bytes, CHUNK, file_off)) > 0) {
		sha256_add(&sha, bytes, (size_t)len);
		file_off += len;
	}
	if (len == 0)
		sha256_finish(&sha, binary->sha256);
	free(bytes);
}

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text && *text)
		json_object_set_new(object, key, json_text(text));
}

json_t *binary_to_json(struct binary *binary)
{
	json_t *object = json_object();
	int frame_pointers;

	set_text(object, "path", binary->path);
	set_text(object, "interpreter", binary->interpreter);
	json_object_set_new(object, "size_bytes", json_integer((json_int_t)binary->size_bytes));
	if (!binary->elf)
		return object;
	binary_hash(binary);
	set_text(object, "build_id", binary->build_id);
	set_text(object, "sha256", binary->sha256);
	json_object_set_new(object, "stripped", json_boolean(!binary->has_symbols));
	json_object_set_new(object, "debug_info", json_boolean(binary->has_debug_info));
	frame_pointers = binary_elf_frame_pointers(binary->elf);
	if (frame_pointers >= 0)
		json_object_set_new(object, "frame_pointers", json_boolean(frame_pointers));
	set_text(object, "allocator", binary->allocator);
	return object;
}
