/* From two sides to documents and an exit status. */
#include "core/driver/compare_report.h"

#include "core/driver/advisory.h"
#include "core/driver/command_line.h"
#include "core/driver/compare_options.h"
#include "core/driver/compare_picture.h"
#include "core/driver/exit_status.h"
#include "core/driver/output.h"

#include "core/alloc.h"
#include "core/compare/comparison.h"
#include "core/compare/comparison_write.h"
#include "core/diag.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int compare_check_files(const struct command_line *line, struct diag *diag)
{
	const struct compare_options *options = line->verb_options;
	const char *json = line->common->json;
	int err = 0;

	if (json && options->markdown && output_is_stdout(json) &&
	    output_is_stdout(options->markdown))
		err = diag_fail(diag, EINVAL,
		                "--json and --markdown would both go to stdout: give one a file");
	if (!err && json)
		err = output_check(json, diag);
	if (!err && options->markdown)
		err = output_check(options->markdown, diag);
	if (!err && options->file)
		err = output_check(options->file, diag);
	return err;
}

static int write_json(const struct comparison *comparison, const char *picture, const char *file,
                      struct diag *diag)
{
	struct output out;
	json_t *json;
	int err = output_open(&out, file, diag);

	if (err)
		return err;
	json = comparison_to_json(comparison, picture);
	json_dumpf(json, out.stream, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	fputc('\n', out.stream);
	json_decref(json);
	return output_close(&out, 0, diag);
}

static int write_markdown(const struct comparison *comparison, const char *picture,
                          const char *file, struct diag *diag)
{
	struct output out;
	int err = output_open(&out, file, diag);

	if (err)
		return err;
	comparison_write_markdown(comparison, picture, out.stream);
	return output_close(&out, 0, diag);
}

/* Text goes to stdout unless something else does. */
static int write_documents(const struct command_line *line, const struct comparison *comparison,
                           const char *picture, struct diag *diag)
{
	const struct compare_options *options = line->verb_options;
	const char *json = line->common->json, *markdown = options->markdown;
	bool is_taken = (json && output_is_stdout(json)) ||
	                (markdown && output_is_stdout(markdown)) ||
	                (options->file && output_is_stdout(options->file));
	int err = 0;

	if (json)
		err = write_json(comparison, picture, json, diag);
	if (!err && markdown)
		err = write_markdown(comparison, picture, markdown, diag);
	if (err || is_taken || line->common->quiet)
		return err;
	comparison_write_text(comparison, picture, stdout);
	return output_flush(0, diag);
}

static int status_of(const struct comparison *comparison, struct diag *diag)
{
	switch (comparison->verdict) {
	case VERDICT_WORSE:
		diag_fail(diag, EDOM, "worse: %s", comparison->reason);
		return STATUS_GATE_FAILED;
	case VERDICT_INCONCLUSIVE:
		diag_fail(diag, EDOM, "inconclusive: %s", comparison->reason);
		return STATUS_INCONCLUSIVE;
	default:
		return STATUS_WELL;
	}
}

int compare_report(const struct command_line *line, struct side *base, struct side *new,
                   struct side *control, const struct compared_runs *runs, struct diag *diag)
{
	const struct compare_options *options = line->verb_options;
	struct text_list advisory = {0};
	struct comparison comparison = {0};
	struct comparison_options how = {.threshold_percent = options->noise_threshold_percent,
	                                 .advisory = &advisory};
	char *picture = NULL;
	int status = STATUS_OWN_FAILURE;

	if (advisory_gather(line->common, new->scenario, &advisory, diag))
		goto out;
	if (comparison_init(&comparison, base, new, control, &how, diag)) {
		status = STATUS_UNUSABLE;
		goto out;
	}
	if (!compare_draw(runs, options, &picture, diag) &&
	    !write_documents(line, &comparison, picture, diag))
		status = status_of(&comparison, diag);
out:
	comparison_fini(&comparison);
	text_list_fini(&advisory);
	free(picture);
	return status;
}
