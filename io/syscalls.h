/* What is known of each system call: its name, and for those that matter to I/O which arguments and
 * results say what.
 *
 * Facts are rows of io/syscalls.def; names of all other calls come from libseccomp.
 */
#ifndef IO_SYSCALLS_H
#define IO_SYSCALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The entries into the kernel that an x86-64 thread has. They number their calls apart. */
enum syscall_abi { ABI_X86_64, ABI_X32, ABI_I386, N_ABIS };

/* Calls of every ABI have numbers below this; the highest in use is 547 (x32). */
enum { SYSCALL_NUMBERS = 600 };

/* What a successful call does, as far as bytes and descriptors go. */
enum syscall_effect {
	EFFECT_NONE,    /* nothing that is followed here */
	EFFECT_USE,     /* something on descriptor `fd` that moves no data: fstat, fsync */
	EFFECT_SEEK,    /* the same, and what is read or written there next is elsewhere */
	EFFECT_READ,    /* data from `fd` into memory; the result is bytes, or messages for
	                   EXTENT_MESSAGES */
	EFFECT_WRITE,   /* data from memory to `fd` */
	EFFECT_COPY,    /* the result is bytes moved from `fd` to descriptor `to` in the kernel */
	EFFECT_SUBMIT,  /* the result is entries taken from a submission ring */
	EFFECT_FOREIGN, /* any of these and those below, as memory says that is not decoded */
	EFFECT_OPEN,    /* the result is a new descriptor, where `opens` does not deny it */
	EFFECT_SOCKET,  /* the same, described by family and type in arguments 0 and 1 */
	EFFECT_ACCEPT,  /* the same, with the peer's address at argument 1, its length at argument 2
	                 */
	EFFECT_PAIR,    /* two new descriptors at `memory` */
	EFFECT_BIND,    /* argument 1, argument 2: the local address */
	EFFECT_CONNECT, /* the peer's */
	EFFECT_GETSOCKNAME, /* argument 1, *argument 2: the local address */
	EFFECT_GETPEERNAME,
	EFFECT_DUP,   /* the result is a second name of `fd` */
	EFFECT_FCNTL, /* argument 1 says what */
	EFFECT_CLOSE,
	EFFECT_CLOSE_RANGE, /* argument 0 to argument 1, flags in argument 2 */
	EFFECT_UNSHARE,     /* CLONE_FILES in argument 0: descriptors are no longer shared */
	EFFECT_PTRACE,      /* the target wants to be a tracer or a tracee */
};

/* The classes of strace(1), --trace=%CLASS. A call may be in several. */
enum syscall_class {
	IN_DESC = 1 << 0, /* takes or makes a descriptor */
	IN_FILE = 1 << 1, /* takes a file name */
	IN_PROCESS = 1 << 2,
	IN_NETWORK = 1 << 3,
	IN_SIGNAL = 1 << 4,
	IN_MEMORY = 1 << 5, /* changes mappings */
	IN_IPC = 1 << 6,    /* of System V */
	IN_CREDS = 1 << 7,
	IN_CLOCK = 1 << 8,
	IN_PURE = 1 << 9, /* without arguments, and never fails */
	IN_STAT = 1 << 10,
	IN_LSTAT = 1 << 11,
	IN_FSTAT = 1 << 12,
	IN_STATFS = 1 << 13,
	IN_FSTATFS = 1 << 14,
	IN_USTAT = 1 << 15, /* with the two above: %%statfs */
};

/* How a call says what it offers to move. */
enum syscall_extent {
	EXTENT_NONE,
	EXTENT_SIZE,     /* bytes in argument `count` */
	EXTENT_BUFFERS,  /* struct iovec[`count`] at `memory` */
	EXTENT_MESSAGE,  /* one struct msghdr at `memory` */
	EXTENT_MESSAGES, /* struct mmsghdr[`count`] at `memory` */
	EXTENT_ENTRIES, /* entries of a ring, or events, in argument `count`; the result is how many
	                   it was */
};

/* One row of facts. Numbers name arguments, 0 to 5. */
struct syscall_facts {
	const char *name;
	enum syscall_effect effect;
	uint32_t classes; /* enum syscall_class, or'ed */
	uint8_t fd;
	uint8_t to; /* EFFECT_COPY */
	enum syscall_extent extent;
	uint8_t memory;
	uint8_t count;
	bool at_offset;   /* data are moved at an offset among the arguments */
	uint8_t flags;    /* the argument that may hold `cloexec`, or of a receive its MSG_... */
	uint32_t cloexec; /* bit that closes the new descriptor at exec; CLOEXEC_ALWAYS: always, 0:
	                     never */
	bool (*opens)(const uint64_t args[6]); /* NULL: each call that succeeds */
};

#define CLOEXEC_ALWAYS UINT32_MAX

/* One call of one ABI, or all of one ABI whose numbers are SYSCALL_NUMBERS or more: a program may
 * try them all. Lives as long as the program. */
struct syscall_info {
	enum syscall_abi abi;
	uint32_t number; /* at most SYSCALL_NUMBERS */
	const char
	    *name;     /* "read", "syscall_0x14f" where nobody knows it, "syscall_0x258_or_more" */
	bool is_named; /* somebody does */
	const struct syscall_facts *facts; /* NULL: only counted, and in no class */
};

/* Never NULL. One thread at a time. */
const struct syscall_info *syscall_find(enum syscall_abi abi, uint32_t number);

/* The call of this name; NULL when the ABI has none. */
const struct syscall_info *syscall_find_named(enum syscall_abi abi, const char *name);

/* "32 bit", "x32": as strace names the tables of other ABIs; NULL for ABI_X86_64. */
const char *syscall_abi_name(enum syscall_abi abi);

/* The rows, ended by one without a name. */
extern const struct syscall_facts syscall_facts[];

/* The call is one that moves messages, buffers, entries or events and so can batch. */
bool syscall_batches(const struct syscall_facts *facts);
/* Of these: one call can move several messages, buffers or entries that another call could have
 * moved alone. Not sendmsg and recvmsg, which move one message whatever its buffers. */
bool syscall_moves_many(const struct syscall_facts *facts);
/* Of these: the call moves no data, it tells of events. */
bool syscall_tells_events(const struct syscall_facts *facts);
/* The result is an error, -errno. Others below 0 are values, of no call that moves data. */
bool syscall_failed(int64_t result);
/* The call moves data, or would if it succeeded. */
bool syscall_moves_data(const struct syscall_facts *facts);
/* The call may make, name or close descriptors, or says whose they are: to know what one means it
 * has to be seen. */
bool syscall_changes_descriptors(const struct syscall_facts *facts);

#endif
