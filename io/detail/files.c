/* Makes the files of repeats and keeps one: the first one's has its name from the start. */
#include "io/detail/files.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/number_text.h"
#include "core/quality.h"
#include "core/results/results.h"
#include "io/detail/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct repeat_file {
	int fd;
	struct detail_log *log;
};

struct detail_files {
	bool packs;
	FILE *named; /* the first one's; the run's */
	struct repeat_file *repeats;
	size_t n_repeats, capacity;
};

struct detail_files *detail_files_new(bool packs)
{
	struct detail_files *files = xcalloc(1, sizeof(*files));

	files->packs = packs;
	return files;
}

static const char *name_of(const struct detail_files *files)
{
	return files->packs ? "detail.txt.zst" : "detail.txt";
}

void detail_files_free(struct detail_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->n_repeats; i++) {
		detail_log_free(files->repeats[i].log);
		if (i)
			close(files->repeats[i].fd);
	}
	free(files->repeats);
	free(files);
}

static int open_file(struct detail_files *files, struct results_run *run, struct diag *diag)
{
	if (files->n_repeats)
		return results_scratch(run, diag);
	files->named = results_create(run, name_of(files), diag);
	return files->named ? fileno(files->named) : -EIO;
}

int detail_files_begin(struct detail_files *files, struct results_run *run, struct detail_log **log,
                       struct diag *diag)
{
	int fd = open_file(files, run, diag);

	if (fd < 0)
		return fd;
	*log = detail_log_new(fd, files->packs);
	*ARRAY_APPEND(files->repeats, files->n_repeats, files->capacity) =
	    (struct repeat_file){fd, *log};
	return 0;
}

void detail_files_end(struct detail_files *files)
{
	detail_log_finish(files->repeats[files->n_repeats - 1].log);
}

/* Gives the disk back what no file will be made of. */
static void empty(int fd)
{
	if (ftruncate(fd, 0) < 0)
		return; /* it goes with the descriptor */
}

/* When not all of it can be read or finds room, the copy ends at a whole line, the last of n_lines.
 */
static int copy(const struct detail_log *from, int to, uint64_t *n_lines)
{
	char buffer[1 << 16];
	off_t at = 0;
	ssize_t n = 0;
	int err = 0;

	if (ftruncate(to, 0) < 0 || lseek(to, 0, SEEK_SET) < 0)
		return -errno;
	while (!err && (n = pread(detail_log_fd(from), buffer, sizeof(buffer), at)) > 0) {
		err = detail_write_all(to, buffer, (size_t)n);
		at += n;
	}
	at = lseek(to, 0, SEEK_CUR);
	if (at < 0 || ftruncate(to, detail_log_find_end(from, at, n_lines)) < 0)
		return -errno;
	return 0;
}

/* The repeats have ended: what is not kept makes room. */
static int take(struct detail_files *files, size_t repeat, uint64_t *n_lines)
{
	int err;

	for (size_t i = 1; i < files->n_repeats; i++)
		if (i != repeat)
			empty(files->repeats[i].fd);
	if (!repeat)
		return 0;
	err = copy(files->repeats[repeat].log, files->repeats[0].fd, n_lines);
	empty(files->repeats[repeat].fd);
	return err;
}

int detail_files_keep(struct detail_files *files, size_t repeat, struct results_run *run,
                      json_t *quality, struct diag *diag)
{
	const struct detail_log *log;
	FILE *named = files->named;
	struct diag ignored;
	uint64_t n_lines;
	int err;

	if (!named)
		return 0;
	files->named = NULL;
	log = files->repeats[repeat].log;
	n_lines = detail_log_written_lines(log);
	err = take(files, repeat, &n_lines);
	if (err)
		diag_fail(diag, -err, "cannot write %s: %s", name_of(files), strerror(-err));
	if (n_lines < detail_log_lines(log))
		quality_add_note(quality, "%s ends after %s of %s: it could not be written",
		                 name_of(files), count_text_of(n_lines).text,
		                 counted_text_of(detail_log_lines(log), "line").text);
	if (err)
		results_close(run, named, &ignored);
	return err ? err : results_close(run, named, diag);
}
