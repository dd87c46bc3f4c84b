/* Takes a massif.out apart, line by line, and trusts nothing in it. */
#include "core/export/massif_read.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_BYTES = 1 << 28, /* valgrind's own with 1,000 snapshots have some MB */
	CHUNK = 1 << 16,
};

struct reader {
	struct massif_file *file;
	const char *at; /* the line that is to be read */
	const char *end;
	size_t line; /* its number, from 1 */
	struct diag *diag;
};

static int refuse(const struct reader *reader, const char *why)
{
	return diag_fail(reader->diag, EINVAL,
	                 "not a usable massif.out: line %zu: %s; record the run again",
	                 reader->line, why);
}

/* The line's text after `start`, up to *end; NULL when it begins otherwise or the file has ended.
 * The line is left for others to read. */
static const char *line_after(const struct reader *reader, const char *start, const char **end)
{
	size_t len = strlen(start);
	const char *newline;

	if (reader->at == reader->end)
		return NULL;
	newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	if (!newline || (size_t)(newline - reader->at) < len || memcmp(reader->at, start, len))
		return NULL;
	*end = newline;
	return reader->at + len;
}

static void pass_line(struct reader *reader, const char *end)
{
	reader->at = end + 1;
	reader->line++;
}

/* Digits up to a place in the line; NULL: none, or too large a number. */
static const char *read_number(const char *at, const char *end, uint64_t *value)
{
	const char *start = at;

	*value = 0;
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(*value, UINT64_C(10), value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
			return NULL;
	return at > start ? at : NULL;
}

/* The whole rest of the line `start`NUMBER. */
static int read_field(struct reader *reader, const char *start, uint64_t *value)
{
	const char *end, *at = line_after(reader, start, &end);

	if (!at || read_number(at, end, value) != end)
		return diag_fail(reader->diag, EINVAL,
		                 "not a usable massif.out: line %zu: no '%s' with a number; record "
		                 "the run again",
		                 reader->line, start);
	pass_line(reader, end);
	return 0;
}

static int read_header(struct reader *reader)
{
	static const char *const units[] = {"ms", "B", "i"};
	const char *end, *at;

	while ((at = line_after(reader, "desc:", &end)))
		pass_line(reader, end);
	at = line_after(reader, "cmd: ", &end);
	if (!at)
		return refuse(reader, "no 'cmd:'");
	reader->file->command = xstrndup(at, (size_t)(end - at));
	pass_line(reader, end);
	at = line_after(reader, "time_unit: ", &end);
	for (size_t i = 0; at && i < ARRAY_SIZE(units); i++) {
		if (strlen(units[i]) == (size_t)(end - at) &&
		    !memcmp(at, units[i], strlen(units[i]))) {
			reader->file->unit = (enum massif_unit)i;
			pass_line(reader, end);
			return 0;
		}
	}
	return refuse(reader, "no 'time_unit:' of ms, B or i");
}

/* "   n2: 900 0x1139: main (prog.c:7)": so many children follow, each with its own. */
static int read_tree(struct reader *reader)
{
	for (uint64_t n_wanted = 1; n_wanted; n_wanted--) {
		const char *end, *at = line_after(reader, "", &end);
		uint64_t n_children = 0, bytes;

		while (at && *at == ' ')
			at++;
		at = at && *at == 'n' ? read_number(at + 1, end, &n_children) : NULL;
		at = at && *at == ':' && at[1] == ' ' ? read_number(at + 2, end, &bytes) : NULL;
		if (!at || *at != ' ' || n_children > MAX_BYTES)
			return refuse(reader, "a tree is not whole");
		n_wanted += n_children;
		pass_line(reader, end);
	}
	return 0;
}

static int read_kind(struct reader *reader, struct massif_point *point)
{
	const char *end, *at = line_after(reader, "heap_tree=", &end);
	size_t len = at ? (size_t)(end - at) : 0;

	if (!at)
		return refuse(reader, "no 'heap_tree='");
	pass_line(reader, end);
	if (len == 5 && !memcmp(at, "empty", len))
		return 0;
	point->is_peak = len == 4 && !memcmp(at, "peak", len);
	if (!point->is_peak && !(len == 8 && !memcmp(at, "detailed", len)))
		return refuse(reader, "a tree of no known kind");
	return read_tree(reader);
}

static int read_rule(struct reader *reader)
{
	const char *end;

	if (!line_after(reader, "#-", &end))
		return refuse(reader, "no snapshot begins here");
	pass_line(reader, end);
	return 0;
}

static int read_snapshot(struct reader *reader)
{
	struct massif_file *file = reader->file;
	struct massif_point point = {0};
	uint64_t number, ignored;
	int err = read_rule(reader);

	if (!err)
		err = read_field(reader, "snapshot=", &number);
	if (!err)
		err = read_rule(reader);
	if (!err)
		err = read_field(reader, "time=", &point.time);
	if (!err)
		err = read_field(reader, "mem_heap_B=", &point.heap_bytes);
	if (!err)
		err = read_field(reader, "mem_heap_extra_B=", &ignored);
	if (!err)
		err = read_field(reader, "mem_stacks_B=", &ignored);
	if (!err)
		err = read_kind(reader, &point);
	if (!err && file->n_points && point.time < file->points[file->n_points - 1].time)
		err = refuse(reader, "time goes backwards");
	if (!err)
		*ARRAY_APPEND(file->points, file->n_points, file->points_capacity) = point;
	return err;
}

static int read_whole(FILE *in, struct massif_file *file, struct diag *diag)
{
	size_t capacity = 0, n = 1;

	while (n && file->n_bytes <= MAX_BYTES) {
		file->text = array_reserve(file->text, &capacity, file->n_bytes + CHUNK, 1);
		n = fread(file->text + file->n_bytes, 1, CHUNK, in);
		file->n_bytes += n;
	}
	if (ferror(in))
		return diag_fail(diag, EIO, "cannot read massif.out: %s", strerror(errno));
	return 0;
}

int massif_read(FILE *in, struct massif_file *file, struct diag *diag)
{
	struct reader reader = {.file = file, .line = 1, .diag = diag};
	int err;

	*file = (struct massif_file){0};
	err = read_whole(in, file, diag);
	reader.at = file->text;
	reader.end = file->text + file->n_bytes;
	if (!err && file->n_bytes > MAX_BYTES)
		err = refuse(&reader, "the file is larger than any massif.out");
	if (!err && file->n_bytes && memchr(file->text, 0, file->n_bytes))
		err = refuse(&reader, "a zero byte in a text");
	if (!err)
		err = read_header(&reader);
	while (!err && reader.at < reader.end)
		err = read_snapshot(&reader);
	if (!err && !file->n_points)
		err = refuse(&reader, "no snapshot");
	if (err)
		massif_file_fini(file);
	return err;
}

void massif_file_fini(struct massif_file *file)
{
	free(file->text);
	free(file->command);
	free(file->points);
	*file = (struct massif_file){0};
}
