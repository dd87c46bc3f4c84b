/* Fits as texts, and which of the sizes a table has room for. */
#ifndef CORE_GROWTH_GROWTH_CELLS_H
#define CORE_GROWTH_GROWTH_CELLS_H

#include "core/growth/scan_growth.h"

struct growth_cell {
	char text[64];
};

/* "1.00 (0.98 .. 1.02)"; "-" where there is none. */
struct growth_cell growth_exponent_cell(const struct growth *fit);
/* "O(n)", "O(n) or O(n log n)", the best one first; "unclear" where more than three fit; "falls";
 * "-".
 */
struct growth_cell growth_law_cell(const struct growth *fit);

/* "mem.allocations", "run.wall_ns slowed by memory"; with "how=quick" behind it where there are
 * several series. The caller frees it. */
char *growth_row_name(const struct scan_growth *growth, const struct growth_row *row);

enum { GROWTH_MAX_COLUMNS = 6 };
/* The first size shown, the last and some between: at most `most`. Returns how many. */
size_t growth_columns(const struct scan_growth *growth, size_t most,
                      size_t columns[GROWTH_MAX_COLUMNS]);

#endif
