/* Writes lines to a file of any size, through a buffer. */
#include "io/detail/log.h"

#include "core/alloc.h"
#include "io/detail/pack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	BUFFER_BYTES = 1 << 16,
	N_GIVEN_BACK = 16, /* times as much of the file: 1 MB for the other files */
};

/* Where the file ends with a whole line. */
struct end {
	off_t offset;
	uint64_t n_lines;
};

struct detail_log {
	int fd;
	int error; /* 0: all is well */
	struct detail_text buffer;
	uint64_t n_lines;             /* with those in the buffer */
	struct detail_packer *packer; /* NULL: lines are written as they are */
	struct end *ends;             /* that there were so far, BUFFER_BYTES or more apart */
	size_t n_ends, ends_capacity;
	struct end end; /* of the file */
	struct detail_line **lines;
	size_t n_lines_made, lines_capacity;
	struct detail_line *unused;
};

struct detail_log *detail_log_new(int fd, bool packs)
{
	struct detail_log *log = xcalloc(1, sizeof(*log));

	log->fd = fd;
	log->packer = packs ? detail_packer_new() : NULL;
	if (packs && !log->packer)
		log->error = -ENOMEM;
	return log;
}

int detail_log_fd(const struct detail_log *log)
{
	return log->fd;
}

void detail_log_free(struct detail_log *log)
{
	if (!log)
		return;
	for (size_t i = 0; i < log->n_lines_made; i++) {
		detail_text_fini(&log->lines[i]->text);
		free(log->lines[i]);
	}
	free(log->lines);
	detail_text_fini(&log->buffer);
	free(log->ends);
	detail_packer_free(log->packer);
	free(log);
}

struct detail_line *detail_log_take_line(struct detail_log *log)
{
	struct detail_line *line = log->unused;

	if (line) {
		log->unused = line->next;
		return line;
	}
	line = xcalloc(1, sizeof(*line));
	*ARRAY_APPEND(log->lines, log->n_lines_made, log->lines_capacity) = line;
	return line;
}

void detail_log_take_back(struct detail_log *log, struct detail_line *line)
{
	line->next = log->unused;
	log->unused = line;
}

int detail_write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* The oldest of the last ends. */
static void give_back(struct detail_log *log)
{
	size_t oldest = log->n_ends > N_GIVEN_BACK ? log->n_ends - N_GIVEN_BACK : 0;

	log->end = log->n_ends ? log->ends[oldest] : (struct end){0};
	if (ftruncate(log->fd, log->end.offset) < 0)
		log->error = -errno;
}

static void note_end(struct detail_log *log)
{
	if (!log->n_ends || log->end.offset - log->ends[log->n_ends - 1].offset >= BUFFER_BYTES)
		*ARRAY_APPEND(log->ends, log->n_ends, log->ends_capacity) = log->end;
}

static void flush(struct detail_log *log)
{
	const char *bytes = log->buffer.bytes;
	size_t len = log->buffer.len;

	if (!log->error && len) {
		note_end(log);
		if (log->packer)
			log->error = detail_pack(log->packer, bytes, len, &bytes, &len);
		if (!log->error)
			log->error = detail_write_all(log->fd, bytes, len);
		if (log->error)
			give_back(log);
		else
			log->end = (struct end){log->end.offset + (off_t)len, log->n_lines};
	}
	log->buffer.len = 0;
}

void detail_log_begin(struct detail_log *log, struct detail_line *line,
                      const struct detail_subject *subject)
{
	struct timespec now;

	if (log->error)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	line->text.len = 0;
	detail_text_add(&line->text, "%-5d %jd.%06ld ", subject->tid, (intmax_t)now.tv_sec,
	                now.tv_nsec / 1000);
	detail_begin(line, subject);
}

static void add_line(struct detail_log *log, struct detail_line *line)
{
	log->n_lines++;
	if (log->error)
		return;
	detail_text_add(&line->text, "\n");
	log->buffer.bytes = array_reserve(log->buffer.bytes, &log->buffer.capacity,
	                                  log->buffer.len + line->text.len, 1);
	memcpy(log->buffer.bytes + log->buffer.len, line->text.bytes, line->text.len);
	log->buffer.len += line->text.len;
	if (log->buffer.len >= BUFFER_BYTES)
		flush(log);
}

void detail_log_end(struct detail_log *log, struct detail_line *line,
                    const struct detail_subject *subject, int64_t result, uint64_t time_ns)
{
	if (!log->error) {
		detail_end(line, subject, result);
		detail_text_add(&line->text, " <%" PRIu64 ".%06" PRIu64 ">", time_ns / 1000000000,
		                time_ns / 1000 % 1000000);
	}
	add_line(log, line);
}

void detail_log_give_up(struct detail_log *log, struct detail_line *line,
                        const struct detail_subject *subject)
{
	if (!log->error)
		detail_give_up(line, subject);
	add_line(log, line);
}

int detail_log_finish(struct detail_log *log)
{
	flush(log);
	return log->error;
}

uint64_t detail_log_lines(const struct detail_log *log)
{
	return log->n_lines;
}

uint64_t detail_log_written_lines(const struct detail_log *log)
{
	return log->end.n_lines;
}

off_t detail_log_find_end(const struct detail_log *log, off_t len, uint64_t *n_lines)
{
	struct end end = {0};

	for (size_t i = 0; i < log->n_ends && log->ends[i].offset <= len; i++)
		end = log->ends[i];
	if (log->end.offset <= len)
		end = log->end;
	*n_lines = end.n_lines;
	return end.offset;
}
