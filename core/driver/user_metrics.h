/* The driver's own metrics: run.* of every type, and user.* from the target's output (scenario
 * [metrics]).
 */
#ifndef CORE_DRIVER_USER_METRICS_H
#define CORE_DRIVER_USER_METRICS_H

#include "core/metrics.h"
#include "core/scenario.h"

#include <regex.h>

struct diag;
struct target_end;

extern const struct metric_row run_metrics[];

bool user_metrics_wanted(const struct scenario *scenario);

/* One repeat's run.wall_ns, run.user_ns, run.system_ns and, where it is known how much work it did
 * (not 0), run.work_per_s; run.max_rss_bytes where it is known. */
void run_metrics_add(struct metrics *metrics, double work, const struct target_end *end);

/* Compiles the /REGEX/ of a setting under [metrics]; regfree() is the caller's. -EINVAL with a
 * sentence. */
int user_metric_compile(const struct setting *setting, regex_t *regex, struct diag *diag);

/* user.NAME for each pattern of [metrics] that the output matches; the first match counts. What
 * does not match is absent. */
void user_metrics_add(struct metrics *metrics, const struct scenario *scenario, const char *output);

#endif
