/* detail.txt, or detail.txt.zst, while it grows: a line for each call that has returned, in the
 * order in which they did.
 *
 * Lines go to the descriptor as they come, 64 KB at a time, packed or not. When the disk is full
 * the file ends before its last lines, so that other files find some room; what is missing is
 * counted. Used by one thread at a time, in the tracer.
 */
#ifndef IO_DETAIL_LOG_H
#define IO_DETAIL_LOG_H

#include "io/detail/decode.h"

#include <stdbool.h>
#include <sys/types.h>

struct detail_log;

/* Writes to the descriptor, which stays the caller's, from its position on. `packs`: with zstd, a
 * frame at a time; without memory for it the file stays empty, and says so as one that ends early.
 */
struct detail_log *detail_log_new(int fd, bool packs);
void detail_log_free(struct detail_log *log); /* NULL is fine */
int detail_log_fd(const struct detail_log *log);

/* For a thread; taken back when it has ended, or freed with the log. */
struct detail_line *detail_log_take_line(struct detail_log *log);
void detail_log_take_back(struct detail_log *log, struct detail_line *line);

/* The thread is about to make the call. What it would have written before is left out. */
void detail_log_begin(struct detail_log *log, struct detail_line *line,
                      const struct detail_subject *subject);
/* It has returned; `time_ns` is what it took. */
void detail_log_end(struct detail_log *log, struct detail_line *line,
                    const struct detail_subject *subject, int64_t result, uint64_t time_ns);
/* It will not. */
void detail_log_give_up(struct detail_log *log, struct detail_line *line,
                        const struct detail_subject *subject);

/* Writes what is left. 0, or the -errno by which the file ended early. */
int detail_log_finish(struct detail_log *log);
/* Then not all of them are in the file. */
uint64_t detail_log_lines(const struct detail_log *log);
uint64_t detail_log_written_lines(const struct detail_log *log);

/* An end of whole lines, and frames, within the first `len` bytes of the file, the last one that is
 * remembered; and how many lines there are before it. */
off_t detail_log_find_end(const struct detail_log *log, off_t len, uint64_t *n_lines);

/* Writes all of it, from the descriptor's position on. 0 or -errno. */
int detail_write_all(int fd, const char *bytes, size_t len);

#endif
