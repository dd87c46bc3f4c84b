/* Files below a directory handle, never through a symbolic link.
 *
 * Results may lie in a directory that somebody else can write to while we run as root, so
 * every step is openat(2) with O_NOFOLLOW, and what is created is given to the invoking user at
 * once. `name` is one plain name everywhere: "", ".", ".." and a slash are -EINVAL. Functions
 * return 0 or a file descriptor (close-on-exec), else -errno with a sentence that names the path
 * and what to do.
 */
#ifndef CORE_FDPATH_H
#define CORE_FDPATH_H

#include <stdbool.h>
#include <sys/types.h>

struct diag;

/* Who owns what we create: SUDO_UID and SUDO_GID when root runs us through sudo, else -1, -1 (leave
 * it). */
struct owner {
	uid_t uid;
	gid_t gid;
};
struct owner fdpath_invoking_user(void);

/* Opens a directory named by the user (links in that name are theirs to use); makes missing ones.
 * *made tells whether the last one is new (may be NULL). */
int fdpath_open_root(const char *path, struct owner owner, bool *made, struct diag *diag);

/* One directory `name` below `dir`: opens it where it is there (-ENOENT), makes it where it must
 * not be there (-EEXIST), or opens it and makes it when missing. */
int fdpath_enter_dir(int dir, const char *name, struct diag *diag);
int fdpath_make_dir(int dir, const char *name, struct owner owner, struct diag *diag);
int fdpath_open_dir(int dir, const char *name, struct owner owner, struct diag *diag);

/* Creates a file that must not exist, mode 0644 less the umask, for writing. */
int fdpath_create(int dir, const char *name, struct owner owner, struct diag *diag);

/* A file without a name, for reading and writing: it is gone when it is closed. */
int fdpath_scratch(int dir, struct diag *diag);

/* Makes the symbolic link `name` to `target`, replacing in one step a link that is there; anything
 * else of that name is -EEXIST. `.NAME.tmp` is used on the way. */
int fdpath_replace_link(int dir, const char *name, const char *target, struct owner owner,
                        struct diag *diag);

/* Removes a directory (or file) below `dir` and all it holds; one that is not there is fine. Other
 * file systems and links are not entered. */
int fdpath_remove_tree(int dir, const char *name, struct diag *diag);

/* Renames a directory unless the target is there: -EEXIST. renameat2(2) with RENAME_NOREPLACE, or
 * its like in two steps on file systems without. No sentence. */
int fdpath_rename_new(int dir, const char *from, const char *to);

/* How long a path is without the slashes at its end, for printing: "results/" and "results" are
 * one. */
size_t fdpath_trimmed_len(const char *path);

/* The sentence for a failed step: "cannot ATTEMPT DIR/NAME: why; what to do". Returns -err. */
int fdpath_fail(struct diag *diag, int err, const char *attempt, int dir, const char *name);

#endif
