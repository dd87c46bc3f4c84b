/* A budget: a limit on a metric as a user types it, "METRIC OP VALUE[UNIT]" (CONTRACT 5).
 *
 *     io.sendmmsg.calls <= 20        mem.peak_bytes < 64 MiB        run.wall_ns <= 1.5s
 *     cpu.self_percent(build_packet) <= 20 %
 *
 * It is split at the last of `<= >= < > ==` outside brackets. Blanks around the parts do not count.
 * A value without a unit is in the metric's own. Pure.
 */
#ifndef CORE_BUDGET_H
#define CORE_BUDGET_H

#include "core/gates.h"

struct diag;
struct metric_row;

struct budget {
	char *metric; /* as typed: is there one of the name? metric_find() knows */
	enum gate_comparison comparison;
	double number;
	char *unit; /* "": none was typed */
};

/* -EINVAL with a sentence, and nothing to free. */
int budget_parse(struct budget *budget, const char *text, struct diag *diag);
void budget_fini(struct budget *budget);

/* What to multiply the number by, so that it is in the metric's unit: ns us ms s for times, B KiB
 * MiB GiB kB MB GB for sizes, % for shares, k M G for the rest. -EINVAL: the unit is another one's;
 * the sentence has those that do. */
int budget_factor(const struct budget *budget, const struct metric_row *row, double *factor,
                  struct diag *diag);

/* What stands in the brackets of "cpu.self_percent(F)"; NULL: there are none. The caller frees it.
 */
char *budget_function(const char *metric);

#endif
