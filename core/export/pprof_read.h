/* Reads profile.pb.gz as a recording with names: sums over time, for the types that store no single
 * samples.
 *
 * A frame's address is the number of its location in the file, which no object knows: its names are
 * the ones that the symbolizer is given here.
 */
#ifndef CORE_EXPORT_PPROF_READ_H
#define CORE_EXPORT_PPROF_READ_H

#include <stddef.h>
#include <stdio.h>

struct diag;
struct recording;
struct symbolizer;

/* Any input is safe: what is no profile is refused with -EINVAL and a sentence. The symbolizer, a
 * new one that is set to the past, gets the names. *type is the value type that the file calls its
 * default. On success the caller owns *recording; on failure it is NULL. */
int pprof_read(FILE *in, struct recording **recording, struct symbolizer *symbolizer, size_t *type,
               struct diag *diag);

#endif
