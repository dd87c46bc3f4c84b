/* Draws timeline.svg: two stacks of areas by call, and two lines of bytes. */
#include "io/timeline.h"

#include "core/alloc.h"
#include "core/export/chart.h"
#include "core/number_text.h"
#include "io/bins.h"
#include "io/names.h"

#include <stdlib.h>

/* Lengths in CSS pixels. */
enum {
	WIDTH = 1200,
	LEFT = 84,
	RIGHT = 26,
	TOP = 96,
	STACK_HEIGHT = 200,
	BYTES_HEIGHT = 120,
	GAP = 46,
	AXIS_HEIGHT = 52,
	ROW_HEIGHT = 22,
	FOOT_HEIGHT = 16,
	TICK_DISTANCE_X = 90, /* at least */
	TICK_DISTANCE_Y = 34,
	LETTER_HEIGHT = 16, /* an area has to be as high to get its letter */
	TITLE_CHARACTER = 11,
	/* columns of the legend */
	NAME_X = 34,
	CALLS_X = 380,
	TIME_X = 560,
};

/* What is stacked. */
struct measure {
	const char *name;
	double (*of_bin)(const struct io_bin *bin, double width_ns);
	struct axis (*axis)(uint64_t last, size_t most_steps);
};

static double calls_per_s(const struct io_bin *bin, double width_ns)
{
	return (double)bin->calls * 1e9 / width_ns;
}

static double percent_of_time(const struct io_bin *bin, double width_ns)
{
	return 100.0 * (double)bin->time_ns / width_ns;
}

static const struct measure measures[] = {
    {"calls a second", calls_per_s, axis_of_rate},
    {"time in calls (100 %: one thread all the time)", percent_of_time, axis_of_percent},
};

enum { N_STACKS = ARRAY_SIZE(measures) };

struct stack {
	struct panel panel;
	double *edges; /* n_areas + 1 rows of n_bins: each area's lower edge, then the whole */
};

struct drawing {
	const struct io_counts *counts;
	const struct io_timeline_words *words;
	const struct io_bins *bins;
	size_t n_bins;
	double bin_ns;
	uint64_t end_ns;
	size_t shown[CHART_FILLS]; /* rows, largest first */
	size_t n_shown;
	size_t n_areas; /* one more where there are others */
	struct stack stacks[N_STACKS];
	struct panel bytes;
	struct axis time;
	double width;
	double height;
	FILE *out;
};

/* Share of all calls, or of the time in all of them, whichever is larger. */
static double weight_of(const struct io_counts *counts, const struct call_row *row)
{
	double calls = (double)row->calls / (double)(counts->totals.calls + 1);
	double time = (double)row->time_ns / (double)(counts->totals.time_ns + 1);

	return calls > time ? calls : time;
}

static int by_weight(const void *left, const void *right, void *context)
{
	const struct io_counts *counts = context;
	size_t i = *(const size_t *)left, j = *(const size_t *)right;
	double a = weight_of(counts, &counts->calls[i]), b = weight_of(counts, &counts->calls[j]);

	return a != b ? (a < b) - (a > b) : (i > j) - (i < j);
}

static void choose_calls(struct drawing *drawing)
{
	size_t n = drawing->counts->n_calls, *order = xcalloc(n + 1, sizeof(*order));

	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_weight, (void *)drawing->counts);
	drawing->n_shown = n < CHART_FILLS ? n : CHART_FILLS;
	for (size_t i = 0; i < drawing->n_shown; i++)
		drawing->shown[i] = order[i];
	drawing->n_areas = drawing->n_shown + (n > drawing->n_shown);
	free(order);
}

/* The area of a call's row: its own or that of the others. */
static size_t area_of(const struct drawing *drawing, size_t row)
{
	size_t area = 0;

	while (area < drawing->n_shown && drawing->shown[area] != row)
		area++;
	return area;
}

/* All edges, and the highest. */
static double sum_up(struct drawing *drawing, size_t stack)
{
	size_t n = drawing->n_bins;
	double *edges = xcalloc((drawing->n_areas + 2) * n, sizeof(*edges)), most = 0;

	for (size_t row = 0; row < drawing->bins->n_calls; row++)
		for (size_t bin = 0; drawing->bins->calls[row] && bin < n; bin++)
			edges[(area_of(drawing, row) + 1) * n + bin] += measures[stack].of_bin(
			    &drawing->bins->calls[row][bin], drawing->bin_ns);
	for (size_t i = n; i < (drawing->n_areas + 1) * n; i++)
		edges[i] += edges[i - n];
	for (size_t bin = 0; bin < n; bin++)
		if (edges[drawing->n_areas * n + bin] > most)
			most = edges[drawing->n_areas * n + bin];
	drawing->stacks[stack].edges = edges;
	return most;
}

static double bytes_per_s(const struct drawing *drawing, size_t direction, size_t bin)
{
	return (double)drawing->bins->bytes[direction][bin] * 1e9 / drawing->bin_ns;
}

static double most_bytes(const struct drawing *drawing)
{
	double most = 0;

	for (size_t direction = IO_READ; direction <= IO_WRITE; direction++)
		for (size_t bin = 0; bin < drawing->n_bins; bin++)
			if (bytes_per_s(drawing, direction, bin) > most)
				most = bytes_per_s(drawing, direction, bin);
	return most;
}

static void lay_out(struct drawing *drawing)
{
	double top = TOP;

	for (size_t i = 0; i < N_STACKS; i++) {
		uint64_t most = (uint64_t)sum_up(drawing, i) + 1;

		drawing->stacks[i].panel = (struct panel){
		    top, STACK_HEIGHT, measures[i].axis(most, STACK_HEIGHT / TICK_DISTANCE_Y)};
		top += STACK_HEIGHT + GAP;
	}
	drawing->bytes = (struct panel){
	    top, BYTES_HEIGHT,
	    axis_of_bytes((uint64_t)most_bytes(drawing) + 1, BYTES_HEIGHT / TICK_DISTANCE_Y)};
	drawing->time = axis_of_time(drawing->end_ns,
	                             (size_t)((drawing->width - LEFT - RIGHT) / TICK_DISTANCE_X));
	/* Rows: a head, the areas, the two lines. */
	drawing->height = top + BYTES_HEIGHT + AXIS_HEIGHT +
	                  (double)(drawing->n_areas + 3) * ROW_HEIGHT + FOOT_HEIGHT;
}

static const char own_style[] =
    ".timeline .unmeasured { fill: #d0d7de; fill-opacity: 0.6; }\n"
    ".timeline .read { fill: none; stroke: #0b4f8a; stroke-width: 1.8; }\n"
    ".timeline .written { fill: none; stroke: #9a1b3a; stroke-width: 1.6; stroke-dasharray: 7 3; "
    "}\n";

static void write_opening(const struct drawing *drawing)
{
	const struct io_timeline_words *words = drawing->words;
	double room = drawing->width - RIGHT - 10;
	FILE *out = drawing->out;
	char *bin = xasprintf("Each step is %.4g ms. %s", drawing->bin_ns / 1e6, words->of_time);
	const struct chart_opening opening = {
	    .width = drawing->width,
	    .height = drawing->height,
	    .title = words->title,
	    .subject = "System calls over time",
	    .subtitle = words->subtitle,
	    .style = own_style,
	    .patterns = "timeline-call",
	    .n_fills = drawing->n_shown,
	};

	chart_write_opening(out, &opening);
	chart_write_shortened(out, 10, 27, "title", words->title, room, TITLE_CHARACTER);
	chart_write_shortened(out, 10, 47, "quiet", words->subtitle, room, CHART_CHARACTER);
	chart_write_shortened(out, 10, 64, "quiet", bin, room, CHART_CHARACTER);
	free(bin);
}

static double x_at(const struct drawing *drawing, double time_ns)
{
	return LEFT + time_ns / (double)drawing->end_ns * (drawing->width - LEFT - RIGHT);
}

static double x_of_bin(const struct drawing *drawing, size_t bin)
{
	return x_at(drawing, (double)bin * drawing->bin_ns);
}

static double y_of_edge(const struct drawing *drawing, size_t stack, size_t edge, size_t bin)
{
	return panel_y(&drawing->stacks[stack].panel,
	               drawing->stacks[stack].edges[edge * drawing->n_bins + bin]);
}

/* Upper steps from left to right, lower ones back. */
static void write_area(const struct drawing *drawing, size_t stack, size_t area)
{
	FILE *out = drawing->out;

	if (area < drawing->n_shown)
		fprintf(out, "<path class=\"area\" fill=\"url(#timeline-call-%zu)\" d=\"", area);
	else
		fputs("<path class=\"area other\" d=\"", out);
	for (size_t i = 0; i < drawing->n_bins; i++)
		fprintf(out, "%c%.1f,%.1fH%.1f", i ? 'L' : 'M', x_of_bin(drawing, i),
		        y_of_edge(drawing, stack, area + 1, i), x_of_bin(drawing, i + 1));
	for (size_t i = drawing->n_bins; i-- > 0;)
		fprintf(out, "L%.1f,%.1fH%.1f", x_of_bin(drawing, i + 1),
		        y_of_edge(drawing, stack, area, i), x_of_bin(drawing, i));
	fputs("Z\"/>\n", out);
}

/* How much height an area has in common in all bins that a letter at x covers, and its middle. */
static double room_at(const struct drawing *drawing, size_t stack, size_t area, double x,
                      double *middle)
{
	double upper = 0, lower = drawing->height;

	for (size_t i = 0; i < drawing->n_bins; i++) {
		double top, bottom;

		if (x_of_bin(drawing, i + 1) < x - LETTER_HEIGHT / 2.0 ||
		    x_of_bin(drawing, i) > x + LETTER_HEIGHT / 2.0)
			continue;
		top = y_of_edge(drawing, stack, area + 1, i);
		bottom = y_of_edge(drawing, stack, area, i);
		upper = top > upper ? top : upper;
		lower = bottom < lower ? bottom : lower;
	}
	*middle = (upper + lower) / 2;
	return lower - upper;
}

static void write_letter(const struct drawing *drawing, size_t stack, size_t area)
{
	char letter[] = {(char)('A' + area), '\0'};
	double most = 0, at_x = 0, at_y = 0, y;

	for (double x = LEFT + LETTER_HEIGHT; x < drawing->width - RIGHT - LETTER_HEIGHT;
	     x += LETTER_HEIGHT / 2.0) {
		double room = room_at(drawing, stack, area, x, &y);

		if (room > most) {
			most = room;
			at_x = x;
			at_y = y;
		}
	}
	if (most >= LETTER_HEIGHT)
		chart_write_text(drawing->out, at_x, at_y + 4, "letter", "middle", letter);
}

/* Where there would be calls, had measuring begun. */
static void write_unmeasured(const struct drawing *drawing, const struct panel *panel)
{
	double end = x_at(drawing, (double)drawing->counts->unmeasured_ns);

	if (drawing->counts->unmeasured_ns)
		fprintf(drawing->out,
		        "<rect class=\"unmeasured\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" "
		        "height=\"%.1f\"><title>not measured</title></rect>\n",
		        LEFT, panel->top, end - LEFT, panel->height);
}

static void write_stack(const struct drawing *drawing, size_t stack)
{
	write_unmeasured(drawing, &drawing->stacks[stack].panel);
	panel_write(drawing->out, &drawing->stacks[stack].panel, LEFT, drawing->width - RIGHT,
	            measures[stack].name);
	for (size_t i = 0; i < drawing->n_areas; i++)
		write_area(drawing, stack, i);
	for (size_t i = 0; i < drawing->n_shown; i++)
		write_letter(drawing, stack, i);
}

/* Calls that failed move nothing. */
static bool knows_bytes(const struct drawing *drawing)
{
	return io_counts_has(drawing->counts, IO_SUCCESSFUL);
}

static void write_bytes(const struct drawing *drawing)
{
	static const char *const styles[] = {[IO_READ] = "read", [IO_WRITE] = "written"};

	write_unmeasured(drawing, &drawing->bytes);
	panel_write(drawing->out, &drawing->bytes, LEFT, drawing->width - RIGHT, "bytes a second");
	for (size_t direction = IO_READ; knows_bytes(drawing) && direction <= IO_WRITE;
	     direction++) {
		fprintf(drawing->out, "<path class=\"%s\" d=\"", styles[direction]);
		for (size_t i = 0; i < drawing->n_bins; i++)
			fprintf(drawing->out, "%c%.1f,%.1fH%.1f", i ? 'L' : 'M',
			        x_of_bin(drawing, i),
			        panel_y(&drawing->bytes, bytes_per_s(drawing, direction, i)),
			        x_of_bin(drawing, i + 1));
		fputs("\"/>\n", drawing->out);
	}
}

static void write_time_axis(const struct drawing *drawing)
{
	double bottom = drawing->bytes.top + drawing->bytes.height;
	char *caption =
	    xasprintf("%s%s", drawing->words->of_axis,
	              drawing->counts->unmeasured_ns ? "; grey: before measuring began" : "");

	for (size_t i = 0; (double)i * drawing->time.step <= (double)drawing->end_ns; i++) {
		double x = x_at(drawing, (double)i * drawing->time.step);

		chart_write_line(drawing->out, "axis", x, bottom, x, bottom + 6);
		chart_write_text(drawing->out, x, bottom + 21, "quiet", "middle",
		                 axis_label_of(&drawing->time, i).text);
	}
	chart_write_text(drawing->out, drawing->width - RIGHT, bottom + 38, "quiet", "end",
	                 caption);
	free(caption);
}

static void write_share(const struct drawing *drawing, double x, double y, const char *text,
                        uint64_t part, uint64_t whole)
{
	char *share =
	    xasprintf("%s  (%.1f %%)", text, whole ? 100.0 * (double)part / (double)whole : 0);

	chart_write_text(drawing->out, x, y, "plain", "end", share);
	free(share);
}

/* Of the areas, one row each. */
static void write_area_row(const struct drawing *drawing, size_t area, double y)
{
	const struct io_totals *totals = &drawing->counts->totals;
	uint64_t calls = 0, time_ns = 0;
	char *look = area < drawing->n_shown
	                 ? xasprintf("class=\"area\" fill=\"url(#timeline-call-%zu)\"", area)
	                 : xstrdup("class=\"area other\"");
	char *name =
	    area < drawing->n_shown
	        ? xasprintf("%c  %s", (char)('A' + area),
	                    io_call_name_of(drawing->counts->calls[drawing->shown[area]].info).text)
	        : xasprintf("%zu others", drawing->counts->n_calls - drawing->n_shown);
	struct axis seconds;

	for (size_t i = 0; i < drawing->counts->n_calls; i++)
		if (area_of(drawing, i) == area) {
			calls += drawing->counts->calls[i].calls;
			time_ns += drawing->counts->calls[i].time_ns;
		}
	seconds = axis_of_time(time_ns, 2);
	fprintf(drawing->out, "<rect %s x=\"10\" y=\"%.1f\" width=\"16\" height=\"14\"/>\n", look,
	        y - 12);
	chart_write_text(drawing->out, NAME_X, y, "plain", "start", name);
	write_share(drawing, CALLS_X, y, count_text_of(calls).text, calls, totals->calls);
	write_share(drawing, TIME_X, y, axis_value_of(&seconds, time_ns).text, time_ns,
	            totals->time_ns);
	free(name);
	free(look);
}

static void write_line_row(const struct drawing *drawing, enum io_direction direction, double y)
{
	const char *style = direction == IO_READ ? "read" : "written";
	uint64_t bytes = drawing->counts->totals.bytes[direction];
	char *text = xasprintf("%s: %s", style,
	                       knows_bytes(drawing) ? size_text_of(bytes).text : "not counted");

	chart_write_line(drawing->out, style, 8, y - 4, 28, y - 4);
	chart_write_text(drawing->out, NAME_X, y, "plain", "start", text);
	free(text);
}

static void write_legend(const struct drawing *drawing)
{
	double y = drawing->bytes.top + drawing->bytes.height + AXIS_HEIGHT + ROW_HEIGHT / 2.0;

	chart_write_text(drawing->out, NAME_X, y, "strong", "start", "system call");
	chart_write_text(drawing->out, CALLS_X, y, "strong", "end", "calls");
	chart_write_text(drawing->out, TIME_X, y, "strong", "end", "time in calls");
	for (size_t i = 0; i < drawing->n_areas; i++)
		write_area_row(drawing, i, y += ROW_HEIGHT);
	write_line_row(drawing, IO_READ, y += ROW_HEIGHT);
	write_line_row(drawing, IO_WRITE, y += ROW_HEIGHT);
}

void io_timeline_write(FILE *out, const struct io_counts *counts,
                       const struct io_timeline_words *words)
{
	struct drawing drawing = {
	    .counts = counts,
	    .words = words,
	    .bins = counts->bins,
	    .n_bins = io_bins_count(counts->bins),
	    .bin_ns = (double)counts->bins->width_ns,
	    .width = words->width > 0 ? words->width : WIDTH,
	    .out = out,
	};

	drawing.end_ns = drawing.n_bins * counts->bins->width_ns;
	choose_calls(&drawing);
	lay_out(&drawing);
	write_opening(&drawing);
	for (size_t i = 0; i < N_STACKS; i++)
		write_stack(&drawing, i);
	write_bytes(&drawing);
	write_time_axis(&drawing);
	write_legend(&drawing);
	fputs("</svg>\n", out);
	for (size_t i = 0; i < N_STACKS; i++)
		free(drawing.stacks[i].edges);
}
