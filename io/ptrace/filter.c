/* Has libseccomp make the filter, and installs it. */
#include "io/ptrace/filter.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/target/capability.h"
#include "io/ptrace/filter_stop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	BINARY_TREE =
	    2, /* SCMP_FLTATR_CTL_OPTIMIZE: log2 of the calls in comparisons, not one each */
};

struct call_filter {
	struct sock_fprog program;
	bool may_give_up;
};

/* Needed for some values of one argument only. */
static const struct {
	const char *name;
	unsigned argument;
	uint32_t value;
} needed_cases[] = {
    {"fcntl", 1, F_DUPFD},
    {"fcntl", 1, F_DUPFD_CLOEXEC},
    {"fcntl", 1, F_SETFD},
    {"fcntl64", 1, F_DUPFD},
    {"fcntl64", 1, F_DUPFD_CLOEXEC},
    {"fcntl64", 1, F_SETFD},
    {"prctl", 0, PR_SET_NAME},
    {"prctl", 0, PR_SET_SECCOMP},
    {"seccomp", 0, SECCOMP_SET_MODE_STRICT},
    {"seccomp", 0, SECCOMP_SET_MODE_FILTER},
};

static const char *const needed_names[] = {"clone", "clone3", "fork", "vfork", "ptrace"};

static bool uses_descriptor(const struct syscall_facts *facts)
{
	return (facts->effect >= EFFECT_USE && facts->effect <= EFFECT_SUBMIT) ||
	       facts->effect == EFFECT_FCNTL;
}

static bool changes_descriptors(const struct syscall_facts *facts)
{
	return facts->effect >= EFFECT_OPEN && facts->effect <= EFFECT_UNSHARE &&
	       facts->effect != EFFECT_FCNTL;
}

static bool is_needed(const struct syscall_info *info, bool with_descriptors)
{
	for (size_t i = 0; i < ARRAY_SIZE(needed_names); i++)
		if (!strcmp(info->name, needed_names[i]))
			return true;
	return with_descriptors && info->facts && changes_descriptors(info->facts);
}

static bool is_needed_case(const struct syscall_info *info)
{
	for (size_t i = 0; i < ARRAY_SIZE(needed_cases); i++)
		if (!strcmp(info->name, needed_cases[i].name))
			return true;
	return false;
}

/* Names that more than one ABI has are ruled once: a rule holds for all ABIs. */
static bool is_first_of_name(const struct syscall_info *info)
{
	for (int abi = 0; abi < (int)info->abi; abi++)
		if (syscall_find_named(abi, info->name))
			return false;
	return true;
}

/* The set says which calls of which ABI; the filter stops a name under all of them. */
static bool set_has_name(const struct trace_set *set, const char *name)
{
	for (int abi = 0; abi < N_ABIS; abi++) {
		const struct syscall_info *info = syscall_find_named(abi, name);

		if (info && trace_set_has(set, info))
			return true;
	}
	return false;
}

static int add_rule(scmp_filter_ctx context, uint32_t action, const char *name)
{
	return seccomp_rule_add(context, action, seccomp_syscall_resolve_name(name), 0);
}

static int add_cases(scmp_filter_ctx context, const struct trace_set *set)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(needed_cases) && !err; i++) {
		/* The kernel looks at the lower half of these arguments alone. */
		struct scmp_arg_cmp is_case = SCMP_CMP(needed_cases[i].argument, SCMP_CMP_MASKED_EQ,
		                                       UINT32_MAX, needed_cases[i].value);

		if (!set_has_name(set, needed_cases[i].name))
			err = seccomp_rule_add(context, SCMP_ACT_TRACE(FILTER_MARK),
			                       seccomp_syscall_resolve_name(needed_cases[i].name),
			                       1, is_case);
	}
	return err;
}

/* Rules for all names: those to stop, or, where unknown calls stop too, those to let pass. */
static int add_rules(scmp_filter_ctx context, const struct trace_set *set)
{
	bool stops_unknown = trace_set_has_unnamed(set);
	bool with_descriptors = trace_set_has_any(set, uses_descriptor);
	int err = 0;

	for (int abi = 0; abi < N_ABIS; abi++)
		for (uint32_t number = 0; number < SYSCALL_NUMBERS && !err; number++) {
			const struct syscall_info *info = syscall_find(abi, number);
			bool stops;

			if (!info->is_named || !is_first_of_name(info))
				continue;
			stops = set_has_name(set, info->name) ||
			        is_needed(info, with_descriptors) ||
			        (stops_unknown && is_needed_case(info));
			if (stops != stops_unknown)
				err = add_rule(context,
				               stops ? SCMP_ACT_TRACE(FILTER_MARK) : SCMP_ACT_ALLOW,
				               info->name);
		}
	return !err && !stops_unknown ? add_cases(context, set) : err;
}

static int set_up(scmp_filter_ctx context, const struct trace_set *set)
{
	int err = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);

	if (!err)
		err = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE);
	if (!err)
		err = seccomp_arch_add(context, SCMP_ARCH_X86);
	if (!err)
		err = seccomp_arch_add(context, SCMP_ARCH_X32);
	return err ? err : add_rules(context, set);
}

/* libseccomp 2.5 hands its program to a file alone. */
static int export_program(scmp_filter_ctx context, struct sock_fprog *program)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), err;
	struct stat status;

	if (fd < 0)
		return -errno;
	err = seccomp_export_bpf(context, fd);
	if (!err && fstat(fd, &status))
		err = -errno;
	if (!err && (size_t)status.st_size > BPF_MAXINSNS * sizeof(*program->filter))
		err = -E2BIG;
	if (!err) {
		program->len = (unsigned short)((size_t)status.st_size / sizeof(*program->filter));
		program->filter = xcalloc(program->len, sizeof(*program->filter));
		if (pread(fd, program->filter, (size_t)status.st_size, 0) != status.st_size)
			err = -EIO;
	}
	close(fd);
	return err;
}

int call_filter_new(struct call_filter **result, const struct trace_set *set, bool may_give_up,
                    struct diag *diag)
{
	struct call_filter *filter = xcalloc(1, sizeof(*filter));
	scmp_filter_ctx context =
	    seccomp_init(trace_set_has_unnamed(set) ? SCMP_ACT_TRACE(FILTER_MARK) : SCMP_ACT_ALLOW);
	int err = context ? set_up(context, set) : -ENOMEM;

	filter->may_give_up = may_give_up;
	if (!err)
		err = export_program(context, &filter->program);
	seccomp_release(context);
	if (err) {
		call_filter_free(filter);
		return diag_fail(diag, EOPNOTSUPP,
		                 "libseccomp cannot make a filter of --trace=%s: %s",
		                 trace_set_text(set), strerror(-err));
	}
	*result = filter;
	return 0;
}

void call_filter_free(struct call_filter *filter)
{
	if (!filter)
		return;
	free(filter->program.filter);
	free(filter);
}

/* SPEC_ALLOW: before Linux 5.16 a filter slowed the program down by a mitigation that it would not
 * have by itself. */
static int install(void *context)
{
	const struct call_filter *filter = context;

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	               &filter->program)
	           ? -errno
	           : 0;
}

int call_filter_install(struct call_filter *filter)
{
	int err = install(filter);

	if (err == -EACCES && !capability_with(CAP_SYS_ADMIN, install, filter))
		err = 0;
	if (err == -EACCES && filter->may_give_up && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = install(filter);
	return err;
}
