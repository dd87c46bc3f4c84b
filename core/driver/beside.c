/* Tries --ready until it succeeds, then runs --load, while a target runs. */
#include "core/driver/beside.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/target/launch.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	/* Between two tries: a try costs a shell and what it calls, a few milliseconds. */
	TRY_AGAIN_NS = 50000000,
	KILL_AFTER_MS = 2000,
};

struct beside {
	struct beside_spec spec;
	struct launch *running; /* a try of --ready, or --load */
	int timer_fd;           /* until the next try */
	bool ready;
	bool load_ended;
};

static int start(struct beside *beside, const char *text, bool silent, struct diag *diag)
{
	struct shell_command command = beside->spec.how;

	command.text = text;
	command.silent = silent;
	command.own_group = true;
	return shell_start(&beside->running, &command, diag);
}

/* What a try that fails says is not worth reading, and comes many times. */
static int try_ready(struct beside *beside, struct diag *diag)
{
	return start(beside, beside->spec.ready, true, diag);
}

int beside_new(struct beside **beside, const struct beside_spec *spec, struct diag *diag)
{
	struct beside *made = xcalloc(1, sizeof(*made));
	int err = 0;

	made->spec = *spec;
	made->ready = !spec->ready;
	made->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (made->timer_fd < 0)
		err = diag_fail(diag, errno, "cannot make a timer: %s", strerror(errno));
	if (!err && spec->ready)
		err = try_ready(made, diag);
	if (err) {
		beside_free(made);
		return err;
	}
	*beside = made;
	return 0;
}

static void end_running(struct launch *running)
{
	struct pollfd ended = {.fd = launch_pidfd(running), .events = POLLIN};
	pid_t pid = launch_pid(running);

	kill(-pid, SIGTERM);
	if (poll(&ended, 1, KILL_AFTER_MS) == 0)
		kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	launch_free(running);
}

void beside_free(struct beside *beside)
{
	if (!beside)
		return;
	if (beside->running)
		end_running(beside->running);
	if (beside->timer_fd >= 0)
		close(beside->timer_fd);
	free(beside);
}

int beside_fd(const struct beside *beside)
{
	if (beside->running)
		return launch_pidfd(beside->running);
	return beside->ready ? -1 : beside->timer_fd;
}

static int on_end(struct beside *beside, int wait_status, struct diag *diag)
{
	struct itimerspec again = {.it_value.tv_nsec = TRY_AGAIN_NS};

	launch_free(beside->running);
	beside->running = NULL;
	if (beside->ready) {
		beside->load_ended = true;
		return shell_judge("--load", beside->spec.load, wait_status, diag);
	}
	beside->ready = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
	if (!beside->ready)
		timerfd_settime(beside->timer_fd, 0, &again, NULL);
	return 0;
}

int beside_step(struct beside *beside, struct diag *diag)
{
	uint64_t n_ticks;
	int wait_status;

	if (beside->running) {
		if (waitpid(launch_pid(beside->running), &wait_status, WNOHANG) <= 0)
			return 0;
		return on_end(beside, wait_status, diag);
	}
	if (!beside->ready && read(beside->timer_fd, &n_ticks, sizeof(n_ticks)) > 0)
		return try_ready(beside, diag);
	return 0;
}

bool beside_is_ready(const struct beside *beside)
{
	return beside->ready;
}

int beside_start_load(struct beside *beside, struct diag *diag)
{
	return beside->spec.load ? start(beside, beside->spec.load, false, diag) : 0;
}

bool beside_load_has_ended(const struct beside *beside)
{
	return beside->load_ended;
}
