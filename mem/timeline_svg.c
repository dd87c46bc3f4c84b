/* Draws timeline.svg: lines and areas over time, axes, the peak, and a legend below. */
#include "mem/timeline_svg.h"

#include "core/alloc.h"
#include "core/export/axis.h"
#include "core/export/picture.h"
#include "core/export/xml.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "mem/heap.h"
#include "mem/heap_curve.h"
#include "mem/heap_sites.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Lengths in CSS pixels. */
enum {
	WIDTH = 1200,
	LEFT = 84,
	RIGHT = 26,
	TOP = 120,
	HEAP_HEIGHT = 340,
	RSS_HEIGHT = 110,
	PANEL_GAP = 46, /* the peak's words stand in it */
	AXIS_HEIGHT = 56,
	ROW_HEIGHT = 22,
	FOOT_HEIGHT = 28,
	TICK_DISTANCE_X = 90, /* at least */
	TICK_DISTANCE_Y = 34,
	LETTER_HEIGHT = 16,   /* an area has to be as high to get its letter */
	TITLE_CHARACTER = 11, /* average widths of characters */
	CHARACTER = 7,
	/* Columns of the legend. */
	KEY_X = 0,
	PEAK_X = 130, /* right end */
	SHARE_X = 200,
	MOST_X = 300,
	NAME_X = 322,
};

/* Resident memory has a panel of its own where it would press the heap flat. */
enum { RSS_MUCH_MORE = 4 };

/* Tints that differ in lightness too (after Okabe and Ito's palette), each with its hatching, so
 * that a print in black and white tells them apart. */
static const struct {
	const char *color;
	const char *hatching; /* in a tile of 8 by 8 */
} fills[HEAP_MOST_SITES] = {
    {"#f4a582", ""},
    {"#92c5de", "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4"},
    {"#fff2ae", "M1.5,2 h1.4 M5.5,6 h1.4"},
    {"#a6dba0", "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4"},
    {"#c2a5cf", "M0,4 h8"},
    {"#fddbc7", "M4,0 v8"},
    {"#80cdc1", "M0,4 h8 M4,0 v8"},
    {"#e6e6a0", "M0,0 l8,8 M0,8 l8,-8"},
};

/* A part of the picture with a vertical axis of its own. */
struct panel {
	double top;
	double height;
	struct axis axis;
};

struct sheet {
	const struct timeline_picture *picture;
	struct heap_curve curve;
	struct heap_sites *sites;
	size_t *types; /* of the trees */
	struct panel heap;
	struct panel rss; /* the heap's, or its own */
	bool rss_has_panel;
	struct axis time;
	double width;
	double plot_bottom;
	double height;
	FILE *out;
};

static double x_of(const struct sheet *sheet, uint64_t time)
{
	uint64_t end = sheet->curve.end_time;

	return LEFT + (end ? (double)time / (double)end : 0) * (sheet->width - LEFT - RIGHT);
}

static double y_of(const struct panel *panel, double value)
{
	double last = panel->axis.step * (double)panel->axis.n_steps;

	return panel->top + panel->height * (1 - value / last);
}

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
	size_t most_ticks = (size_t)((sheet->width - LEFT - RIGHT) / TICK_DISTANCE_X);
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
	sheet->height = sheet->plot_bottom + AXIS_HEIGHT +
	                (double)(4 + heap_sites_n(sheet->sites)) * ROW_HEIGHT + FOOT_HEIGHT;
}

/* What fits into the width in a font with characters of about this width; the caller frees it. */
static char *shortened(const char *text, double width, double character_width)
{
	size_t fits = width > 0 ? (size_t)(width / character_width) : 0, len = 0;

	if (utf8_count(text) <= fits)
		return xstrdup(text);
	for (size_t n = 0; text[len] && n + 1 < fits; n++)
		len += utf8_length(text + len) ? utf8_length(text + len) : 1;
	return xasprintf("%.*s\xe2\x80\xa6", (int)len, text);
}

/* A text with an anchor ("start", "middle", "end"). */
static void write_text(const struct sheet *sheet, double x, double y, const char *style,
                       const char *anchor, const char *text)
{
	fprintf(sheet->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", style,
	        x, y, anchor);
	xml_write(sheet->out, text);
	fputs("</text>\n", sheet->out);
}

static void write_shortened(const struct sheet *sheet, double x, double y, const char *style,
                            const char *text, double character_width)
{
	char *fitting = shortened(text, sheet->width - RIGHT - x, character_width);

	write_text(sheet, x, y, style, "start", fitting);
	free(fitting);
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

static const char style[] =
    ".timeline { background: #ffffff; }\n"
    ".timeline text { font: 12px \"DejaVu Sans\", Verdana, \"Segoe UI\", sans-serif; "
    "fill: #1f2328; }\n"
    ".timeline .title { font-size: 17px; font-weight: bold; }\n"
    ".timeline .quiet { fill: #57606a; }\n"
    ".timeline .strong { font-weight: bold; }\n"
    ".timeline .letter { font-weight: bold; paint-order: stroke; stroke: #ffffff; "
    "stroke-width: 5px; stroke-linejoin: round; }\n"
    ".timeline .grid { stroke: #d0d7de; stroke-width: 1; }\n"
    ".timeline .axis { stroke: #57606a; stroke-width: 1; }\n"
    ".timeline .hatching { stroke: #1f2328; stroke-opacity: 0.45; stroke-width: 1; fill: none; "
    "}\n"
    ".timeline .area { stroke: #57606a; stroke-width: 0.5; stroke-linejoin: round; }\n"
    ".timeline .other { fill: #eaeef2; }\n"
    ".timeline .live { fill: none; stroke: #14171a; stroke-width: 1.8; stroke-linejoin: round; "
    "}\n"
    ".timeline .rss { fill: none; stroke: #9a1b3a; stroke-width: 1.6; stroke-dasharray: 7 3; "
    "stroke-linejoin: round; }\n"
    ".timeline .peak { stroke: #14171a; stroke-width: 1; stroke-dasharray: 2 3; }\n"
    ".timeline .peak-dot { fill: #ffffff; stroke: #14171a; stroke-width: 2; }\n";

/* Names in a page that holds several pictures mean the same in each. */
static void write_patterns(const struct sheet *sheet)
{
	fputs("<defs>\n", sheet->out);
	for (size_t i = 0; i < heap_sites_n(sheet->sites); i++)
		fprintf(sheet->out,
		        "<pattern id=\"timeline-site-%zu\" width=\"8\" height=\"8\" "
		        "patternUnits=\"userSpaceOnUse\"><rect width=\"8\" height=\"8\" "
		        "fill=\"%s\"/><path class=\"hatching\" d=\"%s\"/></pattern>\n",
		        i, fills[i].color, fills[i].hatching);
	fputs("</defs>\n", sheet->out);
}

static void write_opening(const struct sheet *sheet)
{
	FILE *out = sheet->out;

	fprintf(out,
	        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
	        "<svg class=\"timeline\" xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" "
	        "width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
	        "aria-labelledby=\"timeline-title timeline-description\">\n"
	        "<title id=\"timeline-title\">",
	        sheet->width, sheet->height, sheet->width, sheet->height);
	xml_write(out, title_of(sheet->picture));
	fputs("</title>\n<desc id=\"timeline-description\">Heap over time. ", out);
	xml_write(out, subtitle_of(sheet->picture));
	fprintf(out, "</desc>\n<style>\n%s</style>\n", style);
	write_patterns(sheet);
	fputs("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n", out);
	write_shortened(sheet, 10, 27, "title", title_of(sheet->picture), TITLE_CHARACTER);
	write_shortened(sheet, 10, 47, "quiet", subtitle_of(sheet->picture), CHARACTER);
	write_shortened(sheet, 10, 64, "quiet", sheet->picture->limits, CHARACTER);
}

static void write_line(const struct sheet *sheet, const char *style_name, double x1, double y1,
                       double x2, double y2)
{
	fprintf(sheet->out,
	        "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
	        style_name, x1, y1, x2, y2);
}

static void write_panel(const struct sheet *sheet, const struct panel *panel, const char *name)
{
	for (size_t i = 0; i <= panel->axis.n_steps; i++) {
		double y = y_of(panel, (double)i * panel->axis.step);

		write_line(sheet, i ? "grid" : "axis", LEFT, y, sheet->width - RIGHT, y);
		write_text(sheet, LEFT - 8, y + 4, "quiet", "end",
		           axis_label_of(&panel->axis, i).text);
	}
	write_line(sheet, "axis", LEFT, panel->top, LEFT, panel->top + panel->height);
	write_text(sheet, LEFT, panel->top - 10, "strong", "start", name);
}

static void write_time_axis(const struct sheet *sheet)
{
	uint64_t end = sheet->curve.end_time;
	double bottom = sheet->plot_bottom;

	for (size_t i = 0; end && (double)i * sheet->time.step <= (double)end; i++) {
		double x = x_of(sheet, (uint64_t)((double)i * sheet->time.step));

		write_line(sheet, "axis", x, bottom, x, bottom + 6);
		write_text(sheet, x, bottom + 21, "quiet", "middle",
		           axis_label_of(&sheet->time, i).text);
		if (i && sheet->rss_has_panel)
			write_line(sheet, "grid", x, sheet->rss.top, x,
			           sheet->rss.top + sheet->rss.height);
		if (i)
			write_line(sheet, "grid", x, sheet->heap.top, x, bottom);
	}
	write_text(sheet, sheet->width - RIGHT, bottom + 40, "quiet", "end",
	           sheet->picture->time_is_bytes ? "bytes allocated and freed so far"
	                                         : "time since the program started");
}

/* The lower and upper edge of a site at a point, in bytes; the one after the last site is the rest.
 */
static double edge_of(const struct sheet *sheet, size_t n_below, size_t point)
{
	double live = (double)sheet->curve.points[point].bytes, sum = 0;

	if (n_below > heap_sites_n(sheet->sites))
		return live;
	for (size_t i = 0; i < n_below; i++)
		sum += heap_curve_part(&sheet->curve, sheet->sites, i, point);
	return sum < live ? sum : live;
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
		        x_of(sheet, sheet->curve.points[i].time),
		        y_of(&sheet->heap, edge_of(sheet, site + 1, i)));
	for (size_t i = n; i-- > 0;)
		fprintf(sheet->out, "L%.1f,%.1f", x_of(sheet, sheet->curve.points[i].time),
		        y_of(&sheet->heap, edge_of(sheet, site, i)));
	fputs("Z\"/>\n", sheet->out);
}

static char letter_of(size_t site)
{
	return (char)('A' + site);
}

/* How high an area is at a point, and around it too, in pixels; 0 near the edges and the peak's
 * line. */
static double room_at(const struct sheet *sheet, size_t site, size_t point)
{
	double x = x_of(sheet, sheet->curve.points[point].time), least = HEAP_HEIGHT;
	double from_peak = x - x_of(sheet, sheet->curve.points[sheet->curve.peak].time);

	if (x < LEFT + LETTER_HEIGHT || x > sheet->width - RIGHT - LETTER_HEIGHT ||
	    (from_peak > -LETTER_HEIGHT && from_peak < LETTER_HEIGHT))
		return 0;
	for (size_t i = 0; i < sheet->curve.n_points; i++) {
		double there = x_of(sheet, sheet->curve.points[i].time), high;

		if (there < x - LETTER_HEIGHT / 2.0 || there > x + LETTER_HEIGHT / 2.0)
			continue;
		high = y_of(&sheet->heap, edge_of(sheet, site, i)) -
		       y_of(&sheet->heap, edge_of(sheet, site + 1, i));
		least = high < least ? high : least;
	}
	return least;
}

/* A letter where its area is highest. */
static void write_letter(const struct sheet *sheet, size_t site)
{
	char letter[] = {letter_of(site), '\0'};
	double most = 0;
	size_t at = 0;

	for (size_t i = 0; i < sheet->curve.n_points; i++) {
		double room = room_at(sheet, site, i);

		if (room > most) {
			most = room;
			at = i;
		}
	}
	if (most >= LETTER_HEIGHT)
		write_text(sheet, x_of(sheet, sheet->curve.points[at].time),
		           (y_of(&sheet->heap, edge_of(sheet, site, at)) +
		            y_of(&sheet->heap, edge_of(sheet, site + 1, at))) /
		                   2 +
		               4,
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
		        x_of(sheet, sheet->curve.rss[i].time),
		        y_of(&sheet->rss, (double)sheet->curve.rss[i].bytes));
	if (sheet->curve.n_rss)
		fputs("\"/>\n", sheet->out);
	fputs("<path class=\"live\" d=\"", sheet->out);
	for (size_t i = 0; i < sheet->curve.n_points; i++)
		fprintf(sheet->out, "%c%.1f,%.1f", i ? 'L' : 'M',
		        x_of(sheet, sheet->curve.points[i].time),
		        y_of(&sheet->heap, (double)sheet->curve.points[i].bytes));
	fputs("\"/>\n", sheet->out);
}

/* The moments at which sites were counted, below the axis. */
static void write_tree_marks(const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->curve.n_trees; i++) {
		double x = x_of(sheet, sheet->curve.trees[i].time);

		fprintf(
		    sheet->out,
		    "<path d=\"M%.1f,%.1f l3,5 h-6 z\" fill=\"#57606a\" fill-opacity=\"0.6\"/>\n",
		    x, sheet->plot_bottom + 1);
	}
}

static void write_peak(const struct sheet *sheet)
{
	const struct curve_point *peak = &sheet->curve.points[sheet->curve.peak];
	double x = x_of(sheet, peak->time), y = y_of(&sheet->heap, (double)peak->bytes);
	bool is_left = x < (LEFT + sheet->width - RIGHT) / 2;
	char *text = xasprintf("peak %s at %s", size_text_of(peak->bytes).text,
	                       axis_value_of(&sheet->time, peak->time).text);

	write_line(sheet, "peak", x, sheet->heap.top - 6, x, sheet->plot_bottom);
	fprintf(sheet->out,
	        "<circle class=\"peak-dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s bytes</title>"
	        "</circle>\n",
	        x, y, count_text_of(peak->bytes).text);
	write_text(sheet, x + (is_left ? -3 : 3), sheet->heap.top - 10, "strong",
	           is_left && x < LEFT + 130 ? "start"
	           : is_left                 ? "middle"
	                                     : "end",
	           text);
	free(text);
}

/* The numbers of a legend's row; `most` may be NULL. */
static void write_numbers(const struct sheet *sheet, double y, uint64_t at_peak,
                          const uint64_t *most)
{
	char share[16];

	snprintf(share, sizeof(share), "%.1f %%",
	         share_percent(at_peak, sheet->curve.points[sheet->curve.peak].bytes));
	write_text(sheet, LEFT + PEAK_X, y, "", "end", size_text_of(at_peak).text);
	write_text(sheet, LEFT + SHARE_X, y, "", "end", share);
	if (most)
		write_text(sheet, LEFT + MOST_X, y, "", "end", size_text_of(*most).text);
}

static uint64_t at_peak(const struct sheet *sheet, const struct heap_site *site)
{
	return sheet->curve.peak_tree < sheet->curve.n_trees ? site->bytes[sheet->curve.peak_tree]
	                                                     : 0;
}

static uint64_t most_of(const struct sheet *sheet, const struct heap_site *site)
{
	uint64_t most = 0;

	for (size_t i = 0; i < sheet->curve.n_trees; i++)
		most = site->bytes[i] > most ? site->bytes[i] : most;
	return most;
}

static void write_site_row(const struct sheet *sheet, size_t i, double y)
{
	const struct heap_site *site = heap_sites_at(sheet->sites, i);
	char letter[] = {letter_of(i), '\0'};
	uint64_t most = most_of(sheet, site);
	bool has_place = *site->place, has_through = *site->through;
	char *what =
	    xasprintf("%s%s%s%s%s%s", site->name, has_place ? "  (" : "", site->place,
	              has_place ? ")" : "", has_through ? "  through " : "", site->through);

	fprintf(sheet->out,
	        "<rect class=\"area\" x=\"%d\" y=\"%.1f\" width=\"30\" height=\"15\" "
	        "fill=\"url(#timeline-site-%zu)\"/>\n",
	        LEFT + KEY_X + 18, y - 12, i);
	write_text(sheet, LEFT + KEY_X, y, "strong", "start", letter);
	write_numbers(sheet, y, at_peak(sheet, site), &most);
	write_shortened(sheet, LEFT + NAME_X, y, "", what, CHARACTER);
	free(what);
}

static void write_rest_row(const struct sheet *sheet, double y)
{
	uint64_t rest = sheet->curve.points[sheet->curve.peak].bytes;

	for (size_t i = 0; i < heap_sites_n(sheet->sites); i++) {
		uint64_t bytes = at_peak(sheet, heap_sites_at(sheet->sites, i));

		rest -= bytes < rest ? bytes : rest;
	}
	fprintf(sheet->out,
	        "<rect class=\"area other\" x=\"%d\" y=\"%.1f\" width=\"30\" height=\"15\"/>\n",
	        LEFT + KEY_X + 18, y - 12);
	write_numbers(sheet, y, rest, NULL);
	write_text(sheet, LEFT + NAME_X, y, "", "start", "all other sites");
}

static void write_line_row(const struct sheet *sheet, const char *style_name, double y,
                           uint64_t most, const char *what)
{
	write_line(sheet, style_name, LEFT + KEY_X, y - 4, LEFT + KEY_X + 48, y - 4);
	write_text(sheet, LEFT + MOST_X, y, "", "end", size_text_of(most).text);
	write_text(sheet, LEFT + NAME_X, y, "", "start", what);
}

static void write_legend(const struct sheet *sheet)
{
	double y = sheet->plot_bottom + AXIS_HEIGHT + ROW_HEIGHT / 2.0;

	write_text(sheet, LEFT + PEAK_X, y, "quiet", "end", "at the peak");
	write_text(sheet, LEFT + SHARE_X, y, "quiet", "end", "share");
	write_text(sheet, LEFT + MOST_X, y, "quiet", "end", "most seen");
	write_text(sheet, LEFT + NAME_X, y, "quiet", "start",
	           "allocated by (first who had most over the whole time)");
	for (size_t i = 0; i < heap_sites_n(sheet->sites); i++)
		write_site_row(sheet, i, y += ROW_HEIGHT);
	write_rest_row(sheet, y += ROW_HEIGHT);
	write_line_row(sheet, "live", y += ROW_HEIGHT, sheet->curve.most_live_bytes,
	               "heap: bytes in use, as the program asked for them");
	if (sheet->curve.n_rss)
		write_line_row(sheet, "rss", y + ROW_HEIGHT, sheet->curve.most_rss_bytes,
		               "resident (RSS): with code, stacks, free lists and the profiler's "
		               "own tables");
	else
		write_text(
		    sheet, LEFT + NAME_X, y + ROW_HEIGHT, "quiet", "start",
		    "resident memory (RSS) was not measured: the process was gone too soon, or "
		    "could not be looked at");
}

static void write_foot(const struct sheet *sheet)
{
	char *text =
	    xasprintf("Sites were counted at the %s marked below the axis; in between they "
	              "are drawn in proportion.",
	              counted_text_of(sheet->curve.n_trees, "moment").text);

	write_text(sheet, 10, sheet->height - 9, "quiet", "start", text);
	free(text);
}

static void draw(const struct sheet *sheet)
{
	write_opening(sheet);
	if (sheet->rss_has_panel)
		write_panel(sheet, &sheet->rss, "resident (RSS)");
	write_panel(sheet, &sheet->heap,
	            sheet->rss_has_panel || !sheet->curve.n_rss ? "heap in use"
	                                                        : "heap in use, resident (RSS)");
	write_time_axis(sheet);
	write_areas(sheet);
	write_tree_marks(sheet);
	write_curves(sheet);
	write_peak(sheet);
	write_legend(sheet);
	write_foot(sheet);
	fputs("</svg>\n", sheet->out);
}

void timeline_svg_write(const struct timeline_picture *picture, FILE *out)
{
	struct sheet sheet = {.picture = picture, .width = WIDTH, .out = out};

	if (picture->picture && picture->picture->width)
		sheet.width = (double)picture->picture->width;
	heap_curve_init(&sheet.curve, picture->process);
	sheet.types = xcalloc(sheet.curve.n_trees + 1, sizeof(*sheet.types));
	for (size_t i = 0; i < sheet.curve.n_trees; i++)
		sheet.types[i] = sheet.curve.trees[i].type;
	sheet.sites =
	    heap_sites_new(picture->profile, sheet.types, sheet.curve.n_trees, picture->filter);
	lay_out(&sheet);
	draw(&sheet);
	heap_sites_free(sheet.sites);
	free(sheet.types);
	heap_curve_fini(&sheet.curve);
}
