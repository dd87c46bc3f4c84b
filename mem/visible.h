/* What a preload library can see, and where the library is. */
#ifndef MEM_VISIBLE_H
#define MEM_VISIBLE_H

struct diag;
struct target;

/* The library's path, which the caller frees. */
int visible_find_library(char **library, struct diag *diag);

/* -EOPNOTSUPP or -EACCES and a sentence with the remedy when the target's heap would not be seen.
 */
int visible_check(const struct target *target, struct diag *diag);

/* The same of a program that did load the library: does it allocate past it? What can no longer be
 * read is taken to be fine. */
int visible_check_image(const char *path, struct diag *diag);

#endif
