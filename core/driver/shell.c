/* Runs one shell command beside the target, by the same launch. */
#include "core/driver/shell.h"

#include "core/driver/signals.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/target/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

static int judge_status(const char *what, const char *command, int status, struct diag *diag)
{
	if (WIFSIGNALED(status))
		return diag_fail(diag, ECANCELED, "%s was killed by signal %d: %s", what,
		                 WTERMSIG(status), command);
	if (WEXITSTATUS(status))
		return diag_fail(diag, ECANCELED, "%s failed with status %d: %s", what,
		                 WEXITSTATUS(status), command);
	return 0;
}

/* The shell's wait status. */
static int wait_for(const struct launch *launch, struct signals *signals)
{
	struct pollfd polls[] = {
	    {.fd = signals->fd, .events = POLLIN},
	    {.fd = launch_pidfd(launch), .events = POLLIN},
	};
	int status;

	do {
		poll(polls, ARRAY_SIZE(polls), -1);
		while (signals_forward(signals, launch_pid(launch)))
			;
	} while (!waitpid(launch_pid(launch), &status, WNOHANG));
	return status;
}

int shell_run(const char *what, const char *command, const char *cwd,
              const struct text_list *variables, struct signals *signals, struct diag *diag)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
	struct launch_spec spec = {
	    .argv = argv,
	    .path = "/bin/sh",
	    .cwd = cwd,
	    .variables = variables,
	    .stdin_fd = open("/dev/null", O_RDONLY | O_CLOEXEC),
	    .stdout_fd = STDERR_FILENO,
	    .stderr_fd = -1,
	    .signal_mask = &signals->original,
	};
	struct launch *launch = NULL;
	int err = launch_hold(&launch, &spec, diag);

	if (!err)
		err = launch_release(launch, diag);
	if (!err)
		err = judge_status(what, command, wait_for(launch, signals), diag);
	launch_free(launch);
	if (spec.stdin_fd >= 0)
		close(spec.stdin_fd);
	return err;
}
