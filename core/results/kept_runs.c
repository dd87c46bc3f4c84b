/* Reads which runs baselines are made of. */
#include "core/results/remove.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/json_scan.h"
#include "core/results/names.h"
#include "core/results/results.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char suffix[] = ".json";

/* What a baseline file says of its runs, in the order of the file. */
struct reading {
	struct kept_runs *kept;
	size_t first; /* of those that are of this file */
	const char *baseline;
	char *scenario; /* NULL: it has not said */
};

/* [{"run_id": ...}, ...] */
static void read_runs(struct reading *reading, const char *type, struct json_scan *scan)
{
	struct json_span name, id;

	if (!json_scan_array(scan))
		return;
	while (json_scan_item(scan)) {
		if (!json_scan_object(scan))
			continue;
		while (json_scan_member(scan, &name)) {
			struct kept_runs *kept = reading->kept;
			struct kept_run *run;

			if (!json_span_is(&name, "run_id")) {
				json_scan_skip(scan);
			} else if (json_scan_string(scan, &id)) {
				run = ARRAY_APPEND(kept->runs, kept->n_runs, kept->capacity);
				run->type = xstrdup(type);
				run->run_id = json_span_copy(&id);
				run->baseline = xstrdup(reading->baseline);
			}
		}
	}
}

/* {"cpu": {"runs": [...], ...}, ...} */
static void read_types(struct reading *reading, struct json_scan *scan)
{
	struct json_span type_name, name;

	if (!json_scan_object(scan))
		return;
	while (json_scan_member(scan, &type_name)) {
		char *type = json_span_copy(&type_name);

		if (json_scan_object(scan))
			while (json_scan_member(scan, &name)) {
				if (json_span_is(&name, "runs"))
					read_runs(reading, type, scan);
				else
					json_scan_skip(scan);
			}
		free(type);
	}
}

/* False: it is no JSON. */
static bool read_text(struct reading *reading, const char *text, size_t len_bytes)
{
	struct json_span name, scenario;
	struct json_scan scan;

	json_scan_init(&scan, text, len_bytes);
	if (json_scan_object(&scan))
		while (json_scan_member(&scan, &name)) {
			if (json_span_is(&name, "types")) {
				read_types(reading, &scan);
			} else if (!json_span_is(&name, "scenario")) {
				json_scan_skip(&scan);
			} else if (json_scan_string(&scan, &scenario)) {
				free(reading->scenario);
				reading->scenario = json_span_copy(&scenario);
			}
		}
	for (size_t i = reading->first; i < reading->kept->n_runs; i++)
		reading->kept->runs[i].scenario = xstrdup(reading->scenario);
	return json_scan_end(&scan) && reading->kept->n_runs > reading->first;
}

static char *read_file(const char *path, size_t *len_bytes)
{
	FILE *in = fopen(path, "re"), *out;
	char block[1 << 16], *text = NULL;
	size_t n;
	bool is_whole;

	if (!in)
		return NULL;
	out = open_memstream(&text, len_bytes);
	BUG(!out);
	while ((n = fread(block, 1, sizeof(block), in)) > 0)
		fwrite(block, 1, n, out);
	is_whole = !ferror(in);
	fclose(in);
	fclose(out);
	if (!is_whole) {
		free(text);
		text = NULL;
	}
	return text;
}

static int read_baseline(struct kept_runs *kept, const char *path, const char *file_name,
                         struct diag *diag)
{
	char *name = xstrndup(file_name, strlen(file_name) - strlen(suffix));
	struct reading reading = {.kept = kept, .first = kept->n_runs, .baseline = name};
	size_t len_bytes;
	char *text = read_file(path, &len_bytes);
	int err = 0;

	if (!text || !read_text(&reading, text, len_bytes))
		err = diag_fail(diag, EINVAL,
		                "cannot read the baseline %s: its runs are not known, so none is "
		                "removed; mend it or move it away",
		                path);
	free(text);
	free(reading.scenario);
	free(name);
	return err;
}

static bool is_baseline(const char *name)
{
	size_t len = strlen(name);

	return *name != '.' && len > strlen(suffix) && !strcmp(name + len - strlen(suffix), suffix);
}

static int read_directory(struct kept_runs *kept, const char *directory, bool goes_down,
                          struct diag *diag)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	int err = 0;

	if (!list && errno != ENOENT && errno != ENOTDIR)
		return diag_fail(diag, errno, "cannot read the baselines in %s: %s", directory,
		                 strerror(errno));
	while (list && !err && (entry = readdir(list))) {
		char *path = xasprintf("%s/%s", directory, entry->d_name);
		struct stat status;

		if (is_baseline(entry->d_name))
			err = read_baseline(kept, path, entry->d_name, diag);
		else if (goes_down && *entry->d_name != '.' && stat(path, &status) == 0 &&
		         S_ISDIR(status.st_mode))
			err = read_directory(kept, path, false, diag);
		free(path);
	}
	if (list)
		closedir(list);
	return err;
}

int kept_runs_read(struct kept_runs *kept, const char *directory, struct diag *diag)
{
	return read_directory(kept, directory, true, diag);
}

static int read_scenario(struct kept_runs *kept, const char *results, const char *scenario,
                         struct diag *diag)
{
	char *path = xasprintf("%s/%s/baselines", results, scenario);
	int err = read_directory(kept, path, false, diag);

	free(path);
	return err;
}

int kept_runs_read_tree(struct kept_runs *kept, const char *results, const char *scenario,
                        struct diag *diag)
{
	DIR *list = scenario ? NULL : opendir(results);
	struct dirent *entry;
	int err = scenario ? read_scenario(kept, results, scenario, diag) : 0;

	while (list && !err && (entry = readdir(list)))
		if (results_name_is_valid(entry->d_name))
			err = read_scenario(kept, results, entry->d_name, diag);
	if (list)
		closedir(list);
	return err;
}

const char *kept_runs_find(const struct kept_runs *kept, const struct run_key *run)
{
	for (size_t i = 0; i < kept->n_runs; i++) {
		const struct kept_run *is_kept = &kept->runs[i];

		if (!strcmp(is_kept->run_id, run->id) && !strcmp(is_kept->type, run->type) &&
		    (!is_kept->scenario || !strcmp(is_kept->scenario, run->scenario)))
			return is_kept->baseline;
	}
	return NULL;
}

void kept_runs_fini(struct kept_runs *kept)
{
	for (size_t i = 0; i < kept->n_runs; i++) {
		free(kept->runs[i].scenario);
		free(kept->runs[i].type);
		free(kept->runs[i].run_id);
		free(kept->runs[i].baseline);
	}
	free(kept->runs);
	*kept = (struct kept_runs){0};
}
