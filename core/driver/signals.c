/* Holds back the signals that would end the driver, and passes them on. */
#include "core/driver/signals.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* One row a signal that is held back: passed on to the target, or one of our own writes that
 * failed. */
static const struct {
	int number;
	bool is_for_target;
} held[] = {
    {SIGINT, true}, {SIGQUIT, true},  {SIGTERM, true},
    {SIGHUP, true}, {SIGPIPE, false}, {SIGXFSZ, false},
};

static bool is_for_target(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		if (held[i].number == number)
			return held[i].is_for_target;
	return false;
}

int signals_init(struct signals *signals, struct diag *diag)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		sigaddset(&set, held[i].number);
	*signals = (struct signals){.fd = -1};
	if (sigprocmask(SIG_BLOCK, &set, &signals->original))
		return diag_fail(diag, errno, "cannot block signals: %s", strerror(errno));
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd < 0)
		return diag_fail(diag, errno, "cannot watch signals: %s", strerror(errno));
	return 0;
}

bool signals_forward(struct signals *signals, pid_t target)
{
	struct signalfd_siginfo info;

	do {
		if (read(signals->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
			return false;
	} while (!is_for_target((int)info.ssi_signo));
	signals->interrupted = true;
	/* Ctrl-C and a hang-up come from the kernel to the whole foreground group, the target
	 * included. */
	if (target > 0 && info.ssi_code != SI_KERNEL)
		kill(target, (int)info.ssi_signo);
	return true;
}

void signals_take(struct signals *signals)
{
	while (signals_forward(signals, 0))
		;
}

void signals_fini(struct signals *signals)
{
	if (signals->fd < 0)
		return;
	/* What is still pending must not end us when the mask opens. */
	signals_take(signals);
	close(signals->fd);
	signals->fd = -1;
	sigprocmask(SIG_SETMASK, &signals->original, NULL);
}
