/* Lists the runs of results trees and reads their manifests. */
#include "core/results/run_list.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/names.h"
#include "core/results/open_type.h"
#include "core/results/results.h"
#include "core/results/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_folder(const struct run_list *list, const struct stat *status)
{
	for (size_t i = 0; i < list->n_folders; i++)
		if (list->folders[i].device == status->st_dev &&
		    list->folders[i].inode == status->st_ino)
			return true;
	return false;
}

/* A list that is being read. */
struct listing {
	struct run_list *list;
	size_t tree;
	const char *results; /* its path */
	struct text_list *unreadable;
};

static int fail_unreadable(const char *path, int err, struct diag *diag)
{
	return diag_fail(diag, -err, "cannot read %s: %s", path, strerror(-err));
}

/* Notes what is passed over. What was removed meanwhile is no loss. */
static void pass_over(struct listing *listing, int err, const struct diag *why)
{
	if (err < 0 && err != -ENOENT)
		text_list_add(listing->unreadable, why->text);
}

/* Takes the handle over. */
static int add_folder(struct listing *listing, const char *scenario, const char *type, int dir,
                      struct diag *diag)
{
	struct run_list *list = listing->list;
	struct run_folder *folder;
	struct stat status;
	struct names ids;
	char *path;
	int err;

	if (fstat(dir, &status) < 0 || has_folder(list, &status)) {
		close(dir);
		return 0;
	}
	path = xasprintf("%.*s/%s/%s", (int)fdpath_trimmed_len(listing->results), listing->results,
	                 scenario, type);
	err = names_list(&ids, dir, run_id_is_valid, names_newest_first);
	if (err) {
		fail_unreadable(path, err, diag);
		free(path);
		close(dir);
		return err;
	}
	folder = ARRAY_APPEND(list->folders, list->n_folders, list->folders_capacity);
	*folder = (struct run_folder){
	    .tree = listing->tree,
	    .path = path,
	    .scenario = xstrdup(scenario),
	    .type = xstrdup(type),
	    .dir = dir,
	    .device = status.st_dev,
	    .inode = status.st_ino,
	};
	for (size_t i = 0; i < ids.n_names; i++) {
		struct run_row *run = ARRAY_APPEND(list->runs, list->n_runs, list->runs_capacity);

		run->folder = list->n_folders - 1;
		strcpy(run->id, ids.names[i]);
	}
	names_fini(&ids);
	return 0;
}

static int add_type(struct listing *listing, const char *scenario, const char *type,
                    struct diag *diag)
{
	int dir = results_open_type(listing->results, scenario, type, diag);

	return dir < 0 ? dir : add_folder(listing, scenario, type, dir, diag);
}

/* All types of the scenario, or one. */
static int add_scenario(struct listing *listing, const char *scenario, const char *type,
                        struct diag *diag)
{
	struct names types;
	int scenario_dir, err;

	if (type)
		return add_type(listing, scenario, type, diag);
	scenario_dir = results_open_scenario(listing->results, scenario, diag);
	if (scenario_dir < 0)
		return scenario_dir;
	err = names_list(&types, scenario_dir, results_name_is_valid, names_by_name);
	if (err)
		fail_unreadable(scenario, err, diag);
	for (size_t i = 0; i < types.n_names; i++) {
		struct diag why;
		int dir, lost;

		if (!strcmp(types.names[i], RESULTS_GROWTH))
			continue;
		dir = fdpath_enter_dir(scenario_dir, types.names[i], &why);
		lost =
		    dir < 0 ? dir : add_folder(listing, scenario, types.names[i], dir, &why);
		pass_over(listing, lost, &why);
	}
	names_fini(&types);
	close(scenario_dir);
	return err;
}

static int add_tree(struct listing *listing, const char *scenario, const char *type,
                    struct diag *diag)
{
	struct names scenarios;
	int root, err;

	if (scenario)
		return add_scenario(listing, scenario, type, diag);
	root = results_open_tree(listing->results, "no runs", diag);
	if (root < 0)
		return root;
	err = names_list(&scenarios, root, results_name_is_valid, names_by_name);
	if (err)
		fail_unreadable(listing->results, err, diag);
	for (size_t i = 0; i < scenarios.n_names; i++) {
		struct diag why;

		/* One without the type has no runs of it. */
		pass_over(listing, add_scenario(listing, scenarios.names[i], type, &why), &why);
	}
	names_fini(&scenarios);
	close(root);
	return err;
}

static int oldest_first(const void *a, const void *b)
{
	const struct run_row *run_a = a, *run_b = b;
	int order = run_id_compare(run_a->id, run_b->id);

	return order ? order : (run_a->folder > run_b->folder) - (run_a->folder < run_b->folder);
}

int run_list_read_rest(struct run_list *list, const struct text_list *trees, const char *scenario,
                       const char *type, struct text_list *unreadable, struct diag *diag)
{
	struct diag why = {0};
	size_t n_without = 0;
	int err = 0;

	*list = (struct run_list){0};
	for (size_t i = 0; !err && i < trees->n_texts; i++) {
		struct listing listing = {list, i, trees->texts[i], unreadable};
		int root = results_open_tree(trees->texts[i], "no runs", diag);

		if (root < 0) {
			err = root;
			break;
		}
		close(root);
		err = add_tree(&listing, scenario, type, &why);
		n_without += err == -ENOENT;
		if (err == -ENOENT && n_without < trees->n_texts)
			err = 0;
		else if (err)
			*diag = why;
	}
	if (err) {
		run_list_fini(list);
		return err;
	}
	if (list->n_runs)
		qsort(list->runs, list->n_runs, sizeof(*list->runs), oldest_first);
	return 0;
}

int run_list_read(struct run_list *list, const struct text_list *trees, const char *scenario,
                  const char *type, struct diag *diag)
{
	struct text_list unreadable = {0};
	int err = run_list_read_rest(list, trees, scenario, type, &unreadable, diag);

	if (!err && unreadable.n_texts) {
		err = diag_fail(diag, EACCES, "%s", unreadable.texts[0]);
		run_list_fini(list);
	}
	text_list_fini(&unreadable);
	return err;
}

void run_list_fini(struct run_list *list)
{
	for (size_t i = 0; i < list->n_folders; i++) {
		close(list->folders[i].dir);
		free(list->folders[i].path);
		free(list->folders[i].scenario);
		free(list->folders[i].type);
	}
	free(list->folders);
	free(list->runs);
	*list = (struct run_list){0};
}

char *run_list_path(const struct run_list *list, size_t run)
{
	return xasprintf("%s/%s", list->folders[list->runs[run].folder].path, list->runs[run].id);
}

static int open_manifest(const struct run_list *list, size_t run)
{
	int dir = openat(list->folders[list->runs[run].folder].dir, list->runs[run].id,
	                 O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd, err;

	if (dir < 0)
		return -errno;
	/* Not to wait for the writer of a pipe that somebody put there. */
	fd = openat(dir, "run.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	err = fd < 0 ? -errno : 0;
	close(dir);
	return err ? err : fd;
}

int run_list_manifest(const struct run_list *list, size_t run, char **text, size_t *len_bytes)
{
	int fd = open_manifest(list, run), err;

	*text = NULL;
	*len_bytes = 0;
	if (fd < 0)
		return fd;
	err = whole_file_read(fd, MANIFEST_MAX_BYTES, text, len_bytes);
	close(fd);
	return err;
}
