/* A run against a baseline (--baseline, --baseline-lenient), and a run that becomes one
 * (--save-baseline).
 *
 * What a run is judged by are its own samples against those stored: counts exactly where DESIGN
 * "compare" lets them be, everything else as the judge does (core/compare/judge.h). Times, PMU
 * events, resident sets and switches are advisory here: what was stored at another time has
 * drifted, and so has everything else that the machine decides.
 */
#ifndef CORE_DRIVER_BASELINE_GATE_H
#define CORE_DRIVER_BASELINE_GATE_H

#include <jansson.h>
#include <stdbool.h>

struct collector;
struct diag;
struct gates;
struct request;
struct side;

/* Before anything is run. -EINVAL, -EEXIST: names that cannot be, options that exclude each other,
 * a baseline that would be overwritten. */
int baseline_gate_check(const struct request *request, struct diag *diag);

struct baseline_gate {
	const char *name;         /* NULL: no baseline was asked for */
	struct side *side;        /* of this type; NULL: --baseline-lenient found none */
	char *why_not;            /* then why */
	double threshold_percent; /* what differs by less is the same */
};

/* Reads the baseline that was asked for. An error is exit 3. To be ended in any case. */
int baseline_gate_open(struct baseline_gate *gate, const struct request *request,
                       const struct collector *collector, struct diag *diag);
void baseline_gate_fini(struct baseline_gate *gate);

/* Adds what the baseline says of a run to its gates and quality. `manifest` is the run's, as it is
 * without that. Before gates_judge(). NULL, or why the run is unusable: a metric has vanished; the
 * caller frees it. */
char *baseline_gate_judge(const struct baseline_gate *gate, const json_t *manifest,
                          struct gates *gates, json_t *quality);

/* Stores a published run as --save-baseline asks. *path is where; the caller frees it. */
int baseline_gate_save(const struct request *request, const char *directory, char **path,
                       struct diag *diag);

#endif
