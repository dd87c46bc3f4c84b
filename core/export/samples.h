/* samples.bin: each sample of a recording as (time, thread, stack id), with the stacks and objects.
 *
 * The format has a version and fixed-width little-endian fields; docs/formats.md has its page.
 */
#ifndef CORE_EXPORT_SAMPLES_H
#define CORE_EXPORT_SAMPLES_H

#include <stdio.h>

struct recording;
struct diag;

/* Fails on what the format cannot hold (more than 64 value types, over 4 GB of paths), and where
 * recording_check() does. Leaves checking the stream for errors to who opened it. */
int samples_write(const struct recording *recording, FILE *out, struct diag *diag);

/* Reads what samples_write() wrote. Any input is safe: what does not hold together is refused
 * with -EINVAL and a sentence. On success the caller owns *recording,
 * whose objects have no handles; on failure it is NULL. */
int samples_read(FILE *in, struct recording **recording, struct diag *diag);

#endif
