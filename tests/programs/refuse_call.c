/* Runs a command for which a system call is refused, as under a container's seccomp profile.
 * refuse_call ERRNO CALL COMMAND [ARG...]: the call of that name fails with that number.
 * CALL may be NAME:ARGUMENT:BITS: only where that argument has all those bits. */
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refuse(scmp_filter_ctx filter, uint16_t error, char *call)
{
	char *name = strsep(&call, ":"), *argument = strsep(&call, ":");
	scmp_datum_t bits = call ? strtoull(call, NULL, 0) : 0;
	struct scmp_arg_cmp has_bits = {argument ? (unsigned)atoi(argument) : 0, SCMP_CMP_MASKED_EQ,
	                                bits, bits};

	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(error),
	                              seccomp_syscall_resolve_name(name), argument ? 1 : 0,
	                              &has_bits);
}

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 4) {
		fputs("usage: refuse_call ERRNO CALL COMMAND [ARG...]\n", stderr);
		return 2;
	}
	if (!filter || refuse(filter, (uint16_t)atoi(argv[1]), argv[2]) || seccomp_load(filter)) {
		fputs("cannot load a seccomp filter\n", stderr);
		return 2;
	}
	seccomp_release(filter);
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 2;
}
