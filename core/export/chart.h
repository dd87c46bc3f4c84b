/* Charts over time as SVG: panels with axes, areas that a print in black and white tells apart, and
 * text. Lengths are CSS pixels. */
#ifndef CORE_EXPORT_CHART_H
#define CORE_EXPORT_CHART_H

#include "core/export/axis.h"

#include <stddef.h>
#include <stdio.h>

enum { CHART_FILLS = 8, CHART_CHARACTER = 7 /* average width of one */ };

/* How an area is filled. */
struct chart_fill {
	const char *color;
	const char *hatching; /* in a tile of 8 by 8 */
};
extern const struct chart_fill chart_fills[CHART_FILLS];

/* What a chart begins with. */
struct chart_opening {
	double width, height;
	const char *title;    /* for readers of the page */
	const char *subject;  /* what it shows: "System calls over time" */
	const char *subtitle; /* follows it in the description */
	const char *style;    /* more CSS */
	const char *patterns; /* NAME of <pattern>s for the first fills, NAME-0, NAME-1, ...: of no
	                         other chart of a page */
	size_t n_fills;
};

/* The document up to its white ground, an <svg class="timeline"> that "</svg>" ends. It has CSS for
 * texts (title, quiet, strong, letter), lines (grid, axis) and areas (area, other, hatching). */
void chart_write_opening(FILE *out, const struct chart_opening *opening);

/* A part of the chart with a vertical axis of its own. */
struct panel {
	double top;
	double height;
	struct axis axis;
};

double panel_y(const struct panel *panel, double value);

/* The axis with its grid, from left to right, and the name above it. */
void panel_write(FILE *out, const struct panel *panel, double left, double right, const char *name);

/* Text with an anchor ("start", "middle", "end") and a class of the style. */
void chart_write_text(FILE *out, double x, double y, const char *style, const char *anchor,
                      const char *text);
/* As much of it as fits into the width, by the average width of the font's characters. */
void chart_write_shortened(FILE *out, double x, double y, const char *style, const char *text,
                           double width, double character_width);
void chart_write_line(FILE *out, const char *style, double x1, double y1, double x2, double y2);

#endif
