/* What a cpu run says in numbers and words: metrics, quality, headline, table, findings. */
#ifndef CPU_SUMMARY_H
#define CPU_SUMMARY_H

#include "core/findings.h"
#include "core/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu_event;
struct profile;
struct result;
struct sampler_totals;
struct symbolizer;
struct recording;

extern const struct metric_row cpu_metrics[];
extern const struct finding_row cpu_findings[];

/* What one repeat added to the totals. */
struct cpu_repeat {
	uint64_t n_samples;
	uint64_t n_lost;
	uint64_t cpu_time_ns;
};

struct cpu_facts {
	const struct cpu_event *event;
	const struct sampler_totals *totals;
	const struct cpu_repeat *repeats;
	size_t n_repeats;
	bool runs_command; /* else more samples take more time, not more runs */
	uint64_t used_ns;  /* processor time as wait4(2) tells it; 0: not known */
	const struct recording *recording;
	const struct profile *profile;
	struct symbolizer *symbolizer;
};

/* Fills in all but files and `unusable`. There must be samples. */
void cpu_summarize(const struct cpu_facts *facts, struct result *result);

/* Why there is nothing to show for the processor time that the target used, and what helps. The
 * caller frees it. */
char *cpu_why_no_samples(const struct cpu_event *event, uint64_t used_ns, size_t n_repeats);
/* The same where only a part of the target's life was sampled. */
char *cpu_why_no_samples_of_part(const struct cpu_event *event, const struct sampler_totals *totals,
                                 uint64_t sampled_ns);

#endif
