/* Finds, reads and writes baseline files. */
#include "core/driver/baseline_files.h"

#include "core/driver/request.h"

#include "core/alloc.h"
#include "core/baseline/baseline.h"
#include "core/compare/side.h"
#include "core/diag.h"
#include "core/results/fdpath.h"
#include "core/results/results.h"
#include "core/results/whole_file.h"
#include "core/words.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".json"
/* Room for ".NAME.json.tmp". */
#define NAME_LEN_MAX (NAME_MAX - 10)
/* No baseline is as large; a file that is was not made by us. */
#define FILE_BYTES_MAX (256 << 20)

int baseline_check_name(const char *name, struct diag *diag)
{
	if (results_name_is_valid(name) && strlen(name) <= NAME_LEN_MAX)
		return 0;
	return diag_fail(diag, EINVAL,
	                 "'%s' is no name of a baseline: letters, digits, '.', '_', '-', not "
	                 "starting with a dot",
	                 name);
}

const char *baseline_own_root(const struct run_options *options)
{
	const char *from_environment = getenv("PROFILE_SCENARIO_BASELINES");

	if (options->baselines)
		return options->baselines;
	return from_environment && *from_environment ? from_environment : NULL;
}

/* The folder of scenarios. */
static char *root_of(const struct run_options *options)
{
	const char *own = baseline_own_root(options);

	return own ? xstrdup(own) : request_results_dir(options);
}

static char *directory_of(const struct run_options *options, const char *scenario)
{
	char *root = root_of(options);
	char *directory = xasprintf("%.*s/%s%s", (int)fdpath_trimmed_len(root), root, scenario,
	                            baseline_own_root(options) ? "" : "/baselines");

	free(root);
	return directory;
}

char *baseline_path(const struct run_options *options, const char *scenario, const char *name)
{
	char *directory = directory_of(options, scenario);
	char *path = xasprintf("%s/%s%s", directory, name, SUFFIX);

	free(directory);
	return path;
}

/* Opens the folder of a scenario's baselines; `make` makes what is missing. */
static int open_directory(const struct run_options *options, const char *scenario, bool make,
                          struct diag *diag)
{
	struct owner owner = fdpath_invoking_user();
	char *root = root_of(options);
	int at = make ? fdpath_open_root(root, owner, NULL, diag)
	              : open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *const steps[] = {scenario, baseline_own_root(options) ? NULL : "baselines"};

	if (at < 0 && !make)
		at = diag_fail(diag, errno, "cannot open %s: %s", root, strerror(errno));
	for (size_t i = 0; at >= 0 && i < ARRAY_SIZE(steps) && steps[i]; i++) {
		int next = make ? fdpath_open_dir(at, steps[i], owner, diag)
		                : fdpath_enter_dir(at, steps[i], diag);

		close(at);
		at = next;
	}
	free(root);
	return at;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_texts(struct text_list *list)
{
	if (list->n_texts)
		qsort(list->texts, list->n_texts, sizeof(*list->texts), compare_texts);
}

/* Takes over `dir`. 0 or -errno. */
static int list_names(int dir, const char *suffix, struct text_list *names)
{
	DIR *stream = fdopendir(dir);
	struct dirent *entry;
	int err;

	if (!stream) {
		err = -errno;
		close(dir);
		return err;
	}
	while (errno = 0, (entry = readdir(stream))) {
		size_t len = strlen(entry->d_name), cut = strlen(suffix);
		char *name;

		if (len <= cut || strcmp(entry->d_name + len - cut, suffix) != 0)
			continue;
		name = xstrndup(entry->d_name, len - cut);
		if (results_name_is_valid(name))
			text_list_add(names, name);
		free(name);
	}
	err = -errno;
	closedir(stream);
	sort_texts(names);
	return err;
}

int baseline_list(const struct run_options *options, const char *scenario, struct text_list *names,
                  struct diag *diag)
{
	int dir = open_directory(options, scenario, false, diag), err;
	char *path;

	/* Whatever else lies beside the scenarios has no baselines. */
	if (dir == -ENOENT || dir == -ENOTDIR || dir == -ELOOP)
		return 0;
	if (dir < 0)
		return dir;
	err = list_names(dir, SUFFIX, names);
	if (err) {
		path = directory_of(options, scenario);
		diag_fail(diag, -err, "cannot read %s: %s", path, strerror(-err));
		free(path);
	}
	return err;
}

/* Takes over the root's name. One that is not there has none. */
static int list_folders(char *root, struct text_list *names, struct diag *diag)
{
	int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = dir < 0 ? -errno : list_names(dir, "", names);

	if (err == -ENOENT)
		err = 0;
	if (err)
		diag_fail(diag, -err, "cannot read %s: %s", root, strerror(-err));
	free(root);
	return err;
}

int baseline_list_scenarios(const struct run_options *options, struct text_list *scenarios,
                            struct diag *diag)
{
	return list_folders(root_of(options), scenarios, diag);
}

int baseline_list_run_scenarios(const struct run_options *options, struct text_list *scenarios,
                                struct diag *diag)
{
	return list_folders(request_results_dir(options), scenarios, diag);
}

static int no_such_baseline(const struct run_options *options, const char *scenario,
                            const char *name, struct diag *diag)
{
	char *path = baseline_path(options, scenario, name);
	struct text_list names = {0};
	struct diag why;
	char *there;
	int err = baseline_list(options, scenario, &names, &why);

	there = names.n_texts ? words_list((const char *const *)names.texts)
	                      : xstrdup(err ? why.text : "none");
	err = diag_fail(diag, ENOENT,
	                "no baseline %s of %s (%s); there are: %s; a good run with "
	                "--save-baseline %s makes it, or of stored runs: profile-scenario "
	                "baseline save %s",
	                name, scenario, path, there, name, name);
	text_list_fini(&names);
	free(there);
	free(path);
	return err;
}

/* A file that was moved to another scenario's folder would judge that one. */
static int check_place(const struct baseline *baseline, const char *path, const char *scenario,
                       const char *name, struct diag *diag)
{
	if (strcmp(baseline->scenario, scenario) != 0)
		return diag_fail(diag, EINVAL, "%s is a baseline of scenario %s, not of %s", path,
		                 baseline->scenario, scenario);
	if (strcmp(baseline->name, name) != 0)
		return diag_fail(diag, EINVAL,
		                 "%s calls itself %s: rename the file, or the member \"baseline\" "
		                 "in it",
		                 path, baseline->name);
	return 0;
}

/* Reads NAME.json in an open folder. -ENOENT has no sentence. */
static int load_at(int dir, const char *scenario, const char *name, const char *path,
                   struct baseline **baseline, struct diag *diag)
{
	char *file = xasprintf("%s%s", name, SUFFIX), *text = NULL;
	int fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK), err = 0;
	size_t len;

	*baseline = NULL;
	if (fd < 0)
		err = errno == ENOENT
		          ? -ENOENT
		          : diag_fail(diag, errno, "cannot open %s: %s", path,
		                      errno == ELOOP ? "it is a symbolic link" : strerror(errno));
	if (!err) {
		err = whole_file_read(fd, FILE_BYTES_MAX, &text, &len);
		if (err == -EFBIG)
			err = -EINVAL;
		if (err)
			diag_fail(diag, -err, "cannot read %s: %s", path,
			          err == -EINVAL ? "it is no file, or too large" : strerror(-err));
	}
	if (!err)
		err = baseline_read(text, len, path, baseline, diag);
	if (!err)
		err = check_place(*baseline, path, scenario, name, diag);
	if (err) {
		baseline_free(*baseline);
		*baseline = NULL;
	}
	if (fd >= 0)
		close(fd);
	free(text);
	free(file);
	return err;
}

int baseline_load(const struct run_options *options, const char *scenario, const char *name,
                  struct baseline **baseline, struct diag *diag)
{
	char *path = baseline_path(options, scenario, name);
	int err = baseline_check_name(name, diag), dir = -1;

	*baseline = NULL;
	if (!err) {
		dir = open_directory(options, scenario, false, diag);
		err = dir < 0 ? dir : load_at(dir, scenario, name, path, baseline, diag);
		if (err == -ENOENT)
			err = no_such_baseline(options, scenario, name, diag);
	}
	if (dir >= 0)
		close(dir);
	free(path);
	return err;
}

/* "cpu, io" */
static char *types_of(const struct baseline *baseline)
{
	struct text_list types = {0};
	char *text;

	for (size_t i = 0; i < baseline->n_sides; i++)
		text_list_add(&types, baseline->sides[i]->type);
	text = words_list((const char *const *)types.texts);
	text_list_fini(&types);
	return text;
}

int baseline_load_side(const struct run_options *options, const char *scenario, const char *type,
                       const char *name, struct side **side, struct diag *diag)
{
	struct baseline *baseline;
	int err = baseline_load(options, scenario, name, &baseline, diag);

	*side = NULL;
	if (err)
		return err;
	*side = baseline_take(baseline, type);
	if (!*side) {
		char *types = types_of(baseline);

		err = diag_fail(diag, ENOENT,
		                "baseline %s of %s has no type %s, it has %s; add it with: "
		                "profile-scenario baseline save %s %s/%s",
		                name, scenario, type, types, name, scenario, type);
		free(types);
	}
	baseline_free(baseline);
	return err;
}

static int refuse_overwriting(const struct baseline *baseline, const char *const *types,
                              size_t n_types, struct diag *diag)
{
	for (size_t i = 0; i < n_types; i++)
		if (baseline_find(baseline, types[i]))
			return diag_fail(
			    diag, EEXIST,
			    "baseline %s of %s has type %s already and is not overwritten; replace "
			    "it with: profile-scenario baseline bless %s %s/%s",
			    baseline->name, baseline->scenario, types[i], baseline->name,
			    baseline->scenario, types[i]);
	return 0;
}

int baseline_check_save(const struct run_options *options, const char *scenario, const char *name,
                        const char *const *types, size_t n_types, struct diag *diag)
{
	struct diag none;
	struct baseline *baseline;
	int err = baseline_check_name(name, diag);

	if (err)
		return err;
	err = baseline_load(options, scenario, name, &baseline, &none);
	if (err == -ENOENT)
		return 0;
	if (err)
		*diag = none;
	else
		err = refuse_overwriting(baseline, types, n_types, diag);
	baseline_free(baseline);
	return err;
}

/* All of it, on the disk; closes. 0 or an errno. */
static int write_all(int fd, const char *text, size_t len)
{
	size_t done = 0;
	int err = 0;

	while (done < len && !err) {
		ssize_t n = write(fd, text + done, len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			err = errno;
	}
	if (!err && fsync(fd))
		err = errno;
	if (close(fd) && !err)
		err = errno;
	return err;
}

/* Writes a file aside, and gives it its name when it is whole. SIGXFSZ is ignored. */
static int write_aside(int dir, const char *file, const char *text, size_t len, struct diag *diag)
{
	char *temporary = xasprintf(".%s.tmp", file);
	int fd, err = 0;

	/* One that a killed process left: the folder is locked. */
	if (unlinkat(dir, temporary, 0) && errno != ENOENT)
		err = fdpath_fail(diag, errno, "write", dir, file);
	fd = err ? err : fdpath_create(dir, temporary, fdpath_invoking_user(), diag);
	if (fd < 0) {
		free(temporary);
		return fd;
	}
	err = write_all(fd, text, len);
	if (!err && renameat(dir, temporary, dir, file))
		err = errno;
	if (err) {
		unlinkat(dir, temporary, 0);
		err = fdpath_fail(diag, err, "write", dir, file);
	} else {
		fsync(dir);
	}
	free(temporary);
	return err;
}

/* A limit on file sizes is an error like others here; a target that runs later knows nothing of
 * it. */
static int replace_file(int dir, const char *file, const char *text, size_t len, struct diag *diag)
{
	const struct sigaction ignored = {.sa_handler = SIG_IGN};
	struct sigaction before;
	int err;

	sigaction(SIGXFSZ, &ignored, &before);
	err = write_aside(dir, file, text, len, diag);
	sigaction(SIGXFSZ, &before, NULL);
	return err;
}

static int write_at(int dir, const struct baseline *baseline, struct diag *diag)
{
	char *file = xasprintf("%s%s", baseline->name, SUFFIX), *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int err;

	BUG(!out);
	baseline_write(baseline, out);
	fclose(out);
	err = replace_file(dir, file, text, len, diag);
	free(text);
	free(file);
	return err;
}

static void note_change(struct baseline *baseline, const char *const *types, size_t n_types,
                        enum baseline_change change)
{
	time_t now = time(NULL);
	char at[32];
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &utc);
	baseline_note(baseline, at, change == BASELINE_SAVE ? "save" : "bless", types, n_types);
}

/* In the folder, which is locked. Sides that were put in are NULL then. */
static int change_at(int dir, const struct run_options *options, const char *name,
                     struct side **sides, size_t n_sides, enum baseline_change change,
                     struct diag *diag)
{
	char *scenario = xstrdup(sides[0]->scenario);
	char *path = baseline_path(options, scenario, name);
	const char **types = xcalloc(n_sides, sizeof(*types));
	struct baseline *baseline;
	int err = load_at(dir, scenario, name, path, &baseline, diag);

	for (size_t i = 0; i < n_sides; i++)
		types[i] = sides[i]->type;
	if (err == -ENOENT && change == BASELINE_SAVE) {
		baseline = baseline_new(name, scenario);
		err = 0;
	} else if (err == -ENOENT) {
		no_such_baseline(options, scenario, name, diag);
	} else if (!err && change == BASELINE_SAVE) {
		err = refuse_overwriting(baseline, types, n_sides, diag);
	}
	for (size_t i = 0; !err && i < n_sides; i++) {
		baseline_put(baseline, sides[i]);
		sides[i] = NULL;
	}
	if (!err) {
		note_change(baseline, types, n_sides, change);
		err = write_at(dir, baseline, diag);
	}
	baseline_free(baseline);
	free(types);
	free(path);
	free(scenario);
	return err;
}

int baseline_store(const struct run_options *options, const char *name, struct side **sides,
                   size_t n_sides, enum baseline_change change, struct diag *diag)
{
	int err = baseline_check_name(name, diag), dir = -1;

	BUG(!n_sides);
	if (!err) {
		dir = open_directory(options, sides[0]->scenario, change == BASELINE_SAVE, diag);
		err = dir < 0 ? dir : 0;
		if (err == -ENOENT)
			err = no_such_baseline(options, sides[0]->scenario, name, diag);
	}
	if (!err && flock(dir, LOCK_EX))
		err = fdpath_fail(diag, errno, "lock", dir, ".");
	if (!err)
		err = change_at(dir, options, name, sides, n_sides, change, diag);
	if (dir >= 0)
		close(dir);
	for (size_t i = 0; i < n_sides; i++)
		side_free(sides[i]);
	return err;
}

int baseline_remove(const struct run_options *options, const char *scenario, const char *name,
                    struct diag *diag)
{
	char *file = xasprintf("%s%s", name, SUFFIX);
	int err = baseline_check_name(name, diag), dir = -1;

	if (!err) {
		dir = open_directory(options, scenario, false, diag);
		err = dir < 0 ? dir : 0;
	}
	if (!err && unlinkat(dir, file, 0))
		err = errno == ENOENT ? -ENOENT : fdpath_fail(diag, errno, "remove", dir, file);
	if (err == -ENOENT)
		no_such_baseline(options, scenario, name, diag);
	if (dir >= 0)
		close(dir);
	free(file);
	return err;
}
