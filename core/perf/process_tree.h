/* The processes that descend from the target: pids, parents, execs, names, times; and the names of
 * their threads.
 *
 * Watches a perf dummy event with task and comm records and inherit, which needs no rights at
 * kernel.perf_event_paranoid <= 2. Where even that is refused, /proc is read a few times a second:
 * processes that live shorter, and execs, are missed then, times are those of the reading, and
 * process_tree_is_complete() is false.
 */
#ifndef CORE_PERF_PROCESS_TREE_H
#define CORE_PERF_PROCESS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;
struct process_tree;

/* One exec image of one process: a fork starts number 0 with its parent's name, each exec the next.
 * The target's own exec is its number 0, for what ran before it is ours. */
struct process_image {
	pid_t pid;
	pid_t parent_pid;
	unsigned exec_number;
	char comm[16];
	char *command; /* arguments joined by spaces, or NULL where the process was gone too soon */
	uint64_t start_ns; /* since the start of the run */
	uint64_t end_ns;
	bool ended;
};

/* The target must be held before its exec. */
int process_tree_new(struct process_tree **tree, pid_t target, uint64_t run_start_ns,
                     struct diag *diag);
void process_tree_free(struct process_tree *tree);

/* In all that follows NULL is a whole tree without processes. */

/* Readable when there is something for process_tree_step(). */
int process_tree_fd(const struct process_tree *tree);
void process_tree_step(struct process_tree *tree);

bool process_tree_is_complete(const struct process_tree *tree);
/* Descendants of the target, itself left out, that have not ended. */
size_t process_tree_n_alive(struct process_tree *tree);
size_t process_tree_n_images(const struct process_tree *tree);
/* What a process was at a time (CLOCK_MONOTONIC ns), or NULL. */
const struct process_image *process_tree_image_at(const struct process_tree *tree, pid_t pid,
                                                  uint64_t time_ns);
const struct process_image *process_tree_image(const struct process_tree *tree, size_t i);

/* The last name of the latest thread with this id, or NULL: it is not known for certain (a record
 * was lost, /proc was read, or more than 65,536 threads have been). Lives as long as the tree. */
const char *process_tree_thread_comm(const struct process_tree *tree, pid_t tid);

#endif
