/* Annotates a function with the chosen samples. */
#include "core/driver/show_annotation.h"

#include "core/driver/output.h"
#include "core/driver/show_options.h"
#include "core/driver/stored_run.h"

#include "core/annotate/annotation.h"
#include "core/annotate/annotation_text.h"
#include "core/annotate/code.h"
#include "core/diag.h"
#include "core/profile.h"
#include "core/profile_match.h"

#include <stdio.h>

static int write_annotation(const struct stored_run *run, const struct show_options *options,
                            struct diag *diag)
{
	struct export_options described = stored_run_describe(run);
	struct text_list comments = {0};
	struct annotation annotation;
	struct code_list codes = {0};

	selection_describe(&options->chosen, &comments);
	annotation_init(&annotation, run->recording, run->symbolizer, options->annotate,
	                described.type);
	if (run->has_sums)
		text_list_add(&codes.reasons,
		              "this run stores no addresses of single instructions");
	else
		code_list_init(&codes, &annotation, run->recording, run->symbolizer);
	annotation_write(
	    &(struct annotation_text){
	        .annotation = &annotation,
	        .codes = &codes,
	        .recording = run->recording,
	        .title = described.title,
	        .command = described.command,
	        .comments = (const char *const *)comments.texts,
	        .whole = options->percentage == PERCENTAGE_ABSOLUTE
	                     ? run->in_span[described.type]
	                     : profile_total(run->profile, described.type),
	        .started_ns = described.started_ns,
	    },
	    stdout);
	code_list_fini(&codes);
	annotation_fini(&annotation);
	text_list_fini(&comments);
	return output_flush(0, diag);
}

int show_annotation(struct stored_run *run, const struct show_options *options, struct diag *diag)
{
	struct selection selection = {0};
	int err = selection_init(&selection, &options->chosen, diag);

	if (!err)
		err = stored_run_read(run, &selection, diag);
	if (!err)
		err = stored_run_choose_value(run, options->value, diag);
	if (!err)
		err = stored_run_check_value(run, diag);
	if (!err) {
		stored_run_name(run);
		err = profile_check_function(run->profile, options->annotate, diag);
	}
	if (!err)
		err = write_annotation(run, options, diag);
	selection_fini(&selection);
	return err;
}
