/* show baseline:NAME: what a baseline holds, as text.
 */
#ifndef CORE_DRIVER_SHOW_BASELINE_H
#define CORE_DRIVER_SHOW_BASELINE_H

struct diag;
struct run_options;

/* Prints those of all scenarios that have one of the name. -ENOENT: none has. */
int show_baseline(const struct run_options *options, const char *name, struct diag *diag);

#endif
