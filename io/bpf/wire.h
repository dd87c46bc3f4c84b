/* What the programs in the kernel tell the driver: the records of the ring, and what they share.
 *
 * Records come in the order in which things happened. Those that describe a call (memory, names)
 * come before the call's own, from the same thread, and bear its time. Times are CLOCK_MONOTONIC in
 * ns.
 */
#ifndef IO_BPF_WIRE_H
#define IO_BPF_WIRE_H

#include <linux/types.h>

enum {
	METER_CHUNK_BYTES = 4096,  /* of user memory in one record */
	METER_NAME_BYTES = 4096,   /* of a path */
	METER_COMMAND_BYTES = 512, /* TRACEE_COMMAND_BYTES */
	METER_COMM_BYTES = 16,     /* TASK_COMM_LEN */
	METER_CALL_NUMBERS = 600,  /* SYSCALL_NUMBERS */
	METER_ABIS = 3,            /* N_ABIS */
	METER_RUN_CALLS = 64,      /* of one record */
	/* What io/observe.c reads of one call. */
	METER_SLOTS = 1024,          /* IOV_MAX: the kernel takes no more buffers, nor messages */
	METER_CONTROL_BYTES = 4096,  /* of a message; SCM_MAX_FD (253) descriptors take 1 KB */
	METER_STACK_BYTES = 1 << 16, /* of one stack; what lies above is for the driver to read */
	METER_PAGE_BYTES = 4096,
	METER_REGISTERS = 17, /* WALK_N_REGISTERS */
};

/* enum syscall_abi */
enum meter_abi { METER_ABI_X86_64, METER_ABI_X32, METER_ABI_I386 };

enum meter_kind {
	METER_CALL,
	METER_RUN,
	METER_MEMORY,
	METER_NAME,
	METER_FORK,
	METER_EXEC,
	METER_COMM,
	METER_EXIT,
	METER_STACK,
};

struct meter_head {
	__u32 kind;
	__u32 tid;
	__u64 now_ns;
};

/* From where a call was made. */
enum meter_stack_state {
	METER_STACK_UNKNOWN,   /* nobody looked */
	METER_STACK_TOLD,      /* the thread's last record of a stack says it */
	METER_STACK_NOT_TAKEN, /* there were more calls than stacks may be taken of */
	METER_STACK_LOST,      /* it found no room */
};

/* A call has returned. */
struct meter_call {
	struct meter_head head;
	__u64 entered_ns;
	__s64 result;
	__u32 number;
	__u16 abi;
	__u8 was_kept_off; /* a filter of the program's own answered it with SIGSYS; the result is
	                      its number */
	__u8 stack;        /* enum meter_stack_state */
	__u64 args[6];
};

/* The stack of a thread that begins a call. */
struct meter_stack {
	struct meter_head head;
	__u64 registers[METER_REGISTERS]; /* in the order of enum walk_register */
	__u32 is_32_bit;                  /* the code; nothing is copied then */
	__u32 len_bytes;
	__u32 missing; /* a bit for each page that could not be read; the first one is SP's */
	__u32 unused;
	__u8 data[METER_STACK_BYTES]; /* from SP upwards; the last page of it is left free */
};

/* The same call many times in a row on one descriptor, each of which moved all that it asked for;
 * other descriptors may have been used meanwhile, but no channel the other way, which may have been
 * an answer. Or a call without descriptors, many times. Where stacks are wanted, none of theirs was
 * taken. */
struct meter_run {
	struct meter_head head; /* at the last one's end */
	__u64 first_ns;         /* at the first one's end */
	__u64 size_bytes; /* argument 2 and the result; of a free call the result, 0 for all good
	                     ones */
	__u32 fd;         /* argument 0 */
	__u32 number;     /* of the native ABI */
	__u32 n_calls;
	__u32 times_ns[METER_RUN_CALLS]; /* of each; the record ends with the last one's */
};

/* Memory of the thread's process, as it was at the call's end. */
struct meter_memory {
	struct meter_head head;
	__u64 addr;
	__u32 len_bytes;
	__u32 unused;
	__u8 data[METER_CHUNK_BYTES];
};

enum meter_name_flag {
	METER_NAME_PSEUDO = 1 << 0, /* of no directory: a socket, a pipe, an eventfd */
	METER_NAME_DELETED = 1 << 1,
	METER_NAME_TRUNCATED = 1 << 2,   /* nearer to the root it goes on */
	METER_NAME_UNREACHABLE = 1 << 3, /* from our root directory */
};

/* What a descriptor is open on: the components of a path from the last one to the root, each
 * ended by NUL. */
struct meter_name {
	struct meter_head head;
	__s32 fd;
	__u32 flags;
	__u64 inode;       /* of a pseudo name alone */
	__u64 file_system; /* likewise: magic of <linux/magic.h> */
	__u32 len_bytes;
	__u32 unused;
	char text[METER_NAME_BYTES];
};

/* A thread has made another one, which has not run yet. */
struct meter_fork {
	struct meter_head head;
	__u32 pid;
	__u32 child_tid;
	__u32 child_pid;
	__u32 shares_files;
};

/* The process has begun another program; the thread had another id before unless it led. */
struct meter_exec {
	struct meter_head head;
	__u32 pid;
	__u32 former_tid;
	__u32 is_first; /* the target's own */
	__u32 len_bytes;
	char comm[METER_COMM_BYTES];
	char command[METER_COMMAND_BYTES]; /* words ended by NUL */
};

struct meter_comm {
	struct meter_head head;
	char comm[METER_COMM_BYTES];
};

enum meter_exit_flag {
	METER_EXIT_IN_CALL = 1 << 0, /* which will not return */
	METER_EXIT_OF_PROCESS = 1 << 1,
};

struct meter_exit {
	struct meter_head head;
	__u32 flags;
	__s32 wait_status; /* of the process so far, as waitpid(2) gives it */
	__u32 number;      /* of the call */
	__u32 abi;
};

/* Of members of the kernel's structures. */
struct meter_offsets {
#define OFFSET(field, structure, member) __u32 field;
#include "io/bpf/offsets.def"
#undef OFFSET
};

#define METER_NO_OFFSET 0xffffffffu

/* A thread that shall mark itself: a child that was forked and has not returned from that, or one
 * of a process that ran before us. */
struct meter_child {
	__u32 epoch;
	__u32 has_no_runs;
	__u32 n_returns;   /* from calls; the first is from its fork */
	__u32 running_pid; /* the latter's process; 0: it is a child */
};

/* What to do at the end of a call: flags, and which arguments. */
enum meter_task {
	METER_TELL = 1 << 0,          /* a record of the call */
	METER_COPY_BUFFERS = 1 << 1,  /* struct iovec[`count`] at `memory` */
	METER_COPY_MESSAGE = 1 << 2,  /* struct msghdr at `memory`, and its buffers */
	METER_COPY_MESSAGES = 1 << 3, /* struct mmsghdr[result] at `memory` */
	METER_COPY_CONTROL = 1 << 4,  /* control messages of these, and names of what they bring */
	METER_COPY_ADDRESS = 1 << 5,  /* at argument 1, of as many bytes as argument 2 says */
	METER_COPY_ADDRESS_AT = 1 << 6, /* or what argument 2 points to */
	METER_COPY_PAIR = 1 << 7,       /* int[2] at `memory` */
	METER_NAME_PAIR = 1 << 8,       /* names of these two */
	METER_NAME_RESULT = 1 << 9,
	METER_TELL_COMM = 1 << 10,  /* prctl(2): perhaps a new name */
	METER_MAY_REPEAT = 1 << 11, /* joins a run when it can */
	METER_IS_FREE = 1 << 12,    /* has nothing to do with descriptors: may be told later */
	METER_TRACKS = 1 << 13,     /* told before measuring begins, too: changes what is known */
	METER_IS_CHOSEN = 1 << 14,  /* of the set: not told for its descriptors alone */
	METER_WRITES = 1 << 15,     /* with METER_MAY_REPEAT: it moves data out */
};

struct meter_plan {
	__u16 tasks;
	__u8 memory;
	__u8 count;
};

/* Runs that a thread is in at a time: by descriptor, and, behind these, by number those of calls
 * that have nothing to do with descriptors. */
enum { METER_FD_RUNS = 4, METER_FREE_RUNS = 4, METER_RUNS = METER_FD_RUNS + METER_FREE_RUNS };

/* In every thread of the tree. */
struct meter_thread {
	__u64 entered_ns;
	__u32 number;
	__u8 abi;
	__u8 in_call;
	__u8 counts;       /* the target's exec has succeeded */
	__u32 epoch;       /* of which repeat */
	__u8 has_no_runs;  /* others may change what its descriptors mean, or the driver could not
	                      ask for them at the end */
	__u8 has_runs;     /* by descriptor */
	__u8 ran_before;   /* and has not been seen to begin a call */
	__u8 was_kept_off; /* the last call, as struct meter_call has it */
	__u8 stack;        /* likewise */
	__u8 moved_out;    /* the last call on a channel that joined a run did */
	__u8 is_channel[METER_FD_RUNS];    /* of these: */
	__u32 kinds_of[METER_FD_RUNS];     /* descriptor + 1; 0: none */
	struct meter_plan plan;            /* likewise */
	struct meter_run runs[METER_RUNS]; /* n_calls 0: none */
};

#endif
