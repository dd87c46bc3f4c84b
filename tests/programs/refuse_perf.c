/* Runs a command that may not open perf events, as under a container's seccomp profile.
 * refuse_perf ERRNO COMMAND [ARG...]: perf_event_open(2) fails with that number. */
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 3) {
		fputs("usage: refuse_perf ERRNO COMMAND [ARG...]\n", stderr);
		return 2;
	}
	if (!filter ||
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)atoi(argv[1])),
	                     SCMP_SYS(perf_event_open), 0) ||
	    seccomp_load(filter)) {
		fputs("cannot load a seccomp filter\n", stderr);
		return 2;
	}
	seccomp_release(filter);
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 2;
}
