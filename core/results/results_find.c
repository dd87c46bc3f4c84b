/* Finds published runs by the names that users give them. */
#include "core/results/results.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/names.h"
#include "core/results/open_type.h"
#include "core/results/reference.h"
#include "core/results/run_id.h"
#include "core/results/run_list.h"
#include "core/results/run_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

	names_list(&list, type_fd, is_unfinished, names_by_name);
	if (list.n_names) {
		free(text);
		text = xasprintf(" (%zu not finished: it still runs, or profile-scenario was "
		                 "killed, and the next run sweeps it away)",
		                 list.n_names);
	}
	names_fini(&list);
	return text;
}

/* The newest of the folders' latest runs. False: none has one. */
static bool find_latest(const struct run_list *list, char latest[RUN_ID_SIZE])
{
	latest[0] = '\0';
	for (size_t i = 0; i < list->n_folders; i++) {
		char *id = run_find_latest(list->folders[i].dir);

		if (id && (!latest[0] || run_id_compare(id, latest) > 0))
			snprintf(latest, RUN_ID_SIZE, "%s", id);
		free(id);
	}
	return latest[0];
}

static bool is_whole(const struct run_list *list, size_t run)
{
	return run_is_whole(list->folders[list->runs[run].folder].dir, list->runs[run].id);
}

/* The place in the list of the run that is meant; its length: there is none. */
static size_t choose(const struct run_list *list, const struct reference *reference)
{
	char latest[RUN_ID_SIZE];
	unsigned long back = reference->back;

	if (reference->run_id) {
		for (size_t i = 0; i < list->n_runs; i++)
			if (!strcmp(list->runs[i].id, reference->run_id) && is_whole(list, i))
				return i;
		return list->n_runs;
	}
	if (!find_latest(list, latest))
		return list->n_runs;
	for (size_t i = list->n_runs; i > 0; i--) {
		int order = run_id_compare(list->runs[i - 1].id, latest);

		if (order <= 0 && is_whole(list, i - 1) && back-- == 0)
			return i - 1;
	}
	return list->n_runs;
}

static int fail_with_runs(const struct run_list *list, const struct text_list *trees,
                          const char *run, const struct reference *reference, struct diag *diag)
{
	const struct run_folder *folder = &list->folders[0];
	char *unfinished = describe_unfinished(folder->dir);
	char *wanted =
	    xasprintf("no usable run %s in %s%s", run, trees->texts[folder->tree], unfinished);
	int err = names_fail(diag, wanted, reference->type, folder->dir, run_id_is_valid,
	                     names_newest_first);

	free(unfinished);
	free(wanted);
	return err;
}

static int find_reference(const struct text_list *trees, const char *run,
                          const struct reference *reference, char **directory, struct diag *diag)
{
	struct run_list list;
	int err = run_list_read(&list, trees, reference->scenario, reference->type, diag);
	size_t chosen;

	if (err)
		return err;
	chosen = choose(&list, reference);
	if (chosen < list.n_runs)
		*directory = run_list_path(&list, chosen);
	else
		err = fail_with_runs(&list, trees, run, reference, diag);
	run_list_fini(&list);
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

/* The one run of a commit; several are too many. */
static int find_one_of(const struct text_list *trees, const char *run, char **directory,
                       struct diag *diag)
{
	struct run_set set;
	int err = results_find_set(&set, trees, run, RUN_SET_ALL, diag);

	if (!err && set.n_runs == 1)
		*directory = xstrdup(set.runs[0].directory);
	else if (!err)
		err = diag_fail(diag, EINVAL, "%s is %zu runs, from %s to %s; name one of them",
		                run, set.n_runs, set.runs[0].directory,
		                set.runs[set.n_runs - 1].directory);
	run_set_fini(&set);
	return err;
}

static int find_in_trees(const struct text_list *trees, const char *run,
                         const struct reference *reference, char **directory, struct diag *diag)
{
	return reference->commit ? find_one_of(trees, run, directory, diag)
	                         : find_reference(trees, run, reference, directory, diag);
}

int results_find_in(const struct text_list *trees, const char *run, char **directory,
                    struct diag *diag)
{
	struct reference reference;
	int err;

	/* A name wins over a path that looks like it, as in git. */
	if (reference_read(&reference, run)) {
		err = find_in_trees(trees, run, &reference, directory, diag);
		if (err && (*directory = find_path(run)))
			err = 0;
	} else {
		*directory = find_path(run);
		err = *directory
		          ? 0
		          : diag_fail(diag, EINVAL,
		                      "no run %s: name it SCENARIO/TYPE, SCENARIO/TYPE~N, "
		                      "SCENARIO/TYPE/RUN_ID, @COMMIT (7 digits or more) or by the "
		                      "path of its directory",
		                      run);
	}
	reference_fini(&reference);
	return err;
}

int results_find(const char *results, const char *run, char **directory, struct diag *diag)
{
	struct text_list trees = {0};
	int err;

	if (run_set_baseline(run))
		return diag_fail(diag, EINVAL,
		                 "%s is a set of runs; name one: SCENARIO/TYPE, SCENARIO/TYPE~N or "
		                 "SCENARIO/TYPE/RUN_ID",
		                 run);
	text_list_add(&trees, results);
	err = results_find_in(&trees, run, directory, diag);
	text_list_fini(&trees);
	return err;
}

static bool has_runs(int type_fd)
{
	struct names ids;
	bool found = false;

	names_list(&ids, type_fd, run_id_is_valid, names_newest_first);
	for (size_t i = 0; !found && i < ids.n_names; i++)
		found = run_is_whole(type_fd, ids.names[i]);
	names_fini(&ids);
	return found;
}

int results_list_types(const char *results, const char *scenario, struct results_latest **types,
                       size_t *n_types, struct diag *diag)
{
	struct results_latest *found = NULL, *latest;
	size_t n_found = 0, capacity = 0;
	struct names names;
	int scenario_fd = results_open_scenario(results, scenario, diag), type_fd, err;

	*types = NULL;
	*n_types = 0;
	if (scenario_fd < 0)
		return scenario_fd == -ENOENT ? 0 : scenario_fd;
	err = names_list(&names, scenario_fd, results_name_is_valid, names_by_name);
	if (err)
		fdpath_fail(diag, -err, "read", scenario_fd, ".");
	for (size_t i = 0; i < names.n_names; i++) {
		struct diag why;

		type_fd = fdpath_enter_dir(scenario_fd, names.names[i], &why);
		if (type_fd < 0 && type_fd != -ENOENT && !err) {
			err = type_fd;
			*diag = why;
		}
		if (type_fd < 0)
			continue;
		if (has_runs(type_fd)) {
			latest = ARRAY_APPEND(found, n_found, capacity);
			latest->type = xstrdup(names.names[i]);
			latest->run_id = run_find_latest(type_fd);
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
	return err;
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
		names_list(&scenarios, root, results_name_is_valid, names_by_name);
		close(root);
	}
	for (size_t i = 0; i < scenarios.n_names; i++) {
		struct results_latest *types;
		size_t n_types;

		/* The newest of those that can be read. */
		results_list_types(results, scenarios.names[i], &types, &n_types, &ignored);
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
