/* Refuses programs whose perf events the kernel drops, and repeats where nothing is run. */
#include "cpu/perf_target.h"

#include "core/collector.h"
#include "core/diag.h"
#include "core/target/binary.h"

#include <errno.h>

int perf_target_check(const struct target *target, const void *options, struct diag *diag)
{
	const struct binary *binary = target->binary;

	(void)options;
	if (!binary->is_elf)
		return 0; /* a script without #!: the shell runs it, or exec says why not */
	if (!binary->is_64_bit_x86)
		return diag_fail(diag, EOPNOTSUPP,
		                 "%s is no 64-bit x86 program: its stacks cannot be unwound here",
		                 binary->path);
	/* The kernel drops the events of a process that is no longer dumpable, whoever opened them.
	 */
	if (binary->is_setuid)
		return diag_fail(
		    diag, EPERM,
		    "%s is set-user-id, and the kernel ends sampling where a program gains "
		    "rights; run it as the user it becomes, or a copy without the bit",
		    binary->path);
	if (binary->has_file_capabilities)
		return diag_fail(
		    diag, EPERM,
		    "%s has file capabilities, and the kernel ends sampling where a program "
		    "gains rights; run: sudo profile-scenario --user $USER --ambient-cap NAME",
		    binary->path);
	return 0;
}

int perf_target_check_repeats(const struct repeat *repeat, const char *option, struct diag *diag)
{
	if (repeat->pid || !option)
		return 0;
	return diag_fail(diag, EINVAL,
	                 "--%s runs a COMMAND again, and here none is run; measure for longer: "
	                 "--duration SECONDS",
	                 option);
}
