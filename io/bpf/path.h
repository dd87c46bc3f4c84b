/* Finds the path of an open file, and what else names a descriptor. Part of meter.bpf.c. */
#ifndef IO_BPF_PATH_H
#define IO_BPF_PATH_H

enum { MAX_STEPS = 256, COMPONENT_BYTES = 256 /* NAME_MAX and its NUL */ };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct meter_name);
} name_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct meter_exec);
} exec_scratch SEC(".maps");

/* The directory from which names go: the target's root at its exec, or the driver's. */
__u64 root_mount;
__u64 root_dentry;

/* The thread of the driver that wants its own root to be that directory; 0: none. */
__u32 root_tid;

static void set_root(void *task)
{
	root_mount = READ(__u64, PLACE(READ(void *, task, task_fs), fs_root), path_mnt);
	root_dentry = READ(__u64, PLACE(READ(void *, task, task_fs), fs_root), path_dentry);
}

/* What the kernel's own look-ups read stands together in a dentry, so one copy has it. */
struct dentry_head {
	__u64 words[6];
};

static __always_inline void *word_of(const struct dentry_head *head, const void *dentry,
                                     __u32 offset)
{
	__u32 at = offset - offsets.dentry_hash;
	void *word = NULL;

	/* The verifier knows which it is. */
	if (at <= sizeof(*head) - sizeof(word))
		return *(void **)((void *)head + at);
	bpf_probe_read_kernel(&word, sizeof(word), dentry + offset);
	return word;
}

static __always_inline void read_head(struct dentry_head *head, const void *dentry)
{
	if (bpf_probe_read_kernel(head, sizeof(*head), PLACE(dentry, dentry_hash)))
		__builtin_memset(head, 0, sizeof(*head));
}

#define PARENT_OF(head, dentry) word_of(head, dentry, offsets.dentry_parent)
#define NAME_OF(head, dentry) word_of(head, dentry, offsets.dentry_name + offsets.qstr_name)
#define PPREV_OF(head, dentry) word_of(head, dentry, offsets.dentry_hash + offsets.hash_pprev)

struct walk {
	void *dentry;
	void *mount;
	void *top; /* the mount's */
	__u32 len_bytes;
	__u32 flags;
	__u32 is_done;
};

/* From the root of a file system to where it is mounted; false: it is mounted nowhere. */
static __always_inline bool cross_mount(struct walk *walk)
{
	void *mount = walk->mount - offsets.mount_mnt;
	void *parent = READ(void *, mount, mount_parent);

	if (parent == mount)
		return false;
	walk->dentry = READ(void *, mount, mount_mountpoint);
	walk->mount = PLACE(parent, mount_mnt);
	walk->top = READ(void *, walk->mount, vfsmount_root);
	return true;
}

/* Not static: the verifier looks at it once, and not for each state that a loop may be in. */
__noinline int take_component(struct walk *walk)
{
	__u32 zero = 0, at;
	struct meter_name *name = bpf_map_lookup_elem(&name_scratch, &zero);
	struct dentry_head head;
	void *dentry;
	long len_bytes;

	if (!walk || !name)
		return 1;
	at = walk->len_bytes;
	dentry = walk->dentry;
	if ((__u64)walk->mount == root_mount && (__u64)dentry == root_dentry) {
		walk->is_done = 1;
		return 1;
	}
	if (dentry == walk->top) {
		if (cross_mount(walk))
			return 0;
		walk->flags |= METER_NAME_UNREACHABLE;
		walk->is_done = 1;
		return 1;
	}
	if (at > METER_NAME_BYTES - COMPONENT_BYTES)
		return 1;
	read_head(&head, dentry);
	len_bytes =
	    bpf_probe_read_kernel_str(name->text + at, COMPONENT_BYTES, NAME_OF(&head, dentry));
	if (len_bytes <= 0)
		return 1;
	/* The mask keeps the verifier from looking at each length by itself. */
	walk->len_bytes = (at + len_bytes) & (2 * METER_NAME_BYTES - 1);
	walk->dentry = PARENT_OF(&head, dentry);
	return 0;
}

static long walk_up(__u32 index, struct walk *walk)
{
	return take_component(walk) != 0;
}

static void *file_of(void *task, int fd)
{
	void *table = READ(void *, READ(void *, task, task_files), files_fdt);
	void **files = READ(void *, table, fdtable_fd), *file = NULL;

	if (fd >= 0 && (__u32)fd < READ(__u32, table, fdtable_max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

/* A namespace's is its operations' (ns_dname()). */
static __always_inline const void *pseudo_name_of(const struct meter_name *name, const void *inode,
                                                  const void *otherwise)
{
	const void *operations;

	if (name->file_system != NAMESPACE_FS_MAGIC)
		return otherwise;
	operations = READ(void *, READ(void *, inode, inode_private), namespace_operations);
	return READ(void *, operations, namespace_name);
}

/* d_path() of the kernel gives what has no directory a name of its own (d_dname). */
static __always_inline void find_pseudo_name(struct walk *walk, struct meter_name *name,
                                             const void *file, const struct dentry_head *head)
{
	const void *dentry = walk->dentry, *inode = READ(void *, file, file_inode);
	long len_bytes;

	name->inode = READ(__u64, inode, inode_number);
	name->file_system = READ(__u64, READ(void *, dentry, dentry_sb), sb_magic);
	len_bytes = bpf_probe_read_kernel_str(name->text, COMPONENT_BYTES,
	                                      pseudo_name_of(name, inode, NAME_OF(head, dentry)));
	walk->flags = METER_NAME_PSEUDO;
	walk->len_bytes = len_bytes > 0 ? len_bytes : 0;
}

static void find_path(struct walk *walk, bool is_deleted)
{
	walk->flags = is_deleted ? METER_NAME_DELETED : 0;
	bpf_loop(MAX_STEPS, walk_up, walk, 0);
	if (!walk->is_done)
		walk->flags |= METER_NAME_TRUNCATED;
}

__noinline int tell_name(int fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0, len_bytes;
	struct meter_name *name = bpf_map_lookup_elem(&name_scratch, &zero);
	void *file = file_of(task, fd);
	struct dentry_head head;
	struct walk walk = {};
	bool is_top;

	if (!name || !file)
		return 0;
	walk.dentry = READ(void *, PLACE(file, file_path), path_dentry);
	walk.mount = READ(void *, PLACE(file, file_path), path_mnt);
	walk.top = READ(void *, walk.mount, vfsmount_root);
	read_head(&head, walk.dentry);
	is_top = walk.dentry == PARENT_OF(&head, walk.dentry);
	if (is_top && walk.dentry != walk.top)
		find_pseudo_name(&walk, name, file, &head);
	else
		find_path(&walk, !is_top && !PPREV_OF(&head, walk.dentry));
	name->fd = fd;
	name->flags = walk.flags;
	len_bytes = walk.len_bytes;
	if (len_bytes > METER_NAME_BYTES)
		len_bytes = METER_NAME_BYTES;
	name->len_bytes = len_bytes;
	tell_detail(name, offsetof(struct meter_name, text) + len_bytes);
	return 0;
}

static void tell_exec(void *task, int former_tid, bool is_first)
{
	__u32 zero = 0;
	struct meter_exec *exec = bpf_map_lookup_elem(&exec_scratch, &zero);
	void *memory = READ(void *, task, task_mm);
	__u64 start = READ(__u64, memory, mm_arg_start);
	__u64 len_bytes = READ(__u64, memory, mm_arg_end) - start;

	if (!exec)
		return;
	if (len_bytes > METER_COMMAND_BYTES)
		len_bytes = METER_COMMAND_BYTES;
	if (bpf_probe_read_user(exec->command, len_bytes, (void *)start))
		len_bytes = 0;
	exec->head = (struct meter_head){METER_EXEC, current_tid(), bpf_ktime_get_ns()};
	exec->pid = READ(__u32, task, task_tgid);
	exec->former_tid = former_tid;
	exec->is_first = is_first;
	exec->len_bytes = len_bytes;
	bpf_get_current_comm(exec->comm, sizeof(exec->comm));
	tell_event(exec, offsetof(struct meter_exec, command) + len_bytes);
}

#endif
