/* May somebody else read a file? */
#ifndef CORE_USER_ACCESS_H
#define CORE_USER_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* Asks the kernel, in a child process that takes the user's ids and groups, so that every folder on
 * the way and every access list counts. True also where nobody but the superuser may ask: for
 * another user than one's own without being root. */
bool user_can_read(uid_t uid, const char *path);

#endif
