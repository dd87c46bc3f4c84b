/* Writes text and lines of timeline.svg. */
#include "mem/reports/timeline_sheet.h"

double sheet_x(const struct sheet *sheet, uint64_t time)
{
	uint64_t end = sheet->curve.end_time;

	return SHEET_LEFT +
	       (end ? (double)time / (double)end : 0) * (sheet->width - SHEET_LEFT - SHEET_RIGHT);
}

void sheet_write_text(const struct sheet *sheet, double x, double y, const char *style,
                      const char *anchor, const char *text)
{
	chart_write_text(sheet->out, x, y, style, anchor, text);
}

void sheet_write_shortened(const struct sheet *sheet, double x, double y, const char *style,
                           const char *text, double character_width)
{
	chart_write_shortened(sheet->out, x, y, style, text, sheet->width - SHEET_RIGHT - x,
	                      character_width);
}

void sheet_write_line(const struct sheet *sheet, const char *style_name, double x1, double y1,
                      double x2, double y2)
{
	chart_write_line(sheet->out, style_name, x1, y1, x2, y2);
}

char sheet_letter(size_t site)
{
	return (char)('A' + site);
}
