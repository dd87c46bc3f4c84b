/* Keeps apart what was said over a channel and what may have been the answer, also on another one.
 *
 * Runs are told when they end, each by its descriptor, so that their order is lost. That two of
 * them took turns is what the driver asks of them (io/counts.h), so all end when a channel is used
 * the other way.
 */
#ifndef IO_BPF_CHANNEL_H
#define IO_BPF_CHANNEL_H

#include "io/bpf/kernel.h"
#include "io/bpf/path.h"
#include "io/bpf/ring.h"

enum {
	MODE_TYPE = 0170000, /* S_IFMT and its kin, of <linux/stat.h> */
	MODE_SOCKET = 0140000,
	MODE_PIPE = 0010000,
	MODE_CHARACTER = 0020000,
	MEMORY_MAJOR = 1, /* MEM_MAJOR: /dev/null, /dev/zero, ... answer nobody */
	MINOR_BITS = 20,  /* of dev_t in the kernel (MINORBITS) */
};

static bool is_channel(int fd)
{
	void *file = file_of(bpf_get_current_task_btf(), fd);
	void *inode = READ(void *, file, file_inode);
	__u16 type = READ(__u16, inode, inode_mode) & MODE_TYPE;

	return type == MODE_SOCKET || type == MODE_PIPE ||
	       (type == MODE_CHARACTER &&
	        READ(__u32, inode, inode_device) >> MINOR_BITS != MEMORY_MAJOR);
}

/* What its descriptors are may change. */
static void forget_channels(struct meter_thread *thread)
{
	for (int i = 0; i < METER_FD_RUNS; i++)
		thread->kinds_of[i] = 0;
}

/* Before a call joins the run of its descriptor. */
static void turn_channel(struct meter_thread *thread, __u32 fd)
{
	__u32 slot = fd % METER_FD_RUNS;
	__u8 moves_out = (thread->plan.tasks & METER_WRITES) != 0;

	if (thread->kinds_of[slot] != fd + 1) {
		thread->is_channel[slot] = is_channel((int)fd);
		thread->kinds_of[slot] = fd + 1;
	}
	if (!thread->is_channel[slot])
		return;
	if (thread->moved_out != moves_out && thread->has_runs)
		tell_fd_runs(thread);
	thread->moved_out = moves_out;
}

#endif
