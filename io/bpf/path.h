/* Finds the path of an open file, and what else names a descriptor. Part of meter.bpf.c. */
#ifndef IO_BPF_PATH_H
#define IO_BPF_PATH_H

enum { MAX_STEPS = 256, COMPONENT_BYTES = 256 /* NAME_MAX and its NUL */ };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_name);
} name_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_exec);
} exec_scratch SEC(".maps");

/* The directory that is the target's root at its exec, and ours. */
__u64 root_mount;
__u64 root_dentry;

static void set_root(struct task_struct *task)
{
	root_mount = (__u64)BPF_CORE_READ(task, fs, root.mnt);
	root_dentry = (__u64)BPF_CORE_READ(task, fs, root.dentry);
}

struct walk {
	struct dentry *dentry;
	struct vfsmount *mount;
	__u32 len_bytes;
	__u32 flags;
	__u32 is_done;
};

/* From the root of a file system to where it is mounted; false: it is mounted nowhere. */
static __always_inline bool cross_mount(struct walk *walk)
{
	struct mount *mount = (void *)walk->mount - bpf_core_field_offset(struct mount, mnt);
	struct mount *parent = BPF_CORE_READ(mount, mnt_parent);

	if (parent == mount)
		return false;
	walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
	walk->mount = (void *)parent + bpf_core_field_offset(struct mount, mnt);
	return true;
}

static long walk_up(__u32 index, struct walk *walk)
{
	__u32 zero = 0, at = walk->len_bytes;
	struct wire_name *name = bpf_map_lookup_elem(&name_scratch, &zero);
	struct dentry *dentry = walk->dentry;
	struct vfsmount *mount = walk->mount;
	long len_bytes;

	if (!name)
		return 1;
	if ((__u64)mount == root_mount && (__u64)dentry == root_dentry) {
		walk->is_done = 1;
		return 1;
	}
	if (dentry == BPF_CORE_READ(mount, mnt_root)) {
		if (cross_mount(walk))
			return 0;
		walk->flags |= WIRE_NAME_UNREACHABLE;
		walk->is_done = 1;
		return 1;
	}
	if (at > WIRE_NAME_BYTES - COMPONENT_BYTES)
		return 1;
	len_bytes = bpf_probe_read_kernel_str(name->text + at, COMPONENT_BYTES,
	                                      BPF_CORE_READ(dentry, d_name.name));
	if (len_bytes <= 0)
		return 1;
	/* The mask keeps the verifier from looking at each length by itself. */
	walk->len_bytes = (at + len_bytes) & (2 * WIRE_NAME_BYTES - 1);
	walk->dentry = BPF_CORE_READ(dentry, d_parent);
	return 0;
}

static struct file *file_of(struct task_struct *task, int fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;

	if (fd >= 0 && (__u32)fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

/* d_path() of the kernel gives what has no directory a name of its own (d_dname). */
static void find_pseudo_name(struct walk *walk, struct wire_name *name)
{
	struct dentry *dentry = walk->dentry;
	long len_bytes = bpf_probe_read_kernel_str(name->text, COMPONENT_BYTES,
	                                           BPF_CORE_READ(dentry, d_name.name));

	walk->flags = WIRE_NAME_PSEUDO;
	walk->len_bytes = len_bytes > 0 ? len_bytes : 0;
}

static void find_path(struct walk *walk, bool is_deleted)
{
	walk->flags = is_deleted ? WIRE_NAME_DELETED : 0;
	bpf_loop(MAX_STEPS, walk_up, walk, 0);
	if (!walk->is_done)
		walk->flags |= WIRE_NAME_TRUNCATED;
}

__noinline int tell_name(int fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0, len_bytes;
	struct wire_name *name = bpf_map_lookup_elem(&name_scratch, &zero);
	struct file *file = file_of(task, fd);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct vfsmount *mount = BPF_CORE_READ(file, f_path.mnt);
	bool is_top = dentry == BPF_CORE_READ(dentry, d_parent);
	struct walk walk = {.dentry = dentry, .mount = mount};

	if (!name || !file)
		return 0;
	if (is_top && dentry != BPF_CORE_READ(mount, mnt_root))
		find_pseudo_name(&walk, name);
	else
		find_path(&walk, !is_top && !BPF_CORE_READ(dentry, d_hash.pprev));
	name->head = (struct wire_head){.kind = WIRE_NAME, .tid = current_tid()};
	name->fd = fd;
	name->flags = walk.flags;
	name->inode = BPF_CORE_READ(file, f_inode, i_ino);
	name->file_system = BPF_CORE_READ(dentry, d_sb, s_magic);
	len_bytes = walk.len_bytes;
	if (len_bytes > WIRE_NAME_BYTES)
		len_bytes = WIRE_NAME_BYTES;
	name->len_bytes = len_bytes;
	tell_detail(name, offsetof(struct wire_name, text) + len_bytes);
	return 0;
}

static void tell_exec(struct task_struct *task, int former_tid, bool is_first)
{
	__u32 zero = 0;
	struct wire_exec *exec = bpf_map_lookup_elem(&exec_scratch, &zero);
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	unsigned long len_bytes = BPF_CORE_READ(task, mm, arg_end) - start;

	if (!exec)
		return;
	if (len_bytes > WIRE_COMMAND_BYTES)
		len_bytes = WIRE_COMMAND_BYTES;
	if (bpf_probe_read_user(exec->command, len_bytes, (void *)start))
		len_bytes = 0;
	exec->head = (struct wire_head){WIRE_EXEC, task->pid, bpf_ktime_get_ns()};
	exec->pid = task->tgid;
	exec->former_tid = former_tid;
	exec->is_first = is_first;
	exec->len_bytes = len_bytes;
	bpf_get_current_comm(exec->comm, sizeof(exec->comm));
	tell_event(exec, offsetof(struct wire_exec, command) + len_bytes);
}

#endif
