/* Writes run directories aside and publishes them whole. */
#include "core/results/results.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/run_id.h"
#include "core/results/turn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Runs that fail while another one begins may take away the directories that they leave empty. */
#define BEGIN_TRIES 100

/* Runs of one type that started in the same millisecond. */
#define SAME_START_MAX 1000

/* Git looks into ignored directories for nothing, so the way down to the baselines is not ignored.
 */
static const char gitignore[] = "*\n!/*/\n!/*/baselines/\n!*/baselines/**\n";

struct artifact {
	char *name;
	FILE *stream; /* NULL: closed */
};

struct results_run {
	int root_fd;
	int type_fd;
	int dir_fd; /* locked as long as it is open */
	struct owner owner;
	char *scenario;
	char *type;
	char *path;
	char id[RUN_ID_SIZE];
	char temporary[RUN_ID_SIZE + sizeof("..tmp")];
	bool is_reserved;
	bool is_published;
	struct artifact *artifacts;
	size_t n_artifacts;
	size_t artifacts_capacity;
};

bool results_name_is_valid(const char *name)
{
	size_t len =
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return len && !name[len] && *name != '.' && len <= NAME_MAX;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

static int check_name(const char *what, const char *name, struct diag *diag)
{
	if (results_name_is_valid(name))
		return 0;
	return diag_fail(
	    diag, EINVAL,
	    "cannot use '%s' as the name of a %s: a name has letters, digits, `.`, `_`, "
	    "`-` and does not start with a dot",
	    name, what);
}

static bool is_empty(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	bool empty = list != NULL;
	struct dirent *entry;

	while (empty && (entry = readdir(list)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (list)
		closedir(list);
	else if (fd >= 0)
		close(fd);
	return empty;
}

/* stdio drops what it could not write and forgets why. The file is lost anyway, so ask again with
 * as much as no nearly full file system takes whole. */
static int why_lost(int fd)
{
	static const char block[1 << 16];

	for (int tries = 0; tries < 2; tries++) {
		if (write(fd, block, sizeof(block)) < 0)
			return errno;
	}
	return EIO;
}

/* Directories on some network file systems cannot be synced. */
static int sync_fd(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
}

/* Closes it. The kernel begins to write. */
static int finish(FILE *stream)
{
	int err = 0;

	if (fflush(stream) != 0)
		err = errno;
	else if (ferror(stream))
		err = why_lost(fileno(stream));
	else
		sync_file_range(fileno(stream), 0, 0, SYNC_FILE_RANGE_WRITE);
	if (fclose(stream) != 0 && !err)
		err = errno;
	return err;
}

/* Only in a directory that nobody else uses: in a full one `*` could hide somebody's work from git.
 */
static int write_gitignore(int root_fd, struct owner owner, struct diag *diag)
{
	int fd = fdpath_create(root_fd, ".gitignore", owner, diag);
	FILE *stream;
	int err;

	/* Another first run was as fast. */
	if (fd == -EEXIST)
		return 0;
	if (fd < 0)
		return fd;
	stream = fdopen(fd, "w");
	BUG(!stream);
	fputs(gitignore, stream);
	err = finish(stream);
	return err ? fdpath_fail(diag, err, "write", root_fd, ".gitignore") : 0;
}

int results_open_root(const char *results, bool *created, struct diag *diag)
{
	struct owner owner = fdpath_invoking_user();
	int fd = fdpath_open_root(results, owner, created, diag);
	int err = fd >= 0 && is_empty(fd) ? write_gitignore(fd, owner, diag) : 0;

	if (!err)
		return fd;
	close(fd);
	return err;
}

static int open_type(struct results_run *run, struct diag *diag)
{
	int scenario_fd = fdpath_open_dir(run->root_fd, run->scenario, run->owner, diag);

	if (scenario_fd < 0)
		return scenario_fd;
	run->type_fd = fdpath_open_dir(scenario_fd, run->type, run->owner, diag);
	close(scenario_fd);
	return run->type_fd < 0 ? run->type_fd : 0;
}

static bool exists(int dir, const char *name)
{
	struct stat status;

	return fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Takes the first free id. The temporary directory comes first and the look at the published name
 * second: in that order a run that is published meanwhile cannot be missed, locks or not. */
static int reserve(struct results_run *run, struct timespec started, struct diag *diag)
{
	int fd = -EEXIST;

	for (unsigned number = 1; fd == -EEXIST && number <= SAME_START_MAX; number++) {
		run_id_format(run->id, started, number);
		snprintf(run->temporary, sizeof(run->temporary), ".%s.tmp", run->id);
		fd = fdpath_make_dir(run->type_fd, run->temporary, run->owner, diag);
		if (fd >= 0 && exists(run->type_fd, run->id)) {
			unlinkat(run->type_fd, run->temporary, AT_REMOVEDIR);
			close(fd);
			fd = -EEXIST;
		}
	}
	if (fd < 0)
		return fd;
	run->dir_fd = fd;
	run->is_reserved = true;
	flock(fd, LOCK_EX | LOCK_NB);
	return 0;
}

static int begin_in_type(struct results_run *run, struct timespec started, struct diag *diag)
{
	bool taken;
	int err = open_type(run, diag);

	if (!err)
		err = turn_take(run->type_fd, run->scenario, run->type, &taken, diag);
	if (err)
		return err;
	if (taken)
		turn_sweep(run->type_fd);
	err = reserve(run, started, diag);
	turn_leave(run->type_fd);
	return err;
}

static int begin(struct results_run *run, const char *results, struct timespec started,
                 bool *created_root, struct diag *diag)
{
	int err = check_name("scenario", run->scenario, diag);

	if (!err)
		err = check_name("type", run->type, diag);
	if (err)
		return err;
	run->root_fd = results_open_root(results, created_root, diag);
	if (run->root_fd < 0)
		return run->root_fd;
	err = -ENOENT;
	for (unsigned tries = 0; err == -ENOENT && tries < BEGIN_TRIES; tries++) {
		close_if_open(run->type_fd);
		run->type_fd = -1;
		err = begin_in_type(run, started, diag);
	}
	return err;
}

int results_begin(struct results_run **run, const char *results, const char *scenario,
                  const char *type, struct timespec started, bool *created_root, struct diag *diag)
{
	struct results_run *new = xcalloc(1, sizeof(*new));
	int err;

	*created_root = false;
	new->root_fd = new->type_fd = new->dir_fd = -1;
	new->owner = fdpath_invoking_user();
	new->scenario = xstrdup(scenario);
	new->type = xstrdup(type);
	err = begin(new, results, started, created_root, diag);
	if (err) {
		results_end(new);
		return err;
	}
	new->path = xasprintf("%.*s/%s/%s/%s", (int)fdpath_trimmed_len(results), results, scenario,
	                      type, new->id);
	*run = new;
	return 0;
}

/* Opens the directory that holds `name` in the run, making what is missing; *leaf is the last part
 * of the name. */
static int open_parent(const struct results_run *run, const char *name, const char **leaf,
                       struct diag *diag)
{
	int fd = fcntl(run->dir_fd, F_DUPFD_CLOEXEC, 0), next;
	const char *slash;
	char *part;

	if (fd < 0)
		return fdpath_fail(diag, errno, "open", run->dir_fd, name);
	while (fd >= 0 && (slash = strchr(name, '/'))) {
		part = xstrndup(name, (size_t)(slash - name));
		next = fdpath_open_dir(fd, part, run->owner, diag);
		free(part);
		close(fd);
		fd = next;
		name = slash + 1;
	}
	*leaf = name;
	return fd;
}

FILE *results_create(struct results_run *run, const char *name, struct diag *diag)
{
	struct artifact *artifact;
	const char *leaf;
	FILE *stream;
	int parent, fd;

	parent = open_parent(run, name, &leaf, diag);
	if (parent < 0)
		return NULL;
	fd = fdpath_create(parent, leaf, run->owner, diag);
	close(parent);
	if (fd < 0)
		return NULL;
	stream = fdopen(fd, "w");
	if (!stream) {
		diag_fail(diag, errno, "cannot write %s: %s", name, strerror(errno));
		close(fd);
		return NULL;
	}
	artifact = ARRAY_APPEND(run->artifacts, run->n_artifacts, run->artifacts_capacity);
	artifact->name = xstrdup(name);
	artifact->stream = stream;
	return stream;
}

int results_scratch(const struct results_run *run, struct diag *diag)
{
	return fdpath_scratch(run->dir_fd, diag);
}

int results_close(struct results_run *run, FILE *stream, struct diag *diag)
{
	size_t i = 0;
	int err;

	while (i < run->n_artifacts && run->artifacts[i].stream != stream)
		i++;
	BUG(i == run->n_artifacts);
	run->artifacts[i].stream = NULL;
	err = finish(stream);
	if (err)
		return fdpath_fail(diag, err, "write", run->dir_fd, run->artifacts[i].name);
	return 0;
}

const char *results_artifact(const struct results_run *run, size_t i)
{
	return i < run->n_artifacts ? run->artifacts[i].name : NULL;
}

const char *results_run_id(const struct results_run *run)
{
	return run->id;
}

const char *results_path(const struct results_run *run)
{
	return run->path;
}

/* The entries of the directories between the run's and the artifact. Clean directories cost next to
 * nothing. */
static int sync_parents(const struct results_run *run, const char *name, struct diag *diag)
{
	const char *leaf = name;
	int err = 0;

	while (!err && (leaf = strchr(leaf, '/'))) {
		char *upto = xstrndup(name, (size_t)(++leaf - name));
		const char *nothing;
		int fd = open_parent(run, upto, &nothing, diag);

		err = fd < 0 ? fd : -sync_fd(fd);
		if (fd >= 0)
			close(fd);
		free(upto);
	}
	return err;
}

/* An error in writing it that nobody has heard of is told to who opens it next (fsync(2)). */
static int sync_artifact(const struct results_run *run, const char *name, struct diag *diag)
{
	const char *leaf;
	int parent = open_parent(run, name, &leaf, diag), fd, err;

	if (parent < 0)
		return parent;
	fd = openat(parent, leaf, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	err = fd < 0 ? errno : sync_fd(fd);
	if (fd >= 0)
		close(fd);
	close(parent);
	return err ? fdpath_fail(diag, err, "write", run->dir_fd, name) : 0;
}

static int sync_run(const struct results_run *run, struct diag *diag)
{
	int err;

	for (size_t i = 0; i < run->n_artifacts; i++) {
		BUG(run->artifacts[i].stream);
		err = sync_artifact(run, run->artifacts[i].name, diag);
		if (err)
			return err;
	}
	for (size_t i = 0; i < run->n_artifacts; i++) {
		err = sync_parents(run, run->artifacts[i].name, diag);
		if (err)
			return fdpath_fail(diag, -err, "sync", run->dir_fd, run->artifacts[i].name);
	}
	err = sync_fd(run->dir_fd);
	return err ? fdpath_fail(diag, err, "sync", run->type_fd, run->temporary) : 0;
}

/* Is `latest` at a run of ours or a newer one? A link to what is gone holds nobody back. */
static bool latest_is_newer(const struct results_run *run)
{
	char target[RUN_ID_SIZE + 1];
	ssize_t len = readlinkat(run->type_fd, "latest", target, sizeof(target) - 1);

	if (len < 0)
		return false;
	target[len] = '\0';
	return run_id_is_valid(target) && exists(run->type_fd, target) &&
	       run_id_compare(target, run->id) > 0;
}

static int move_latest(const struct results_run *run, struct diag *diag)
{
	bool taken;
	int err = turn_take(run->type_fd, run->scenario, run->type, &taken, diag);

	if (err)
		return err;
	if (!latest_is_newer(run))
		err = fdpath_replace_link(run->type_fd, "latest", run->id, run->owner, diag);
	turn_leave(run->type_fd);
	return err;
}

int results_publish(struct results_run *run, bool usable, struct diag *diag)
{
	int err = sync_run(run, diag);

	if (err)
		return err;
	err = fdpath_rename_new(run->type_fd, run->temporary, run->id);
	if (err)
		return fdpath_fail(diag, -err, "publish", run->type_fd, run->id);
	run->is_published = true;
	if (usable)
		err = move_latest(run, diag);
	if (sync_fd(run->type_fd) && !err)
		err = fdpath_fail(diag, EIO, "sync", run->type_fd, run->id);
	return err;
}

int results_link(const struct results_run *run, const char *group, const char *name,
                 const char *artifact, struct diag *diag)
{
	char *target = xasprintf("../%s/%s/%s/%s", run->scenario, run->type, run->id, artifact);
	int group_fd = fdpath_open_dir(run->root_fd, group, run->owner, diag), err = group_fd;

	BUG(!run->is_published);
	if (group_fd >= 0) {
		err = fdpath_replace_link(group_fd, name, target, run->owner, diag);
		close(group_fd);
	}
	free(target);
	return err;
}

void results_end(struct results_run *run)
{
	struct diag ignored;

	if (!run)
		return;
	for (size_t i = 0; i < run->n_artifacts; i++) {
		if (run->artifacts[i].stream)
			fclose(run->artifacts[i].stream);
		free(run->artifacts[i].name);
	}
	free(run->artifacts);
	if (run->is_reserved && !run->is_published) {
		fdpath_remove_tree(run->type_fd, run->temporary, &ignored);
		turn_remove_empty(run->root_fd, run->scenario, run->type);
	}
	close_if_open(run->dir_fd);
	close_if_open(run->type_fd);
	close_if_open(run->root_fd);
	free(run->scenario);
	free(run->type);
	free(run->path);
	free(run);
}
