/* All that is counted of one repeat's system calls: by call, by thread, by process and by
 * descriptor.
 *
 * A backend says which threads and processes there are and hands over each call that returned;
 * reports and metrics read the rows. Pure; not thread-safe. Times are ns, offsets from the repeat's
 * start where they are points in time.
 */
#ifndef IO_COUNTS_H
#define IO_COUNTS_H

#include "core/trace/trace.h"
#include "io/syscalls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct distribution;
struct fd_table;
struct io_bins;
struct io_sites;
struct latency;

/* One call that has returned to the program. */
struct io_call {
	const struct syscall_info *info;
	uint32_t thread; /* index of its row */
	int64_t result;  /* -errno when it failed: syscall_failed() */
	uint64_t time_ns;
	uint64_t ended_ns;    /* since the repeat's start */
	uint64_t asked_bytes; /* what the buffers could have held */
	uint64_t bytes;       /* moved */
	uint32_t slots;       /* messages, buffers, ring entries or events offered */
	uint32_t used_slots;  /* of these, taken or filled */
	uint32_t messages;    /* CONTRACT 5: messages moved, buffers of the successful call, entries
	                         submitted, events told */
	uint32_t from;        /* descriptor read, or used in another way; 0: none */
	uint32_t to;          /* descriptor written */
	uint32_t file;        /* description that it opened, named, duplicated or closed; 0: none */
	bool knows_asked;     /* asked_bytes holds */
	bool knows_slots;     /* used_slots holds */
	bool misses_bytes;    /* it succeeded, and nobody knows how many: they are 0 here */
	bool misses_messages; /* likewise */
	bool never_waits;     /* MSG_DONTWAIT: what it receives was not waited for */
};

/* A call that a thread made several times in a row, with the same outcome: how long each took. */
struct io_repetition {
	uint64_t n_calls;
	const uint32_t *times_ns; /* NULL: one call, of its time_ns */
};

struct errno_count {
	int error;
	uint64_t count;
};

/* One system call. */
struct call_row {
	const struct syscall_info *info;
	uint64_t calls;
	uint64_t errors;
	uint64_t time_ns;
	struct latency *latency; /* of each call */
	uint64_t bytes;
	uint64_t messages;
	uint64_t unknown_bytes;     /* successful calls whose bytes are not known */
	uint64_t unknown_messages;  /* likewise */
	uint64_t slots, used_slots; /* of calls where both are known */
	uint64_t slots_calls;       /* these */
	uint64_t asked_bytes;       /* by the calls that succeeded, where that is known */
	uint64_t moved_bytes;       /* of these */
	uint64_t asking_calls;      /* these */
	uint64_t short_calls;       /* that took or gave less than they offered: io_is_short() */
	struct distribution
	    *per_call;                /* messages of each successful call; NULL unless it batches */
	struct distribution *per_run; /* calls of each run (below) that has ended; NULL unless it
	                                 moves data or batches */
	struct errno_count *errnos;
	size_t n_errnos;
	size_t errnos_capacity;
};

/* One call as one thread made it. */
struct thread_call {
	uint32_t call; /* index of the row */
	uint64_t calls;
	uint64_t time_ns;
	uint64_t bytes; /* moved */
};

struct thread_row {
	pid_t tid;
	pid_t pid;
	uint32_t process; /* the row of its process's first image */
	char comm[16];
	uint64_t calls;
	uint64_t errors;
	uint64_t time_ns;
	uint64_t bytes_read, bytes_written;
	uint64_t channel_moves[2];   /* calls that moved data on channels, by direction */
	struct thread_call *by_call; /* in order of first use */
	size_t n_by_call;
	size_t by_call_capacity;
};

/* One program image: a process from its start, or from an exec, to its end or next exec. */
struct process_row {
	pid_t pid;
	pid_t parent_pid;
	unsigned exec_number; /* 0: as forked */
	char *command;
	bool has_exit;
	int wait_status;
	uint32_t first; /* the row of the process's first image */
};

enum { IO_GOOD_BATCH = 64 }; /* what "avoidable" compares with */

enum io_direction { IO_READ, IO_WRITE };

/* Calls of one kind by one thread on one descriptor that one larger batch could have joined: small
 * reads and writes, single datagrams, and all calls that move messages, buffers or entries, or tell
 * of events. Any other read or write there, by whichever thread, breaks the run, and so does one of
 * its own kind that would have blocked, or that moved less than it had room for. Requests that wait
 * for their answers are no run: on a channel (io_is_channel()) the thread must not have moved data
 * the other way meanwhile, on whichever channel, but by receives that never wait; and between
 * events the process must not have written anything. */
struct batch_run {
	size_t use; /* index of the use + 1; 0: none */
	uint64_t calls;
	uint64_t units;    /* what a batch holds IO_GOOD_BATCH of */
	pid_t pid;         /* of events, which any thread is told: whose; else 0 */
	uint64_t n_breaks; /* of the descriptor, by then */
	uint64_t n_turns;  /* likewise what may have been answers, */
	uint64_t n_others; /* and what other threads of the process moved so */
};

struct descriptor_row {
	size_t last_use;   /* index of the use + 1 that its present runs are of; 0: none */
	uint64_t n_breaks; /* how often runs have ended there */
	uint64_t calls[2]; /* by direction */
	uint64_t bytes[2];
	uint64_t asked_bytes[2];   /* by the calls that succeeded */
	uint64_t unknown_calls[2]; /* of these: nobody knows what they asked for */
	uint64_t unknown_bytes[2]; /* nor what these moved */
	uint64_t other_calls;
	uint64_t errors;
	uint64_t time_ns;
};

/* Calls that open, name, duplicate or close a description (io/fd_table.h) and that succeeded: those
 * that descriptor_row does not have. accept(2) is the listening socket's, and so is the wait. */
struct file_row {
	uint64_t calls;
	uint64_t errors; /* close(2) that closed, connect(2) that goes on */
	uint64_t time_ns;
};

/* The successful calls of one kind that moved data on one descriptor. */
struct use_row {
	uint32_t descriptor; /* 0: not known */
	uint32_t call;       /* index of the row */
	uint64_t calls;
	uint64_t messages;
	uint64_t bytes;
	uint64_t small_calls;  /* that asked for less than the small size */
	uint64_t single_calls; /* these, and datagrams of any size by calls that move one */
	uint64_t single_bytes;
	uint64_t avoidable; /* calls that batches of IO_GOOD_BATCH would save, each run by itself */
	bool may_wait;      /* for what other threads moved meanwhile: avoidable holds at most */
};

/* In the order of how long a call has lasted. */
enum pending_since {
	PENDING_BEFORE_US, /* begun before anybody looked */
	PENDING_SEEN,
	PENDING_UNSEEN, /* or perhaps since */
};

/* A call in which its thread was when measuring ended (io/pending.h). */
struct pending_row {
	uint32_t thread; /* index of its row */
	const struct syscall_info *info;
	enum pending_since since;
	uint64_t lasted_ns;  /* PENDING_SEEN */
	int fd;              /* that it names; -1: none, or not known */
	uint32_t descriptor; /* what that is; 0: not known */
	char *path;          /* owned; NULL: it names none, or it cannot be read */
};

struct io_totals {
	uint64_t calls;
	uint64_t errors;
	uint64_t time_ns;
	uint64_t bytes[2];
	uint64_t small_calls[2];
};

/* Which calls are counted, by how they ended. */
enum io_status { IO_ANY, IO_SUCCESSFUL, IO_FAILED };

/* What the numbers do not hold: CONTRACT's quality notes. */
struct io_gaps {
	uint64_t lost;            /* calls known to have been missed */
	uint64_t lost_events;     /* forks, execs and ends of threads likewise */
	uint64_t lost_details;    /* names and memory of calls, what others did to descriptors */
	uint64_t unfinished;      /* calls that never returned: exit, or cut short by a signal */
	uint64_t already_in;      /* in progress when measuring began, and returned since */
	uint64_t still_in;        /* in progress when measuring ended */
	uint64_t left_out;        /* calls of threads that --only does not name */
	uint64_t unreadable;      /* calls whose memory, or some of it, could not be read */
	uint64_t foreign_memory;  /* calls whose structures, of another ABI, are not decoded */
	uint64_t guessed_fds;     /* descriptors whose opening or name then was not seen */
	uint64_t refused_ptraces; /* ptrace(2) calls that failed because we trace the target */
};

struct io_counts {
	struct io_totals totals;
	enum io_status status; /* of those that are counted; to be set at the beginning */
	/* To be set likewise: calls that move data are not all asked for, and may lie in what seem
	 * to be runs. */
	bool leaves_out_moves;
	struct fd_table *fds;   /* owned */
	struct io_bins *bins;   /* over time; owned */
	uint64_t unmeasured_ns; /* at the beginning: measuring began later */
	struct io_sites *sites; /* owned; NULL: from where calls are made is not asked */
	struct call_row *calls;
	size_t n_calls;
	struct thread_row *threads;
	size_t n_threads;
	struct process_row *processes;
	size_t n_processes;
	struct descriptor_row
	    *descriptors; /* by id: [0] is unused; may be shorter than the ids in use */
	size_t n_descriptors;
	struct file_row *files; /* by description, likewise */
	size_t n_files;
	struct use_row *uses;
	size_t n_uses;

	struct pending_row *pending; /* to be read when sorted */
	size_t n_pending;
	size_t pending_capacity;

	struct io_gaps gaps;
	struct trace_facts trace;

	struct io_counts_private *private;
};

/* A call that succeeded moved less than it offered, as far as is known: messages, entries or events
 * where it moves several of these, else bytes. */
bool io_is_short(const struct io_call *call);

/* How many calls of this row failed so. */
uint64_t io_count_errno(const struct call_row *row, int error);

/* Calls that ask for less than small_bytes are small. Rows move when others are added: indexes
 * stay, pointers do not. */
struct io_counts *io_counts_new(uint64_t small_bytes);
void io_counts_free(struct io_counts *counts); /* NULL is fine */

/* Each returns the index of a new row. `comm` and `command` are copied; comm is cut as the kernel
 * cuts it. */
uint32_t io_counts_add_thread(struct io_counts *counts, pid_t tid, pid_t pid, const char *comm);
uint32_t io_counts_add_process(struct io_counts *counts, pid_t pid, pid_t parent_pid,
                               unsigned exec_number, const char *command);

/* A call with this result is of the status. */
bool io_status_has(enum io_status status, int64_t result);
/* Calls of this status are counted: what they tell is known. Always, of IO_ANY. */
bool io_counts_has(const struct io_counts *counts, enum io_status status);

/* Ends the runs that last; to be called when there are no more calls. */
void io_counts_end_runs(struct io_counts *counts);

/* The call's thread has been added before; its descriptors and description are ids of `fds`. */
void io_counts_add(struct io_counts *counts, const struct io_call *call);

/* The same as io_counts_add() of each. The call's time_ns is that of all, the rest of it that of
 * one. */
void io_counts_add_repeated(struct io_counts *counts, const struct io_call *call,
                            const struct io_repetition *repetition);

#endif
