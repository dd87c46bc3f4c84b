/* Targets that cannot be measured by perf events, or not as it was asked for. */
#ifndef CPU_PERF_TARGET_H
#define CPU_PERF_TARGET_H

struct diag;
struct repeat;
struct target;

/* A collector's check(): no options change it. */
int perf_target_check(const struct target *target, const void *options, struct diag *diag);

/* A collector's prepare(): -EINVAL when `option` asks for more runs of a command and the repeat has
 * none. `option` is the option's name, or NULL: nothing is asked for. */
int perf_target_check_repeats(const struct repeat *repeat, const char *option, struct diag *diag);

#endif
