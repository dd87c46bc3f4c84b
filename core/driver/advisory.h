/* Which metrics are to be looked at and not gated: --advisory and [gate] advisory of a scenario
 * file.
 */
#ifndef CORE_DRIVER_ADVISORY_H
#define CORE_DRIVER_ADVISORY_H

struct diag;
struct run_options;
struct text_list;

/* Adds the globs of the command line and of the scenario's file, where it has one. -EINVAL with a
 * sentence: the file is wrong. */
int advisory_gather(const struct run_options *options, const char *scenario,
                    struct text_list *globs, struct diag *diag);

#endif
