/* Capabilities through the raw system calls: names, tests, and the ambient set. */
#include "core/target/capability.h"

#include "core/alloc.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In the order of their numbers in linux/capability.h. */
static const char *const names[] = {
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
};

struct capability_sets {
	struct __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3];
};

int capability_number(const char *name)
{
	if (!strncasecmp(name, "cap_", 4))
		name += 4;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcasecmp(names[i], name))
			return (int)i;
	return -1;
}

static int read_sets(struct capability_sets *sets)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &header, sets->words) ? -errno : 0;
}

bool capability_is_held(int number)
{
	struct capability_sets sets;

	if (read_sets(&sets))
		return false;
	return sets.words[CAP_TO_INDEX(number)].effective & CAP_TO_MASK(number);
}

static int write_sets(struct capability_sets *sets)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capset, &header, sets->words) ? -errno : 0;
}

/* A process that may not change its own effective set has nothing to lower or to raise: errors do
 * not matter. */
void capability_lower(const int *keep, size_t n_keep)
{
	struct capability_sets sets;

	if (read_sets(&sets))
		return;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		sets.words[i].effective = 0;
	for (size_t i = 0; i < n_keep; i++)
		sets.words[CAP_TO_INDEX(keep[i])].effective |=
		    sets.words[CAP_TO_INDEX(keep[i])].permitted & CAP_TO_MASK(keep[i]);
	write_sets(&sets);
}

void capability_raise(void)
{
	struct capability_sets sets;

	if (read_sets(&sets))
		return;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		sets.words[i].effective = sets.words[i].permitted;
	write_sets(&sets);
}

int capability_with(int number, int (*run)(void *context), void *context)
{
	struct capability_sets sets, raised;
	int err = read_sets(&sets), lowered;

	if (err)
		return err;
	if (!(sets.words[CAP_TO_INDEX(number)].permitted & CAP_TO_MASK(number)))
		return -EPERM;
	raised = sets;
	raised.words[CAP_TO_INDEX(number)].effective |= CAP_TO_MASK(number);
	err = write_sets(&raised);
	if (err)
		return err;
	err = run(context);
	lowered = write_sets(&sets);
	return err ? err : lowered;
}

int capability_make_ambient(int number)
{
	struct capability_sets sets;
	int err = read_sets(&sets);

	if (err)
		return err;
	sets.words[CAP_TO_INDEX(number)].effective |= CAP_TO_MASK(number);
	sets.words[CAP_TO_INDEX(number)].inheritable |= CAP_TO_MASK(number);
	err = write_sets(&sets);
	if (err)
		return err;
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) ? -errno : 0;
}
