/* Walks the runs from the newest back. */
#include "core/results/last_two.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/run_list.h"
#include "core/results/run_parameters.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int fail_manifest(const char *run, int err, struct diag *diag)
{
	if (err == -ENOENT)
		return diag_fail(diag, EINVAL,
		                 "%s has lost its run.json, and could be one of the last two runs; "
		                 "name BASE and NEW, or remove it",
		                 run);
	return diag_fail(diag, EINVAL,
	                 "%s/run.json is cut short or damaged%s%s, and the run could be one of the "
	                 "last two; name BASE and NEW, or remove it",
	                 run, err ? ": " : "", err ? strerror(-err) : "");
}

/* *manifest stays NULL where the run was removed meanwhile. */
static int read_manifest(const struct run_list *list, size_t run, json_t **manifest,
                         struct diag *diag)
{
	char *text, *path = run_list_path(list, run);
	struct stat status;
	size_t len_bytes;
	int err = run_list_manifest(list, run, &text, &len_bytes);
	bool is_gone = err == -ENOENT && lstat(path, &status) < 0;

	*manifest = err ? NULL : json_loadb(text, len_bytes, 0, NULL);
	err = *manifest || is_gone ? 0 : fail_manifest(path, err, diag);
	free(text);
	free(path);
	return err;
}

static bool is_usable(const json_t *manifest)
{
	const char *verdict = json_string_value(json_object_get(manifest, "verdict"));

	return verdict && strcmp(verdict, "unusable") != 0;
}

/* The search; places in the list are its length where there is none. */
struct pair {
	const struct run_list *list;
	size_t new, base;
	json_t *manifest; /* of the new one */
	size_t n_others;  /* with other parameters, between them */
};

/* Another tree may have a copy of the run. */
static void look_at(struct pair *pair, size_t run, json_t *manifest)
{
	const json_t *parameters = json_object_get(pair->manifest, "parameters");

	if (!pair->manifest && is_usable(manifest)) {
		pair->new = run;
		pair->manifest = json_incref(manifest);
	} else if (pair->manifest && !json_equal(pair->manifest, manifest)) {
		if (run_parameters_differ(parameters, json_object_get(manifest, "parameters")))
			pair->n_others++;
		else
			pair->base = run;
	}
}

static int find(struct pair *pair, struct diag *diag)
{
	size_t n_runs = pair->list->n_runs;
	int err = 0;

	for (size_t i = n_runs; !err && i > 0 && pair->base == n_runs; i--) {
		json_t *manifest;

		err = read_manifest(pair->list, i - 1, &manifest, diag);
		if (manifest)
			look_at(pair, i - 1, manifest);
		json_decref(manifest);
	}
	return err;
}

static int fail_alone(const struct pair *pair, const char *scenario, const char *type,
                      struct diag *diag)
{
	char *run;
	int err;

	if (!pair->manifest)
		return diag_fail(diag, ENOENT, "%s/%s has no usable run", scenario, type);
	run = run_list_path(pair->list, pair->new);
	err = diag_fail(diag, ENOENT, "%s/%s has no run before %s%s to compare it with", scenario,
	                type, run, pair->n_others ? " with the same parameters" : "");
	free(run);
	return err;
}

int results_last_two(const struct text_list *trees, const char *scenario, const char *type,
                     char **base, char **new, struct diag *diag)
{
	struct run_list list;
	struct pair pair = {.list = &list};
	int err = run_list_read(&list, trees, scenario, type, diag);

	*base = *new = NULL;
	if (err)
		return err;
	pair.new = pair.base = list.n_runs;
	err = find(&pair, diag);
	if (!err && pair.base == list.n_runs)
		err = fail_alone(&pair, scenario, type, diag);
	if (!err) {
		*base = run_list_path(&list, pair.base);
		*new = run_list_path(&list, pair.new);
	}
	json_decref(pair.manifest);
	run_list_fini(&list);
	return err;
}
