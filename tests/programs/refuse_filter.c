/* Runs a command where a part of what tracing with a filter takes is refused.
 * refuse_filter WHAT COMMAND [ARG...]: WHAT is "tracing" (a tracer that wants the stops of filters
 * gets EPERM, as Yama gives it to a tracer that did not launch the program) or "filter" (no filter
 * can be had: EINVAL). */
#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

static int add_rule(scmp_filter_ctx filter, const char *what)
{
	if (!strcmp(what, "tracing"))
		return seccomp_rule_add(
		    filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ptrace), 2,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, PTRACE_SEIZE),
		    SCMP_A3(SCMP_CMP_MASKED_EQ, PTRACE_O_TRACESECCOMP, PTRACE_O_TRACESECCOMP));
	if (!strcmp(what, "filter"))
		return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp), 0);
	return -1;
}

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 3) {
		fputs("usage: refuse_filter tracing|filter COMMAND [ARG...]\n", stderr);
		return 2;
	}
	if (!filter || add_rule(filter, argv[1]) || seccomp_load(filter)) {
		fputs("cannot load a seccomp filter\n", stderr);
		return 2;
	}
	seccomp_release(filter);
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 2;
}
