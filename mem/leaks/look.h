/* Looks at one process whose threads all stand still: its blocks, its roots, and what follows.
 *
 * Nothing that the target can write to is believed; the worst that it can do is a wrong verdict on
 * itself.
 */
#ifndef MEM_LEAKS_LOOK_H
#define MEM_LEAKS_LOOK_H

#include "mem/leaks/leaks.h"

#include <sys/types.h>
#include <sys/user.h>

struct diag;
struct mapped_files;

/* A thread of the process, stopped. */
struct leak_thread {
	pid_t tid;
	struct user_regs_struct registers;
	bool is_done; /* its stack still counts, its registers don't */
};

/* Where the stack pointer of a thread that has ended was: below it its stack holds nothing. (But
 * where a thread that lives has its own in the same mapping: it has got the stack since.) */
struct leak_dead_stack {
	uint64_t sp;
	uint64_t nth; /* the later, the higher */
};

struct leak_look {
	pid_t pid;
	const struct leak_thread *threads; /* all that live: the first one may not be there */
	size_t n_threads;
	const struct leak_dead_stack *dead_stacks; /* in the order in which they ended */
	size_t n_dead_stacks;
	unsigned heuristics;
	struct mapped_files *files; /* by which libc's unwind tables are had; NULL: they are not */
	bool frees_kept;            /* what libc keeps for itself (kept.h) counts as given back */
};

struct leak_sight;

/* The process's memory file is found in its maps. When the look needs no more than the limit for
 * its copies, it leaves in *sight what is still to be judged, and the verdict lacks its rows until
 * then: the process may go on. Else *sight is NULL. -ENOENT: the process does not record. -ENOTSUP
 * with a sentence: its allocator is none whose memory can be told from the program's. Others: it
 * could not be read. With those, too, the verdict has the inode and section where they are known.
 */
int leak_look_copy(const struct leak_look *look, size_t limit_bytes, struct leak_sight **sight,
                   struct leak_verdict *verdict, struct diag *diag);
size_t leak_sight_bytes(const struct leak_sight *sight);
/* In any thread. Frees the sight. */
void leak_sight_judge(struct leak_sight *sight, struct leak_verdict *verdict);

/* Where a process that may run, and that we trace, records; of any of its threads. -ENOENT: it does
 * not. */
int leak_find_section(pid_t tid, uint64_t *inode, uint32_t *section);

#endif
