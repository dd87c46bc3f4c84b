/* Finds published runs by the names that users give them. */
#include "core/results/results.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/run_id.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many names a sentence shows before it says that there are more. */
#define NAMES_SHOWN 8

struct names {
	char **names;
	size_t n_names;
	size_t capacity;
};

static void names_fini(struct names *list)
{
	for (size_t i = 0; i < list->n_names; i++)
		free(list->names[i]);
	free(list->names);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int newest_first(const void *a, const void *b)
{
	return run_id_compare(*(char *const *)b, *(char *const *)a);
}

static bool is_directory(int dir, const char *name)
{
	struct stat status;

	return fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

/* The directories below `dir` whose names are of a kind, sorted. An unreadable directory has none.
 */
static void list_directories(struct names *list, int dir, bool (*is_kind)(const char *),
                             int (*order)(const void *, const void *))
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	*list = (struct names){0};
	if (!stream) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(stream))) {
		if (is_kind(entry->d_name) && is_directory(dir, entry->d_name))
			*ARRAY_APPEND(list->names, list->n_names, list->capacity) =
			    xstrdup(entry->d_name);
	}
	closedir(stream);
	qsort(list->names, list->n_names, sizeof(*list->names), order);
}

/* "a, b, c and 4 more", or "nothing". The caller frees it. */
static char *join(const struct names *list)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	BUG(!stream);
	if (!list->n_names)
		fputs("nothing", stream);
	for (size_t i = 0; i < list->n_names && i < NAMES_SHOWN; i++)
		fprintf(stream, "%s%s", i ? ", " : "", list->names[i]);
	if (list->n_names > NAMES_SHOWN)
		fprintf(stream, " and %zu more", list->n_names - NAMES_SHOWN);
	fclose(stream);
	return text;
}

/* Fails with a sentence that names what is there. */
static int fail_with_names(struct diag *diag, const char *wanted, const char *where, int dir,
                           bool (*is_kind)(const char *), int (*order)(const void *, const void *))
{
	struct names list;
	char *there;
	int err;

	list_directories(&list, dir, is_kind, order);
	there = join(&list);
	err = diag_fail(diag, ENOENT, "%s; %s has %s", wanted, where, there);
	free(there);
	names_fini(&list);
	return err;
}

/* A run is whole when its manifest is there: that is written last. */
static bool is_whole(int type_fd, const char *run_id)
{
	int fd = openat(type_fd, run_id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	bool whole;

	if (fd < 0)
		return false;
	whole =
	    fstatat(fd, "run.json", &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
	close(fd);
	return whole;
}

static bool is_usable(int type_fd, const char *run_id)
{
	struct diag ignored;
	int dir = -1, fd = -1;
	json_t *manifest = NULL;
	const char *verdict;
	bool usable;

	if (is_whole(type_fd, run_id))
		dir = fdpath_enter_dir(type_fd, run_id, &ignored);
	if (dir >= 0)
		fd = openat(dir, "run.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		manifest = json_loadfd(fd, 0, NULL);
	verdict = json_string_value(json_object_get(manifest, "verdict"));
	usable = verdict && strcmp(verdict, "unusable") != 0;
	json_decref(manifest);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return usable;
}

/* The run that `latest` names, else (removed by hand, or never set) the newest usable one. NULL:
 * none. The caller frees it. */
static char *find_latest(int type_fd)
{
	char target[RUN_ID_SIZE + 1];
	ssize_t len = readlinkat(type_fd, "latest", target, sizeof(target) - 1);
	struct names ids;
	char *found = NULL;

	target[len < 0 ? 0 : len] = '\0';
	if (run_id_is_valid(target) && is_whole(type_fd, target))
		return xstrdup(target);
	list_directories(&ids, type_fd, run_id_is_valid, newest_first);
	for (size_t i = 0; !found && i < ids.n_names; i++) {
		if (is_usable(type_fd, ids.names[i]))
			found = xstrdup(ids.names[i]);
	}
	names_fini(&ids);
	return found;
}

/* The whole run that is `back` runs older than the latest. */
static char *find_older(int type_fd, unsigned long back)
{
	char *latest = find_latest(type_fd), *found = NULL;
	struct names ids;

	if (!latest || !back)
		return latest;
	list_directories(&ids, type_fd, run_id_is_valid, newest_first);
	for (size_t i = 0; !found && i < ids.n_names; i++) {
		if (run_id_compare(ids.names[i], latest) < 0 && is_whole(type_fd, ids.names[i]) &&
		    --back == 0)
			found = xstrdup(ids.names[i]);
	}
	names_fini(&ids);
	free(latest);
	return found;
}

/* SCENARIO/TYPE, SCENARIO/TYPE~N, SCENARIO/TYPE/RUN_ID */
struct reference {
	char *scenario;
	char *type;
	char *run_id; /* NULL: count from the latest */
	unsigned long back;
};

static void reference_fini(struct reference *reference)
{
	free(reference->scenario);
	free(reference->type);
	free(reference->run_id);
}

static bool read_back(const char *text, unsigned long *back)
{
	size_t digits = strspn(text, "0123456789");

	*back = strtoul(text, NULL, 10);
	return digits && digits < 10 && !text[digits];
}

static bool reference_read(struct reference *reference, const char *text)
{
	const char *slash = strchr(text, '/');
	const char *type = slash ? slash + 1 : "";
	size_t len = strcspn(type, "/~");

	*reference = (struct reference){0};
	if (!slash)
		return false;
	reference->scenario = xstrndup(text, (size_t)(slash - text));
	reference->type = xstrndup(type, len);
	if (type[len] == '/')
		reference->run_id = xstrdup(type + len + 1);
	return results_name_is_valid(reference->scenario) &&
	       results_name_is_valid(reference->type) &&
	       (type[len] != '~' || read_back(type + len + 1, &reference->back)) &&
	       (!reference->run_id || run_id_is_valid(reference->run_id));
}

static int open_scenario(const char *results, const char *scenario, struct diag *diag)
{
	char *wanted = xasprintf("no runs of %s", scenario);
	int root, fd;

	root = open(results, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		fd = diag_fail(diag, errno,
		               "%s: cannot open %s: %s; run it first, or name the directory with "
		               "--results",
		               wanted, results, strerror(errno));
	} else {
		fd = fdpath_enter_dir(root, scenario, diag);
		if (fd == -ENOENT)
			fd = fail_with_names(diag, wanted, results, root, results_name_is_valid,
			                     by_name);
		close(root);
	}
	free(wanted);
	return fd;
}

static int open_type(const char *results, const struct reference *reference, struct diag *diag)
{
	int scenario = open_scenario(results, reference->scenario, diag), fd;
	char *wanted;

	if (scenario < 0)
		return scenario;
	wanted = xasprintf("no %s runs of %s", reference->type, reference->scenario);
	fd = fdpath_enter_dir(scenario, reference->type, diag);
	if (fd == -ENOENT)
		fd = fail_with_names(diag, wanted, reference->scenario, scenario,
		                     results_name_is_valid, by_name);
	free(wanted);
	close(scenario);
	return fd;
}

static char *run_path(const char *results, const char *scenario, const char *type,
                      const char *run_id)
{
	return xasprintf("%.*s/%s/%s/%s", (int)fdpath_trimmed_len(results), results, scenario, type,
	                 run_id);
}

/* ".RUN_ID.tmp", as results.c names what is being written. */
static bool is_unfinished(const char *name)
{
	size_t len = strlen(name);

	return name[0] == '.' && len > strlen(".tmp") &&
	       !strcmp(name + len - strlen(".tmp"), ".tmp");
}

/* Why a run that was made may not be there, or "". The caller frees it. */
static char *describe_unfinished(int type_fd)
{
	struct names list;
	char *text = xstrdup("");

	list_directories(&list, type_fd, is_unfinished, by_name);
	if (list.n_names) {
		free(text);
		text = xasprintf(" (%zu not finished: it still runs, or profile-scenario was "
		                 "killed, and the next run sweeps it away)",
		                 list.n_names);
	}
	names_fini(&list);
	return text;
}

static int find_reference(const char *results, const char *run, const struct reference *reference,
                          char **directory, struct diag *diag)
{
	int type_fd = open_type(results, reference, diag), err = 0;
	char *run_id, *wanted, *unfinished;

	if (type_fd < 0)
		return type_fd;
	if (!reference->run_id)
		run_id = find_older(type_fd, reference->back);
	else
		run_id = is_whole(type_fd, reference->run_id) ? xstrdup(reference->run_id) : NULL;
	if (run_id) {
		*directory = run_path(results, reference->scenario, reference->type, run_id);
	} else {
		unfinished = describe_unfinished(type_fd);
		wanted = xasprintf("no usable run %s in %s%s", run, results, unfinished);
		free(unfinished);
		err = fail_with_names(diag, wanted, reference->type, type_fd, run_id_is_valid,
		                      newest_first);
		free(wanted);
	}
	free(run_id);
	close(type_fd);
	return err;
}

static bool has_manifest(const char *directory)
{
	char *manifest = xasprintf("%s/run.json", directory);
	bool has = access(manifest, F_OK) == 0;

	free(manifest);
	return has;
}

char *results_run_of(const char *directory)
{
	static const char above[] = "/../..", folder[] = "processes";
	size_t len = strlen(directory), folder_len = sizeof(folder) - 1;
	const char *slash = memrchr(directory, '/', len);
	size_t before = slash ? (size_t)(slash - directory) : 0;
	char *run = xasprintf("%s%s", directory, above);

	if (before >= folder_len && !memcmp(slash - folder_len, folder, folder_len) &&
	    (before == folder_len || slash[-(ssize_t)folder_len - 1] == '/') && has_manifest(run))
		return run;
	free(run);
	return xstrdup(directory);
}

/* A path is a run directory with its manifest, or the folder of one of its processes; links in it
 * are the user's. */
static char *find_path(const char *path)
{
	char *directory = xstrndup(path, fdpath_trimmed_len(path));
	char *run = results_run_of(directory);

	if (!has_manifest(run)) {
		free(directory);
		directory = NULL;
	}
	free(run);
	return directory;
}

int results_find(const char *results, const char *run, char **directory, struct diag *diag)
{
	struct reference reference;
	int err;

	if (*run == '@' || strncmp(run, "baseline:", 9) == 0)
		return diag_fail(diag, EINVAL,
		                 "cannot find the run %s: runs by commit or baseline are not built "
		                 "yet; name it SCENARIO/TYPE, SCENARIO/TYPE~N or "
		                 "SCENARIO/TYPE/RUN_ID",
		                 run);
	/* A name wins over a path that looks like it, as in git. */
	if (reference_read(&reference, run)) {
		err = find_reference(results, run, &reference, directory, diag);
		if (err && (*directory = find_path(run)))
			err = 0;
	} else {
		*directory = find_path(run);
		err = *directory ? 0
		                 : diag_fail(diag, EINVAL,
		                             "no run %s: name it SCENARIO/TYPE, SCENARIO/TYPE~N, "
		                             "SCENARIO/TYPE/RUN_ID or by the path of its directory",
		                             run);
	}
	reference_fini(&reference);
	return err;
}

static bool has_runs(int type_fd)
{
	struct names ids;
	bool found = false;

	list_directories(&ids, type_fd, run_id_is_valid, newest_first);
	for (size_t i = 0; !found && i < ids.n_names; i++)
		found = is_whole(type_fd, ids.names[i]);
	names_fini(&ids);
	return found;
}

int results_list_types(const char *results, const char *scenario, struct results_latest **types,
                       size_t *n_types, struct diag *diag)
{
	struct results_latest *found = NULL, *latest;
	size_t n_found = 0, capacity = 0;
	struct names names;
	int scenario_fd = open_scenario(results, scenario, diag), type_fd;

	*types = NULL;
	*n_types = 0;
	if (scenario_fd < 0)
		return scenario_fd == -ENOENT ? 0 : scenario_fd;
	list_directories(&names, scenario_fd, results_name_is_valid, by_name);
	for (size_t i = 0; i < names.n_names; i++) {
		type_fd = fdpath_enter_dir(scenario_fd, names.names[i], diag);
		if (type_fd < 0)
			continue;
		if (has_runs(type_fd)) {
			latest = ARRAY_APPEND(found, n_found, capacity);
			latest->type = xstrdup(names.names[i]);
			latest->run_id = find_latest(type_fd);
			if (latest->run_id)
				latest->directory =
				    run_path(results, scenario, latest->type, latest->run_id);
		}
		close(type_fd);
	}
	names_fini(&names);
	close(scenario_fd);
	*types = found;
	*n_types = n_found;
	return 0;
}

void results_free_types(struct results_latest *types, size_t n_types)
{
	for (size_t i = 0; i < n_types; i++) {
		free(types[i].type);
		free(types[i].run_id);
		free(types[i].directory);
	}
	free(types);
}

/* Takes the scenario's newest run over when it is newer than *newest. */
static void keep_newer(const struct results_latest *types, size_t n_types,
                       struct results_latest *newest)
{
	for (size_t i = 0; i < n_types; i++) {
		if (!types[i].run_id ||
		    (newest->run_id && run_id_compare(types[i].run_id, newest->run_id) <= 0))
			continue;
		free(newest->run_id);
		free(newest->directory);
		newest->run_id = xstrdup(types[i].run_id);
		newest->directory = xstrdup(types[i].directory);
	}
}

int results_find_newest(const char *results, char **directory, struct diag *diag)
{
	struct results_latest newest = {0};
	int root = open(results, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct names scenarios = {0};
	struct diag ignored;

	if (root >= 0) {
		list_directories(&scenarios, root, results_name_is_valid, by_name);
		close(root);
	}
	for (size_t i = 0; i < scenarios.n_names; i++) {
		struct results_latest *types;
		size_t n_types;

		if (results_list_types(results, scenarios.names[i], &types, &n_types, &ignored))
			continue;
		keep_newer(types, n_types, &newest);
		results_free_types(types, n_types);
	}
	names_fini(&scenarios);
	free(newest.run_id);
	*directory = newest.directory;
	return newest.directory
	           ? 0
	           : diag_fail(diag, ENOENT,
	                       "there is no run in %s yet; run something, or name the directory "
	                       "with --results",
	                       results);
}
