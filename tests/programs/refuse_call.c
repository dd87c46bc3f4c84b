/* Runs a command for which a system call is refused, as under a container's seccomp profile.
 * refuse_call ERRNO CALL COMMAND [ARG...]: the call of that name fails with that number. */
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 4) {
		fputs("usage: refuse_call ERRNO CALL COMMAND [ARG...]\n", stderr);
		return 2;
	}
	if (!filter ||
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)atoi(argv[1])),
	                     seccomp_syscall_resolve_name(argv[2]), 0) ||
	    seccomp_load(filter)) {
		fputs("cannot load a seccomp filter\n", stderr);
		return 2;
	}
	seccomp_release(filter);
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 2;
}
