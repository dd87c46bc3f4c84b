/* {VAR} and ${VAR} of scanned variables in what was typed. Pure.
 *
 * Only the scanned names are placeholders: braces mean much else in commands.
 */
#ifndef CORE_GROWTH_PLACEHOLDER_H
#define CORE_GROWTH_PLACEHOLDER_H

#include "core/options.h"

/* The text with {NAME} and ${NAME} replaced for each NAME=VALUE of the list. The caller frees it;
 * NULL gives NULL. Values are not looked at again. is_used[i] is set where the i-th name is there.
 */
char *placeholders_fill(const char *text, const struct text_list *values, bool *is_used);

/* Adds the names that stand in braces in the text. */
void placeholders_list(const char *text, struct text_list *names);

#endif
