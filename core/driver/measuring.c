/* Waits for the lock without missing a signal. */
#include "core/driver/measuring.h"

#include "core/driver/exit_status.h"
#include "core/driver/signals.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/lock.h"
#include "core/quality.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static void say_waiting(pid_t holder)
{
	char *pid = holder ? xasprintf(", pid %d", (int)holder) : xstrdup("");

	fprintf(
	    stderr,
	    "profile-scenario: waiting for another measuring run%s; --no-lock goes on at once\n",
	    pid);
	free(pid);
}

enum {
	AGAIN_MS = 100, /* where nothing tells when the lock is free */
	ENOUGH_TRIES = 10,
};

static void wait_for_change(const struct lock *lock, const struct signals *signals)
{
	struct pollfd polls[] = {
	    {.fd = signals->fd, .events = POLLIN},
	    {.fd = lock_wait_fd(lock), .events = POLLIN},
	};

	poll(polls, ARRAY_SIZE(polls), polls[1].fd < 0 ? AGAIN_MS : -1);
}

int measuring_wait(struct lock **lock, struct signals *signals, struct diag *diag)
{
	unsigned n_tries = 0;
	bool is_said = false;

	*lock = lock_new();
	while (lock_take(*lock) == -EAGAIN) {
		/* Who cannot be told may be about to listen, or to end; or does not mean to. */
		if (!is_said && (lock_wait_fd(*lock) >= 0 || ++n_tries >= ENOUGH_TRIES)) {
			say_waiting(lock_holder(*lock));
			is_said = true;
		}
		wait_for_change(*lock, signals);
		signals_take(signals);
		if (signals->interrupted) {
			diag_fail(diag, EINTR,
			          "interrupted while waiting for another measuring run");
			return STATUS_SIGNAL + signals->number;
		}
	}
	return STATUS_WELL;
}

void measuring_note(struct presence *presence, json_t *quality)
{
	pid_t pids[4];
	size_t n = presence ? presence_others(presence, pids, ARRAY_SIZE(pids)) : 0;
	char *who = xstrdup("");

	for (size_t i = 0; i < n && i < ARRAY_SIZE(pids); i++) {
		char *longer = pids[i] ? xasprintf("%s%s%d", who, *who ? ", " : "", (int)pids[i])
		                       : xstrdup(who);

		free(who);
		who = longer;
	}
	if (n)
		quality_add_note(quality,
		                 "%zu other measuring run%s meanwhile%s%s%s: times are disturbed",
		                 n, n > 1 ? "s" : "", *who ? " (pid " : "", who, *who ? ")" : "");
	free(who);
}
