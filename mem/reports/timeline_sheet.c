/* Writes text and lines of timeline.svg. */
#include "mem/reports/timeline_sheet.h"

#include "core/alloc.h"
#include "core/export/xml.h"

#include <stdlib.h>

/* Tints that differ in lightness too, each with its hatching, so that a print in black and white
 * tells them apart. */
const struct sheet_fill sheet_fills[HEAP_MOST_SITES] = {
    {"#f4a582", ""},
    {"#92c5de", "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4"},
    {"#fff2ae", "M1.5,2 h1.4 M5.5,6 h1.4"},
    {"#a6dba0", "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4"},
    {"#c2a5cf", "M0,4 h8"},
    {"#fddbc7", "M4,0 v8"},
    {"#80cdc1", "M0,4 h8 M4,0 v8"},
    {"#e6e6a0", "M0,0 l8,8 M0,8 l8,-8"},
};

double sheet_x(const struct sheet *sheet, uint64_t time)
{
	uint64_t end = sheet->curve.end_time;

	return SHEET_LEFT +
	       (end ? (double)time / (double)end : 0) * (sheet->width - SHEET_LEFT - SHEET_RIGHT);
}

double panel_y(const struct panel *panel, double value)
{
	double last = panel->axis.step * (double)panel->axis.n_steps;

	return panel->top + panel->height * (1 - value / last);
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
void sheet_write_text(const struct sheet *sheet, double x, double y, const char *style,
                      const char *anchor, const char *text)
{
	fprintf(sheet->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", style,
	        x, y, anchor);
	xml_write(sheet->out, text);
	fputs("</text>\n", sheet->out);
}

void sheet_write_shortened(const struct sheet *sheet, double x, double y, const char *style,
                           const char *text, double character_width)
{
	char *fitting = shortened(text, sheet->width - SHEET_RIGHT - x, character_width);

	sheet_write_text(sheet, x, y, style, "start", fitting);
	free(fitting);
}

void sheet_write_line(const struct sheet *sheet, const char *style_name, double x1, double y1,
                      double x2, double y2)
{
	fprintf(sheet->out,
	        "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
	        style_name, x1, y1, x2, y2);
}

char sheet_letter(size_t site)
{
	return (char)('A' + site);
}
