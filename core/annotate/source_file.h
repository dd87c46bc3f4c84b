/* A source file by lines. */
#ifndef CORE_ANNOTATE_SOURCE_FILE_H
#define CORE_ANNOTATE_SOURCE_FILE_H

#include <stddef.h>
#include <stdint.h>

struct source_file {
	char *text; /* lines, each ended by a zero byte */
	const char **lines;
	size_t n_lines;
	size_t capacity;
	int64_t changed_ns;  /* CLOCK_REALTIME */
	const char *why_not; /* it could not be read, or NULL; static */
};

/* A file that cannot be read has no lines, and says why. */
void source_file_read(struct source_file *source, const char *path);
void source_file_fini(struct source_file *source);

/* NULL: it has no such line. The first is 1. */
const char *source_file_line(const struct source_file *source, uint32_t line);

#endif
