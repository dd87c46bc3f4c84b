/* samples.bin: each sample of a recording as (time, thread, stack id), with the stacks, the objects
 * and the names that the addresses had.
 *
 * The format has a version and fixed-width little-endian fields; docs/formats.md has its page.
 */
#ifndef CORE_EXPORT_SAMPLES_H
#define CORE_EXPORT_SAMPLES_H

#include <stdio.h>

struct recording;
struct symbolizer;
struct diag;

/* With the names that the symbolizer gives; NULL: without names. Fails on what the format cannot
 * hold (more than 64 value types, over 4 GB of texts), and where recording_check() does. Leaves
 * checking the stream for errors to who opened it. */
int samples_write(const struct recording *recording, struct symbolizer *symbolizer, FILE *out,
                  struct diag *diag);

/* Reads what samples_write() wrote. Any input is safe: what does not hold together is refused
 * with -EINVAL and a sentence. On success the caller owns *recording,
 * whose objects have no handles; on failure it is NULL. The symbolizer, a new one, gets the names
 * that were written; NULL: they are only checked. */
int samples_read(FILE *in, struct recording **recording, struct symbolizer *symbolizer,
                 struct diag *diag);

#endif
