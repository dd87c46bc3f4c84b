/* Chooses samples and rows, and writes the report of them. */
#include "core/driver/show_report.h"

#include "core/driver/output.h"
#include "core/driver/show_options.h"
#include "core/driver/stored_run.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/report_shape.h"
#include "core/function_match.h"
#include "core/profile.h"
#include "core/profile_match.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which rows are shown. */
struct row_filter {
	struct text_list dsos;
	struct text_list symbols;
};

/* A path means its base name; the kernel has perf's name too. */
static bool object_matches(const char *pattern, const char *object)
{
	const char *slash = strrchr(pattern, '/');
	const char *base = slash ? slash + 1 : pattern;

	if (!strcmp(base, "[kernel.kallsyms]"))
		base = "[kernel]";
	return !strcmp(base, object) || !fnmatch(base, object, 0);
}

static bool shows_row(const char *object, const char *function, const void *data)
{
	const struct row_filter *filter = data;
	bool object_is_asked = !filter->dsos.n_texts;
	bool function_is_asked = !filter->symbols.n_texts;

	for (size_t i = 0; i < filter->dsos.n_texts; i++)
		object_is_asked |= object_matches(filter->dsos.texts[i], object);
	for (size_t i = 0; i < filter->symbols.n_texts; i++)
		function_is_asked |= function_matches(filter->symbols.texts[i], function);
	return object_is_asked && function_is_asked;
}

static int check_object(const struct profile *profile, const char *pattern, struct diag *diag)
{
	for (uint32_t i = 0; i < profile_n_objects(profile); i++) {
		const char *name = profile_text(profile, profile_object(profile, i)->name);

		if (object_matches(pattern, name))
			return 0;
	}
	return diag_fail(diag, ENOENT,
	                 "no sample is in an object '%s'; --sort dso shows those there are",
	                 pattern);
}

/* Every word of the filters has something to match. */
static int check_filter(const struct row_filter *filter, const struct profile *profile,
                        struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < filter->dsos.n_texts; i++)
		err = check_object(profile, filter->dsos.texts[i], diag);
	for (size_t i = 0; !err && i < filter->symbols.n_texts; i++)
		err = profile_check_function(profile, filter->symbols.texts[i], diag);
	return err;
}

static bool has_key(const struct report_shape *shape, enum report_key key)
{
	for (size_t i = 0; i < shape->n_keys; i++)
		if (shape->keys[i] == key)
			return true;
	return false;
}

/* A row has to have the column that it is chosen by. */
static int check_keys(const struct report_shape *shape, const struct show_options *options,
                      struct diag *diag)
{
	if (options->dsos && !has_key(shape, REPORT_DSO))
		return diag_fail(diag, EINVAL,
		                 "--dsos chooses rows by their object: add dso to --sort");
	if (options->symbols && !has_key(shape, REPORT_SYMBOL))
		return diag_fail(diag, EINVAL,
		                 "--symbols chooses rows by their function: add symbol to --sort");
	return 0;
}

/* As perf says what it filtered by, and what has no name. */
static void fill_comments(struct text_list *comments, const struct stored_run *run,
                          const struct show_options *options)
{
	selection_describe(&options->chosen, comments);
	text_list_add_named(comments, "dso", options->dsos);
	text_list_add_named(comments, "symbol", options->symbols);
	for (size_t i = 0; i < run->notes.n_texts; i++)
		text_list_add(comments, run->notes.texts[i]);
}

static int write_report(const struct stored_run *run, const struct show_options *options,
                        struct report_shape *shape, const struct row_filter *filter,
                        struct diag *diag)
{
	struct export_options described = stored_run_describe(run);
	struct text_list comments = {0};
	int err;

	fill_comments(&comments, run, options);
	shape->comments = (const char *const *)comments.texts;
	shape->self_only = !options->children;
	if (filter->dsos.n_texts || filter->symbols.n_texts)
		shape->shows = shows_row;
	shape->data = filter;
	described.shape = shape;
	described.percent_limit = options->percent_limit;
	if (options->percentage == PERCENTAGE_ABSOLUTE)
		described.whole = run->in_span[described.type];
	err = report_exporter.write(run->profile, &described, stdout, diag);
	err = output_flush(err, diag);
	text_list_fini(&comments);
	return err;
}

int show_report(struct stored_run *run, const struct show_options *options, struct diag *diag)
{
	struct report_shape shape = {0};
	struct row_filter filter = {0};
	struct selection selection = {0};
	int err = report_keys_parse(&shape, options->sort, diag);

	if (options->dsos)
		text_list_split(&filter.dsos, options->dsos);
	if (options->symbols)
		text_list_split(&filter.symbols, options->symbols);
	if (!err)
		err = check_keys(&shape, options, diag);
	if (!err)
		err = selection_init(&selection, &options->chosen, diag);
	if (!err)
		err = stored_run_read(run, &selection, diag);
	if (!err)
		err = stored_run_choose_value(run, options->value, diag);
	if (!err)
		err = stored_run_check_value(run, diag);
	if (!err) {
		stored_run_name(run);
		err = check_filter(&filter, run->profile, diag);
	}
	if (!err)
		err = write_report(run, options, &shape, &filter, diag);
	selection_fini(&selection);
	text_list_fini(&filter.dsos);
	text_list_fini(&filter.symbols);
	return err;
}
