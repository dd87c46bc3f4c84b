/* What a cpu run says of its own limits. */
#ifndef CPU_QUALITY_H
#define CPU_QUALITY_H

#include <jansson.h>

struct cpu_facts;

/* Fills in quality's numbers and notes. There must be samples. Returns the sentence that gives most
 * of the samples without a name one, or NULL; it lives as long as facts->symbolizer. */
const char *cpu_add_quality(const struct cpu_facts *facts, json_t *quality);

/* The event, why it was taken and how often it was sampled: "997 Hz cpu-clock (no PMU here)", or
 * "870 of 997 Hz ..." where that was missed by more than a hundredth. The caller frees it. */
char *cpu_event_text(const struct cpu_facts *facts);

#endif
