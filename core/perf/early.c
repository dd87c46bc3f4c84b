/* Opens an event of a thread that does nothing else. */
#include "core/perf/early.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/perf/ring.h"
#include "core/quiet_thread.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <unistd.h>

struct perf_early {
	pthread_t thread;
	int fd; /* negative: refused */
};

static void *open_event(void *argument)
{
	struct perf_early *early = argument;
	const struct perf_event_attr attr = {
	    .type = PERF_TYPE_SOFTWARE,
	    .size = sizeof(attr),
	    .config = PERF_COUNT_SW_DUMMY,
	    .exclude_kernel = 1,
	    .exclude_hv = 1,
	    .disabled = 1,
	};
	struct diag unsaid = {0}; /* whoever needs events says it */

	early->fd = perf_event_fd(&attr, 0, -1, &unsaid);
	return NULL;
}

struct perf_early *perf_early_begin(void)
{
	struct perf_early *early = xcalloc(1, sizeof(*early));

	if (!quiet_thread_create(&early->thread, open_event, early))
		return early;
	free(early);
	return NULL;
}

void perf_early_end(struct perf_early *early)
{
	if (!early)
		return;
	pthread_join(early->thread, NULL);
	if (early->fd >= 0)
		close(early->fd);
	free(early);
}
