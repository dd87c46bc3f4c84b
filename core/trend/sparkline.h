/* A series as one line of text: a bar for each value, or where there are many the median of each
 * group of neighbours. Pure.
 */
#ifndef CORE_TREND_SPARKLINE_H
#define CORE_TREND_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>

/* Bars go from the lowest value to the highest; where all are alike they are half as high as can
 * be. At most `width` of them; eight heights, as blocks of Unicode or "_.:-=+*#". Finite values;
 * the caller frees the text. */
char *sparkline_text(const double *values, size_t n, size_t width, bool utf8);

/* Does the environment (LC_ALL, LC_CTYPE, LANG, the first that is set) name UTF-8? */
bool sparkline_locale_is_utf8(void);

/* Where group i of `n_groups` begins among n values; group n_groups begins behind the last. */
size_t sparkline_group(size_t i, size_t n_groups, size_t n);

#endif
