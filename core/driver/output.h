/* Where a verb writes: a file that the user names, or stdout.
 *
 * A file that is new, or replaces a regular one, is written under a temporary name beside it and
 * takes its name only when it is whole; it keeps the mode and owner of the one before, and a link
 * to that goes on leading to it. Devices, pipes, and files that cannot be replaced (the directory
 * is not ours to write, the owner not ours to give) are written as they are.
 */
#ifndef CORE_DRIVER_OUTPUT_H
#define CORE_DRIVER_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct diag;

/* The caller's; what is in it is owned from output_open() to output_close(). */
struct output {
	FILE *stream;
	const char *file; /* as the user typed it; must live as long */
	char *path;       /* what the temporary file is to become; NULL: there is none */
	char *temporary;
};

/* NULL, "" and "-" are stdout. */
bool output_is_stdout(const char *file);

/* For what is written when the work is done: -errno with a sentence where output_open() would
 * refuse it now, but for a folder that is missing. Nothing is made, and nothing is opened. */
int output_check(const char *file, struct diag *diag);

/* -errno with a sentence when it cannot be opened; then there is nothing to close. */
int output_open(struct output *output, const char *file, struct diag *diag);

/* Closes what output_open() gave and puts it in its place, unless `err`, or not all could be
 * written: then what was there before stays. Returns `err`, or when that is 0 -errno with a
 * sentence. */
int output_close(struct output *output, int err, struct diag *diag);

/* The same for stdout, which stays open. */
int output_flush(int err, struct diag *diag);

#endif
