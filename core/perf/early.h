/* Waits ahead for what the first perf event of a thread has to wait for.
 *
 * While no perf event of any thread exists on the machine, the scheduler does not look for them.
 * Whoever opens the first one turns that on and waits until every CPU has seen it, a grace period
 * of RCU: 3 to 15 ms (account_event() in kernel/events/core.c; it is turned off again a second
 * after the last one). So an event of our own, which counts nothing, is opened on a thread while
 * the driver has other things to do; that of the target then finds it done, or waits for the rest.
 */
#ifndef CORE_PERF_EARLY_H
#define CORE_PERF_EARLY_H

struct perf_early;

/* NULL: no thread could be had. Where perf events are refused it does nothing. */
struct perf_early *perf_early_begin(void);

/* Waits, and closes the event. NULL is fine. */
void perf_early_end(struct perf_early *early);

#endif
