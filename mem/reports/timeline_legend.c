/* The legend of timeline.svg: a row for each site, the rest, and the lines. */
#include "mem/reports/timeline_sheet.h"

#include "core/alloc.h"
#include "core/number_text.h"
#include "mem/heap_words.h"
#include "mem/reports/timeline_svg.h"

#include <stdlib.h>

/* Columns; of numbers their right ends. */
enum { KEY_X = 10, PEAK_X = 148, SHARE_X = 212, MOST_X = 292, NAME_X = 312 };

/* The numbers of a legend's row; `most` may be NULL. */
static void write_numbers(const struct sheet *sheet, double y, uint64_t at_peak,
                          const uint64_t *most)
{
	char share[16];

	snprintf(share, sizeof(share), "%.1f %%",
	         share_percent(at_peak, sheet->curve.points[sheet->curve.peak].bytes));
	sheet_write_text(sheet, PEAK_X, y, "", "end", size_text_of(at_peak).text);
	sheet_write_text(sheet, SHARE_X, y, "", "end", share);
	if (most)
		sheet_write_text(sheet, MOST_X, y, "", "end", size_text_of(*most).text);
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
	char letter[] = {sheet_letter(i), '\0'};
	uint64_t most = most_of(sheet, site);
	bool has_place = *site->place, has_through = *site->through;
	char *what =
	    xasprintf("%s%s%s%s%s%s", site->name, has_place ? "  (" : "", site->place,
	              has_place ? ")" : "", has_through ? "  through " : "", site->through);

	fprintf(sheet->out,
	        "<rect class=\"area\" x=\"%d\" y=\"%.1f\" width=\"30\" height=\"15\" "
	        "fill=\"url(#timeline-site-%zu)\"/>\n",
	        KEY_X + 18, y - 12, i);
	sheet_write_text(sheet, KEY_X, y, "strong", "start", letter);
	write_numbers(sheet, y, at_peak(sheet, site), &most);
	sheet_write_shortened(sheet, NAME_X, y, "", what, SHEET_CHARACTER);
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
	        KEY_X + 18, y - 12);
	write_numbers(sheet, y, rest, NULL);
	sheet_write_shortened(sheet, NAME_X, y, "",
	                      "all other sites, and what came and went between the counts",
	                      SHEET_CHARACTER);
}

static void write_line_row(const struct sheet *sheet, const char *style_name, double y,
                           uint64_t most, const char *what)
{
	sheet_write_line(sheet, style_name, KEY_X, y - 4, KEY_X + 48, y - 4);
	sheet_write_text(sheet, MOST_X, y, "", "end", size_text_of(most).text);
	sheet_write_shortened(sheet, NAME_X, y, "", what, SHEET_CHARACTER);
}

void sheet_write_legend(const struct sheet *sheet)
{
	double y = sheet->plot_bottom + SHEET_AXIS_HEIGHT + SHEET_ROW_HEIGHT / 2.0;

	sheet_write_text(sheet, PEAK_X, y, "quiet", "end", "at the peak");
	sheet_write_text(sheet, SHARE_X, y, "quiet", "end", "share");
	sheet_write_text(sheet, MOST_X, y, "quiet", "end", "most seen");
	sheet_write_shortened(sheet, NAME_X, y, "quiet",
	                      "allocated by (first who had most over the whole time)",
	                      SHEET_CHARACTER);
	for (size_t i = 0; i < heap_sites_n(sheet->sites); i++)
		write_site_row(sheet, i, y += SHEET_ROW_HEIGHT);
	write_rest_row(sheet, y += SHEET_ROW_HEIGHT);
	write_line_row(sheet, "live", y += SHEET_ROW_HEIGHT, sheet->curve.most_live_bytes,
	               sheet->picture->words->in_use_legend);
	if (sheet->curve.n_rss)
		write_line_row(sheet, "rss", y + SHEET_ROW_HEIGHT, sheet->curve.most_rss_bytes,
		               sheet->picture->words->resident_legend);
	else
		sheet_write_shortened(
		    sheet, NAME_X, y + SHEET_ROW_HEIGHT, "quiet",
		    "resident memory (RSS) was not measured: the process was gone too soon, or "
		    "could not be looked at",
		    SHEET_CHARACTER);
}
