/* What a trend says: for people, for spreadsheets, as a picture.
 *
 * Each leaves checking the stream to who opened it.
 */
#ifndef CORE_TREND_TREND_WRITE_H
#define CORE_TREND_TREND_WRITE_H

#include "core/trend/series.h"

#include <stdio.h>

/* A part for each group: its metrics with a sparkline and changes of level, and its runs by
 * commit. */
void trend_write_text(const struct trend *trend, const struct series_view *views, bool utf8,
                      FILE *out);
/* Of each group the latest good run, each metric beside those of the runs before it. */
void trend_write_latest(const struct trend *trend, const struct series_view *views, FILE *out);

/* A line for each value of each run that was read (docs/formats.md); is_latest: of each group's
 * latest good run alone. */
void trend_write_csv(const struct trend *trend, bool is_latest, FILE *out);

/* A panel for each series, 60 at most. */
void trend_write_svg(const struct trend *trend, const struct series_view *views, const char *title,
                     FILE *out);

/* "2026-11-20 09:30" of a run. */
struct moment_text {
	char text[20];
};
struct moment_text moment_text_of(const struct trend_run *run);
/* "1a2b3c4d5e", "1a2b3c4d5e+" of a changed checkout, "-" without one. */
struct commit_text {
	char text[16];
};
struct commit_text commit_text_of(const struct trend_run *run);

#endif
