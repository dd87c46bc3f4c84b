/* A directory of our own under TMPDIR, for one invocation.
 */
#ifndef CORE_DRIVER_PRIVATE_DIR_H
#define CORE_DRIVER_PRIVATE_DIR_H

struct diag;

/* Makes a directory that everybody may enter and only `user` (NULL: we) may list and write to. The
 * caller frees *path, after private_dir_remove(). */
int private_dir_make(char **path, const char *user, struct diag *diag);

/* Removes it and all it holds. What cannot be removed is said on stderr. NULL is fine. */
void private_dir_remove(const char *path);

#endif
