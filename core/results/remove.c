/* Removes runs, each in one step. */
#include "core/results/remove.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/names.h"
#include "core/results/results.h"
#include "core/results/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

void run_keys_add(struct run_keys *keys, const char *scenario, const char *type, const char *id)
{
	struct run_key *key = ARRAY_APPEND(keys->runs, keys->n_runs, keys->capacity);

	key->scenario = xstrdup(scenario);
	key->type = xstrdup(type);
	snprintf(key->id, sizeof(key->id), "%s", id);
}

static int by_place_and_time(const void *a, const void *b)
{
	const struct run_key *key_a = a, *key_b = b;
	int order = strcmp(key_a->scenario, key_b->scenario);

	if (!order)
		order = strcmp(key_a->type, key_b->type);
	return order ? order : run_id_compare(key_a->id, key_b->id);
}

void run_keys_sort(struct run_keys *keys)
{
	size_t n_kept = 0;

	if (keys->n_runs)
		qsort(keys->runs, keys->n_runs, sizeof(*keys->runs), by_place_and_time);
	for (size_t i = 0; i < keys->n_runs; i++) {
		if (n_kept && !by_place_and_time(&keys->runs[n_kept - 1], &keys->runs[i])) {
			free(keys->runs[i].scenario);
			free(keys->runs[i].type);
		} else {
			keys->runs[n_kept++] = keys->runs[i];
		}
	}
	keys->n_runs = n_kept;
}

void run_keys_fini(struct run_keys *keys)
{
	for (size_t i = 0; i < keys->n_runs; i++) {
		free(keys->runs[i].scenario);
		free(keys->runs[i].type);
	}
	free(keys->runs);
	*keys = (struct run_keys){0};
}

/* Cuts the last part off a path and returns it; NULL: there is none. */
static char *cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return NULL;
	*slash = '\0';
	return slash + 1;
}

int run_keys_add_directory(struct run_keys *keys, const char *results, const char *directory,
                           struct diag *diag)
{
	char *tree = realpath(results, NULL), *path = realpath(directory, NULL);
	char *id = path ? cut_last(path) : NULL;
	char *type = id ? cut_last(path) : NULL;
	char *scenario = type ? cut_last(path) : NULL;
	int err = 0;

	if (scenario && tree && !strcmp(tree, path) && run_id_is_valid(id) &&
	    results_name_is_valid(type) && results_name_is_valid(scenario))
		run_keys_add(keys, scenario, type, id);
	else
		err = diag_fail(diag, EINVAL,
		                "%s is not a run of the results tree %s; name its tree with "
		                "--results",
		                directory, results);
	free(tree);
	free(path);
	return err;
}

/* Lets `latest` lead elsewhere, when it leads to the run. */
static int leave_latest(int type_dir, const char *id, struct diag *diag)
{
	char target[RUN_ID_SIZE + 1];
	ssize_t len = readlinkat(type_dir, "latest", target, sizeof(target) - 1);
	struct names ids;
	const char *next = NULL;
	int err = 0;

	target[len < 0 ? 0 : len] = '\0';
	if (strcmp(target, id) != 0)
		return 0;
	names_list(&ids, type_dir, run_id_is_valid, names_newest_first);
	for (size_t i = 0; !next && i < ids.n_names; i++)
		if (strcmp(ids.names[i], id) != 0 && (run_is_usable(type_dir, ids.names[i]) ||
		                                      report_is_whole(type_dir, ids.names[i])))
			next = ids.names[i];
	if (next)
		err = fdpath_replace_link(type_dir, "latest", next, fdpath_invoking_user(), diag);
	else if (unlinkat(type_dir, "latest", 0) < 0)
		err = fdpath_fail(diag, errno, "remove", type_dir, "latest");
	names_fini(&ids);
	return err;
}

/* Makes the run a leftover that nobody finds. */
static int hide(int type_dir, const char *id, const char *hidden, struct diag *diag)
{
	int err = leave_latest(type_dir, id, diag);

	if (err)
		return err;
	err = fdpath_rename_new(type_dir, id, hidden);
	return err ? fdpath_fail(diag, -err, "remove", type_dir, id) : 0;
}

static int remove_run(int type_dir, const struct run_key *key, struct diag *diag)
{
	char hidden[RUN_ID_SIZE + sizeof("..tmp")];
	int err, dir;
	bool taken;

	snprintf(hidden, sizeof(hidden), ".%s.tmp", key->id);
	err = turn_take(type_dir, key->scenario, key->type, &taken, diag);
	if (err)
		return err;
	dir = fdpath_enter_dir(type_dir, key->id, diag);
	if (dir < 0) {
		turn_leave(type_dir);
		return dir;
	}
	/* As long as it is held nobody sweeps what we remove. */
	flock(dir, LOCK_EX | LOCK_NB);
	err = hide(type_dir, key->id, hidden, diag);
	turn_leave(type_dir);
	if (!err)
		err = fdpath_remove_tree(type_dir, hidden, diag);
	close(dir);
	return err;
}

/* Where the keys of a scenario and a type lie, else -errno. */
static int enter_place(int root, const struct run_key *key, struct diag *diag)
{
	int scenario_dir = fdpath_enter_dir(root, key->scenario, diag), dir;

	if (scenario_dir < 0 || !strcmp(key->type, RUN_KEY_NO_TYPE))
		return scenario_dir;
	dir = fdpath_enter_dir(scenario_dir, key->type, diag);
	close(scenario_dir);
	return dir;
}

/* The runs from `first` that are of one scenario and type: *next is behind the last. */
static int remove_of_type(int root, const struct run_keys *keys, size_t first, size_t *next,
                          size_t *n_removed, struct diag *diag)
{
	const struct run_key *key = &keys->runs[first];
	int type_dir = enter_place(root, key, diag);
	int err = type_dir < 0 ? type_dir : 0;
	size_t i = first;

	for (; i < keys->n_runs && !strcmp(keys->runs[i].scenario, key->scenario) &&
	       !strcmp(keys->runs[i].type, key->type);
	     i++) {
		if (err)
			continue;
		err = remove_run(type_dir, &keys->runs[i], diag);
		*n_removed += !err;
		if (err == -ENOENT)
			err = 0;
	}
	*next = i;
	if (type_dir >= 0)
		close(type_dir);
	if (err == -ENOENT)
		err = 0;
	turn_remove_empty(root, key->scenario, key->type);
	return err;
}

int results_remove(const char *results, const struct run_keys *keys, size_t *n_removed,
                   struct diag *diag)
{
	int root = open(results, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

	*n_removed = 0;
	if (root < 0)
		return diag_fail(diag, errno, "cannot open %s: %s", results, strerror(errno));
	for (size_t i = 0; !err && i < keys->n_runs;)
		err = remove_of_type(root, keys, i, &i, n_removed, diag);
	close(root);
	return err;
}
