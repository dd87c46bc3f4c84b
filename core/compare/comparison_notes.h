/* What a reader of a verdict should know: too few runs, mixed sides, losses, an unsteady machine.
 * Private to core/compare.
 */
#ifndef CORE_COMPARE_COMPARISON_NOTES_H
#define CORE_COMPARE_COMPARISON_NOTES_H

#include "core/compare/comparison.h"

/* Adds the notes, when all metrics are judged. */
void comparison_add_notes(struct comparison *comparison);

#endif
