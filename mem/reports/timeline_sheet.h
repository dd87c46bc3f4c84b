/* What the parts of timeline.svg share: where things are, and how text and lines are written. */
#ifndef MEM_REPORTS_TIMELINE_SHEET_H
#define MEM_REPORTS_TIMELINE_SHEET_H

#include "core/export/chart.h"
#include "mem/reports/heap_curve.h"
#include "mem/reports/heap_sites.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct timeline_picture;

/* Lengths in CSS pixels. */
enum {
	SHEET_LEFT = 84,
	SHEET_RIGHT = 26,
	SHEET_AXIS_HEIGHT = 56,
	SHEET_ROW_HEIGHT = 22,
	SHEET_CHARACTER = CHART_CHARACTER,
};

struct sheet {
	const struct timeline_picture *picture;
	struct heap_curve curve;
	struct heap_sites *sites;
	size_t *types; /* of the trees */
	double *edges; /* of the areas (mem/reports/timeline_svg.c) */
	struct panel heap;
	struct panel rss; /* the heap's, or its own */
	bool rss_has_panel;
	struct axis time;
	double width;
	double plot_bottom;
	double height;
	FILE *out;
};

/* Each site has a fill of its own. */
_Static_assert((int)HEAP_MOST_SITES <= (int)CHART_FILLS, "fills for all sites");

double sheet_x(const struct sheet *sheet, uint64_t time);

/* Text with an anchor ("start", "middle", "end") and a class of the style. */
void sheet_write_text(const struct sheet *sheet, double x, double y, const char *style,
                      const char *anchor, const char *text);
/* As much as fits to the right of x, by the average width of the font's characters. */
void sheet_write_shortened(const struct sheet *sheet, double x, double y, const char *style,
                           const char *text, double character_width);
void sheet_write_line(const struct sheet *sheet, const char *style, double x1, double y1, double x2,
                      double y2);

/* What a site is called in plot and legend. */
char sheet_letter(size_t site);

/* The table of sites and lines below the plot (mem/reports/timeline_legend.c). */
void sheet_write_legend(const struct sheet *sheet);

#endif
