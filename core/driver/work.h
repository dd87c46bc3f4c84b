/* How much work a run does, by the scenario's `work`, as long as the command line leaves what that
 * describes.
 */
#ifndef CORE_DRIVER_WORK_H
#define CORE_DRIVER_WORK_H

struct diag;
struct repeat_result;
struct request;

/* Fills the request's work and work_unknown, and expands the scenario's text. -EINVAL: it does not
 * begin with a number above 0. */
int work_gather(struct request *request, struct diag *diag);

/* The part of the request's work that a repeat did: all, or 0 where that cannot be known: it was
 * ended from outside, or its end is not the one that the scenario calls good. */
double work_done(const struct request *request, const struct repeat_result *end);

#endif
