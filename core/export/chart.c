/* Writes the parts of charts. */
#include "core/export/chart.h"

#include "core/alloc.h"
#include "core/export/xml.h"

#include <stdlib.h>

/* Tints that differ in lightness too, each with its hatching, so that a print in black and white
 * tells them apart. */
const struct chart_fill chart_fills[CHART_FILLS] = {
    {"#f4a582", ""},
    {"#92c5de", "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4"},
    {"#fff2ae", "M1.5,2 h1.4 M5.5,6 h1.4"},
    {"#a6dba0", "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4"},
    {"#c2a5cf", "M0,4 h8"},
    {"#fddbc7", "M4,0 v8"},
    {"#80cdc1", "M0,4 h8 M4,0 v8"},
    {"#e6e6a0", "M0,0 l8,8 M0,8 l8,-8"},
};

static const char chart_style[] =
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
    ".timeline .other { fill: #eaeef2; }\n";

double panel_y(const struct panel *panel, double value)
{
	double last = panel->axis.step * (double)panel->axis.n_steps;

	return panel->top + panel->height * (1 - value / last);
}

void panel_write(FILE *out, const struct panel *panel, double left, double right, const char *name)
{
	for (size_t i = 0; i <= panel->axis.n_steps; i++) {
		double y = panel_y(panel, (double)i * panel->axis.step);

		chart_write_line(out, i ? "grid" : "axis", left, y, right, y);
		chart_write_text(out, left - 8, y + 4, "quiet", "end",
		                 axis_label_of(&panel->axis, i).text);
	}
	chart_write_line(out, "axis", left, panel->top, left, panel->top + panel->height);
	chart_write_text(out, left, panel->top - 10, "strong", "start", name);
}

static void write_patterns(FILE *out, const char *name, size_t n_fills)
{
	fputs("<defs>\n", out);
	for (size_t i = 0; i < n_fills; i++)
		fprintf(out,
		        "<pattern id=\"%s-%zu\" width=\"8\" height=\"8\" "
		        "patternUnits=\"userSpaceOnUse\"><rect width=\"8\" height=\"8\" "
		        "fill=\"%s\"/><path class=\"hatching\" d=\"%s\"/></pattern>\n",
		        name, i, chart_fills[i].color, chart_fills[i].hatching);
	fputs("</defs>\n", out);
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

void chart_write_opening(FILE *out, const struct chart_opening *opening)
{
	fprintf(out,
	        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
	        "<svg class=\"timeline\" xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" "
	        "width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
	        "aria-labelledby=\"timeline-title timeline-description\">\n"
	        "<title id=\"timeline-title\">",
	        opening->width, opening->height, opening->width, opening->height);
	xml_write(out, opening->title);
	fprintf(out, "</title>\n<desc id=\"timeline-description\">%s. ", opening->subject);
	xml_write(out, opening->subtitle);
	fprintf(out, "</desc>\n<style>\n%s%s</style>\n", chart_style, opening->style);
	write_patterns(out, opening->patterns, opening->n_fills);
	fputs("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n", out);
}

void chart_write_text(FILE *out, double x, double y, const char *style, const char *anchor,
                      const char *text)
{
	fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", style, x, y,
	        anchor);
	xml_write(out, text);
	fputs("</text>\n", out);
}

void chart_write_shortened(FILE *out, double x, double y, const char *style, const char *text,
                           double width, double character_width)
{
	char *fitting = shortened(text, width, character_width);

	chart_write_text(out, x, y, style, "start", fitting);
	free(fitting);
}

void chart_write_line(FILE *out, const char *style, double x1, double y1, double x2, double y2)
{
	fprintf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
	        style, x1, y1, x2, y2);
}
