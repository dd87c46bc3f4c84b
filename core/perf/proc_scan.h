/* Small reads of /proc about one process (proc(5)). */
#ifndef CORE_PERF_PROC_SCAN_H
#define CORE_PERF_PROC_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What is left of a process under its pid. */
struct proc_state {
	char comm[16];
	uint64_t start_ticks; /* since boot: tells two processes with the same pid apart */
	pid_t parent_pid;
	bool is_zombie;
	bool is_running; /* or would, if it had a CPU */
	bool is_kernel_thread;
};

/* False: no such process. */
bool proc_scan_state(pid_t pid, struct proc_state *state);

/* The arguments joined by spaces, or NULL; the caller frees it. */
char *proc_scan_command(pid_t pid);

/* The name of a thread, without its end of line. False: it has ended. */
bool proc_scan_comm(pid_t tid, char comm[16]);

/* Calls visit for each thread of the process. Returns how many, or -errno: -ENOENT when it has
 * ended. */
int proc_scan_threads(pid_t pid, void (*visit)(void *context, pid_t tid), void *context);

/* Calls visit for each process that /proc shows. */
void proc_scan_processes(void (*visit)(void *context, pid_t pid), void *context);

/* Calls visit for each child of each thread of the process. Kernels without CONFIG_PROC_CHILDREN
 * show none. */
void proc_scan_children(pid_t pid, void (*visit)(void *context, pid_t child), void *context);

#endif
