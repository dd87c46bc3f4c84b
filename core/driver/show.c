/* The verb show: a stored run's summary, or its manifest. */
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/request.h"
#include "core/driver/summary.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/results.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA = 1 };

static json_t *read_manifest(const char *directory, struct diag *diag)
{
	char *path = xasprintf("%s/run.json", directory);
	json_error_t error;
	json_t *manifest = json_load_file(path, 0, &error);

	if (!manifest)
		diag_fail(diag, EINVAL, "cannot read %s: %s", path, error.text);
	else if (json_integer_value(json_object_get(manifest, "schema")) != SCHEMA) {
		diag_fail(diag, EINVAL,
		          "%s is of another schema than %d; show it with the version that wrote it",
		          path, SCHEMA);
		json_decref(manifest);
		manifest = NULL;
	}
	free(path);
	return manifest;
}

static int write_json(json_t *manifest, const char *file, struct diag *diag)
{
	FILE *out = *file ? fopen(file, "we") : stdout;
	int err = 0;

	if (!out)
		return diag_fail(diag, errno, "cannot write %s: %s", file, strerror(errno));
	json_dumpf(manifest, out, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	fputc('\n', out);
	if (out == stdout ? fflush(out) : fclose(out))
		err = diag_fail(diag, errno, "cannot write %s: %s", *file ? file : "to stdout",
		                strerror(errno));
	return err;
}

static int show_run(const struct command_line *line, const char *results, struct diag *diag)
{
	char *directory = NULL;
	json_t *manifest = NULL;
	int err = results_find(results, line->words[0], &directory, diag);

	if (!err && !(manifest = read_manifest(directory, diag)))
		err = -EINVAL;
	if (!err && line->common->json) {
		err = write_json(manifest, line->common->json, diag);
	} else if (!err) {
		summary_print(manifest, directory, SUMMARY_LINES, stdout);
		if (fflush(stdout))
			err = diag_fail(diag, errno, "cannot write to stdout: %s", strerror(errno));
	}
	json_decref(manifest);
	free(directory);
	return err;
}

int show_verb(const struct command_line *line, struct diag *diag)
{
	char *results = request_results_dir(line->common);
	int err;

	if (line->n_words == 1)
		err = show_run(line, results, diag);
	else
		err = diag_fail(
		    diag, EINVAL,
		    "show takes one run, such as syn-1k/cpu; profile-scenario list shows them");
	free(results);
	return err ? STATUS_OWN_FAILURE : STATUS_WELL;
}
