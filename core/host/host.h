/* The machine a run was made on, and the commit of the directory it was made in. */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include <jansson.h>

/* run.json's "host": what cannot be told is absent. The load is that of the moment: ask before the
 * target starts. New reference. */
json_t *host_to_json(void);

/* The part of it that is read from files below `root` ("" for the machine itself), added to an
 * object. */
void host_add_files(json_t *host, const char *root);

/* run.json's "git" for a directory (NULL: the current one): {"commit", "dirty"}, or null outside a
 * checkout, without git, or when it takes more than 3 s ("dirty" is absent when only that does);
 * time in which git waits for a processor does not count. Dirty as `git describe --dirty` has it:
 * untracked files do not count. Root reads as the user behind sudo, else as the owner of the
 * directory: git does not trust foreign checkouts, and filters configured in one must not run as
 * root. New reference. */
json_t *git_to_json(const char *directory);

#endif
