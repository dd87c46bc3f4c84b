/* Reads state, command line and children of a process from /proc. */
#include "core/perf/proc_scan.h"

#include "core/alloc.h"
#include "core/proc_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool proc_scan_state(pid_t pid, struct proc_state *state)
{
	enum { KERNEL_THREAD = 0x00200000 }; /* PF_KTHREAD in linux/sched.h */
	char stat[1024];
	char *name, *name_end;
	unsigned flags;
	char letter;

	*state = (struct proc_state){0};
	if (proc_file_read(pid, "stat", stat, sizeof(stat)) < 0)
		return false;
	/* "PID (COMM) STATE ...": the name may hold blanks and brackets itself. */
	name = strchr(stat, '(');
	name_end = strrchr(stat, ')');
	if (!name || !name_end || name_end < name)
		return false;
	*name_end = 0;
	snprintf(state->comm, sizeof(state->comm), "%s", name + 1);
	if (sscanf(name_end + 1,
	           " %c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
	           "%" SCNu64,
	           &letter, &state->parent_pid, &flags, &state->start_ticks) != 4)
		return false;
	state->is_zombie = letter == 'Z' || letter == 'X';
	state->is_running = letter == 'R';
	state->is_kernel_thread = flags & KERNEL_THREAD;
	return true;
}

char *proc_scan_command(pid_t pid)
{
	enum { SHOWN_BYTES = 4096 }; /* enough to tell commands apart */
	char words[SHOWN_BYTES];
	ssize_t size = proc_file_read(pid, "cmdline", words, sizeof(words));

	if (size <= 0)
		return NULL;
	for (ssize_t i = 0; i + 1 < size; i++)
		if (words[i] == 0)
			words[i] = ' ';
	return xstrdup(words);
}

static void visit_list(const char *path, void (*visit)(void *context, pid_t child), void *context)
{
	FILE *file = fopen(path, "re");
	int child;

	if (!file)
		return;
	while (fscanf(file, "%d", &child) == 1)
		visit(context, child);
	fclose(file);
}

bool proc_scan_comm(pid_t tid, char comm[16])
{
	char line[32];

	if (proc_file_read(tid, "comm", line, sizeof(line)) <= 0)
		return false;
	line[strlen(line) - 1] = 0; /* the kernel ends it with one newline */
	snprintf(comm, 16, "%.15s", line);
	return true;
}

static void visit_numbers(DIR *directory, void (*visit)(void *context, pid_t number), void *context,
                          int *n_visited)
{
	struct dirent *entry;

	while ((entry = readdir(directory)))
		if (isdigit((unsigned char)entry->d_name[0])) {
			visit(context, atoi(entry->d_name));
			++*n_visited;
		}
}

void proc_scan_processes(void (*visit)(void *context, pid_t pid), void *context)
{
	DIR *processes = opendir("/proc");
	int n_processes = 0;

	if (!processes)
		return;
	visit_numbers(processes, visit, context, &n_processes);
	closedir(processes);
}

int proc_scan_threads(pid_t pid, void (*visit)(void *context, pid_t tid), void *context)
{
	char path[32];
	DIR *threads;
	int n_threads = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	if (!threads)
		return -errno;
	visit_numbers(threads, visit, context, &n_threads);
	closedir(threads);
	return n_threads ? n_threads : -ENOENT; /* it ended after the opening */
}

void proc_scan_children(pid_t pid, void (*visit)(void *context, pid_t child), void *context)
{
	char path[300];
	struct dirent *thread;
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	if (!threads)
		return;
	while ((thread = readdir(threads))) {
		if (thread->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", pid, thread->d_name);
		visit_list(path, visit, context);
	}
	closedir(threads);
}
