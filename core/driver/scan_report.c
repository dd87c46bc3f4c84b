/* Gathers the runs of a scan and writes its files. */
#include "core/driver/scan_report.h"

#include "core/driver/collectors.h"
#include "core/driver/command_line.h"
#include "core/driver/request.h"
#include "core/driver/scan.h"
#include "core/driver/stored_run.h"
#include "core/driver/summary.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/compare/side.h"
#include "core/diag.h"
#include "core/growth/growth_csv.h"
#include "core/growth/growth_svg.h"
#include "core/growth/growth_text.h"
#include "core/growth/site_growth.h"
#include "core/results/names.h"
#include "core/results/results.h"
#include "core/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void scan_report_init(struct scan_report *report, const struct command_line *line,
                      const struct scan_plan *plan)
{
	*report = (struct scan_report){
	    .line = line, .growth = scan_growth_new(plan), .hyperfine = json_array()};
	clock_gettime(CLOCK_REALTIME, &report->started);
}

void scan_report_fini(struct scan_report *report)
{
	scan_growth_free(report->growth);
	json_decref(report->hyperfine);
	free(report->results);
	free(report->name);
}

void scan_report_begin_point(struct scan_report *report, const struct request *request)
{
	report->request = request;
	if (report->results)
		return;
	report->results = xstrdup(request->results);
	report->name = xstrdup(request->name);
}

static bool counts_blocks(const json_t *manifest)
{
	return json_object_get(json_object_get(manifest, "metrics"), "mem.in_use_at_exit_blocks");
}

/* The caller frees it. */
static char *directory_of(const struct scan_report *report, const char *type,
                          const json_t *manifest)
{
	return xasprintf("%s/%s/%s/%s", report->request->results, report->request->name, type,
	                 json_string_value(json_object_get(manifest, "run_id")));
}

/* A scan's results are in one file of hyperfine's, each with its parameters. Types that write none
 * have none. */
static void add_hyperfine(struct scan_report *report, const char *type, const json_t *manifest)
{
	char *directory = directory_of(report, type, manifest);
	char *path = xasprintf("%s/hyperfine.json", directory);
	json_t *file = json_load_file(path, 0, NULL);

	json_array_extend(report->hyperfine, json_object_get(file, "results"));
	json_decref(file);
	free(path);
	free(directory);
}

/* What cannot be read is said, and the sites are told without it. */
static void add_sites(struct scan_report *report, size_t point, const char *type,
                      const json_t *manifest)
{
	const struct collector *collector = collector_find(type);
	const struct side_view *view = collector ? collector->compared : NULL;
	char *directory = directory_of(report, type, manifest);
	struct stored_run run;
	struct diag diag = {0};
	int err = stored_run_open_directory(&run, directory, &diag);

	if (!err)
		err = stored_run_read(&run, &(struct selection){.end_ns = UINT64_MAX}, &diag);
	if (!report->growth->sites)
		report->growth->sites = site_growth_new(report->growth->plan->n_points);
	if (!err) {
		stored_run_name(&run);
		site_growth_add(report->growth->sites, point, run.profile,
		                view ? view->passes_on : NULL);
	} else if (err == -ENOENT || err == -ENODATA) {
		site_growth_add_none(report->growth->sites, point);
	} else {
		fprintf(stderr, "profile-scenario: %s\n", diag.text);
	}
	stored_run_fini(&run);
	free(directory);
}

void scan_report_hear(void *context, const char *type, const json_t *manifest,
                      const struct diag *why)
{
	struct scan_report *report = context;
	size_t point = report->request->line->point->number;

	if (!scan_growth_add(report->growth, point, type, manifest, why->text))
		return;
	add_hyperfine(report, type, manifest);
	if (counts_blocks(manifest))
		add_sites(report, point, type, manifest);
}

/* As it was typed, or the scenario's name. The caller frees it. */
static char *command_text(const struct scan_report *report)
{
	const struct command_line *line = report->line;

	if (line->n_words)
		return words_join(line->words, line->n_words);
	return xasprintf("that of scenario %s", report->name);
}

static void write_text(const struct scan_report *report, FILE *out)
{
	char *command = command_text(report);

	growth_text_write(report->growth, command, out);
	free(command);
}

static void write_values(const struct scan_report *report, FILE *out)
{
	growth_csv_write(report->growth, out);
}

static void write_fits(const struct scan_report *report, FILE *out)
{
	growth_csv_write_fits(report->growth, out);
}

static void write_sites(const struct scan_report *report, FILE *out)
{
	growth_csv_write_sites(report->growth, out);
}

static void write_chart(const struct scan_report *report, FILE *out)
{
	char *command = command_text(report);

	growth_svg_write(report->growth, command, out);
	free(command);
}

static void write_hyperfine(const struct scan_report *report, FILE *out)
{
	json_t *file = json_pack("{s:O}", "results", report->hyperfine);

	json_dumpf(file, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	fputc('\n', out);
	json_decref(file);
}

static bool has_chart(const struct scan_report *report)
{
	return growth_svg_is_possible(report->growth);
}

static bool has_sites(const struct scan_report *report)
{
	return report->growth->sites != NULL;
}

static bool has_hyperfine(const struct scan_report *report)
{
	return json_array_size(report->hyperfine) > 0;
}

static const struct {
	const char *name;
	void (*write)(const struct scan_report *report, FILE *out);
	bool (*is_wanted)(const struct scan_report *report); /* NULL: always */
} files[] = {
    {"growth.txt", write_text, NULL},      {"growth.svg", write_chart, has_chart},
    {"growth.csv", write_values, NULL},    {"fits.csv", write_fits, NULL},
    {"sites.csv", write_sites, has_sites}, {"hyperfine.json", write_hyperfine, has_hyperfine},
};

static int write_files(const struct scan_report *report, struct results_run *run, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(files); i++) {
		FILE *out;

		if (files[i].is_wanted && !files[i].is_wanted(report))
			continue;
		out = results_create(run, files[i].name, diag);
		if (!out)
			return -EIO;
		files[i].write(report, out);
		err = results_close(run, out, diag);
	}
	return err;
}

static bool has_values(const struct scan_growth *growth)
{
	return growth->n_metrics > 0;
}

static void show(const struct scan_report *report, const struct results_run *run,
                 bool status_follows)
{
	if (report->line->common->quiet)
		return;
	/* The page's line is one, too. */
	growth_summary_write(report->growth, SUMMARY_LINES - 1 - status_follows, stderr);
	fprintf(stderr, "page   %s/%s\n", results_path(run),
	        has_chart(report) ? "growth.svg" : "growth.txt");
}

int scan_report_end(struct scan_report *report, bool status_follows, struct diag *diag)
{
	struct results_run *run = NULL;
	bool created;
	int err;

	if (!has_values(report->growth))
		return 0;
	scan_growth_finish(report->growth);
	err = results_begin(&run, report->results, report->name, RESULTS_GROWTH, report->started,
	                    &created, diag);
	if (!err)
		err = write_files(report, run, diag);
	if (!err)
		err = results_publish(run, true, diag);
	if (!err)
		show(report, run, status_follows);
	results_end(run);
	return err;
}
