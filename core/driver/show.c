/* The verb show: a stored run's summary, its manifest, or its samples cut anew. */
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/output.h"
#include "core/driver/show_annotation.h"
#include "core/driver/show_baseline.h"
#include "core/driver/show_options.h"
#include "core/driver/show_report.h"
#include "core/driver/stored_process.h"
#include "core/driver/stored_run.h"
#include "core/driver/summary.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/run_set.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

static int write_json(json_t *manifest, const char *file, struct diag *diag)
{
	struct output out;
	int err = output_open(&out, file, diag);

	if (err)
		return err;
	json_dumpf(manifest, out.stream, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	fputc('\n', out.stream);
	return output_close(&out, 0, diag);
}

static int show_summary(const struct stored_run *run, struct diag *diag)
{
	int err = 0;

	if (run->is_process)
		err = stored_run_print_process(run, stdout, diag);
	else
		summary_print(run->manifest, run->directory, SUMMARY_LINES, stdout);
	return output_flush(err, diag);
}

/* Those that cut the table say nothing of one function. */
static int check_annotate(const struct command_line *line, struct diag *diag)
{
	static const char *const of_the_table[] = {"sort", "children", "percent-limit", "dsos",
	                                           "symbols"};

	for (size_t i = 0; i < ARRAY_SIZE(of_the_table); i++)
		if (command_line_has(line, "annotate") && command_line_has(line, of_the_table[i]))
			return diag_fail(diag, EINVAL,
			                 "--annotate shows one function; --%s does not go with it",
			                 of_the_table[i]);
	return 0;
}

static int show_run(const struct command_line *line, struct diag *diag)
{
	struct stored_run run;
	int err;

	if (line->n_words > 1)
		return diag_fail(diag, EINVAL,
		                 "show takes one run, such as syn-1k/cpu; the folders below "
		                 "results are SCENARIO/TYPE");
	if (line->common->json && line->n_verb_options)
		return diag_fail(diag, EINVAL,
		                 "--json shows the manifest, which no other option changes");
	err = check_annotate(line, diag);
	if (err)
		return err;
	err = stored_run_open(&run, line->common, line->words[0], diag);
	if (!err && line->common->json && run.is_process)
		err =
		    diag_fail(diag, EINVAL,
		              "--json shows the manifest, which is of the whole run: %s is one of "
		              "its processes",
		              run.name);
	else if (!err && line->common->json)
		err = write_json(run.manifest, line->common->json, diag);
	else if (!err && command_line_has(line, "annotate"))
		err = show_annotation(&run, line->verb_options, diag);
	else if (!err && line->n_verb_options)
		err = show_report(&run, line->verb_options, diag);
	else if (!err)
		err = show_summary(&run, diag);
	stored_run_fini(&run);
	return err;
}

/* What is no run of its own has no samples. */
static int show_named_baseline(const struct command_line *line, const char *name, struct diag *diag)
{
	if (line->n_words > 1 || line->common->json || line->n_verb_options) {
		diag_fail(diag, EINVAL,
		          "show %s takes no other words or options; the file is JSON, and its "
		          "name is shown",
		          line->words[0]);
		return STATUS_OWN_FAILURE;
	}
	return output_flush(show_baseline(line->common, name, diag), diag) ? STATUS_UNUSABLE
	                                                                   : STATUS_WELL;
}

int show_verb(const struct command_line *line, struct diag *diag)
{
	const char *baseline = line->n_words ? run_set_baseline(line->words[0]) : NULL;
	int err;

	if (baseline)
		return show_named_baseline(line, baseline, diag);
	err = show_run(line, diag);
	if (stored_run_is_unusable(err))
		return STATUS_UNUSABLE;
	return err ? STATUS_OWN_FAILURE : STATUS_WELL;
}
