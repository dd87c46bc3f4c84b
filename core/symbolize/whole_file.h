/* Files that a profiled process may have put in our way: opened without blocking, read whole.
 *
 * Names lead to files that the target or its user owns, so a FIFO must not hang us and
 * a device must not be read.
 */
#ifndef CORE_SYMBOLIZE_WHOLE_FILE_H
#define CORE_SYMBOLIZE_WHOLE_FILE_H

#include <stddef.h>
#include <sys/stat.h>

/* A read-only descriptor of a regular file, or -errno (-EINVAL: it is something else).
 * `flags` is 0 or O_NOFOLLOW; *status may be NULL. */
int regular_file_open(const char *path, int flags, struct stat *status);

/* The text from the current position to the end, with a terminating zero (not counted in *len). The
 * caller frees it. NULL with errno set when reading fails or there are more than max_bytes. */
char *file_read_whole(int fd, size_t max_bytes, size_t *len_bytes);

#endif
