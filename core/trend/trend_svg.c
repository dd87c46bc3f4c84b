/* Draws a trend: a panel for each series, its runs side by side in time order. */
#include "core/trend/trend_write.h"

#include "core/alloc.h"
#include "core/compare/comparison_cells.h"
#include "core/export/chart.h"
#include "core/export/xml.h"
#include "core/number_text.h"
#include "core/stats/describe.h"
#include "core/trend/sparkline.h"

#include <stdlib.h>
#include <string.h>

enum {
	PANELS_SHOWN = 60,
	COLUMNS = 2,
	/* More runs than this are drawn as medians of neighbours, and what lies about them. */
	POINTS_SHOWN = 200,
};

#define WIDTH 1200.0
#define MARGIN 24.0
#define HEAD 76.0
#define GROUP_HEIGHT 40.0
#define PANEL_HEIGHT 176.0
#define PLOT_TOP 34.0
#define PLOT_HEIGHT 96.0
#define LABEL_WIDTH 84.0
#define GAP 28.0

static const char style[] =
    ".timeline .heading { font-size: 14px; font-weight: bold; }\n"
    ".timeline .run { fill: #0969da; fill-opacity: 0.75; }\n"
    ".timeline .path { fill: none; stroke: #0969da; stroke-width: 1.5; stroke-linejoin: round; "
    "}\n"
    ".timeline .thin { fill: none; stroke: #0969da; stroke-opacity: 0.35; stroke-width: 1; }\n"
    ".timeline .band { fill: #0969da; fill-opacity: 0.18; }\n"
    ".timeline .level { stroke: #1f2328; stroke-width: 2; stroke-dasharray: 6 3; }\n"
    ".timeline .bound { stroke: #d0d7de; stroke-width: 1; stroke-dasharray: 2 3; }\n"
    ".timeline .worse { stroke: #b3261e; stroke-width: 1.5; }\n"
    ".timeline .better { stroke: #1a7f37; stroke-width: 1.5; }\n"
    ".timeline .changed { stroke: #57606a; stroke-width: 1.5; }\n"
    ".timeline text.mark { font-size: 11px; stroke: none; paint-order: stroke; }\n"
    ".timeline text.mark.is-worse { fill: #b3261e; }\n"
    ".timeline text.mark.is-better { fill: #1a7f37; }\n";

/* Where one panel is, and what its values are there. */
struct plot {
	const struct trend *trend;
	const struct series_view *view;
	double left, right, top, bottom;
	double low, high;           /* of the axis */
	double lowest, highest;     /* of the values */
	size_t n_columns;           /* places from left to right */
	double *low_in, *median_in; /* of each place */
	double *high_in;
};

static double x_of(const struct plot *plot, double column)
{
	double places = (double)plot->n_columns;

	return plot->left + (plot->right - plot->left) * (column + 0.5) / places;
}

/* The place of a run's value. */
static double column_of(const struct plot *plot, size_t i)
{
	return plot->view->n == plot->n_columns
	           ? (double)i
	           : (double)i * (double)plot->n_columns / (double)plot->view->n;
}

static double y_of(const struct plot *plot, double value)
{
	return plot->bottom -
	       (plot->bottom - plot->top) * (value - plot->low) / (plot->high - plot->low);
}

static void find_range(struct plot *plot)
{
	const struct series_view *view = plot->view;
	double span;

	plot->lowest = plot->highest = view->values[0];
	for (size_t i = 1; i < view->n; i++) {
		plot->lowest = view->values[i] < plot->lowest ? view->values[i] : plot->lowest;
		plot->highest = view->values[i] > plot->highest ? view->values[i] : plot->highest;
	}
	span = plot->highest - plot->lowest;
	plot->low = plot->lowest - span * 0.08;
	plot->high = plot->highest + span * 0.08;
	/* What spans most of the way from 0 is shown from there. */
	if (plot->lowest >= 0 && plot->lowest < plot->highest / 2)
		plot->low = 0;
	if (!(plot->high > plot->low)) {
		plot->low = plot->lowest - 1;
		plot->high = plot->highest + 1;
	}
}

static void find_columns(struct plot *plot)
{
	const struct series_view *view = plot->view;

	plot->n_columns = view->n < POINTS_SHOWN ? view->n : POINTS_SHOWN;
	plot->low_in = xcalloc(plot->n_columns, sizeof(double));
	plot->median_in = xcalloc(plot->n_columns, sizeof(double));
	plot->high_in = xcalloc(plot->n_columns, sizeof(double));
	for (size_t i = 0; i < plot->n_columns; i++) {
		size_t from = sparkline_group(i, plot->n_columns, view->n);
		size_t n = sparkline_group(i + 1, plot->n_columns, view->n) - from;
		double *ascending = describe_sorted(view->values + from, n);

		plot->low_in[i] = ascending[0];
		plot->high_in[i] = ascending[n - 1];
		plot->median_in[i] = describe_sorted_quantile(ascending, n, 0.5);
		free(ascending);
	}
}

static void plot_fini(struct plot *plot)
{
	free(plot->low_in);
	free(plot->median_in);
	free(plot->high_in);
}

static void write_path(const struct plot *plot, const char *class, FILE *out)
{
	fprintf(out, "<path class=\"%s\" d=\"", class);
	for (size_t i = 0; i < plot->n_columns; i++)
		fprintf(out, "%s%.1f,%.1f", i ? " L" : "M", x_of(plot, (double)i),
		        y_of(plot, plot->median_in[i]));
	fputs("\"/>\n", out);
}

/* From the lowest to the highest of each place. */
static void write_band(const struct plot *plot, FILE *out)
{
	fputs("<path class=\"band\" d=\"", out);
	for (size_t i = 0; i < plot->n_columns; i++)
		fprintf(out, "%s%.1f,%.1f", i ? " L" : "M", x_of(plot, (double)i),
		        y_of(plot, plot->high_in[i]));
	for (size_t i = plot->n_columns; i > 0; i--)
		fprintf(out, " L%.1f,%.1f", x_of(plot, (double)(i - 1)),
		        y_of(plot, plot->low_in[i - 1]));
	fputs(" Z\"/>\n", out);
}

/* Hovering tells of which run it is. */
static void write_points(const struct plot *plot, FILE *out)
{
	for (size_t i = 0; i < plot->view->n; i++) {
		size_t run = plot->view->runs[i];

		fprintf(out, "<circle class=\"run\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"><title>",
		        x_of(plot, (double)i), y_of(plot, plot->view->values[i]));
		xml_write(out, moment_text_of(&plot->trend->runs[run]).text);
		fputs(" UTC, commit ", out);
		xml_write(out, commit_text_of(&plot->trend->runs[run]).text);
		fputs(": ", out);
		xml_write(out, cell_of_value(plot->view->values[i], plot->view->series->unit).text);
		fputs("</title></circle>\n", out);
	}
}

static void write_level(const struct plot *plot, size_t from, size_t to, double level, FILE *out)
{
	chart_write_line(out, "level", x_of(plot, column_of(plot, from) - 0.5), y_of(plot, level),
	                 x_of(plot, column_of(plot, to) - 0.5), y_of(plot, level));
}

static double change_x(const struct plot *plot, const struct level_change *change)
{
	return x_of(plot, column_of(plot, change->at) - 0.5);
}

/* The commit, or where it is not known the time, of a change: left of its line, or where that is
 * outside of the panel right of it. Not where it would reach beyond `limit`; returns where it
 * begins, or the limit. */
static double write_label(const struct plot *plot, const struct level_change *change, double limit,
                          FILE *out)
{
	const struct trend_run *run = &plot->trend->runs[plot->view->runs[change->at]];
	char *label = xasprintf("%s %s", change->after > change->before ? "▲" : "▼",
	                        *run->commit ? commit_text_of(run).text : moment_text_of(run).text);
	char *class = xasprintf("mark is-%s", change->word);
	double width = CHART_CHARACTER * ((double)utf8_count(label) + 1);
	double x = change_x(plot, change), left = x - width < plot->left ? x : x - width;

	if (left + width <= limit) {
		chart_write_text(out, x, plot->top - 7, class, left < x ? "end" : "start", label);
		limit = left;
	}
	free(label);
	free(class);
	return limit;
}

/* The levels on either side of each change, and the changes with their commits, the last ones
 * first: what is new is looked for. */
static void write_changes(const struct plot *plot, FILE *out)
{
	const struct series_view *view = plot->view;
	double limit = plot->right + LABEL_WIDTH / 4;
	size_t from = 0;

	for (size_t i = 0; i < view->n_changes; i++) {
		const struct level_change *change = &view->changes[i];
		double x = change_x(plot, change);

		write_level(plot, from, change->at, change->before, out);
		chart_write_line(out, change->word, x, plot->top - 4, x, plot->bottom);
		from = change->at;
	}
	for (size_t i = view->n_changes; i > 0; i--)
		limit = write_label(plot, &view->changes[i - 1], limit, out);
	if (view->n_changes)
		write_level(plot, from, view->n, view->changes[view->n_changes - 1].after, out);
}

static void write_bound(const struct plot *plot, double value, FILE *out)
{
	double y = y_of(plot, value);

	chart_write_line(out, "bound", plot->left, y, plot->right, y);
	chart_write_text(out, plot->left - 8, y + 4, "quiet", "end",
	                 cell_of_value(value, plot->view->series->unit).text);
}

static void write_axes(const struct plot *plot, FILE *out)
{
	const struct series_view *view = plot->view;

	write_bound(plot, plot->highest, out);
	if (plot->lowest < plot->highest)
		write_bound(plot, plot->lowest, out);
	if (plot->low == 0 && y_of(plot, plot->lowest) < plot->bottom - 14)
		chart_write_text(out, plot->left - 8, plot->bottom + 4, "quiet", "end", "0");
	chart_write_line(out, "axis", plot->left, plot->top, plot->left, plot->bottom);
	chart_write_line(out, "axis", plot->left, plot->bottom, plot->right, plot->bottom);
	chart_write_text(out, plot->left, plot->bottom + 16, "quiet", "start",
	                 moment_text_of(&plot->trend->runs[view->runs[0]]).text);
	if (view->n > 1)
		chart_write_text(out, plot->right, plot->bottom + 16, "quiet", "end",
		                 moment_text_of(&plot->trend->runs[view->runs[view->n - 1]]).text);
}

static void write_name(const struct plot *plot, FILE *out)
{
	const struct series_view *view = plot->view;
	char *what = xasprintf("%s, latest %s", counted_text_of(view->n, "run").text,
	                       cell_of_value(view->values[view->n - 1], view->series->unit).text);
	double width = plot->right - plot->left - CHART_CHARACTER * (double)strlen(what) - 16;

	chart_write_shortened(out, plot->left, plot->top - 20, "strong", view->series->metric,
	                      width, CHART_CHARACTER * 1.1);
	chart_write_text(out, plot->right, plot->top - 20, "quiet", "end", what);
	free(what);
}

static void write_panel(const struct trend *trend, const struct series_view *view, double left,
                        double top, FILE *out)
{
	double width = (WIDTH - 2 * MARGIN - GAP * (COLUMNS - 1)) / COLUMNS;
	struct plot plot = {
	    .trend = trend,
	    .view = view,
	    .left = left + LABEL_WIDTH,
	    .right = left + width,
	    .top = top + PLOT_TOP,
	    .bottom = top + PLOT_TOP + PLOT_HEIGHT,
	};

	find_range(&plot);
	find_columns(&plot);
	write_name(&plot, out);
	write_axes(&plot, out);
	if (view->n > plot.n_columns) {
		write_band(&plot, out);
		write_path(&plot, "path", out);
	} else {
		write_path(&plot, "thin", out);
		write_points(&plot, out);
	}
	write_changes(&plot, out);
	plot_fini(&plot);
}

/* The heading of a group above its panels. */
static void write_group(const struct trend_group *group, double y, FILE *out)
{
	char *text =
	    xasprintf("%s/%s%s%s%s%s%s", group->scenario, group->type, *group->host ? " on " : "",
	              group->host, *group->parameters ? " (" : "", group->parameters,
	              *group->parameters ? ")" : "");

	chart_write_line(out, "axis", MARGIN, y + 8, WIDTH - MARGIN, y + 8);
	chart_write_shortened(out, MARGIN, y, "heading", text, WIDTH - 2 * MARGIN,
	                      CHART_CHARACTER * 1.25);
	free(text);
}

/* Goes over the panels in their order and calls where one is; `write` false: only for the height.
 * Returns where the last one ends. */
static double lay_out(const struct trend *trend, const struct series_view *views, bool write,
                      size_t *n_left_out, FILE *out)
{
	double width = (WIDTH - 2 * MARGIN - GAP * (COLUMNS - 1)) / COLUMNS + GAP, top = HEAD;
	size_t column = 0, n_panels = 0, group = SIZE_MAX;

	*n_left_out = 0;
	for (size_t i = 0; i < trend->n_series; i++) {
		if (!views[i].n)
			continue;
		if (n_panels++ >= PANELS_SHOWN) {
			++*n_left_out;
			continue;
		}
		if (trend->series[i].group != group) {
			top += column ? PANEL_HEIGHT : 0;
			column = 0;
			group = trend->series[i].group;
			if (write)
				write_group(&trend->groups[group], top + 16, out);
			top += GROUP_HEIGHT;
		}
		if (write)
			write_panel(trend, &views[i], MARGIN + width * (double)column, top, out);
		if (++column == COLUMNS) {
			column = 0;
			top += PANEL_HEIGHT;
		}
	}
	return top + (column ? PANEL_HEIGHT : 0);
}

void trend_write_svg(const struct trend *trend, const struct series_view *views, const char *title,
                     FILE *out)
{
	size_t n_left_out;
	double height = lay_out(trend, views, false, &n_left_out, out) + MARGIN;
	const struct chart_opening opening = {
	    .width = WIDTH,
	    .height = height + (n_left_out ? 24 : 0),
	    .title = title,
	    .subject = "Metrics of stored runs over time",
	    .subtitle = "each run one place from left to right, the oldest first",
	    .style = style,
	    .patterns = "trend",
	};

	chart_write_opening(out, &opening);
	chart_write_shortened(out, MARGIN, 34, "title", title, WIDTH - 2 * MARGIN,
	                      CHART_CHARACTER * 1.5);
	chart_write_text(
	    out, MARGIN, 56, "quiet", "start",
	    "Runs in time order (UTC), evenly spaced. Dashed: the level between two "
	    "changes; ▲▼: a change, with the first commit that has it. Of more than 200 "
	    "runs: median and range of neighbours.");
	lay_out(trend, views, true, &n_left_out, out);
	if (n_left_out) {
		char *more = xasprintf("%zu more are not shown; --metric GLOB chooses", n_left_out);

		chart_write_text(out, MARGIN, height + 4, "quiet", "start", more);
		free(more);
	}
	fputs("</svg>\n", out);
}
