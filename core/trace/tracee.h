/* What /proc and the memory of the process tell of a traced thread. */
#ifndef CORE_TRACE_TRACEE_H
#define CORE_TRACE_TRACEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	TRACEE_COMMAND_BYTES = 512, /* of a command line's words, each with its NUL: more are cut */
	TRACEE_TEXT_BYTES = TRACEE_COMMAND_BYTES, /* for what is shown of it */
	TRACEE_NAME_BYTES = 4096,                 /* PATH_MAX: for a descriptor's name */
};

/* Copies memory of the process; false when not all of it can be read. */
bool tracee_read_memory(pid_t pid, uint64_t addr, void *buffer, size_t len_bytes);

/* Copies a text that ends with 0 and gives its length, the 0 not counted; -1 when it cannot be
 * read, or the buffer is too small: then as much of it is there as there was, without an end. */
ssize_t tracee_read_text(pid_t pid, uint64_t addr, char *buffer, size_t buffer_bytes);

/* Where the descriptor's link points: "/etc/passwd", "pipe:[1234]"; false when it is not open. */
bool tracee_describe_fd(pid_t pid, int fd, char *name, size_t name_bytes);

/* A copy of the process's descriptor, for us to close. -1: the kernel is older than 5.6, it is not
 * permitted, or it is not open. */
int tracee_copy_fd(pid_t pid, int fd);

/* Calls visit for each descriptor that is open. */
void tracee_each_fd(pid_t pid, void (*visit)(void *context, int fd, bool cloexec), void *context);

/* The thread's name, "?" when it cannot be read. */
void tracee_read_comm(pid_t tid, char *comm, size_t comm_bytes);

/* The command line with spaces between its words, or the name in brackets. One of
 * TRACEE_COMMAND_BYTES or more is cut, and ends with "...". */
void tracee_read_command(pid_t pid, char command[TRACEE_TEXT_BYTES]);
/* The same of words that are known: `len` bytes of them, TRACEE_COMMAND_BYTES at most. */
void tracee_format_command(const char *words, size_t len, const char *comm,
                           char command[TRACEE_TEXT_BYTES]);

/* How a thread fares, by /proc; false when it is gone. */
struct tracee_state {
	bool has_ended;          /* a zombie, or dead */
	bool is_uninterruptible; /* sleeps so */
	bool runs;      /* or is ready to: what it has been told it may not have seen yet */
	bool is_killed; /* on its way to its end: SIGKILL waits for it, or it has taken a signal
	                   that ends it */
};
bool tracee_read_state(pid_t tid, struct tracee_state *state);

/* The call in which the thread sleeps, and its stack pointer. False: it is in none, or runs. */
bool tracee_read_sleep(pid_t tid, uint64_t *number, uint64_t *sp);
/* The same with the call's arguments. */
bool tracee_read_call(pid_t tid, uint64_t *number, uint64_t args[6]);
/* It runs a 32-bit program, whose calls have numbers of their own. */
bool tracee_is_32_bit(pid_t tid);

/* Tells a thread that waits for something from one that is only slow, since others have the
 * processors. All 0: nobody has looked yet. */
struct tracee_sleep {
	long n_sleeps;    /* how often the thread has gone to sleep, by the last look */
	unsigned n_looks; /* in a row that found it asleep, in one and the same sleep */
};

/* How often the thread has gone to sleep, the sleep that it is in included; -1: it is not asleep,
 * or not there. */
long tracee_count_sleeps(pid_t tid);
/* Looks once more, and returns sleep->n_looks. */
unsigned tracee_look_at_sleep(struct tracee_sleep *sleep, pid_t tid);

/* How many threads the process has, a first one that has ended included; 0: it is gone. */
size_t tracee_n_threads(pid_t pid);

/* Calls visit for each of them. */
void tracee_each_thread(pid_t pid, void (*visit)(void *context, pid_t tid), void *context);
/* The same again and again, until two looks in a row have shown none that visit calls new: while
 * threads end, one look may pass over others. */
void tracee_each_thread_until_idle(pid_t pid, bool (*visit)(void *context, pid_t tid),
                                   void *context);

/* When the thread was made, in ticks since the machine's start; UINT64_MAX: it is gone. */
uint64_t tracee_start_ticks(pid_t tid);
/* What one has that is made now. */
uint64_t tracee_ticks_now(void);

/* The process and the parent process of a thread; false when it is gone. */
bool tracee_read_family(pid_t tid, pid_t *pid, pid_t *parent_pid);

#endif
