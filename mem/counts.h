/* What the parts that count (mem/part.h) make of the counts. */
#ifndef MEM_COUNTS_H
#define MEM_COUNTS_H

#include "core/findings.h"
#include "core/metrics.h"

struct diag;
struct heap_run;
struct memory_report;

/* The mem metrics of CONTRACT 5 and the findings that they lead to. */
extern const struct metric_row memory_metric_rows[];
extern const struct finding_row memory_finding_rows[];

/* Adds a sample to each metric. */
void counts_add_metrics(struct metrics *metrics, const struct heap_run *run);

/* Judges the findings, and writes all files of a heap (mem/reports/files.h). */
int counts_report(const struct memory_report *report, struct diag *diag);

#endif
