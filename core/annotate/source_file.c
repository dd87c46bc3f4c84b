/* Reads a source file and cuts it into lines. */
#include "core/annotate/source_file.h"

#include "core/alloc.h"
#include "core/symbolize/whole_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A larger one is no source. */
enum { MAX_BYTES = 1 << 26 };

void source_file_read(struct source_file *source, const char *path)
{
	struct stat status;
	size_t len;
	int fd = regular_file_open(path, 0, &status);

	*source = (struct source_file){0};
	if (fd < 0) {
		source->why_not = strerror(-fd);
		return;
	}
	source->text = file_read_whole(fd, MAX_BYTES, &len);
	close(fd);
	if (!source->text) {
		source->why_not = "it cannot be read";
		return;
	}
	source->changed_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
	for (char *at = source->text; at < source->text + len;) {
		size_t line_len = strcspn(at, "\n");

		*ARRAY_APPEND(source->lines, source->n_lines, source->capacity) = at;
		at += line_len;
		*at++ = '\0';
	}
}

void source_file_fini(struct source_file *source)
{
	free(source->lines);
	free(source->text);
}

const char *source_file_line(const struct source_file *source, uint32_t line)
{
	return line && line <= source->n_lines ? source->lines[line - 1] : NULL;
}
