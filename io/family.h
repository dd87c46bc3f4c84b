/* The threads, program images and tables of descriptors of a process tree, for counting.
 *
 * Apart from the backend that sees it: what it sees begin and end becomes rows of the counts and
 * groups of the fd_table. Texts are copied. Times are ns since the repeat's start. Pure; one thread
 * at a time.
 */
#ifndef IO_FAMILY_H
#define IO_FAMILY_H

#include "io/counts.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A thread that lives. All 0 until it begins. */
struct io_member {
	uint32_t thread; /* rows of the counts */
	uint32_t leader; /* row of its process's first thread */
	uint32_t process;
	uint32_t group; /* of descriptors; 0: none */
};

/* Who a thread is, as the backend knows it. */
struct io_identity {
	pid_t tid;
	pid_t pid;
	pid_t parent_pid;
};

/* Somebody without a known parent begins: the target at its exec, or an orphan. It has an empty
 * table of descriptors. */
void io_family_begin(struct io_counts *counts, struct io_member *member,
                     const struct io_identity *identity, const char *command, const char *comm);

/* A known thread makes another one, which is the first of a process with a row of its own (with the
 * command of the parent's) where the identity's tid is the pid. `shares_files`: CLONE_FILES. */
void io_family_fork(struct io_counts *counts, const struct io_member *parent,
                    struct io_member *child, const struct io_identity *identity, bool shares_files,
                    uint64_t now_ns);

/* A thread that ran before anybody looked, of the same process as a known one. */
void io_family_join(struct io_counts *counts, const struct io_member *sibling,
                    struct io_member *member, const struct io_identity *identity, const char *comm,
                    bool shares_files);

/* Another program begins in the process: a new row. The member must have begun, here as in the next
 * two. */
void io_family_exec(struct io_counts *counts, struct io_member *member, pid_t pid,
                    const char *command, uint64_t now_ns);

void io_family_rename(struct io_counts *counts, const struct io_member *member, const char *comm);

void io_family_process_ends(struct io_counts *counts, const struct io_member *member,
                            int wait_status);
/* Also for one that never began. */
void io_family_thread_ends(struct io_counts *counts, const struct io_member *member,
                           uint64_t now_ns);

#endif
