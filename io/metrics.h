/* The io metrics of CONTRACT 5 and the findings that they lead to. */
#ifndef IO_METRICS_H
#define IO_METRICS_H

#include "core/findings.h"
#include "core/metrics.h"
#include "io/counts.h"
#include "io/trace_set.h"

#include <stddef.h>

extern const struct metric_row io_metric_rows[];
extern const struct finding_row io_finding_rows[];

struct diag;
struct gates;

/* 0: a limit may be set on the metric. -EINVAL: it is of a call that there is not; the sentence has
 * the nearest one. */
int io_metric_check(const char *metric, struct diag *diag);

/* Adds one sample a repeat to each metric; a call that only some repeats made is 0 in the others,
 * as is one that a limit was set on and none made. What no call of the set can tell is absent, and
 * the gates are told why. */
void io_metrics_add(struct metrics *metrics, struct gates *gates, const struct trace_set *set,
                    struct io_counts *const *repeats, size_t n_repeats);

void io_findings_judge(struct findings *findings, const struct io_counts *counts);

#endif
