/* growth.svg: each of the most telling metrics over the sizes, both axes logarithmic, where a law
 * n^k is a straight line of slope k; that line is drawn through the points. */
#ifndef CORE_GROWTH_GROWTH_SVG_H
#define CORE_GROWTH_GROWTH_SVG_H

#include "core/growth/scan_growth.h"

#include <stdio.h>

/* Are there two sizes above 0? Else there is nothing to draw. */
bool growth_svg_is_possible(const struct scan_growth *growth);

void growth_svg_write(const struct scan_growth *growth, const char *command, FILE *out);

#endif
