/* Limits that users set: --budget, [budget] and [gate] of a scenario file (CONTRACT 5).
 *
 * A type judges those on what it measures; run.* is for types that do not slow the target. */
#ifndef CORE_DRIVER_BUDGETS_H
#define CORE_DRIVER_BUDGETS_H

struct collector;
struct diag;
struct gates;
struct request;
struct setting;

/* One limit of a file, whose [metrics] may still come: has some type a metric of this name, and is
 * the unit one of its? -EINVAL with a sentence. */
int budgets_judge_setting(const struct setting *setting, struct diag *diag);

/* Before anything is run. -EINVAL: a limit on a user.NAME that [metrics] does not have, a --budget
 * that is none or that none of the types asked for measures. */
int budgets_check(const struct request *request, struct diag *diag);

/* Adds the limits on what this type measures, and which are advisory. After budgets_check(). */
void budgets_require(const struct request *request, const struct collector *collector,
                     struct gates *gates);

#endif
