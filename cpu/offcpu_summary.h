/* What an off-CPU run says in numbers and words: metrics, quality, headline, table, findings. */
#ifndef CPU_OFFCPU_SUMMARY_H
#define CPU_OFFCPU_SUMMARY_H

#include "cpu/waits.h"

#include "core/findings.h"
#include "core/metrics.h"

#include <stddef.h>
#include <stdint.h>

struct offcpu_events;
struct offcpu_totals;
struct profile;
struct recording;
struct result;
struct symbolizer;

extern const struct metric_row offcpu_metrics[];
extern const struct finding_row offcpu_findings[];

struct offcpu_facts {
	const struct offcpu_events *events;
	const struct offcpu_totals *totals;
	const struct waits *waits;
	const struct thread_time *repeats; /* what each repeat's threads did, summed */
	size_t n_repeats;
	const struct recording *recording;
	const struct profile *profile;
	struct symbolizer *symbolizer;
};

/* Fills in all but files and `unusable`. */
void offcpu_summarize(const struct offcpu_facts *facts, struct result *result);

#endif
