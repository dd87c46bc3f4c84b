/* Prints the runs and metrics of a baseline. */
#include "core/driver/show_baseline.h"

#include "core/driver/baseline_files.h"

#include "core/alloc.h"
#include "core/baseline/baseline.h"
#include "core/compare/comparison_cells.h"
#include "core/compare/side.h"
#include "core/diag.h"
#include "core/json_text.h"
#include "core/line_text.h"
#include "core/number_text.h"
#include "core/options.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Anybody may have edited the file: one line of a terminal. */
static void print_text(const char *text)
{
	char *line = line_text(text);

	fputs(line, stdout);
	free(line);
}

static void print_history(const struct baseline *baseline)
{
	for (size_t i = 0; i < json_array_size(baseline->history); i++) {
		const json_t *entry = json_array_get(baseline->history, i);

		fputs("  ", stdout);
		print_text(json_text_or_empty(entry, "at"));
		fputs("  ", stdout);
		print_text(json_text_or_empty(entry, "by"));
		if (*json_text_or_empty(entry, "commit")) {
			fputs("  ", stdout);
			print_text(json_text_or_empty(entry, "commit"));
		}
		putchar('\n');
	}
}

static void print_metric(const struct side_metric *metric, int width)
{
	double least = metric->samples[0], most = metric->samples[0];

	for (size_t i = 1; i < metric->n_samples; i++) {
		least = metric->samples[i] < least ? metric->samples[i] : least;
		most = metric->samples[i] > most ? metric->samples[i] : most;
	}
	fputs("    ", stdout);
	print_text(metric->name);
	printf("%*s %12s", width - (int)strlen(metric->name), "",
	       cell_of_value(side_metric_median(metric), metric->unit).text);
	if (least != most)
		printf("  %s .. %s", cell_of_value(least, metric->unit).text,
		       cell_of_value(most, metric->unit).text);
	else if (side_metric_is_constant(metric))
		fputs("  in every run", stdout);
	putchar('\n');
}

/* Metrics with their medians, but for what was looked for and never seen. */
static void print_side(const struct side *side)
{
	int width = 0;

	printf("\n  ");
	print_text(side->type);
	printf("  %s in %s: ", counted_text_of(side->n_repeats, "measurement").text,
	       counted_text_of(side->n_runs, "run").text);
	for (size_t i = 0; i < side->n_runs; i++) {
		fputs(i ? ", " : "", stdout);
		print_text(side->runs[i].run_id);
	}
	fputs("\n  on ", stdout);
	print_text(json_text_or_empty(side->host, "hostname"));
	fputs(", ", stdout);
	print_text(json_text_or_empty(side->host, "cpu_model"));
	fputs("; of ", stdout);
	print_text(json_text_or_empty(side->binary, "path"));
	fputs(" ", stdout);
	print_text(json_text_or_empty(side->binary, "build_id"));
	putchar('\n');
	for (size_t i = 0; i < side->n_metrics; i++)
		if ((int)strlen(side->metrics[i].name) > width)
			width = (int)strlen(side->metrics[i].name);
	for (size_t i = 0; i < side->n_metrics; i++) {
		const struct side_metric *metric = &side->metrics[i];

		if (side_metric_median(metric) != 0 || !side_metric_is_constant(metric))
			print_metric(metric, width);
	}
}

static void print_baseline(const struct baseline *baseline, const char *path)
{
	printf("baseline %s of %s  %s\n", baseline->name, baseline->scenario, path);
	print_history(baseline);
	for (size_t i = 0; i < baseline->n_sides; i++)
		print_side(baseline->sides[i]);
}

int show_baseline(const struct run_options *options, const char *name, struct diag *diag)
{
	struct text_list scenarios = {0};
	size_t n_shown = 0;
	int err = baseline_check_name(name, diag);

	if (!err)
		err = baseline_list_scenarios(options, &scenarios, diag);
	for (size_t i = 0; !err && i < scenarios.n_texts; i++) {
		struct baseline *baseline;

		err = baseline_load(options, scenarios.texts[i], name, &baseline, diag);
		if (!err) {
			char *path = baseline_path(options, scenarios.texts[i], name);

			if (n_shown++)
				putchar('\n');
			print_baseline(baseline, path);
			free(path);
		} else if (err == -ENOENT) {
			err = 0;
		}
		baseline_free(baseline);
	}
	text_list_fini(&scenarios);
	if (!err && !n_shown)
		err = diag_fail(diag, ENOENT,
		                "no scenario has a baseline %s; profile-scenario baseline list "
		                "shows those there are",
		                name);
	return err;
}
