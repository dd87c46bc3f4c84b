/* Reads files that others may have made: whole, and never more than was expected. */
#ifndef CORE_RESULTS_WHOLE_FILE_H
#define CORE_RESULTS_WHOLE_FILE_H

#include <stddef.h>

/* Manifests take kilobytes: a larger one was made to exhaust us. */
#define MANIFEST_MAX_BYTES (64 << 20)

/* The text of an open file, ended by a zero byte that *len_bytes does not count; the caller frees
 * it, and closes. Open what may be a pipe with O_NONBLOCK. NULL on an error: -EINVAL: it is no
 * regular file; -EFBIG: larger than `max_bytes`; -EIO: cut short meanwhile; other -errno. Any thread
 * may call. */
int whole_file_read(int fd, size_t max_bytes, char **text, size_t *len_bytes);

#endif
