/* Runs shell commands beside the target, by the same launch. */
#include "core/driver/shell.h"

#include "core/driver/signals.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/target/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int shell_judge(const char *what, const char *text, int wait_status, struct diag *diag)
{
	if (WIFSIGNALED(wait_status))
		return diag_fail(diag, ECANCELED, "%s was killed by signal %d: %s", what,
		                 WTERMSIG(wait_status), text);
	if (WEXITSTATUS(wait_status))
		return diag_fail(diag, ECANCELED, "%s failed with status %d: %s", what,
		                 WEXITSTATUS(wait_status), text);
	return 0;
}

static int make_group(void *context)
{
	(void)context;
	return setpgid(0, 0) ? -errno : 0;
}

int shell_start(struct launch **launch, const struct shell_command *command, struct diag *diag)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)command->text, NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct launch_spec spec = {
	    .argv = argv,
	    .path = "/bin/sh",
	    .cwd = command->cwd,
	    .variables = command->variables,
	    .stdin_fd = null,
	    .stdout_fd = command->silent ? null : STDERR_FILENO,
	    .stderr_fd = command->silent ? null : -1,
	    .signal_mask = command->signal_mask,
	    .in_child = command->own_group ? make_group : NULL,
	};
	int err;

	*launch = NULL;
	if (null < 0)
		return diag_fail(diag, errno, "cannot open /dev/null: %s", strerror(errno));
	err = launch_hold(launch, &spec, diag);
	if (!err)
		err = launch_release(*launch, diag);
	if (err) {
		launch_free(*launch);
		*launch = NULL;
	}
	close(null);
	return err;
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

int shell_run(const char *what, const struct shell_command *command, struct signals *signals,
              struct diag *diag)
{
	struct launch *launch;
	int err = shell_start(&launch, command, diag);

	if (err)
		return err;
	err = shell_judge(what, command->text, wait_for(launch, signals), diag);
	launch_free(launch);
	return err;
}
