/* The verb trend: what a scenario's stored runs measured, in time order. */
#include "core/driver/collectors.h"
#include "core/driver/command_line.h"
#include "core/driver/exit_status.h"
#include "core/driver/output.h"
#include "core/driver/request.h"
#include "core/driver/trend_options.h"
#include "core/driver/verbs.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/number_text.h"
#include "core/results/names.h"
#include "core/results/results.h"
#include "core/trend/sparkline.h"
#include "core/trend/trend_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs that are named one by one. */
#define NAMES_SHOWN 8

/* SCENARIO or SCENARIO/TYPE; both are the caller's to free. */
static int read_operand(const struct command_line *line, char **scenario, char **type,
                        struct diag *diag)
{
	const char *word = line->n_words == 1 ? line->words[0] : "";
	size_t len = strcspn(word, "/");
	const struct collector *collector = word[len] ? collector_find(word + len + 1) : NULL;

	*scenario = xstrndup(word, len);
	/* Runs are stored under one of a type's names. */
	*type = word[len] ? xstrdup(collector ? collector->name : word + len + 1) : NULL;
	if (*type && !strcmp(*type, RESULTS_GROWTH))
		return diag_fail(diag, EINVAL,
		                 "%s has reports of parameter scans and no runs; trend takes a "
		                 "SCENARIO or a SCENARIO/TYPE",
		                 word);
	if (results_name_is_valid(*scenario) && (!*type || results_name_is_valid(*type)))
		return 0;
	return diag_fail(diag, EINVAL,
	                 "trend takes a SCENARIO or a SCENARIO/TYPE, such as syn-1k/stat; "
	                 "profile-scenario list shows them");
}

/* The metrics of type that a glob could mean. */
static int fail_without_series(const struct trend_options *options, const char *operand,
                               struct diag *diag)
{
	if (options->metric)
		return diag_fail(diag, EINVAL,
		                 "no run of %s has a metric '%s'; profile-scenario show --json RUN "
		                 "has those there are (run.* are of type stat alone)",
		                 operand, options->metric);
	return diag_fail(diag, ENOENT, "no run of %s has a metric", operand);
}

static int write_file(const struct trend *trend, const struct trend_options *options,
                      struct diag *diag)
{
	struct output out;
	int err = output_open(&out, options->csv, diag);

	if (err)
		return err;
	trend_write_csv(trend, options->latest, out.stream);
	return output_close(&out, 0, diag);
}

static int write_text(const struct trend *trend, const struct series_view *views,
                      const struct trend_options *options, struct diag *diag)
{
	if ((options->csv && output_is_stdout(options->csv)) ||
	    (options->svg && output_is_stdout(options->svg)))
		return 0;
	if (options->latest)
		trend_write_latest(trend, views, stdout);
	else
		trend_write_text(trend, views, sparkline_locale_is_utf8(), stdout);
	return output_flush(0, diag);
}

/* What all is wanted for is a file of its own. */
static struct trend *read_trend(const struct run_list *list, const struct trend_options *options,
                                bool all)
{
	struct trend_wish wish = {.metrics = options->metric, .all = all, .with_samples = all};

	return trend_new(list, &wish);
}

static int write_csv(const struct run_list *list, const struct trend_options *options,
                     struct diag *diag)
{
	struct trend *trend;
	int err;

	if (!options->csv)
		return 0;
	trend = read_trend(list, options, true);
	err = write_file(trend, options, diag);
	trend_free(trend);
	return err;
}

static int write_svg(const struct trend *trend, const struct series_view *views,
                     const struct trend_options *options, const char *operand, struct diag *diag)
{
	char *title;
	struct output out;
	int err;

	if (!options->svg)
		return 0;
	err = output_open(&out, options->svg, diag);
	if (err)
		return err;
	title = xasprintf("Trend of %s", operand);
	trend_write_svg(trend, views, title, out.stream);
	free(title);
	return output_close(&out, 0, diag);
}

/* Names the runs that are not shown; they are never left out in silence. Returns how many. */
static size_t tell_lacking(const struct trend *trend, struct diag *diag)
{
	size_t n = 0;

	for (size_t i = 0; i < trend->list->n_runs && trend->n_lacking; i++) {
		char *path;

		if (!trend->runs[i].lack || trend->runs[i].lack == TREND_NO_RUN ||
		    trend->runs[i].lack == TREND_COPY)
			continue;
		if (n++ >= NAMES_SHOWN)
			continue;
		path = run_list_path(trend->list, i);
		fprintf(stderr, "profile-scenario: %s is %s\n", path,
		        trend_lack_text(trend->runs[i].lack));
		free(path);
	}
	if (trend->n_copies)
		fprintf(stderr, "profile-scenario: %s of another tree, too, %s counted once\n",
		        counted_text_of(trend->n_copies, "run").text,
		        trend->n_copies == 1 ? "is" : "are");
	if (n > NAMES_SHOWN)
		fprintf(stderr, "profile-scenario: and %zu more\n", n - NAMES_SHOWN);
	if (n)
		diag_fail(diag, EINVAL,
		          "%s of %s cannot be read and %s not shown; remove or mend them",
		          count_text_of(n).text, counted_text_of(trend->list->n_runs, "run").text,
		          n == 1 ? "is" : "are");
	return n;
}

/* Names the directories whose runs are not known. Returns how many. */
static size_t tell_unreadable(const struct text_list *unreadable, struct diag *diag)
{
	for (size_t i = 0; i < unreadable->n_texts && i < NAMES_SHOWN; i++)
		fprintf(stderr, "profile-scenario: %s\n", unreadable->texts[i]);
	if (unreadable->n_texts)
		diag_fail(diag, EACCES, "%s cannot be read: runs in there are not shown; %s",
		          counted_text_of(unreadable->n_texts, "folder").text,
		          unreadable->texts[0]);
	return unreadable->n_texts;
}

static int show(const struct run_list *list, const struct trend_options *options,
                const char *operand, struct diag *diag)
{
	struct trend *trend = read_trend(list, options, false);
	struct series_view *views = series_views_new(trend);
	struct diag lacking;
	int status = STATUS_WELL, err;

	err = trend->n_series || trend->n_lacking ? 0 : fail_without_series(options, operand, diag);
	if (!err)
		err = write_text(trend, views, options, diag);
	if (!err)
		err = write_csv(list, options, diag);
	if (!err)
		err = write_svg(trend, views, options, operand, diag);
	if (tell_lacking(trend, &lacking) && !err) {
		*diag = lacking;
		status = STATUS_UNUSABLE;
	}
	series_views_free(views, trend->n_series);
	trend_free(trend);
	return err ? STATUS_OWN_FAILURE : status;
}

/* Before anything is read. */
static int check_files(const struct trend_options *options, struct diag *diag)
{
	int err = options->csv ? output_check(options->csv, diag) : 0;

	if (!err && options->svg)
		err = output_check(options->svg, diag);
	if (!err && options->svg && options->latest)
		err =
		    diag_fail(diag, EINVAL, "--svg is of runs over time, not of the --latest one");
	if (!err && options->csv && options->svg && output_is_stdout(options->csv) &&
	    output_is_stdout(options->svg))
		err = diag_fail(diag, EINVAL, "--csv and --svg cannot both be on stdout");
	return err;
}

int trend_verb(const struct command_line *line, struct diag *diag)
{
	const struct trend_options *options = line->verb_options;
	struct text_list trees = {0}, unreadable = {0};
	struct run_list list = {0};
	struct diag lost;
	char *scenario, *type;
	int err = read_operand(line, &scenario, &type, diag), status = STATUS_OWN_FAILURE;

	request_results_dirs(line->common, &trees);
	if (!err)
		err = check_files(options, diag);
	if (!err)
		err = run_list_read_rest(&list, &trees, scenario, type, &unreadable, diag);
	if (!err)
		status = show(&list, options, line->words[0], diag);
	if (!err && tell_unreadable(&unreadable, &lost) && (status == STATUS_WELL || !list.n_runs)) {
		*diag = lost;
		status = STATUS_UNUSABLE;
	}
	text_list_fini(&unreadable);
	run_list_fini(&list);
	text_list_fini(&trees);
	free(scenario);
	free(type);
	return status;
}
