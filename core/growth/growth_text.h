/* What a scan has found, for people. */
#ifndef CORE_GROWTH_GROWTH_TEXT_H
#define CORE_GROWTH_GROWTH_TEXT_H

#include "core/growth/scan_growth.h"

#include <stdio.h>

/* growth.txt: every metric at the sizes, its exponent and law; scaling; sites; what was left out.
 * `command` is the scan's, with its placeholders. */
void growth_text_write(const struct scan_growth *growth, const char *command, FILE *out);

/* At most `max_lines` lines of it. */
void growth_summary_write(const struct scan_growth *growth, unsigned max_lines, FILE *out);

#endif
