/* The verb export: a stored run in another format. */
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/export_options.h"
#include "core/driver/output.h"
#include "core/driver/stored_process.h"
#include "core/driver/stored_run.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/exporter.h"
#include "core/options.h"
#include "core/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int find_format(const struct exporter **exporter, const char *format, struct diag *diag)
{
	struct text_list names = {0};
	char *joined;
	const char *near = NULL;
	int err = 0;

	*exporter = format ? exporter_find(format) : NULL;
	if (*exporter)
		return 0;
	for (size_t i = 0; exporters[i]; i++)
		text_list_add(&names, exporters[i]->name);
	joined = words_list((const char *const *)names.texts);
	if (format)
		near = nearest_word(format, (const char *const *)names.texts);
	if (!format)
		err = diag_fail(diag, EINVAL, "export needs --format, one of %s", joined);
	else if (near)
		err = diag_fail(diag, EINVAL,
		                "export does not write '%s'; did you mean '%s'? It writes %s",
		                format, near, joined);
	else
		err = diag_fail(diag, EINVAL, "export does not write '%s'; it writes %s", format,
		                joined);
	text_list_fini(&names);
	free(joined);
	return err;
}

/* The file that the format is made from. NULL with *err set. */
static FILE *open_source(const struct stored_run *run, const struct exporter *exporter, int *err,
                         struct diag *diag)
{
	FILE *in = stored_run_file(run, exporter->reads, err, diag);

	if (!in && !*err)
		*err =
		    diag_fail(diag, ENOENT, "%s has no %s, which %s is made from: its type is %s",
		              run->name, exporter->reads, exporter->name, stored_run_type(run));
	return in;
}

static int write_document(struct stored_run *run, const struct exporter *exporter,
                          const struct export_verb_options *options, FILE *source, FILE *out,
                          struct diag *diag)
{
	struct export_options described = stored_run_describe(run);

	if (exporter->write_manifest)
		return exporter->write_manifest(run->manifest, out, diag);
	if (exporter->write_stored) {
		int err = exporter->write_stored(source, out, diag);

		if (err)
			diag_prefix(diag, "%s", run->directory);
		return err;
	}
	described.picture = &options->picture;
	described.stored = source;
	if (exporter->write_samples)
		return exporter->write_samples(run->recording, run->symbolizer, &described, out,
		                               diag);
	stored_run_name(run);
	return exporter->write(run->profile, &described, out, diag);
}

/* What is made from a file of one process cannot be cut, nor what is of the whole run. */
static int check_selection(const struct exporter *exporter, const struct selection *selection,
                           struct diag *diag)
{
	if (exporter->write_manifest && !selection_is_all(selection))
		return diag_fail(diag, EINVAL,
		                 "%s is of the whole run: it has no samples to choose from",
		                 exporter->name);
	if (!exporter->reads || selection_is_all(selection))
		return 0;
	return diag_fail(diag, EINVAL,
	                 "%s is of one whole process: name that by its folder, "
	                 "RUN_DIRECTORY/processes/PID.N-NAME, instead of choosing samples",
	                 exporter->name);
}

static int check_samples(const struct stored_run *run, const struct exporter *exporter,
                         struct diag *diag)
{
	if (!exporter->write_samples || !run->has_sums)
		return 0;
	return diag_fail(
	    diag, EINVAL,
	    "%s is of single samples, and this run has sums; folded and pprof hold those",
	    exporter->name);
}

static int write_file(struct stored_run *run, const struct exporter *exporter,
                      const struct export_verb_options *options, struct diag *diag)
{
	FILE *source = NULL;
	struct output out;
	int err = 0;

	if (exporter->reads)
		source = open_source(run, exporter, &err, diag);
	if (!err)
		err = output_open(&out, options->file, diag);
	if (!err) {
		err = write_document(run, exporter, options, source, out.stream, diag);
		err = output_close(&out, err, diag);
	}
	if (source)
		fclose(source);
	return err;
}

/* What draws a picture says nothing of text. */
static int check_picture_options(const struct command_line *line, const struct exporter *exporter,
                                 struct diag *diag)
{
	for (const struct option_row *row = export_option_rows; row->name; row++) {
		bool is_picture = row->field >= offsetof(struct export_verb_options, picture);

		if (is_picture && exporter != &flamegraph_exporter &&
		    command_line_has(line, row->name))
			return diag_fail(diag, EINVAL, "--%s is for flame graphs, not for %s",
			                 row->name, exporter->name);
	}
	return 0;
}

/* Opens the run and reads what the format is made from. */
static int read_run(struct stored_run *run, const struct command_line *line,
                    const struct exporter *exporter, const struct selection *selection,
                    struct diag *diag)
{
	int err = stored_run_open(run, line->common, line->words[0], diag);

	if (!err && exporter->write_manifest)
		return run->is_process ? diag_fail(diag, EINVAL,
		                                   "%s is of the whole run: %s is one of its "
		                                   "processes",
		                                   exporter->name, run->name)
		                       : 0;
	if (!err && exporter->reads && !exporter->write_stored)
		err = stored_run_enter_process(run, exporter->reads, diag);
	if (!err && !exporter->write_stored)
		err = stored_run_read(run, selection, diag);
	return err;
}

static int export_run(const struct command_line *line, struct diag *diag)
{
	const struct export_verb_options *options = line->verb_options;
	const struct exporter *exporter;
	struct selection selection = {0};
	struct stored_run run = {0};
	int err;

	if (line->n_words != 1)
		return diag_fail(
		    diag, EINVAL,
		    "export takes one run, such as syn-1k/cpu; profile-scenario list shows them");
	err = find_format(&exporter, options->format, diag);
	if (!err && exporter->is_binary && output_is_stdout(options->file) && isatty(STDOUT_FILENO))
		err = diag_fail(diag, EINVAL,
		                "%s is not for a terminal: name a file with -o, or pipe it",
		                exporter->name);
	if (!err)
		err = check_picture_options(line, exporter, diag);
	if (!err && options->value && !exporter->one_value)
		err = diag_fail(diag, EINVAL,
		                "--value is for formats that hold one, such as folded and "
		                "flamegraph; %s is not one of them",
		                exporter->name);
	if (!err)
		err = selection_init(&selection, &options->chosen, diag);
	if (!err)
		err = check_selection(exporter, &selection, diag);
	if (!err)
		err = output_check(options->file, diag);
	if (!err)
		err = read_run(&run, line, exporter, &selection, diag);
	if (!err && exporter->one_value)
		err = stored_run_choose_value(&run, options->value, diag);
	if (!err && exporter->one_value)
		err = stored_run_check_value(&run, diag);
	if (!err)
		err = check_samples(&run, exporter, diag);
	if (!err)
		err = write_file(&run, exporter, options, diag);
	stored_run_fini(&run);
	selection_fini(&selection);
	return err;
}

int export_verb(const struct command_line *line, struct diag *diag)
{
	int err = export_run(line, diag);

	if (stored_run_is_unusable(err))
		return STATUS_UNUSABLE;
	return err ? STATUS_OWN_FAILURE : STATUS_WELL;
}
