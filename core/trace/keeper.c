/* profile-scenario-keeper: lets programs live on that a measuring has left under a filter.
 *
 * A filter of core/trace/call_filter.h cannot be taken off, and without a tracer the calls that it
 * stops fail. So the tracer, when it has counted all and some of its threads still run, executes
 * this program: a tracer keeps its threads over execve(2). It answers their stops with "go on",
 * notes nothing, and ends with the last of them. Should it be killed, the kernel kills them too
 * (PTRACE_O_EXITKILL): better than a program whose calls fail.
 *
 * A program of its own, since the driver's memory would otherwise stay as long as they.
 */
#include "core/trace/filter_stop.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Nothing that the terminal, the shell or a pipe's reader waits for is ours any more. */
static void leave_everything(void)
{
	sigset_t all;
	int null = open("/dev/null", O_RDWR);

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	close_range(3, ~0u, 0);
	setsid();
	if (chdir("/"))
		return; /* holds a file system, no more */
}

int main(void)
{
	prctl(PR_SET_NAME, "trace-keeper"); /* pkill(1) of profile-scenario shall spare it */
	leave_everything();
	filter_stop_answer_all();
	return 0;
}
