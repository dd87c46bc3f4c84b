/* Processes that ran before us, observed and never touched: whether they still live.
 */
#ifndef CORE_DRIVER_ATTACHED_H
#define CORE_DRIVER_ATTACHED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct attached;
struct diag;

/* No pids: something that never ends. -ESRCH with a sentence when one has ended. */
int attached_open(struct attached **attached, const pid_t *pids, size_t n_pids, struct diag *diag);
void attached_close(struct attached *attached); /* NULL is fine */

/* Readable when one more has ended. */
int attached_fd(const struct attached *attached);
/* True when all have ended, and there were any. */
bool attached_have_ended(struct attached *attached);

#endif
