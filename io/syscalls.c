/* Looks up system calls by number: facts from io/syscalls.def, names from libseccomp. */
#include "io/syscalls.h"

#include "core/alloc.h"
#include "core/trace/kernel_numbers.h"
#include "core/u64map.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

/* The mask of another one may be changed, which is the result then. */
static bool signalfd_opens(const uint64_t args[6])
{
	return (int)args[0] == -1;
}

/* With flags it tells of the kernel. */
static bool landlock_opens(const uint64_t args[6])
{
	return !(uint32_t)args[2];
}

static bool seccomp_opens(const uint64_t args[6])
{
	return (uint32_t)args[0] == SECCOMP_SET_MODE_FILTER &&
	       args[1] & SECCOMP_FILTER_FLAG_NEW_LISTENER;
}

static bool bpf_opens(const uint64_t args[6])
{
	enum { TOKEN_CREATE = 36 /* BPF_TOKEN_CREATE of Linux 6.9 */ };
	static const uint32_t commands[] = {
	    BPF_MAP_CREATE,       BPF_PROG_LOAD,           BPF_OBJ_GET,      BPF_PROG_GET_FD_BY_ID,
	    BPF_MAP_GET_FD_BY_ID, BPF_RAW_TRACEPOINT_OPEN, BPF_BTF_LOAD,     BPF_BTF_GET_FD_BY_ID,
	    BPF_LINK_CREATE,      BPF_LINK_GET_FD_BY_ID,   BPF_ENABLE_STATS, BPF_ITER_CREATE,
	    TOKEN_CREATE,
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if ((uint32_t)args[0] == commands[i])
			return true;
	return false;
}

#define SYSCALL(call, what, in, ...) {.name = #call, .effect = what, .classes = in, ##__VA_ARGS__},
const struct syscall_facts syscall_facts[] = {
#include "io/syscalls.def"
    {.name = NULL},
};
#undef SYSCALL

static const uint32_t seccomp_arch[N_ABIS] = {
    [ABI_X86_64] = SCMP_ARCH_X86_64,
    [ABI_X32] = SCMP_ARCH_X32,
    [ABI_I386] = SCMP_ARCH_X86,
};

static const struct syscall_facts *find_facts(const char *name)
{
	/* The first letter is looked at here: all calls are asked for when the bpf backend begins.
	 */
	for (const struct syscall_facts *row = syscall_facts; row->name; row++)
		if (*row->name == *name && !strcmp(row->name, name))
			return row;
	return NULL;
}

/* NULL: it has none. libseccomp numbers the x32 calls as the kernel does, and has calls of its own
 * below 0. */
static char *find_name(enum syscall_abi abi, uint32_t number)
{
	int asked = (int)(abi == ABI_X32 ? number | X32_BIT : number);

	return number < SYSCALL_NUMBERS ? seccomp_syscall_resolve_num_arch(seccomp_arch[abi], asked)
	                                : NULL;
}

static struct syscall_info *make_info(enum syscall_abi abi, uint32_t number)
{
	struct syscall_info *info = xcalloc(1, sizeof(*info));
	char *name = find_name(abi, number);

	info->abi = abi;
	info->number = number;
	if (name) {
		info->name = xstrdup(name);
		info->is_named = true;
		info->facts = find_facts(name);
		free(name);
	} else {
		info->name =
		    xasprintf("syscall_%#x%s", number, number < SYSCALL_NUMBERS ? "" : "_or_more");
	}
	return info;
}

const struct syscall_info *syscall_find(enum syscall_abi abi, uint32_t number)
{
	/* Kept for the life of the program: a few hundred small rows that every run shares. */
	static struct u64map *known;
	uint64_t *value;
	bool is_new;

	if (!known)
		known = u64map_new();
	if (number > SYSCALL_NUMBERS)
		number = SYSCALL_NUMBERS;
	value = u64map_put(known, (uint64_t)abi << 32 | number, &is_new);
	if (is_new)
		*value = (uintptr_t)make_info(abi, number);
	return (const struct syscall_info *)(uintptr_t)*value;
}

const struct syscall_info *syscall_find_named(enum syscall_abi abi, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(seccomp_arch[abi], name);

	if (number >= 0)
		return syscall_find(abi, (uint32_t)number & ~(uint32_t)X32_BIT);
	/* Of i386's calls that socketcall(2) and ipc(2) make, too, libseccomp has numbers of its
	 * own. */
	for (uint32_t i = 0; abi == ABI_I386 && i < SYSCALL_NUMBERS; i++)
		if (!strcmp(syscall_find(abi, i)->name, name))
			return syscall_find(abi, i);
	return NULL;
}

const char *syscall_abi_name(enum syscall_abi abi)
{
	static const char *const names[N_ABIS] = {[ABI_X32] = "x32", [ABI_I386] = "32 bit"};

	return names[abi];
}

bool syscall_batches(const struct syscall_facts *facts)
{
	return facts && facts->extent > EXTENT_SIZE;
}

bool syscall_moves_many(const struct syscall_facts *facts)
{
	return syscall_batches(facts) && facts->extent != EXTENT_MESSAGE;
}

bool syscall_tells_events(const struct syscall_facts *facts)
{
	return syscall_batches(facts) && facts->effect == EFFECT_USE;
}

bool syscall_failed(int64_t result)
{
	return is_error_result(result);
}

bool syscall_moves_data(const struct syscall_facts *facts)
{
	return facts && facts->effect >= EFFECT_READ && facts->effect <= EFFECT_SUBMIT;
}

bool syscall_changes_descriptors(const struct syscall_facts *facts)
{
	return facts && facts->effect >= EFFECT_OPEN && facts->effect <= EFFECT_UNSHARE;
}
