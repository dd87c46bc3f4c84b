/* Reads /proc files of traced threads. */
#include "core/trace/tracee.h"

#include "core/proc_file.h"
#include "core/walk/process_memory.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Linux 5.3 and 5.6. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

bool tracee_read_memory(pid_t pid, uint64_t addr, void *buffer, size_t len_bytes)
{
	return process_memory_read(pid, addr, buffer, len_bytes) == len_bytes;
}

/* By pages: the next one may not be there. */
ssize_t tracee_read_text(pid_t pid, uint64_t addr, char *buffer, size_t buffer_bytes)
{
	enum { PAGE_BYTES = 4096 };
	size_t at = 0;

	while (at < buffer_bytes) {
		size_t len = PAGE_BYTES - (addr + at) % PAGE_BYTES;
		const char *end;

		if (len > buffer_bytes - at)
			len = buffer_bytes - at;
		if (!tracee_read_memory(pid, addr + at, buffer + at, len))
			return -1;
		end = memchr(buffer + at, 0, len);
		if (end)
			return end - buffer;
		at += len;
	}
	return -1;
}

bool tracee_describe_fd(pid_t pid, int fd, char *name, size_t name_bytes)
{
	char path[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	length = readlink(path, name, name_bytes - 1);
	if (length < 0)
		return false;
	name[length] = '\0';
	return true;
}

int tracee_copy_fd(pid_t pid, int fd)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0), copy;

	if (process < 0)
		return -1;
	copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	close(process);
	return copy;
}

static bool is_cloexec(pid_t pid, int fd)
{
	char file[32], text[512];
	const char *flags;

	snprintf(file, sizeof(file), "fdinfo/%d", fd);
	if (proc_file_read(pid, file, text, sizeof(text)) < 0)
		return false;
	flags = strstr(text, "flags:");
	return flags && strtoul(flags + strlen("flags:"), NULL, 8) & O_CLOEXEC;
}

void tracee_each_fd(pid_t pid, void (*visit)(void *context, int fd, bool cloexec), void *context)
{
	char path[64];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.')
			visit(context, fd, is_cloexec(pid, fd));
	}
	closedir(directory);
}

void tracee_read_comm(pid_t tid, char *comm, size_t comm_bytes)
{
	ssize_t length = proc_file_read(tid, "comm", comm, comm_bytes);

	if (length <= 0)
		snprintf(comm, comm_bytes, "?");
	else if (comm[length - 1] == '\n')
		comm[length - 1] = '\0';
}

void tracee_format_command(const char *words, size_t len, const char *comm,
                           char command[TRACEE_TEXT_BYTES])
{
	static const char cut[] = "...";
	bool is_cut = len >= TRACEE_COMMAND_BYTES;

	if (is_cut)
		len = TRACEE_TEXT_BYTES - sizeof(cut);
	while (len && !is_cut && !words[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		command[i] = words[i] ? words[i] : ' ';
	command[len] = '\0';
	if (is_cut)
		memcpy(command + len, cut, sizeof(cut));
	else if (!len)
		snprintf(command, TRACEE_TEXT_BYTES, "[%s]", comm);
}

void tracee_read_command(pid_t pid, char command[TRACEE_TEXT_BYTES])
{
	char words[TRACEE_COMMAND_BYTES + 1], comm[17];
	ssize_t len = proc_file_read(pid, "cmdline", words, sizeof(words));

	tracee_read_comm(pid, comm, sizeof(comm));
	tracee_format_command(words, len > 0 ? (size_t)len : 0, comm, command);
}

static bool read_number(const char *status, const char *key, pid_t *number)
{
	const char *line = strstr(status, key);

	if (line)
		*number = (pid_t)atoi(line + strlen(key));
	return line != NULL;
}

bool tracee_read_family(pid_t tid, pid_t *pid, pid_t *parent_pid)
{
	char status[2048];

	return proc_file_read(tid, "status", status, sizeof(status)) > 0 &&
	       read_number(status, "\nTgid:", pid) && read_number(status, "\nPPid:", parent_pid);
}

enum { KILL_BIT = 1 << (9 - 1), EXITING = 0x4, SIGNALED = 0x400 };

/* proc(5), stat: the state, the flags (PF_* of include/linux/sched.h) and the pending signals. */
static bool read_stat(pid_t tid, char *letter, unsigned long *flags, unsigned long *pending)
{
	char name[32], text[1024];
	const char *after_name;

	/* Without task/ the times of all threads would be added up. */
	snprintf(name, sizeof(name), "task/%d/stat", (int)tid);
	if (proc_file_read(tid, name, text, sizeof(text)) <= 0)
		return false;
	after_name = strrchr(text, ')'); /* the name may hold anything */
	return after_name &&
	       sscanf(after_name,
	              ") %c %*d %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
	              "%*d %*u %*u %*d %*u %*u %*u %*u %*u %*u %lu",
	              letter, flags, pending) == 3;
}

bool tracee_read_state(pid_t tid, struct tracee_state *state)
{
	unsigned long flags, pending, later;
	char letter;

	/* Twice: a signal that is no longer pending has left its flag by then. */
	if (!read_stat(tid, &letter, &flags, &pending) || !read_stat(tid, &letter, &flags, &later))
		return false;
	state->has_ended = letter == 'Z' || letter == 'X';
	state->runs = letter == 'R';
	state->is_uninterruptible = letter == 'D';
	state->is_killed = pending & KILL_BIT || later & KILL_BIT || flags & (EXITING | SIGNALED);
	return true;
}

bool tracee_read_sleep(pid_t tid, uint64_t *number, uint64_t *sp)
{
	char text[256];

	return proc_file_read(tid, "syscall", text, sizeof(text)) > 0 &&
	       sscanf(text, "%" SCNu64 " %*x %*x %*x %*x %*x %*x %" SCNx64, number, sp) == 2;
}

bool tracee_read_call(pid_t tid, uint64_t *number, uint64_t args[6])
{
	char text[256];

	return proc_file_read(tid, "syscall", text, sizeof(text)) > 0 &&
	       sscanf(text,
	              "%" SCNu64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
	              " %" SCNx64,
	              number, &args[0], &args[1], &args[2], &args[3], &args[4], &args[5]) == 7;
}

bool tracee_is_32_bit(pid_t tid)
{
	unsigned char ident[EI_NIDENT] = {0};

	return proc_file_read(tid, "exe", (char *)ident, sizeof(ident)) > EI_CLASS &&
	       ident[EI_CLASS] == ELFCLASS32;
}

long tracee_count_sleeps(pid_t tid)
{
	unsigned long flags, pending;
	char letter;

	if (!read_stat(tid, &letter, &flags, &pending) || (letter != 'S' && letter != 'D'))
		return -1;
	return proc_file_status(tid, "voluntary_ctxt_switches: %ld");
}

unsigned tracee_look_at_sleep(struct tracee_sleep *sleep, pid_t tid)
{
	long n_sleeps = tracee_count_sleeps(tid);

	if (n_sleeps < 0)
		sleep->n_looks = 0;
	else if (sleep->n_looks && n_sleeps == sleep->n_sleeps)
		sleep->n_looks++;
	else
		sleep->n_looks = 1;
	sleep->n_sleeps = n_sleeps;
	return sleep->n_looks;
}

size_t tracee_n_threads(pid_t pid)
{
	char path[64];
	struct stat task;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	return stat(path, &task) || task.st_nlink < 2 ? 0 : (size_t)task.st_nlink - 2;
}

void tracee_each_thread(pid_t pid, void (*visit)(void *context, pid_t tid), void *context)
{
	char path[64];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	directory = opendir(path);
	if (!directory)
		return;
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			visit(context, (pid_t)atoi(entry->d_name));
	closedir(directory);
}

enum { IDLE_LOOKS = 2 };

struct look {
	bool (*visit)(void *context, pid_t tid);
	void *context;
	bool has_new;
};

static void look_at(void *context, pid_t tid)
{
	struct look *look = context;

	if (look->visit(look->context, tid))
		look->has_new = true;
}

void tracee_each_thread_until_idle(pid_t pid, bool (*visit)(void *context, pid_t tid),
                                   void *context)
{
	for (int n_idle = 0; n_idle < IDLE_LOOKS; n_idle++) {
		struct look look = {visit, context, false};

		tracee_each_thread(pid, look_at, &look);
		if (look.has_new)
			n_idle = -1;
	}
}

/* proc(5), stat: starttime. */
uint64_t tracee_start_ticks(pid_t tid)
{
	char name[32], text[1024];
	const char *after_name;
	uint64_t ticks;

	snprintf(name, sizeof(name), "task/%d/stat", (int)tid);
	if (proc_file_read(tid, name, text, sizeof(text)) <= 0)
		return UINT64_MAX;
	after_name = strrchr(text, ')');
	return after_name && sscanf(after_name,
	                            ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
	                            "%*d %*d %*d %*d %" SCNu64,
	                            &ticks) == 1
	           ? ticks
	           : UINT64_MAX;
}

uint64_t tracee_ticks_now(void)
{
	uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec) / tick_ns;
}
