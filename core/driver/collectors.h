/* The table of collectors that the Makefile's COLLECTORS names.
 */
#ifndef CORE_DRIVER_COLLECTORS_H
#define CORE_DRIVER_COLLECTORS_H

#include "core/collector.h"

/* Ended by NULL. */
extern const struct collector *const collectors[];

/* By name or alias, or a view by its word; NULL: none. */
const struct collector *collector_find(const char *name);

/* Resolves "cpu,memory" (blanks or commas between) into a NULL-ended list without repeats, at most
 * one of each name; the caller frees it. NULL: a word is unknown; the sentence has the nearest one.
 */
const struct collector **collectors_parse(const char *words, struct diag *diag);

/* A list of all of them; the caller frees it. */
const struct collector **collectors_all(void);

#endif
