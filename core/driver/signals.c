/* Holds back the signals that would end the driver, and passes them on. */
#include "core/driver/signals.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum meaning {
	FOR_TARGET,
	FAILED_WRITE, /* one of our own */
	POKE,         /* for the collector */
};

/* One row a signal that is held back. */
static const struct {
	int number;
	enum meaning meaning;
} held[] = {
    {SIGINT, FOR_TARGET},    {SIGQUIT, FOR_TARGET},   {SIGTERM, FOR_TARGET}, {SIGHUP, FOR_TARGET},
    {SIGPIPE, FAILED_WRITE}, {SIGXFSZ, FAILED_WRITE}, {SIGUSR2, POKE},
};

static enum meaning meaning_of(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		if (held[i].number == number)
			return held[i].meaning;
	return FAILED_WRITE;
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

	enum meaning meaning;

	do {
		if (read(signals->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
			return false;
		meaning = meaning_of((int)info.ssi_signo);
		signals->poked |= meaning == POKE;
	} while (meaning != FOR_TARGET);
	signals->interrupted = true;
	signals->number = (int)info.ssi_signo;
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
