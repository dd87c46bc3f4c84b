/* Makes sets of runs of what users type. */
#include "core/results/run_set.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/json_scan.h"
#include "core/number_text.h"
#include "core/results/reference.h"
#include "core/results/results.h"
#include "core/results/run_list.h"
#include "core/results/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char baseline[] = "baseline:";

const char *run_set_baseline(const char *operand)
{
	size_t len = sizeof(baseline) - 1;

	return strncmp(operand, baseline, len) ? NULL : operand + len;
}

void run_set_fini(struct run_set *set)
{
	for (size_t i = 0; i < set->n_runs; i++)
		free(set->runs[i].directory);
	free(set->runs);
	*set = (struct run_set){0};
}

static bool has(const struct run_set *set, const struct stat *status)
{
	for (size_t i = 0; i < set->n_runs; i++)
		if (set->runs[i].device == status->st_dev && set->runs[i].inode == status->st_ino)
			return true;
	return false;
}

/* Takes the directory over. A run that was removed meanwhile is left out. */
static void add(struct run_set *set, char *directory, const char *id)
{
	struct run_set_entry *entry;
	struct stat status;

	if (stat(directory, &status) < 0 || has(set, &status)) {
		free(directory);
		return;
	}
	entry = ARRAY_APPEND(set->runs, set->n_runs, set->capacity);
	entry->directory = directory;
	entry->device = status.st_dev;
	entry->inode = status.st_ino;
	if (run_id_is_valid(id))
		strcpy(entry->id, id);
}

/* A path may have any name: the manifest knows the run's. */
static int add_directory(struct run_set *set, const char *operand, char *directory,
                         struct diag *diag)
{
	char *run = results_run_of(directory);
	char *path = xasprintf("%s/run.json", directory);
	json_t *manifest = NULL;
	const char *id;
	int err = 0;

	if (strcmp(run, directory) != 0) {
		err = diag_fail(diag, EINVAL,
		                "%s is one of the processes of a run; a whole run is expected: %s",
		                operand, run);
		free(directory);
	} else {
		manifest = json_load_file(path, 0, NULL);
		id = json_string_value(json_object_get(manifest, "run_id"));
		add(set, directory, id ? id : "");
	}
	json_decref(manifest);
	free(path);
	free(run);
	return err;
}

/* What the manifest says of the run's commit. */
struct origin {
	char commit[COMMIT_MAX_DIGITS + 1]; /* "": none */
	bool is_dirty;
	bool is_usable;
};

static void read_git(struct origin *origin, struct json_scan *scan)
{
	struct json_span name, commit;

	if (!json_scan_object(scan))
		return;
	while (json_scan_member(scan, &name)) {
		if (json_span_is(&name, "dirty"))
			json_scan_bool(scan, &origin->is_dirty);
		else if (!json_span_is(&name, "commit"))
			json_scan_skip(scan);
		else if (json_scan_string(scan, &commit) &&
		         commit.len_bytes < sizeof(origin->commit))
			memcpy(origin->commit, commit.text, commit.len_bytes);
	}
}

/* False: the manifest is damaged. */
static bool read_origin(struct origin *origin, const char *text, size_t len_bytes)
{
	struct json_span name, verdict;
	struct json_scan scan;

	*origin = (struct origin){0};
	json_scan_init(&scan, text, len_bytes);
	if (json_scan_object(&scan))
		while (json_scan_member(&scan, &name)) {
			if (json_span_is(&name, "git"))
				read_git(origin, &scan);
			else if (!json_span_is(&name, "verdict"))
				json_scan_skip(&scan);
			else if (json_scan_string(&scan, &verdict))
				origin->is_usable = !json_span_is(&verdict, "unusable");
		}
	return json_scan_end(&scan);
}

/* A run of the commit, not yet in a set. */
struct candidate {
	size_t run;
	bool is_dirty;
};

/* The runs of one commit among those of a list. */
struct search {
	const struct reference *reference;
	enum run_set_choice choice;
	struct candidate *candidates;
	size_t n_candidates, capacity;
	size_t n_clean;
	char commit[COMMIT_MAX_DIGITS + 1];
	char other[COMMIT_MAX_DIGITS + 1]; /* another one that begins alike, or "" */
};

/* Takes the run when it is of the commit. */
static void look_at(struct search *search, struct run_set *set, const struct run_list *list,
                    size_t run)
{
	struct origin origin;
	struct candidate *candidate;
	size_t len_bytes;
	char *text;
	int err = run_list_manifest(list, run, &text, &len_bytes);

	if (err == -ENOENT)
		return;
	if (err || !read_origin(&origin, text, len_bytes)) {
		set->n_damaged++;
		free(text);
		return;
	}
	free(text);
	if (strncmp(origin.commit, search->reference->commit, strlen(search->reference->commit)) ||
	    (search->reference->is_dirty && !origin.is_dirty))
		return;
	if (search->commit[0] && strcmp(search->commit, origin.commit) != 0)
		strcpy(search->other, origin.commit);
	strcpy(search->commit, origin.commit);
	if (search->choice == RUN_SET_USABLE && !origin.is_usable) {
		set->n_unusable++;
		return;
	}
	search->n_clean += !origin.is_dirty;
	candidate = ARRAY_APPEND(search->candidates, search->n_candidates, search->capacity);
	*candidate = (struct candidate){run, origin.is_dirty};
}

/* Why the set is empty. */
static int fail_empty(const struct search *search, const struct run_set *set,
                      const struct run_list *list, const char *operand, struct diag *diag)
{
	if (search->other[0])
		return diag_fail(diag, EINVAL,
		                 "%s begins more than one commit, %s and %s; write more digits",
		                 operand, search->other, search->commit);
	if (set->n_unusable)
		return diag_fail(diag, ENOENT, "%s has %s, none of them usable", operand,
		                 counted_text_of(set->n_unusable, "run").text);
	return diag_fail(diag, ENOENT,
	                 "no run of %s: of the %s there none is of that commit%s%s; "
	                 "profile-scenario show --json RUN has a run's commit under git",
	                 operand, counted_text_of(list->n_runs, "run").text,
	                 search->reference->is_dirty ? " with a changed checkout" : "",
	                 set->n_damaged ? ", and some have no manifest that can be read" : "");
}

static int add_commit(struct run_set *set, const struct text_list *trees, const char *operand,
                      const struct reference *reference, enum run_set_choice choice,
                      struct diag *diag)
{
	struct search search = {.reference = reference, .choice = choice};
	struct run_list list;
	int err = run_list_read(&list, trees, reference->scenario, reference->type, diag);

	if (err)
		return err;
	for (size_t i = 0; i < list.n_runs; i++)
		look_at(&search, set, &list, i);
	if (search.other[0] || !search.n_candidates)
		err = fail_empty(&search, set, &list, operand, diag);
	for (size_t i = 0; !err && i < search.n_candidates; i++) {
		const struct candidate *candidate = &search.candidates[i];

		if (candidate->is_dirty && search.n_clean)
			continue;
		set->n_dirty += candidate->is_dirty && !reference->is_dirty;
		add(set, run_list_path(&list, candidate->run), list.runs[candidate->run].id);
	}
	free(search.candidates);
	run_list_fini(&list);
	return err;
}

/* One of the words between commas. */
static int add_operand(struct run_set *set, const struct text_list *trees, const char *operand,
                       enum run_set_choice choice, struct diag *diag)
{
	struct reference reference;
	char *directory;
	int err;

	if (reference_read(&reference, operand) && reference.commit) {
		err = add_commit(set, trees, operand, &reference, choice, diag);
	} else if (run_set_baseline(operand)) {
		err = diag_fail(diag, EINVAL, "%s stands alone: it is no part of a set", operand);
	} else {
		err = results_find_in(trees, operand, &directory, diag);
		if (!err)
			err = add_directory(set, operand, directory, diag);
	}
	reference_fini(&reference);
	return err;
}

static int oldest_first(const void *a, const void *b)
{
	const struct run_set_entry *run_a = a, *run_b = b;
	int order;

	if (!*run_a->id || !*run_b->id)
		return !*run_a->id - !*run_b->id;
	order = run_id_compare(run_a->id, run_b->id);
	return order ? order : strcmp(run_a->directory, run_b->directory);
}

/* The manifest of a run directory, NULL: it cannot be read. The caller frees it. */
static char *read_manifest(const char *directory, size_t *len_bytes)
{
	char *path = xasprintf("%s/run.json", directory), *text = NULL;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	*len_bytes = 0;
	if (fd >= 0) {
		whole_file_read(fd, MANIFEST_MAX_BYTES, &text, len_bytes);
		close(fd);
	}
	free(path);
	return text;
}

/* Did somebody copy the one to get the other? Times are in a manifest to the ns. */
static bool are_copies(const struct run_set_entry *a, const struct run_set_entry *b)
{
	size_t len_a, len_b;
	char *text_a, *text_b;
	bool are_alike;

	if (!*a->id || strcmp(a->id, b->id) != 0)
		return false;
	text_a = read_manifest(a->directory, &len_a);
	text_b = read_manifest(b->directory, &len_b);
	are_alike = text_a && text_b && len_a == len_b && !memcmp(text_a, text_b, len_a);
	free(text_a);
	free(text_b);
	return are_alike;
}

/* Of runs in order. */
static void drop_copies(struct run_set *set)
{
	size_t n_kept = 0;

	for (size_t i = 0; i < set->n_runs; i++) {
		size_t other = n_kept;

		while (other > 0 && !strcmp(set->runs[other - 1].id, set->runs[i].id) &&
		       !are_copies(&set->runs[other - 1], &set->runs[i]))
			other--;
		if (other > 0 && *set->runs[i].id &&
		    !strcmp(set->runs[other - 1].id, set->runs[i].id)) {
			free(set->runs[i].directory);
			set->n_copies++;
		} else {
			set->runs[n_kept++] = set->runs[i];
		}
	}
	set->n_runs = n_kept;
}

/* Commas may be in a path: what is there is meant. */
static bool is_path(const char *operand)
{
	char *manifest = xasprintf("%s/run.json", operand);
	struct stat status;
	bool is_there = stat(manifest, &status) == 0;

	free(manifest);
	return is_there;
}

static int add_all(struct run_set *set, const struct text_list *trees, const char *operand,
                   enum run_set_choice choice, struct diag *diag)
{
	char *copy = xstrdup(operand), *rest = copy, *word;
	int err = 0;

	if (is_path(operand))
		err = add_operand(set, trees, operand, choice, diag);
	else
		while (!err && (word = strsep(&rest, ",")))
			err = *word ? add_operand(set, trees, word, choice, diag)
			            : diag_fail(diag, EINVAL,
			                        "a run is expected before and after each comma of "
			                        "'%s'",
			                        operand);
	free(copy);
	return err;
}

int results_find_set(struct run_set *set, const struct text_list *trees, const char *operand,
                     enum run_set_choice choice, struct diag *diag)
{
	int err;

	*set = (struct run_set){0};
	err = add_all(set, trees, operand, choice, diag);
	if (!err && !set->n_runs)
		err = diag_fail(diag, ENOENT, "the runs of %s are gone", operand);
	if (err) {
		run_set_fini(set);
		return err;
	}
	qsort(set->runs, set->n_runs, sizeof(*set->runs), oldest_first);
	drop_copies(set);
	return 0;
}
