/* The table of calls, and the filter made from it. */
#include "mem/pages/calls.h"

#include "core/alloc.h"
#include "core/target/capability.h"
#include "core/trace/call_filter.h"
#include "core/trace/trace.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <stdbool.h>

enum { X32_BIT = 0x40000000, N_ABIS = 2 };

/* io_setup(2) maps its ring. i386's mmap has its arguments in memory. Not here: arch_prctl and
 * prctl, which can move the vdso and the program break of checkpointed programs. */
static const struct {
	const char *name;
	enum pages_call x86_64;
	enum pages_call i386;
} calls[] = {
    {"mmap", PAGES_CALL_MMAP, PAGES_CALL_OTHER},
    {"mmap2", PAGES_CALL_NONE, PAGES_CALL_MMAP},
    {"munmap", PAGES_CALL_MUNMAP, PAGES_CALL_MUNMAP},
    {"mremap", PAGES_CALL_MREMAP, PAGES_CALL_MREMAP},
    {"brk", PAGES_CALL_BRK, PAGES_CALL_BRK},
    {"shmat", PAGES_CALL_OTHER, PAGES_CALL_OTHER},
    {"shmdt", PAGES_CALL_OTHER, PAGES_CALL_OTHER},
    {"ipc", PAGES_CALL_NONE, PAGES_CALL_OTHER},
    {"io_setup", PAGES_CALL_OTHER, PAGES_CALL_OTHER},
    {"io_destroy", PAGES_CALL_OTHER, PAGES_CALL_OTHER},
    {"remap_file_pages", PAGES_CALL_OTHER, PAGES_CALL_OTHER},
};

static int add_rules(scmp_filter_ctx rules)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(calls) && !err; i++)
		err = call_filter_add(rules, calls[i].name, true);
	for (const char *const *name = call_filter_needed; *name && !err; name++)
		err = call_filter_add(rules, *name, true);
	for (const struct call_case *stop = call_filter_needed_cases; stop->name && !err; stop++)
		err = call_filter_add_case(rules, stop);
	return err;
}

int pages_filter_new(struct call_filter **filter)
{
	scmp_filter_ctx rules = call_filter_rules(false);
	bool gains_anyway = capability_is_held(CAP_SYS_PTRACE);
	int err = rules ? add_rules(rules) : -ENOMEM;

	if (!err)
		err = call_filter_new(filter, rules, !gains_anyway);
	seccomp_release(rules);
	return err;
}

enum pages_call pages_call_of(const struct tracee *tracee)
{
	static int numbers[N_ABIS][ARRAY_SIZE(calls)];
	static bool has_numbers;
	bool is_i386 = tracee->arch == AUDIT_ARCH_I386;
	int number = (int)(tracee->number & ~(uint64_t)(is_i386 ? 0 : X32_BIT));

	for (size_t i = 0; i < ARRAY_SIZE(calls) && !has_numbers; i++) {
		numbers[0][i] = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, calls[i].name);
		numbers[1][i] = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, calls[i].name);
	}
	has_numbers = true;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (numbers[is_i386][i] == number)
			return is_i386 ? calls[i].i386 : calls[i].x86_64;
	return PAGES_CALL_NONE;
}
