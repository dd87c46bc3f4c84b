/* stat.txt in the shape of perf stat, and its parts (docs/formats.md).
 */
#ifndef CPU_STAT_TEXT_H
#define CPU_STAT_TEXT_H

#include "cpu/stat/runs.h"

#include <stdio.h>

/* "12.3 ms", "1.204 s", "85 us". */
struct time_text {
	char text[32];
};
struct time_text time_text_of(double seconds);

/* "0.75 msec", "1,234": what was counted of the event on average. The caller frees it; NULL: it was
 * not counted. */
char *stat_value_text(const struct stat_facts *facts, enum stat_average average, size_t event);
/* "0.981 CPUs utilized", "2.66 K/sec", "1.20 % of all branches"; NULL: there is nothing to say. The
 * caller frees it. */
char *stat_comment_text(const struct stat_facts *facts, enum stat_average average, size_t event);

/* The whole file; `notes` are lines for its end, or NULL. */
void stat_text_write(const struct stat_facts *facts, const char *notes, FILE *out);

#endif
