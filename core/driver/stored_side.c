/* Reads the runs of one side: the manifests by themselves, the profiles as the verbs do. */
#include "core/driver/stored_side.h"

#include "core/driver/collectors.h"
#include "core/driver/stored_run.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/compare/side.h"
#include "core/compare/side_rows.h"
#include "core/diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A run is whole when its manifest is there and ends as JSON does. NULL with a sentence: it is not.
 */
static json_t *load_manifest(const char *directory, struct diag *diag)
{
	char *path = xasprintf("%s/run.json", directory);
	json_error_t error;
	json_t *manifest = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

	if (!manifest && access(path, F_OK) != 0)
		diag_fail(diag, errno,
		          "cannot open %s: %s; a run without it was cut short and cannot be "
		          "compared",
		          path, strerror(errno));
	else if (!manifest)
		diag_fail(diag, EINVAL, "%s is cut short or damaged, line %d: %s", path, error.line,
		          error.text);
	free(path);
	return manifest;
}

/* The view of a type's profiles, or NULL. */
static const struct side_view *view_of(const struct side *side)
{
	const struct collector *collector = collector_find(side->type);

	return collector ? collector->compared : NULL;
}

static int add_rows(struct side *side, const char *directory, const json_t *manifest,
                    struct diag *diag)
{
	const struct collector *collector = collector_find(side->type);
	const json_t *metrics = json_object_get(manifest, "metrics");
	struct stored_run run;
	int err = stored_run_open_directory(&run, directory, diag);

	if (!err)
		err = stored_run_read(&run, &(struct selection){.end_ns = UINT64_MAX}, diag);
	/* What has no profile, or nothing in it, has no rows. */
	if (err == -ENOENT || err == -ENODATA) {
		err = 0;
	} else if (!err) {
		stored_run_name(&run);
		side_add_profile(side, run.profile, view_of(side),
		                 collector->merges_repeats ? side_repeats_of(metrics) : 1);
	}
	stored_run_fini(&run);
	return err;
}

static int add_run(struct side *side, const char *directory, const json_t *manifest, bool with_rows,
                   struct diag *diag)
{
	int err = side_add_manifest(side, manifest, directory, diag);

	return !err && with_rows && view_of(side) ? add_rows(side, directory, manifest, diag) : err;
}

int stored_side_read(char *const *directories, size_t n_directories, bool with_rows,
                     struct side **side, struct diag *diag)
{
	struct side *made = side_new();
	int err = 0;

	for (size_t i = 0; !err && i < n_directories; i++) {
		json_t *manifest = load_manifest(directories[i], diag);

		err = manifest ? add_run(made, directories[i], manifest, with_rows, diag) : -EINVAL;
		json_decref(manifest);
	}
	if (!err)
		err = side_finish(made, diag);
	if (err)
		side_free(made);
	*side = err ? NULL : made;
	return err;
}

struct side_list {
	struct side **sides;
	size_t n_sides;
	size_t capacity;
};

/* The side that such a run belongs to, made when it is new. */
static struct side *side_for(struct side_list *list, const json_t *manifest)
{
	const char *scenario = json_string_value(json_object_get(manifest, "scenario"));
	const char *type = json_string_value(json_object_get(manifest, "type"));

	for (size_t i = 0; i < list->n_sides; i++)
		if (scenario && type && !strcmp(list->sides[i]->scenario, scenario) &&
		    !strcmp(list->sides[i]->type, type))
			return list->sides[i];
	return *ARRAY_APPEND(list->sides, list->n_sides, list->capacity) = side_new();
}

int stored_sides_read(char *const *directories, size_t n_directories, bool with_rows,
                      struct side ***sides, size_t *n_sides, struct diag *diag)
{
	struct side_list list = {0};
	int err = 0;

	for (size_t i = 0; !err && i < n_directories; i++) {
		json_t *manifest = load_manifest(directories[i], diag);

		err = manifest ? add_run(side_for(&list, manifest), directories[i], manifest,
		                         with_rows, diag)
		               : -EINVAL;
		json_decref(manifest);
	}
	for (size_t i = 0; !err && i < list.n_sides; i++)
		err = side_finish(list.sides[i], diag);
	for (size_t i = 0; err && i < list.n_sides; i++)
		side_free(list.sides[i]);
	if (err) {
		free(list.sides);
		list = (struct side_list){0};
	}
	*sides = list.sides;
	*n_sides = list.n_sides;
	return err;
}
