/* Where a verb writes: a file that the user names, or stdout. */
#ifndef CORE_DRIVER_OUTPUT_H
#define CORE_DRIVER_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct diag;

/* NULL, "" and "-" are stdout. */
bool output_is_stdout(const char *file);

/* NULL with a sentence when it cannot be opened. */
FILE *output_open(const char *file, struct diag *diag);

/* Closes what output_open() gave, or flushes stdout. Returns `err`, or when that is 0 and not
 * everything could be written -errno with a sentence. */
int output_close(FILE *out, const char *file, int err, struct diag *diag);

#endif
