/* The processes that are watched: their threads, and which of these stand still because they are
 * about to end.
 *
 * A process ends as a whole by exit_group(2), by a signal that ends it, or with its last thread;
 * a single thread by exit(2). When another thread executes a program, or when a filter of the
 * target's own kills a thread, that looks much the same at first; watched_judge() tells.
 */
#ifndef MEM_LEAKS_WATCHED_H
#define MEM_LEAKS_WATCHED_H

#include "core/trace/tracee.h"
#include "mem/leaks/leaks.h"

#include <sys/types.h>

struct tracee;
struct u64map;
struct watched;

/* What a thread at its exit is about. */
enum watched_fate {
	FATE_NONE,     /* it is not there */
	FATE_ALONE,    /* ends by itself */
	FATE_TOGETHER, /* with its process */
	FATE_KILLED,   /* for another's exit_group or execve, or by a filter of its own */
	FATE_REPLACED, /* likewise with status 0: by an execve, or by exit_group(0) */
};

struct watched_thread {
	struct watched *process; /* NULL: it is about to end by itself, or was let go to its end */
	struct tracee *tracee;
	size_t index; /* in the process's list */
	enum watched_fate fate;
	bool is_held;
	struct tracee_sleep sleep; /* while it is waited for */
	unsigned n_still;          /* looks in a row that found it not ready to run, likewise */
};

/* What stands and falls with an address space, but for those that share one. */
struct watched {
	pid_t pid;
	pid_t parent_pid;
	unsigned exec_number;            /* of programs that it has executed; the launch is none */
	struct watched_thread **threads; /* that live */
	size_t n_threads;
	size_t threads_capacity;
	size_t n_held;
	uint64_t held_ns;           /* when the first of them stopped */
	uint64_t last_held_ns;      /* the last one, so far */
	bool is_ending;             /* as a whole */
	bool is_let_go;             /* to its end, or to its next program */
	bool shares_memory;         /* with the process that made it */
	bool may_share_memory;      /* nobody could tell */
	struct u64map *dead_stacks; /* stack pointers of ended threads: which of n_ended it was */
	uint64_t n_ended;
};

/* What is to be done about the threads that are held. */
enum watched_verdict {
	WATCHED_WAIT,     /* more have to come */
	WATCHED_WHOLE,    /* all stand still: the process ends */
	WATCHED_REPLACED, /* a thread of it begins another program, and waits for them */
	WATCHED_MISSED,   /* all stand still but the first one, which has ended unseen */
};

struct watched *watched_new(pid_t pid, pid_t parent_pid);
void watched_free(struct watched *process); /* it has no threads; NULL is fine */

/* The thread lives in the process from now on. */
void watched_enter(struct watched *process, struct watched_thread *thread);
/* No more. */
void watched_leave(struct watched_thread *thread);
/* A forked child has its parent's stacks, and none of its parent's other threads. */
void watched_inherit(struct watched *child, const struct watched *parent);
/* Its only thread begins another program. */
void watched_begin_program(struct watched *process);

/* The thread has stopped at its exit. */
void watched_hold(struct watched_thread *thread, uint64_t now_ns);
enum watched_verdict watched_judge(struct watched *process);
/* Looks at those that have not come: one of them cannot. To be called at each tick while some are
 * held. */
bool watched_is_stuck(struct watched *process);

/* All are held, and one of them ends the process by exit_group(2): no signal does. */
bool watched_ends_by_call(const struct watched *process);
/* A thread lives in the process that nobody has told us of yet. */
bool watched_has_unheard_of(const struct watched *process);

/* A held thread that turns out to end alone, or NULL. */
struct watched_thread *watched_find_lone(struct watched *process, uint64_t now_ns);
/* It ends alone: what its stack held is kept in mind, and it leaves. */
void watched_bury(struct watched_thread *thread);

#endif
