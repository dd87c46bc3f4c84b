/* Copies the user memory of a finished call. Part of meter.bpf.c. */
#ifndef IO_BPF_MEMORY_H
#define IO_BPF_MEMORY_H

enum {
	MAX_SLOTS = 1024, /* IOV_MAX: the kernel takes no more buffers, nor messages */
	MAX_ADDRESS_BYTES = 128,
	MAX_CONTROL_BYTES = 4096,
	MAX_CONTROL_MESSAGES = 8,
	MAX_PASSED_FDS = 253, /* SCM_MAX_FD */
	SCM_RIGHTS_TYPE = 1,
	SOL_SOCKET_LEVEL = 1,
};

/* x86-64's layouts; <sys/socket.h> is not for this target. */
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
	__type(value, struct wire_memory);
} memory_scratch SEC(".maps");

static void tell_name(struct task_struct *task, int fd, __u64 now_ns);

struct copying {
	__u64 addr;
	__u64 len_bytes; /* left */
	__u64 now_ns;
	__u32 tid;
};

static long copy_chunk(__u32 index, struct copying *copying)
{
	__u32 zero = 0;
	struct wire_memory *record = bpf_map_lookup_elem(&memory_scratch, &zero);
	__u64 len_bytes = copying->len_bytes;

	if (!record || !len_bytes)
		return 1;
	if (len_bytes > WIRE_CHUNK_BYTES)
		len_bytes = WIRE_CHUNK_BYTES;
	if (bpf_probe_read_user(record->data, len_bytes, (void *)copying->addr))
		return 1;
	record->head = (struct wire_head){WIRE_MEMORY, copying->tid, copying->now_ns};
	record->addr = copying->addr;
	record->len_bytes = len_bytes;
	tell_detail(record, offsetof(struct wire_memory, data) + len_bytes);
	copying->addr += len_bytes;
	copying->len_bytes -= len_bytes;
	return 0;
}

static void copy_user(const struct wire_call *call, __u64 addr, __u64 len_bytes)
{
	struct copying copying = {addr, len_bytes, call->head.now_ns, call->head.tid};

	if (len_bytes)
		bpf_loop(1 + MAX_SLOTS * sizeof(struct user_messages) / WIRE_CHUNK_BYTES,
		         copy_chunk, &copying, 0);
}

struct passing {
	struct task_struct *task;
	__u64 at, end;
	__u64 now_ns;
};

static long name_passed(__u32 index, struct passing *passing)
{
	int fd;

	if (passing->at + sizeof(fd) > passing->end ||
	    bpf_probe_read_user(&fd, sizeof(fd), (void *)passing->at))
		return 1;
	passing->at += sizeof(fd);
	tell_name(bpf_get_current_task_btf(), fd, passing->now_ns);
	return 0;
}

static long visit_control(__u32 index, struct passing *passing)
{
	struct passing fds = *passing;
	struct user_control control;

	if (passing->at + sizeof(control) > passing->end ||
	    bpf_probe_read_user(&control, sizeof(control), (void *)passing->at) ||
	    control.len_bytes < sizeof(control))
		return 1;
	if (control.level == SOL_SOCKET_LEVEL && control.type == SCM_RIGHTS_TYPE) {
		fds.at = passing->at + sizeof(control);
		if (passing->at + control.len_bytes < fds.end)
			fds.end = passing->at + control.len_bytes;
		bpf_loop(MAX_PASSED_FDS, name_passed, &fds, 0);
	}
	passing->at += (control.len_bytes + 7) & ~7ull;
	return 0;
}

static void copy_control(const struct wire_call *call, const struct user_message *message)
{
	__u64 len_bytes = message->control_bytes;
	struct passing passing = {.at = message->control, .now_ns = call->head.now_ns};

	if (!len_bytes)
		return;
	if (len_bytes > MAX_CONTROL_BYTES)
		len_bytes = MAX_CONTROL_BYTES;
	copy_user(call, message->control, len_bytes);
	passing.end = message->control + len_bytes;
	bpf_loop(MAX_CONTROL_MESSAGES, visit_control, &passing, 0);
}

static void copy_buffers(const struct wire_call *call, __u64 addr, __u64 n_buffers)
{
	if (n_buffers <= MAX_SLOTS)
		copy_user(call, addr, n_buffers * sizeof(struct user_iovec));
}

static void copy_message(const struct wire_plan *plan, const struct wire_call *call, __u64 addr)
{
	struct user_message message;

	if (bpf_probe_read_user(&message, sizeof(message), (void *)addr))
		return;
	copy_user(call, addr, sizeof(message));
	copy_buffers(call, message.buffers, message.n_buffers);
	if (plan->tasks & WIRE_COPY_CONTROL)
		copy_control(call, &message);
}

struct visiting {
	const struct wire_call *call;
	__u64 addr;
	__u64 n_left;
};

static long visit_message(__u32 index, struct visiting *visiting)
{
	struct user_message message;

	if (!visiting->n_left ||
	    bpf_probe_read_user(&message, sizeof(message), (void *)visiting->addr))
		return 1;
	copy_control(visiting->call, &message);
	visiting->addr += sizeof(struct user_messages);
	visiting->n_left--;
	return 0;
}

static void copy_messages(const struct wire_plan *plan, const struct wire_call *call, __u64 addr)
{
	__u64 n_messages = (__u64)call->result;
	struct visiting visiting = {call, addr, n_messages};

	if (n_messages > MAX_SLOTS)
		return;
	copy_user(call, addr, n_messages * sizeof(struct user_messages));
	if (plan->tasks & WIRE_COPY_CONTROL)
		bpf_loop(MAX_SLOTS, visit_message, &visiting, 0);
}

static void copy_address(const struct wire_call *call, bool length_in_memory)
{
	__u64 len_bytes = call->args[2];
	__u32 length;

	if (!call->args[1])
		return;
	if (length_in_memory) {
		if (bpf_probe_read_user(&length, sizeof(length), (void *)call->args[2]))
			return;
		copy_user(call, call->args[2], sizeof(length));
		len_bytes = length;
	}
	if (len_bytes > MAX_ADDRESS_BYTES)
		len_bytes = MAX_ADDRESS_BYTES;
	copy_user(call, call->args[1], len_bytes);
}

static void copy_pair(struct task_struct *task, const struct wire_plan *plan,
                      const struct wire_call *call, __u64 addr)
{
	int fds[2];

	copy_user(call, addr, sizeof(fds));
	if (!(plan->tasks & WIRE_NAME_PAIR) || bpf_probe_read_user(fds, sizeof(fds), (void *)addr))
		return;
	tell_name(task, fds[0], call->head.now_ns);
	tell_name(task, fds[1], call->head.now_ns);
}

static __u64 argument(const struct wire_call *call, __u8 number)
{
	return call->args[number < 6 ? number : 0];
}

static void tell_memory(struct task_struct *task, const struct wire_plan *plan,
                        const struct wire_call *call)
{
	__u64 addr = argument(call, plan->memory);

	if (plan->tasks & WIRE_COPY_BUFFERS)
		copy_buffers(call, addr, (__u32)argument(call, plan->count));
	if (plan->tasks & WIRE_COPY_MESSAGE)
		copy_message(plan, call, addr);
	if (plan->tasks & WIRE_COPY_MESSAGES)
		copy_messages(plan, call, addr);
	if (plan->tasks & (WIRE_COPY_ADDRESS | WIRE_COPY_ADDRESS_AT))
		copy_address(call, plan->tasks & WIRE_COPY_ADDRESS_AT);
	if (plan->tasks & WIRE_COPY_PAIR)
		copy_pair(task, plan, call, addr);
}

#endif
