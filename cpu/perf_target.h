/* Which programs perf events can see. */
#ifndef CPU_PERF_TARGET_H
#define CPU_PERF_TARGET_H

struct diag;
struct target;

/* A collector's check(): no options change it. */
int perf_target_check(const struct target *target, const void *options, struct diag *diag);

#endif
