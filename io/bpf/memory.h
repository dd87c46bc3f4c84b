/* Copies the user memory of a finished call. Part of meter.bpf.c. */
#ifndef IO_BPF_MEMORY_H
#define IO_BPF_MEMORY_H

#include <asm/socket.h>

enum {
	MAX_ADDRESS_BYTES = 128, /* sizeof(struct sockaddr_storage) */
	MAX_PASSED_FDS = 253,    /* SCM_MAX_FD */
	/* Of a call. With preemption off the target must not choose for how long we name: 1,024
	 * messages can bring 253 descriptors each, each name is a walk of MAX_STEPS at most. */
	MAX_NAMES = 1024,
	/* As <sys/socket.h> has them, which is not for this target. */
	SCM_RIGHTS = 1,
	SCM_PIDFD = 4, /* one descriptor, since Linux 6.5 */
};

/* x86-64's layouts. */
struct user_iovec {
	__u64 base, len_bytes;
};

struct user_message {
	__u64 name;
	__u32 name_bytes, unused;
	__u64 buffers, n_buffers, control, control_bytes;
	__u32 flags, unused_too;
};

struct user_messages {
	struct user_message message;
	__u32 len_bytes, unused;
};

struct user_control {
	__u64 len_bytes;
	__s32 level, type;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct meter_memory);
} memory_scratch SEC(".maps");

/* The verifier looks at a function that is not static once, and not at each of its calls: so these
 * are not, and take numbers alone. */
int tell_name(int fd);

struct copying {
	__u64 addr;
	__u64 len_bytes; /* left */
};

static long copy_chunk(__u32 index, struct copying *copying)
{
	__u32 zero = 0;
	struct meter_memory *record = bpf_map_lookup_elem(&memory_scratch, &zero);
	__u64 len_bytes = copying->len_bytes;

	if (!record || !len_bytes)
		return 1;
	if (len_bytes > METER_CHUNK_BYTES)
		len_bytes = METER_CHUNK_BYTES;
	if (bpf_probe_read_user(record->data, len_bytes, (void *)copying->addr))
		return 1;
	record->addr = copying->addr;
	record->len_bytes = len_bytes;
	tell_detail(record, offsetof(struct meter_memory, data) + len_bytes);
	copying->addr += len_bytes;
	copying->len_bytes -= len_bytes;
	return 0;
}

__noinline int copy_user(__u64 addr, __u64 len_bytes)
{
	struct copying copying = {addr, len_bytes};

	bpf_loop(1 + METER_SLOTS * sizeof(struct user_messages) / METER_CHUNK_BYTES, copy_chunk,
	         &copying, 0);
	return 0;
}

struct passing {
	__u64 at, end;
	__u64 n_left; /* of MAX_NAMES */
};

static long name_passed(__u32 index, struct passing *passing)
{
	int fd;

	if (passing->at + sizeof(fd) > passing->end || !passing->n_left ||
	    bpf_probe_read_user(&fd, sizeof(fd), (void *)passing->at))
		return 1;
	passing->at += sizeof(fd);
	passing->n_left--;
	tell_name(fd);
	return 0;
}

static __always_inline void lose_names(const struct passing *passing)
{
	if (!passing->n_left && passing->at < passing->end)
		__sync_fetch_and_add(&lost_details, (passing->end - passing->at) / sizeof(int));
}

/* Goes from one control message to the next, for those that bring descriptors. */
struct finding {
	__u64 at, end;
	struct passing fds, pidfd;
};

__noinline int find_next(struct finding *finding)
{
	struct user_control control;
	__u64 left;

	if (!finding)
		return 1;
	left = finding->end - finding->at;
	if (finding->at + sizeof(control) > finding->end ||
	    bpf_probe_read_user(&control, sizeof(control), (void *)finding->at) ||
	    control.len_bytes < sizeof(control))
		return 1;
	if (control.len_bytes > left)
		control.len_bytes = left;
	if (control.level == SOL_SOCKET && control.type == SCM_RIGHTS) {
		finding->fds.at = finding->at + sizeof(control);
		finding->fds.end = finding->at + control.len_bytes;
	} else if (control.level == SOL_SOCKET && control.type == SCM_PIDFD) {
		finding->pidfd.at = finding->at + sizeof(control);
		finding->pidfd.end = finding->at + control.len_bytes;
	}
	finding->at += (control.len_bytes + 7) & ~7ull;
	return 0;
}

static long find_passed(__u32 index, struct finding *finding)
{
	return find_next(finding) != 0;
}

/* The kernel puts all descriptors of a message into one control message (scm_detach_fds()), among
 * any number of others, and the sender's pidfd into one of its own. Returns how many names the call
 * has left. Calls may be eight deep, and from here to take_component() they are. */
__noinline int copy_control(__u64 addr, __u64 len_bytes, __u32 n_names)
{
	struct finding finding = {.at = addr, .fds.n_left = n_names};

	if (len_bytes > METER_CONTROL_BYTES)
		len_bytes = METER_CONTROL_BYTES;
	finding.end = addr + len_bytes;
	copy_user(addr, len_bytes);
	bpf_loop(METER_CONTROL_BYTES / sizeof(struct user_control), find_passed, &finding, 0);
	bpf_loop(MAX_PASSED_FDS, name_passed, &finding.fds, 0);
	lose_names(&finding.fds);
	finding.pidfd.n_left = finding.fds.n_left;
	bpf_loop(1, name_passed, &finding.pidfd, 0);
	lose_names(&finding.pidfd);
	return finding.pidfd.n_left;
}

__noinline int copy_buffers(__u64 addr, __u64 n_buffers)
{
	if (n_buffers <= METER_SLOTS)
		copy_user(addr, n_buffers * sizeof(struct user_iovec));
	return 0;
}

__noinline int copy_message(__u64 addr, __u32 tasks)
{
	struct user_message message;

	if (bpf_probe_read_user(&message, sizeof(message), (void *)addr))
		return 0;
	copy_user(addr, sizeof(message));
	copy_buffers(message.buffers, message.n_buffers);
	if (tasks & METER_COPY_CONTROL && message.control_bytes)
		copy_control(message.control, message.control_bytes, MAX_NAMES);
	return 0;
}

struct visiting {
	__u64 addr;
	__u64 n_left;
	__u64 n_names; /* left, too */
};

static long visit_message(__u32 index, struct visiting *visiting)
{
	struct user_message message;

	if (!visiting->n_left ||
	    bpf_probe_read_user(&message, sizeof(message), (void *)visiting->addr))
		return 1;
	if (message.control_bytes)
		visiting->n_names =
		    copy_control(message.control, message.control_bytes, visiting->n_names);
	visiting->addr += sizeof(struct user_messages);
	visiting->n_left--;
	return 0;
}

__noinline int copy_messages(__u64 addr, __u64 n_messages, __u32 tasks)
{
	struct visiting visiting = {addr, n_messages, MAX_NAMES};

	if (n_messages > METER_SLOTS)
		return 0;
	copy_user(addr, n_messages * sizeof(struct user_messages));
	if (tasks & METER_COPY_CONTROL)
		bpf_loop(METER_SLOTS, visit_message, &visiting, 0);
	return 0;
}

/* `len`: how long it is, or with METER_COPY_ADDRESS_AT where that stands. */
__noinline int copy_address(__u64 addr, __u64 len, __u32 tasks)
{
	__u32 length;

	if (!addr)
		return 0;
	if (tasks & METER_COPY_ADDRESS_AT) {
		if (bpf_probe_read_user(&length, sizeof(length), (void *)len))
			return 0;
		copy_user(len, sizeof(length));
		len = length;
	}
	copy_user(addr, len > MAX_ADDRESS_BYTES ? MAX_ADDRESS_BYTES : len);
	return 0;
}

__noinline int copy_pair(__u64 addr, __u32 tasks)
{
	int fds[2];

	copy_user(addr, sizeof(fds));
	if (!(tasks & METER_NAME_PAIR) || bpf_probe_read_user(fds, sizeof(fds), (void *)addr))
		return 0;
	tell_name(fds[0]);
	tell_name(fds[1]);
	return 0;
}

static __u64 argument(const struct meter_call *call, __u8 number)
{
	return call->args[number < 6 ? number : 0];
}

static void tell_memory(const struct meter_plan *plan, const struct meter_call *call)
{
	__u64 addr = argument(call, plan->memory);
	__u32 tasks = plan->tasks;

	if (tasks & METER_COPY_BUFFERS)
		copy_buffers(addr, (__u32)argument(call, plan->count));
	else if (tasks & METER_COPY_MESSAGE)
		copy_message(addr, tasks);
	else if (tasks & METER_COPY_MESSAGES)
		copy_messages(addr, (__u64)call->result, tasks);
	else if (tasks & (METER_COPY_ADDRESS | METER_COPY_ADDRESS_AT))
		copy_address(call->args[1], call->args[2], tasks);
	else if (tasks & METER_COPY_PAIR)
		copy_pair(addr, tasks);
}

#endif
