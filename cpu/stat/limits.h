/* Limits on stat's metrics: may there be one, and why was its metric not measured? */
#ifndef CPU_STAT_LIMITS_H
#define CPU_STAT_LIMITS_H

struct diag;
struct gates;
struct metrics;
struct stat_facts;

/* 0, or -EINVAL with a sentence that has the nearest name: no event gives this metric. */
int stat_metric_check(const char *metric, struct diag *diag);

/* Tells the gates of those of their metrics that are not there. */
void stat_explain_lacks(const struct stat_facts *facts, const struct metrics *metrics,
                        struct gates *gates);

#endif
