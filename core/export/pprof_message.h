/* A profile as pprof's message (github.com/google/pprof, proto/profile.proto). */
#ifndef CORE_EXPORT_PPROF_MESSAGE_H
#define CORE_EXPORT_PPROF_MESSAGE_H

#include "core/export/protobuf.h"

#include <stddef.h>

struct export_options;
struct profile;

/* Writes the message, which the caller frees. `shares` has a number for each sample: those with
 * less than `least_share` are put together with others of the same innermost location; NULL: none
 * are. Returns how many samples were put together. */
size_t pprof_message_write(struct protobuf *out, const struct profile *profile,
                           const struct export_options *options, const double *shares,
                           double least_share);

#endif
