/* The name of a run: when it started, and a number where several started at once.
 *
 * 20261120T093000.123Z (UTC, milliseconds), then 20261120T093000.123Z-2, -3 ...
 */
#ifndef CORE_RUN_ID_H
#define CORE_RUN_ID_H

#include <stdbool.h>
#include <time.h>

#define RUN_ID_SIZE 40

/* `number` 1 has no suffix. */
void run_id_format(char id[RUN_ID_SIZE], struct timespec started, unsigned number);
bool run_id_is_valid(const char *text);
/* Order of start, then of number, of two valid ids: <0, 0, >0. */
int run_id_compare(const char *a, const char *b);

#endif
