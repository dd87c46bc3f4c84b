/* Draws timeline.svg: lines and areas over time, axes and the peak. */
#include "mem/reports/timeline_svg.h"

#include "core/alloc.h"
#include "core/export/picture.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "mem/heap.h"
#include "mem/heap_words.h"
#include "mem/reports/timeline_sheet.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Lengths in CSS pixels, besides those that the sheet has. */
enum {
	WIDTH = 1200,
	TOP = 128,
	HEAP_HEIGHT = 340,
	RSS_HEIGHT = 110,
	PANEL_GAP = 60, /* the peak's words stand in it */
	PEAK_RISE = 28, /* these, above the panel's name */
	PEAK_ROOM = 100,
	FOOT_HEIGHT = 28,
	TICK_DISTANCE_X = 90, /* at least */
	TICK_DISTANCE_Y = 34,
	LETTER_HEIGHT = 16,   /* an area has to be as high to get its letter */
	TITLE_CHARACTER = 11, /* average widths of characters */
};

/* Resident memory has a panel of its own where it would press the heap flat. */
enum { RSS_MUCH_MORE = 4 };

static struct panel panel_at(double top, double height, uint64_t last)
{
	return (struct panel){
	    .top = top,
	    .height = height,
	    .axis = axis_of_bytes(last, (size_t)(height / TICK_DISTANCE_Y)),
	};
}

static void lay_out(struct sheet *sheet)
{
	const struct heap_curve *curve = &sheet->curve;
	size_t most_ticks = (size_t)((sheet->width - SHEET_LEFT - SHEET_RIGHT) / TICK_DISTANCE_X);
	uint64_t most = curve->most_live_bytes;
	double top = TOP;

	sheet->rss_has_panel = curve->n_rss && curve->most_rss_bytes / RSS_MUCH_MORE > most;
	if (sheet->rss_has_panel) {
		sheet->rss = panel_at(top, RSS_HEIGHT, curve->most_rss_bytes);
		top += RSS_HEIGHT + PANEL_GAP;
	} else if (curve->most_rss_bytes > most) {
		most = curve->most_rss_bytes;
	}
	sheet->heap = panel_at(top, HEAP_HEIGHT, most);
	if (!sheet->rss_has_panel)
		sheet->rss = sheet->heap;
	sheet->time = sheet->picture->time_is_bytes ? axis_of_bytes(curve->end_time, most_ticks)
	                                            : axis_of_time(curve->end_time, most_ticks);
	sheet->plot_bottom = top + HEAP_HEIGHT;
	/* Rows: a head, the sites, the rest, and the two lines. */
	sheet->height = sheet->plot_bottom + SHEET_AXIS_HEIGHT +
	                (double)(4 + heap_sites_n(sheet->sites)) * SHEET_ROW_HEIGHT + FOOT_HEIGHT;
}

static const char *title_of(const struct timeline_picture *picture)
{
	return picture->picture && picture->picture->title ? picture->picture->title
	                                                   : picture->title;
}

static const char *subtitle_of(const struct timeline_picture *picture)
{
	return picture->picture && picture->picture->subtitle ? picture->picture->subtitle
	                                                      : picture->subtitle;
}

static const char own_style[] =
    ".timeline .live { fill: none; stroke: #14171a; stroke-width: 1.8; stroke-linejoin: round; "
    "}\n"
    ".timeline .rss { fill: none; stroke: #9a1b3a; stroke-width: 1.6; stroke-dasharray: 7 3; "
    "stroke-linejoin: round; }\n"
    ".timeline .peak { stroke: #14171a; stroke-width: 1; stroke-dasharray: 2 3; }\n"
    ".timeline .peak-dot { fill: #ffffff; stroke: #14171a; stroke-width: 2; }\n";

static void write_opening(const struct sheet *sheet)
{
	const struct chart_opening opening = {
	    .width = sheet->width,
	    .height = sheet->height,
	    .title = title_of(sheet->picture),
	    .subject = sheet->picture->words->over_time,
	    .subtitle = subtitle_of(sheet->picture),
	    .style = own_style,
	    .patterns = "timeline-site",
	    .n_fills = heap_sites_n(sheet->sites),
	};

	chart_write_opening(sheet->out, &opening);
	sheet_write_shortened(sheet, 10, 27, "title", title_of(sheet->picture), TITLE_CHARACTER);
	sheet_write_shortened(sheet, 10, 47, "quiet", subtitle_of(sheet->picture), SHEET_CHARACTER);
	sheet_write_shortened(sheet, 10, 64, "quiet", sheet->picture->limits, SHEET_CHARACTER);
}

static void write_panel(const struct sheet *sheet, const struct panel *panel, const char *name)
{
	panel_write(sheet->out, panel, SHEET_LEFT, sheet->width - SHEET_RIGHT, name);
}

static void write_time_axis(const struct sheet *sheet)
{
	uint64_t end = sheet->curve.end_time;
	double bottom = sheet->plot_bottom;

	for (size_t i = 0; end && (double)i * sheet->time.step <= (double)end; i++) {
		double x = sheet_x(sheet, (uint64_t)((double)i * sheet->time.step));

		sheet_write_line(sheet, "axis", x, bottom, x, bottom + 6);
		sheet_write_text(sheet, x, bottom + 21, "quiet", "middle",
		                 axis_label_of(&sheet->time, i).text);
		if (i && sheet->rss_has_panel)
			sheet_write_line(sheet, "grid", x, sheet->rss.top, x,
			                 sheet->rss.top + sheet->rss.height);
		if (i)
			sheet_write_line(sheet, "grid", x, sheet->heap.top, x, bottom);
	}
	sheet_write_text(sheet, sheet->width - SHEET_RIGHT, bottom + 40, "quiet", "end",
	                 sheet->picture->time_is_bytes ? "bytes allocated and freed so far"
	                                               : "time since the program started");
}

/* The edges of all areas, in bytes: what the sites up to each have together, at each point. The
 * last area is the rest. */
static double *sum_up(const struct heap_curve *curve, const struct heap_sites *sites)
{
	size_t n = curve->n_points, n_sites = heap_sites_n(sites);
	double *edges = xcalloc((n_sites + 2) * n, sizeof(*edges));
	double parts[HEAP_MOST_SITES] = {0};

	for (size_t point = 0; point < n; point++) {
		double live = (double)curve->points[point].bytes, sum = 0;

		heap_curve_split(curve, sites, point, parts);
		for (size_t site = 0; site < n_sites; site++) {
			sum += parts[site];
			edges[(site + 1) * n + point] = sum < live ? sum : live;
		}
		edges[(n_sites + 1) * n + point] = live;
	}
	return edges;
}

/* The lower edge of an area, which is the upper one of that before. */
static double edge_of(const struct sheet *sheet, size_t area, size_t point)
{
	return sheet->edges[area * sheet->curve.n_points + point];
}

static void write_area(const struct sheet *sheet, size_t site)
{
	size_t n = sheet->curve.n_points;

	if (site < heap_sites_n(sheet->sites))
		fprintf(sheet->out, "<path class=\"area\" fill=\"url(#timeline-site-%zu)\" d=\"",
		        site);
	else
		fputs("<path class=\"area other\" d=\"", sheet->out);
	for (size_t i = 0; i < n; i++)
		fprintf(sheet->out, "%c%.1f,%.1f", i ? 'L' : 'M',
		        sheet_x(sheet, sheet->curve.points[i].time),
		        panel_y(&sheet->heap, edge_of(sheet, site + 1, i)));
	for (size_t i = n; i-- > 0;)
		fprintf(sheet->out, "L%.1f,%.1f", sheet_x(sheet, sheet->curve.points[i].time),
		        panel_y(&sheet->heap, edge_of(sheet, site, i)));
	fputs("Z\"/>\n", sheet->out);
}

/* The first point from the second on that is not left of x, or the last one. */
static size_t point_after(const struct sheet *sheet, double x)
{
	const struct heap_curve *curve = &sheet->curve;
	size_t low = 1, high = curve->n_points > 1 ? curve->n_points - 1 : 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sheet_x(sheet, curve->points[middle].time) < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The lower edge of an area between points, as a height in the picture. */
static double edge_at(const struct sheet *sheet, size_t area, double x)
{
	const struct heap_curve *curve = &sheet->curve;
	size_t i = point_after(sheet, x);
	double left, right, part;

	left = sheet_x(sheet, curve->points[i - 1].time);
	right = sheet_x(sheet, curve->points[i].time);
	part = right > left ? (x - left) / (right - left) : 0;
	return panel_y(&sheet->heap,
	               edge_of(sheet, area, i - 1) * (1 - part) + edge_of(sheet, area, i) * part);
}

static double height_at(const struct sheet *sheet, size_t area, double x)
{
	return edge_at(sheet, area, x) - edge_at(sheet, area + 1, x);
}

/* How high an area is over the width of a letter. */
static double room_at(const struct sheet *sheet, size_t area, double x)
{
	double least = HEAP_HEIGHT;

	for (int step = -LETTER_HEIGHT / 2; step <= LETTER_HEIGHT / 2; step += 2) {
		double high = height_at(sheet, area, x + step);

		least = high < least ? high : least;
	}
	return least;
}

/* A letter where its area is highest, not in the peak's line. */
static void write_letter(const struct sheet *sheet, size_t area)
{
	double peak = sheet_x(sheet, sheet->curve.points[sheet->curve.peak].time), most = 0, at = 0;
	char letter[] = {sheet_letter(area), '\0'};

	for (double x = SHEET_LEFT + LETTER_HEIGHT; x < sheet->width - SHEET_RIGHT - LETTER_HEIGHT;
	     x += LETTER_HEIGHT / 2.0) {
		double room = room_at(sheet, area, x);

		if (room > most && (x < peak - LETTER_HEIGHT || x > peak + LETTER_HEIGHT)) {
			most = room;
			at = x;
		}
	}
	if (most >= LETTER_HEIGHT)
		sheet_write_text(sheet, at,
		                 (edge_at(sheet, area, at) + edge_at(sheet, area + 1, at)) / 2 + 4,
		                 "letter", "middle", letter);
}

static void write_areas(const struct sheet *sheet)
{
	for (size_t i = 0; i <= heap_sites_n(sheet->sites); i++)
		write_area(sheet, i);
	for (size_t i = 0; i < heap_sites_n(sheet->sites); i++)
		write_letter(sheet, i);
}

static void write_curves(const struct sheet *sheet)
{
	if (sheet->curve.n_rss)
		fputs("<path class=\"rss\" d=\"", sheet->out);
	for (size_t i = 0; i < sheet->curve.n_rss; i++)
		fprintf(sheet->out, "%c%.1f,%.1f", i ? 'L' : 'M',
		        sheet_x(sheet, sheet->curve.rss[i].time),
		        panel_y(&sheet->rss, (double)sheet->curve.rss[i].bytes));
	if (sheet->curve.n_rss)
		fputs("\"/>\n", sheet->out);
	fputs("<path class=\"live\" d=\"", sheet->out);
	for (size_t i = 0; i < sheet->curve.n_points; i++)
		fprintf(sheet->out, "%c%.1f,%.1f", i ? 'L' : 'M',
		        sheet_x(sheet, sheet->curve.points[i].time),
		        panel_y(&sheet->heap, (double)sheet->curve.points[i].bytes));
	fputs("\"/>\n", sheet->out);
}

/* The moments at which sites were counted, below the axis. */
static void write_tree_marks(const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->curve.n_trees; i++) {
		double x = sheet_x(sheet, sheet->curve.trees[i].time);

		fprintf(
		    sheet->out,
		    "<path d=\"M%.1f,%.1f l3,5 h-6 z\" fill=\"#57606a\" fill-opacity=\"0.6\"/>\n",
		    x, sheet->plot_bottom + 1);
	}
}

static void write_peak(const struct sheet *sheet)
{
	const struct curve_point *peak = &sheet->curve.points[sheet->curve.peak];
	double x = sheet_x(sheet, peak->time), y = panel_y(&sheet->heap, (double)peak->bytes);
	const char *anchor = x < SHEET_LEFT + PEAK_ROOM                   ? "start"
	                     : x > sheet->width - SHEET_RIGHT - PEAK_ROOM ? "end"
	                                                                  : "middle";
	char *text = xasprintf("peak %s at %s", size_text_of(peak->bytes).text,
	                       axis_value_of(&sheet->time, peak->time).text);

	sheet_write_line(sheet, "peak", x, sheet->heap.top - PEAK_RISE + 4, x, sheet->plot_bottom);
	fprintf(sheet->out,
	        "<circle class=\"peak-dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s bytes</title>"
	        "</circle>\n",
	        x, y, count_text_of(peak->bytes).text);
	sheet_write_text(sheet, x, sheet->heap.top - PEAK_RISE, "strong", anchor, text);
	free(text);
}

static void write_foot(const struct sheet *sheet)
{
	char *text =
	    xasprintf("Sites were counted at the %s marked below the axis; in between they are "
	              "drawn between their counts, within the bytes in use.",
	              counted_text_of(sheet->curve.n_trees, "moment").text);

	sheet_write_shortened(sheet, 10, sheet->height - 9, "quiet", text, SHEET_CHARACTER);
	free(text);
}

static void draw(const struct sheet *sheet)
{
	const struct heap_words *words = sheet->picture->words;

	write_opening(sheet);
	if (sheet->rss_has_panel)
		write_panel(sheet, &sheet->rss, "resident (RSS)");
	write_panel(sheet, &sheet->heap,
	            sheet->rss_has_panel || !sheet->curve.n_rss ? words->in_use
	                                                        : words->in_use_and_resident);
	write_time_axis(sheet);
	write_areas(sheet);
	write_tree_marks(sheet);
	write_curves(sheet);
	if (sheet->curve.most_live_bytes)
		write_peak(sheet);
	else
		sheet_write_text(sheet, (SHEET_LEFT + sheet->width - SHEET_RIGHT) / 2,
		                 sheet->heap.top + HEAP_HEIGHT / 2.0, "quiet", "middle",
		                 "nothing was allocated");
	sheet_write_legend(sheet);
	write_foot(sheet);
	fputs("</svg>\n", sheet->out);
}

void timeline_svg_write(const struct timeline_picture *picture, FILE *out)
{
	struct sheet sheet = {.picture = picture, .width = WIDTH, .out = out};

	if (picture->picture && picture->picture->width)
		sheet.width = (double)picture->picture->width;
	heap_curve_init(&sheet.curve, picture->process, picture->time_is_bytes);
	sheet.types = xcalloc(sheet.curve.n_trees + 1, sizeof(*sheet.types));
	for (size_t i = 0; i < sheet.curve.n_trees; i++)
		sheet.types[i] = sheet.curve.trees[i].type;
	sheet.sites =
	    heap_sites_new(picture->profile, sheet.types, sheet.curve.n_trees, picture->filter);
	sheet.edges = sum_up(&sheet.curve, sheet.sites);
	lay_out(&sheet);
	draw(&sheet);
	heap_sites_free(sheet.sites);
	free(sheet.edges);
	free(sheet.types);
	heap_curve_fini(&sheet.curve);
}
