/* Draws panels with logarithmic axes. */
#include "core/growth/growth_svg.h"

#include "core/alloc.h"
#include "core/export/chart.h"
#include "core/growth/growth_cells.h"
#include "core/metric_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	WIDTH = 1000,
	N_COLUMNS = 2,
	MAX_PANELS = 8,
	MAX_SERIES = 6,
	MAX_TICKS = 6,
	TOP = 96, /* of the first panel */
	PANEL_WIDTH = 390,
	PANEL_HEIGHT = 190,
	PANEL_LEFT = 84, /* room for the labels of its axis */
	ROW_HEIGHT = 290,
	NARROW_CHARACTER = 6, /* on average, in a line of words and figures */
	LABEL_ROOM = 14       /* at least, between labels of sizes */
};

/* Of one metric; rows are its series. */
struct log_panel {
	double left, top;
	double low_x, high_x, low_y, high_y; /* logarithms */
	const struct growth_row *rows[MAX_SERIES];
	size_t n_rows;
	bool has_zero; /* what has no logarithm is not drawn */
};

static const char growth_style[] =
    ".timeline .fit { stroke-width: 1.5; fill: none; }\n"
    ".timeline .s0 { stroke: #0072b2; } .timeline .d0 { fill: #0072b2; }\n"
    ".timeline .s1 { stroke: #d55e00; stroke-dasharray: 6 3; } .timeline .d1 { fill: #d55e00; }\n"
    ".timeline .s2 { stroke: #009e73; stroke-dasharray: 2 3; } .timeline .d2 { fill: #009e73; }\n"
    ".timeline .s3 { stroke: #cc79a7; stroke-dasharray: 9 3 2 3; } .timeline .d3 { fill: #cc79a7; "
    "}\n"
    ".timeline .s4 { stroke: #8a6d00; stroke-dasharray: 4 4; } .timeline .d4 { fill: #8a6d00; }\n"
    ".timeline .s5 { stroke: #333333; stroke-dasharray: 1 2; } .timeline .d5 { fill: #333333; }\n";

static const struct scan_variable *axis_of(const struct scan_growth *growth)
{
	return &growth->plan->variables[growth->axis];
}

bool growth_svg_is_possible(const struct scan_growth *growth)
{
	size_t n = 0;

	for (size_t i = 0; growth->has_sizes && i < growth->n_sizes; i++)
		n += scan_growth_size(growth, i) > 0;
	return n >= 2;
}

static double value_at(const struct scan_growth *growth, const struct growth_row *row, size_t size)
{
	return row->metric->values[scan_growth_point(growth, row->series, size)];
}

static bool is_drawn(const struct scan_growth *growth, const struct growth_row *row, size_t size)
{
	return scan_growth_size(growth, size) > 0 && value_at(growth, row, size) > 0;
}

/* Some room around the values, and at least this much in all: noise of what stays is no growth. */
static void widen(double *low, double *high, double least)
{
	double middle = (*low + *high) / 2;
	double reach = fmax(*high - *low, least) / 2 + 0.05 * (*high - *low);

	*low = middle - reach;
	*high = middle + reach;
}

static void set_ranges(struct log_panel *panel, const struct scan_growth *growth)
{
	panel->low_x = panel->low_y = INFINITY;
	panel->high_x = panel->high_y = -INFINITY;
	for (size_t i = 0; i < growth->n_sizes; i++) {
		double size = scan_growth_size(growth, i);

		if (size > 0) {
			panel->low_x = fmin(panel->low_x, log(size));
			panel->high_x = fmax(panel->high_x, log(size));
		}
		for (size_t j = 0; j < panel->n_rows; j++) {
			double value = value_at(growth, panel->rows[j], i);

			panel->has_zero |= value <= 0;
			if (!is_drawn(growth, panel->rows[j], i))
				continue;
			panel->low_y = fmin(panel->low_y, log(value));
			panel->high_y = fmax(panel->high_y, log(value));
		}
	}
	widen(&panel->low_x, &panel->high_x, log(1.5));
	widen(&panel->low_y, &panel->high_y, log(4));
}

static double x_of(const struct log_panel *panel, double log_size)
{
	return panel->left +
	       PANEL_WIDTH * (log_size - panel->low_x) / (panel->high_x - panel->low_x);
}

static double y_of(const struct log_panel *panel, double log_value)
{
	return panel->top +
	       PANEL_HEIGHT * (1 - (log_value - panel->low_y) / (panel->high_y - panel->low_y));
}

static void write_tick(FILE *out, const struct log_panel *panel, double value, const char *unit)
{
	double y = y_of(panel, log(value));

	if (log(value) < panel->low_y || log(value) > panel->high_y)
		return;
	chart_write_line(out, "grid", panel->left, y, panel->left + PANEL_WIDTH, y);
	chart_write_text(out, panel->left - 8, y + 4, "quiet", "end",
	                 metric_text_of(value, unit).text);
}

/* At powers of ten, of two for bytes; between powers of ten too where there is room. */
static void write_value_axis(FILE *out, const struct log_panel *panel, const char *unit)
{
	static const struct {
		double factor, most_powers;
	} between[] = {{2, 2.5}, {5, 2.5}, {3, 0.9}, {7, 0.9}};
	double base = !strcmp(unit, "bytes") ? 2 : 10;
	double n_powers = (panel->high_y - panel->low_y) / log(base);
	double step = fmax(1, ceil(n_powers / MAX_TICKS));

	for (double k = floor(panel->low_y / log(base) / step) * step;
	     k * log(base) < panel->high_y; k += step) {
		write_tick(out, panel, pow(base, k), unit);
		for (size_t i = 0; i < ARRAY_SIZE(between); i++)
			if (base == 10 && n_powers < between[i].most_powers)
				write_tick(out, panel, between[i].factor * pow(base, k), unit);
	}
}

static double label_width(const char *text)
{
	return (double)strlen(text) * CHART_CHARACTER;
}

/* As many of the sizes as there is room for, the last one among them. */
static void write_size_axis(FILE *out, const struct log_panel *panel,
                            const struct scan_growth *growth)
{
	double y = panel->top + PANEL_HEIGHT, free_to = INFINITY;

	for (size_t i = growth->n_sizes; i-- > 0;) {
		const char *text = axis_of(growth)->values.texts[i];
		double size = scan_growth_size(growth, i);
		double x = size > 0 ? x_of(panel, log(size)) : 0;

		if (size <= 0 || x + label_width(text) / 2 > free_to)
			continue;
		chart_write_line(out, "axis", x, y, x, y + 4);
		chart_write_text(out, x, y + 18, "quiet", "middle", text);
		free_to = x - label_width(text) / 2 - LABEL_ROOM;
	}
	chart_write_line(out, "axis", panel->left, y, panel->left + PANEL_WIDTH, y);
	chart_write_line(out, "axis", panel->left, panel->top, panel->left, y);
	chart_write_text(out, panel->left + PANEL_WIDTH, y + 34, "quiet", "end",
	                 axis_of(growth)->name);
}

/* The straight line of the exponent, which goes through the means of the logarithms. */
static void write_fit(FILE *out, const struct log_panel *panel, const struct scan_growth *growth,
                      size_t number)
{
	const struct growth_row *row = panel->rows[number];
	double mean_x = 0, mean_y = 0, n = 0, first = INFINITY, last = -INFINITY;
	char style[16];

	for (size_t i = 0; i < growth->n_sizes; i++) {
		double x = log(scan_growth_size(growth, i));

		if (!is_drawn(growth, row, i))
			continue;
		mean_x += x;
		mean_y += log(value_at(growth, row, i));
		first = fmin(first, x);
		last = fmax(last, x);
		n++;
	}
	if (isnan(row->fit.exponent) || !n)
		return;
	snprintf(style, sizeof(style), "fit s%zu", row->series);
	chart_write_line(out, style, x_of(panel, first),
	                 y_of(panel, mean_y / n + row->fit.exponent * (first - mean_x / n)),
	                 x_of(panel, last),
	                 y_of(panel, mean_y / n + row->fit.exponent * (last - mean_x / n)));
}

static void write_points(FILE *out, const struct log_panel *panel, const struct scan_growth *growth,
                         size_t number)
{
	const struct growth_row *row = panel->rows[number];

	for (size_t i = 0; i < growth->n_sizes; i++)
		if (is_drawn(growth, row, i))
			fprintf(out, "<circle class=\"d%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>\n",
			        row->series, x_of(panel, log(scan_growth_size(growth, i))),
			        y_of(panel, log(value_at(growth, row, i))));
}

/* The name, and of a single series how it grows. */
static void write_caption(FILE *out, const struct log_panel *panel,
                          const struct scan_growth *growth)
{
	const struct growth_row *row = panel->rows[0];
	struct growth_row plain = {.metric = row->metric};
	char *name = growth_row_name(growth, &plain), *how, *text;

	if (growth->n_series > 1) {
		free(name);
		name = xstrdup(row->metric->name);
	}
	chart_write_text(out, panel->left, panel->top - 26, "strong", "start", name);
	free(name);
	if (panel->n_rows == 1 && !isnan(row->fit.exponent))
		how = xasprintf("exponent %s, %s%s", growth_exponent_cell(&row->fit).text,
		                growth_law_cell(&row->fit).text, panel->has_zero ? "; " : "");
	else
		how = xstrdup("");
	text = xasprintf("%s%s", how, panel->has_zero ? "values of 0 are not drawn" : "");
	chart_write_shortened(out, panel->left, panel->top - 10, "quiet", text, PANEL_WIDTH,
	                      NARROW_CHARACTER);
	free(text);
	free(how);
}

static void write_panel(FILE *out, struct log_panel *panel, const struct scan_growth *growth)
{
	set_ranges(panel, growth);
	write_caption(out, panel, growth);
	write_value_axis(out, panel, panel->rows[0]->metric->unit);
	write_size_axis(out, panel, growth);
	for (size_t i = 0; i < panel->n_rows; i++) {
		write_fit(out, panel, growth, i);
		write_points(out, panel, growth, i);
	}
}

static bool has_points(const struct scan_growth *growth, const struct growth_row *row)
{
	for (size_t i = 0; i < growth->n_sizes; i++)
		if (is_drawn(growth, row, i))
			return true;
	return false;
}

/* Rows of one metric go into one panel, in the order of the first ones. Returns how many panels. */
static size_t fill_panels(struct log_panel *panels, const struct scan_growth *growth,
                          const struct growth_row *rows, size_t n_rows)
{
	size_t n_panels = 0;

	for (size_t i = 0; i < n_rows; i++) {
		size_t at = 0;

		if (rows[i].series >= MAX_SERIES || !has_points(growth, &rows[i]))
			continue;
		while (at < n_panels && panels[at].rows[0]->metric != rows[i].metric)
			at++;
		if (at == MAX_PANELS || panels[at].n_rows == MAX_SERIES)
			continue;
		if (at == n_panels) {
			panels[n_panels++] = (struct log_panel){
			    .left = PANEL_LEFT + (double)(at % N_COLUMNS) * (WIDTH / N_COLUMNS),
			    .top = TOP + 40 + (double)(at / N_COLUMNS) * ROW_HEIGHT,
			};
		}
		panels[at].rows[panels[at].n_rows++] = &rows[i];
	}
	return n_panels;
}

static void write_legend(FILE *out, const struct scan_growth *growth)
{
	double x = 24;

	for (size_t i = 0; i < growth->n_series && i < MAX_SERIES && growth->n_series > 1; i++) {
		char *label = scan_growth_series_label(growth, i);
		char style[16];

		snprintf(style, sizeof(style), "fit s%zu", i);
		chart_write_line(out, style, x, 76, x + 26, 76);
		fprintf(out, "<circle class=\"d%zu\" cx=\"%.1f\" cy=\"76\" r=\"3.5\"/>\n", i,
		        x + 13);
		chart_write_text(out, x + 34, 80, "quiet", "start", label);
		x += 60 + label_width(label);
		free(label);
	}
}

void growth_svg_write(const struct scan_growth *growth, const char *command, FILE *out)
{
	struct log_panel panels[MAX_PANELS];
	size_t n_rows;
	struct growth_row *rows = scan_growth_rows(growth, &n_rows);
	size_t n_panels = fill_panels(panels, growth, rows, n_rows);
	char *title = xasprintf("%s over %s", growth->scenario, axis_of(growth)->name);
	size_t n_lines = (n_panels + N_COLUMNS - 1) / N_COLUMNS;

	chart_write_opening(out, &(struct chart_opening){
	                             .width = WIDTH,
	                             .height = TOP + 20 + (double)n_lines * ROW_HEIGHT,
	                             .title = title,
	                             .subject = "Growth of metrics",
	                             .subtitle = command,
	                             .style = growth_style,
	                             .patterns = "growth",
	                         });
	chart_write_text(out, 24, 32, "title", "start", title);
	chart_write_shortened(out, 24, 54, "quiet", command, WIDTH - 48, CHART_CHARACTER);
	write_legend(out, growth);
	for (size_t i = 0; i < n_panels; i++)
		write_panel(out, &panels[i], growth);
	fputs("</svg>\n", out);
	free(title);
	free(rows);
}
