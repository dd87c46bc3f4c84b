/* stopped: its child stops itself, and then it itself: what it says is so when it is said.
 *
 * Lines of its output: "stopped PID" once wait(2) tells of the child's stop, "resumed" of the
 * child, which went on then, "stops PID" before its own stop and "went on" after it.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *word, pid_t pid)
{
	printf("%s %d\n", word, (int)pid);
	fflush(stdout);
}

static int child(void)
{
	raise(SIGSTOP);
	say("resumed", getpid());
	return 7;
}

int main(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		return child();
	/* Of a tracer's own stops on the way there wait(2) tells nothing. */
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status) ||
	    WSTOPSIG(status) != SIGSTOP)
		return 1;
	say("stopped", pid);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 7)
		return 1;
	say("stops", getpid());
	raise(SIGSTOP);
	say("went on", getpid());
	return 0;
}
