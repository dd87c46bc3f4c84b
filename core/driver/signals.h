/* Signals to the driver while a target runs: taken by descriptor, passed on once.
 */
#ifndef CORE_DRIVER_SIGNALS_H
#define CORE_DRIVER_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct diag;

struct signals {
	int fd;            /* readable when one is pending */
	sigset_t original; /* the mask to give to children */
	bool interrupted;  /* one came that is the target's: what was to follow is not wanted */
	int number;        /* of the last such one */
	bool poked;        /* SIGUSR2 came: somebody wants to know how things stand */
};

/* From here until signals_fini() SIGINT, SIGQUIT, SIGTERM, SIGHUP and SIGUSR2 do not end the
 * driver, and a failed write is an errno (EPIPE, EFBIG) rather than a signal. */
int signals_init(struct signals *signals, struct diag *diag);
void signals_fini(struct signals *signals);

/* Takes one pending signal and passes it to the target (pid 0: to nobody), unless the terminal has
 * already sent it there. False: none was pending. Signals of our own failed writes are dropped. */
bool signals_forward(struct signals *signals, pid_t target);
/* Takes all that are pending, while there is no target to pass them to. */
void signals_take(struct signals *signals);

#endif
