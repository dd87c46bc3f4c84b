/* Files below a directory handle, never through a symbolic link.
 *
 * Results may lie in a directory that somebody else can write to while we run as root, so
 * every step is openat(2) with O_NOFOLLOW, and what is created is given to the invoking user at once.
 * Functions return 0 or a file descriptor, else -errno with a sentence.
 */
#ifndef CORE_FDPATH_H
#define CORE_FDPATH_H

#include <stdbool.h>
#include <sys/types.h>

struct diag;

/* Who owns what we create: SUDO_UID and SUDO_GID when root runs us through sudo, else -1, -1 (leave it). */
struct owner {
	uid_t uid;
	gid_t gid;
};
struct owner fdpath_invoking_user(void);

/* Opens a directory named by the user (links in that name are theirs to use); makes missing ones. *made tells whether the
 * last one is new (may be NULL). */
int fdpath_open_root(const char *path, struct owner owner, bool *made, struct diag *diag);

/* Opens, and makes when missing, one directory `name` below `dir`. */
int fdpath_open_dir(int dir, const char *name, struct owner owner, struct diag *diag);

/* Creates a file that must not exist, mode 0644 less the umask. */
int fdpath_create(int dir, const char *name, struct owner owner, struct diag *diag);

/* Removes a directory below `dir` and all it holds. Other file systems and links are not entered. */
int fdpath_remove_tree(int dir, const char *name, struct diag *diag);

/* renameat2(2) with RENAME_NOREPLACE: -EEXIST when the target is there. */
int fdpath_rename_new(int dir, const char *from, const char *to);

#endif
