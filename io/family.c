/* Keeps the rows of threads and processes, and whose descriptors are whose. */
#include "io/family.h"

#include "io/fd_table.h"

#include <stdio.h>

void io_family_begin(struct io_counts *counts, struct io_member *member,
                     const struct io_identity *identity, const char *command, const char *comm)
{
	member->group = fd_table_group_new(counts->fds, identity->pid);
	member->process =
	    io_counts_add_process(counts, identity->pid, identity->parent_pid, 0, command);
	member->thread = io_counts_add_thread(counts, identity->tid, identity->pid, comm);
	member->leader = member->thread;
}

void io_family_fork(struct io_counts *counts, const struct io_member *parent,
                    struct io_member *child, const struct io_identity *identity, bool shares_files,
                    uint64_t now_ns)
{
	child->process = parent->process;
	if (shares_files) {
		fd_table_group_hold(counts->fds, parent->group);
		child->group = parent->group;
	} else {
		child->group =
		    fd_table_group_copy(counts->fds, parent->group, identity->pid, now_ns);
	}
	if (identity->pid == identity->tid)
		child->process =
		    io_counts_add_process(counts, identity->pid, identity->parent_pid, 0,
		                          counts->processes[parent->process].command);
	child->thread = io_counts_add_thread(counts, identity->tid, identity->pid,
	                                     counts->threads[parent->thread].comm);
	child->leader = identity->pid == identity->tid ? child->thread : parent->leader;
}

void io_family_exec(struct io_counts *counts, struct io_member *member, pid_t pid,
                    const char *command, uint64_t now_ns)
{
	const struct process_row *former = &counts->processes[member->process];

	member->process = io_counts_add_process(counts, pid, former->parent_pid,
	                                        former->exec_number + 1, command);
	member->leader = member->thread;
	member->group = fd_table_group_unshare(counts->fds, member->group, pid, now_ns);
	fd_table_exec(counts->fds, member->group, now_ns);
}

void io_family_rename(struct io_counts *counts, const struct io_member *member, const char *comm)
{
	struct thread_row *row = &counts->threads[member->thread];

	snprintf(row->comm, sizeof(row->comm), "%s", comm);
}

void io_family_process_ends(struct io_counts *counts, const struct io_member *member,
                            int wait_status)
{
	struct process_row *row = &counts->processes[member->process];

	row->has_exit = true;
	row->wait_status = wait_status;
}

void io_family_thread_ends(struct io_counts *counts, const struct io_member *member,
                           uint64_t now_ns)
{
	fd_table_group_drop(counts->fds, member->group, now_ns);
}
