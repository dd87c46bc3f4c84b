/* Has libseccomp make a filter, and installs it. */
#include "core/trace/call_filter.h"

#include "core/alloc.h"
#include "core/target/capability.h"
#include "core/trace/filter_stop.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
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

const char *const call_filter_needed[] = {"clone", "clone3", "fork", "vfork", NULL};

const struct call_case call_filter_needed_cases[] = {
    {"prctl", 0, PR_SET_SECCOMP},
    {"seccomp", 0, SECCOMP_SET_MODE_STRICT},
    {"seccomp", 0, SECCOMP_SET_MODE_FILTER},
    {.name = NULL},
};

static int set_up(scmp_filter_ctx rules)
{
	int err = seccomp_attr_set(rules, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);

	if (!err)
		err = seccomp_attr_set(rules, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE);
	if (!err)
		err = seccomp_arch_add(rules, SCMP_ARCH_X86);
	return err ? err : seccomp_arch_add(rules, SCMP_ARCH_X32);
}

scmp_filter_ctx call_filter_rules(bool stops_others)
{
	scmp_filter_ctx rules =
	    seccomp_init(stops_others ? SCMP_ACT_TRACE(FILTER_MARK) : SCMP_ACT_ALLOW);

	if (rules && set_up(rules)) {
		seccomp_release(rules);
		rules = NULL;
	}
	return rules;
}

int call_filter_add(scmp_filter_ctx rules, const char *name, bool stops)
{
	return seccomp_rule_add(rules, stops ? SCMP_ACT_TRACE(FILTER_MARK) : SCMP_ACT_ALLOW,
	                        seccomp_syscall_resolve_name(name), 0);
}

int call_filter_add_case(scmp_filter_ctx rules, const struct call_case *stop)
{
	/* The kernel looks at the lower half of these arguments alone. */
	struct scmp_arg_cmp is_case =
	    SCMP_CMP(stop->argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, stop->value);

	return seccomp_rule_add(rules, SCMP_ACT_TRACE(FILTER_MARK),
	                        seccomp_syscall_resolve_name(stop->name), 1, is_case);
}

/* libseccomp 2.5 hands its program to a file alone. */
static int export_program(scmp_filter_ctx rules, struct sock_fprog *program)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), err;
	struct stat status;

	if (fd < 0)
		return -errno;
	err = seccomp_export_bpf(rules, fd);
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

int call_filter_new(struct call_filter **result, scmp_filter_ctx rules, bool may_give_up)
{
	struct call_filter *filter = xcalloc(1, sizeof(*filter));
	int err = export_program(rules, &filter->program);

	filter->may_give_up = may_give_up;
	if (err) {
		call_filter_free(filter);
		return err;
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
