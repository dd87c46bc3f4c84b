/* Keeps the rows of threads and processes, and whose descriptors are whose. */
#include "io/family.h"

#include "io/fd_table.h"

#include <stdio.h>

/* Threads are of a process, whatever programs it runs. */
static void add_thread(struct io_counts *counts, struct io_member *member,
                       const struct io_identity *identity, const char *comm)
{
	member->thread = io_counts_add_thread(counts, identity->tid, identity->pid, comm);
	counts->threads[member->thread].process = counts->processes[member->process].first;
}

static uint32_t add_first_image(struct io_counts *counts, const struct io_identity *identity,
                                const char *command)
{
	uint32_t row =
	    io_counts_add_process(counts, identity->pid, identity->parent_pid, 0, command);

	counts->processes[row].first = row;
	return row;
}

void io_family_begin(struct io_counts *counts, struct io_member *member,
                     const struct io_identity *identity, const char *command, const char *comm)
{
	member->group = fd_table_group_new(counts->fds, identity->pid);
	member->process = add_first_image(counts, identity, command);
	add_thread(counts, member, identity, comm);
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
		    add_first_image(counts, identity, counts->processes[parent->process].command);
	add_thread(counts, child, identity, counts->threads[parent->thread].comm);
	child->leader = identity->pid == identity->tid ? child->thread : parent->leader;
}

void io_family_join(struct io_counts *counts, const struct io_member *sibling,
                    struct io_member *member, const struct io_identity *identity, const char *comm,
                    bool shares_files)
{
	*member = *sibling;
	if (shares_files)
		fd_table_group_hold(counts->fds, sibling->group);
	else
		member->group = fd_table_group_new(counts->fds, identity->pid);
	add_thread(counts, member, identity, comm);
}

void io_family_exec(struct io_counts *counts, struct io_member *member, pid_t pid,
                    const char *command, uint64_t now_ns)
{
	const struct process_row *former = &counts->processes[member->process];
	uint32_t first = former->first;

	member->process = io_counts_add_process(counts, pid, former->parent_pid,
	                                        former->exec_number + 1, command);
	counts->processes[member->process].first = first;
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
