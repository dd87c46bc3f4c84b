/* Keeps a sweep's state, and publishes its documents. */
#include "core/driver/sweep_files.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/regress/state.h"
#include "core/results/fdpath.h"
#include "core/results/names.h"
#include "core/results/results.h"
#include "core/results/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define DIRECTORY RESULTS_SWEEPS
#define STATE "state.json"

int sweep_files_open(struct sweep_files *files, const char *results, struct diag *diag)
{
	bool created;
	int root_fd = results_open_root(results, &created, diag);

	*files = (struct sweep_files){.dir_fd = -1};
	if (root_fd < 0)
		return root_fd;
	files->dir_fd = fdpath_open_dir(root_fd, DIRECTORY, fdpath_invoking_user(), diag);
	close(root_fd);
	if (files->dir_fd < 0)
		return files->dir_fd;
	files->path = xasprintf("%.*s/" DIRECTORY, (int)fdpath_trimmed_len(results), results);
	/* Some network file systems cannot lock: then nobody is kept out. */
	if (flock(files->dir_fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return diag_fail(diag, EBUSY,
		                 "another regress goes on in %s; wait for it, or give another "
		                 "directory with --results",
		                 files->path);
	turn_sweep(files->dir_fd);
	return 0;
}

void sweep_files_close(struct sweep_files *files)
{
	if (files->dir_fd >= 0)
		close(files->dir_fd);
	free(files->path);
}

bool sweep_files_is_idle(int dir_fd)
{
	if (flock(dir_fd, LOCK_EX | LOCK_NB))
		return errno != EWOULDBLOCK;
	flock(dir_fd, LOCK_UN);
	return true;
}

char *sweep_files_going_on(int dir_fd)
{
	int fd = openat(dir_fd, STATE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	json_t *object = fd < 0 ? NULL : json_loadfd(fd, 0, NULL);
	const char *id = json_string_value(json_object_get(object, "sweep_id"));
	char *found = id ? xstrdup(id) : NULL;

	json_decref(object);
	if (fd >= 0)
		close(fd);
	return found;
}

int sweep_files_load(const struct sweep_files *files, struct regress_state *state,
                     struct diag *diag)
{
	int fd = openat(files->dir_fd, STATE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	json_error_t error;
	json_t *object;
	int err;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT
		                       : fdpath_fail(diag, errno, "read", files->dir_fd, STATE);
	object = json_loadfd(fd, 0, &error);
	close(fd);
	if (object)
		err = regress_state_from_json(state, object, diag);
	else
		err = diag_fail(diag, EINVAL, "%s", error.text);
	json_decref(object);
	if (err)
		diag_prefix(diag, "%s/" STATE, files->path);
	return err;
}

/* Checks, syncs and closes. Returns an errno, or 0. */
static int finish(FILE *stream)
{
	int err = ferror(stream) ? EIO : 0;

	if (fflush(stream) || (!err && fsync(fileno(stream)) && errno != EINVAL))
		err = errno;
	if (fclose(stream) && !err)
		err = errno;
	return err;
}

/* A stream for a new file below `dir`; NULL with a sentence. */
static FILE *create(int dir, const char *name, struct diag *diag)
{
	int fd = fdpath_create(dir, name, fdpath_invoking_user(), diag);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");

	BUG(fd >= 0 && !stream);
	return stream;
}

static int write_json(int dir, const char *name, const struct regress_state *state,
                      struct diag *diag)
{
	FILE *stream = create(dir, name, diag);
	json_t *object;
	int err, damaged;

	if (!stream)
		return -EIO;
	object = regress_state_to_json(state);
	damaged = json_dumpf(object, stream, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	fputc('\n', stream);
	json_decref(object);
	err = finish(stream);
	if (!err && damaged)
		err = EIO;
	return err ? fdpath_fail(diag, err, "write", dir, name) : 0;
}

int sweep_files_save(const struct sweep_files *files, const struct regress_state *state,
                     struct diag *diag)
{
	static const char temporary[] = "." STATE ".tmp";
	int err;

	unlinkat(files->dir_fd, temporary, 0);
	err = write_json(files->dir_fd, temporary, state, diag);
	if (!err && renameat(files->dir_fd, temporary, files->dir_fd, STATE))
		err = fdpath_fail(diag, errno, "write", files->dir_fd, STATE);
	if (err)
		unlinkat(files->dir_fd, temporary, 0);
	return err;
}

static int write_documents(int dir, const struct sweep_document *documents, const void *sweep,
                           struct diag *diag)
{
	int err = 0;

	for (; !err && documents->name; documents++) {
		FILE *stream = create(dir, documents->name, diag);

		if (!stream)
			return -EIO;
		documents->write(sweep, stream);
		err = finish(stream);
		if (err)
			err = fdpath_fail(diag, err, "write", dir, documents->name);
	}
	return err;
}

int sweep_files_publish(const struct sweep_files *files, const struct regress_state *state,
                        const struct sweep_document *documents, const void *sweep,
                        struct diag *diag)
{
	struct owner owner = fdpath_invoking_user();
	char *temporary = xasprintf(".%s.tmp", state->sweep_id);
	int err = fdpath_remove_tree(files->dir_fd, temporary, diag);
	int dir = err ? err : fdpath_make_dir(files->dir_fd, temporary, owner, diag);

	err = dir < 0 ? dir : write_documents(dir, documents, sweep, diag);
	if (!err)
		err = write_json(dir, "sweep.json", state, diag);
	if (dir >= 0)
		close(dir);
	if (!err) {
		err = fdpath_rename_new(files->dir_fd, temporary, state->sweep_id);
		if (err)
			fdpath_fail(diag, -err, "publish", files->dir_fd, state->sweep_id);
	}
	if (!err)
		err = fdpath_replace_link(files->dir_fd, "latest", state->sweep_id, owner, diag);
	if (!err)
		unlinkat(files->dir_fd, STATE, 0);
	free(temporary);
	return err;
}
