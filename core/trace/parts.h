/* What the parts of the tracer share; no client's business.
 *
 * trace.c starts and ends it, attach.c makes it the tracer; tracer.c waits for stops and hands each
 * to its part: calls.c sees system calls, family.c enters new threads and processes, late.c those
 * that were being made when we came, exec.c new programs. All but trace.c runs in the tracer's own
 * thread, or in its own process (apart.h). None of these functions report errors: a thread that was
 * killed meanwhile is told by wait, and what else goes wrong ends in tracer_fail().
 */
#ifndef CORE_TRACE_PARTS_H
#define CORE_TRACE_PARTS_H

#include "core/collector.h"
#include "core/trace/stops.h"
#include "core/trace/trace.h"
#include "core/trace/tracer.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <time.h>

struct cpu_follower;
struct u64map;

enum { TRACER_KICK = SIGURG }; /* does nothing to whom it meets by mistake */

struct tracer {
	const struct trace_client *client;
	void *context;
	const struct trace_plan *plan;
	pid_t driver;
	pid_t target;      /* held before its exec; or 0, and */
	const pid_t *pids; /* processes that run already */
	size_t n_pids;
	uint64_t start_ns;

	/* The thread's own. */
	struct u64map *tracees; /* tid -> struct tracee *, or 0 */
	struct u64map *former;  /* by id: children and ended threads that the pids had before us */
	size_t n_tracees;
	size_t n_newcomers; /* threads of theirs that have not stopped yet */
	size_t n_waiting;   /* has_stopped without has_parent */
	struct stops stops; /* of those who see calls */
	bool is_leaving;    /* stops from now on are of after the end */
	bool armed;         /* the target's exec has succeeded: calls count */
	bool seized;
	bool wants_usage;      /* of each stop, or of the target's end */
	bool asks_who_stopped; /* before it takes the stop, and with it what the thread has used */
	bool may_filter;       /* we can stay with the target until its end */
	bool filtered;         /* the target is under our filter */
	struct trace_facts facts;
	struct cpu_follower *follower;
	struct rusage usage; /* where calls are seen of the thread that stopped last, else of the
	                        target when its first thread stopped last */
	uint64_t stopped_ns; /* when wait4 returned */
	uint64_t waited_ns;  /* in wait4 */
	timer_t timer;
	bool has_timer;
	uint64_t wake_ns;   /* the client wants to be woken so often; 0: not */
	uint64_t woken_ns;  /* when it was */
	bool may_be_kicked; /* by poke_timer */

	/* The driver's. */
	timer_t poke_timer; /* kicks until the tracer has taken the poke */
	bool has_poke_timer;

	/* Shared. `end` and `error` are written before their flag. */
	pthread_t thread;
	sem_t ready; /* posted once: attached, or failed */
	int event_fd;
	struct target_end end;
	atomic_bool has_ended;
	atomic_bool has_left_target;
	atomic_bool is_poked;
	pid_t tid;
	struct diag diag;
	atomic_int error; /* -errno */
	atomic_bool quits;

	/* apart.c's */
	pid_t apart_pid; /* 0: the thread traces */
	int apart_fd;
	int client_fd; /* of the spec */
	int apart_err;
	atomic_bool stays; /* the process goes on in our memory */
};

/* Keeps the error for the driver, and wakes it. */
void tracer_fail(struct tracer *tracer, int err, const char *what, pid_t tid);

struct tracee *tracer_find(const struct tracer *tracer, pid_t tid); /* NULL: not known */
struct tracee *tracer_add(struct tracer *tracer, pid_t tid);
void tracer_remove(struct tracer *tracer, struct tracee *tracee);
/* The thread has taken over the id of its process's leader, and goes by it from now on. */
void tracer_rename(struct tracer *tracer, struct tracee *tracee, pid_t tid);

/* Follows the target and its descendants until all have ended, or quits is set. -errno: it cannot
 * be traced, as tracer->diag says. */
int tracer_follow(struct tracer *tracer);

/* Does the client want to know of calls? */
bool tracer_sees_calls(const struct tracer *tracer);

/* SIGKILL takes a thread from any stop on to the one at its exit, also after wait(2) told of the
 * first one: then the message of ptrace(2) is no longer that of the event, and to resume the thread
 * would lose it. */
bool tracer_has_moved_on(pid_t tid);

/* More or fewer children wait for their parents' word. */
void tracer_count_waiting(struct tracer *tracer, bool more);

/* What ptrace(2) is to stop for; `filtered`: with a filter of ours. */
long tracer_options(const struct tracer *tracer, bool filtered);

/* The thread, which stands still, goes on without us. False: it was killed, as wait will tell. */
bool tracer_detach(struct tracer *tracer, struct tracee *tracee);

/* The target has been waited for. */
void tracer_note_end(struct tracer *tracer, int status);

/* Lets TRACER_KICK interrupt the calling thread's waits. */
void tracer_hear_kicks(void);

/* calls.c: the thread has stopped at the entry or the exit of a system call. */
void tracer_handle_syscall(struct tracer *tracer, struct tracee *tracee);
/* A signal has come to a thread whose call was to be made again: perhaps it is not. */
void tracer_interrupt_resumed(struct tracer *tracer, struct tracee *tracee);
/* The thread has stopped at a call for a filter, ours or one of its own. */
void tracer_handle_filtered(struct tracer *tracer, struct tracee *tracee);

/* Enters the call that the thread has stopped in, where calls do not stop it, and gives its result
 * so far. False: the thread is gone. */
bool tracer_look_up_call(struct tracee *tracee, int64_t *result);

/* family.c: the parent has stopped in the call that made a child. The child's first stop may come
 * before or after it. */
void tracer_handle_child(struct tracer *tracer, struct tracee *parent);
/* The thread is about to end, where calls are not seen: it may have been killed before its parent
 * could tell of it, */
void tracer_handle_early_end(struct tracer *tracer, struct tracee *tracee);
/* or before it could tell of a child. */
void tracer_handle_last_child(struct tracer *tracer, struct tracee *parent);
/* Is the thread in a call that makes a child, of which it has not told yet, or is that not known?
 */
bool tracer_may_tell(const struct tracee *tracee);
/* Takes in all children whose parents can no longer tell of them; where calls are not seen, those
 * that have waited so long that this is certain. */
void tracer_adopt_orphans(struct tracer *tracer);

/* The child has been told of. */
void tracer_enter_child(struct tracer *tracer, struct tracee *parent, pid_t tid);

/* attach.c: -errno as tracer->diag says. */
int tracer_attach(struct tracer *tracer);
int tracer_attach_running(struct tracer *tracer);
/* A thread that ran before us has stopped for the first time. `restarts`: its call has been moved
 * back, to be made again. */
void tracer_look_at_newcomer(struct tracer *tracer, struct tracee *tracee, bool restarts);
/* The first stop is within a call, that of an event, which takes the place of the one that we asked
 * for. Nothing to be done for others. */
void tracer_meet_newcomer(struct tracer *tracer, struct tracee *tracee);
/* A signal is about to come: the call that it was in, if any, has ended by it. */
void tracer_signal_newcomer(struct tracer *tracer, struct tracee *tracee);
void tracer_forget_newcomer(struct tracer *tracer, struct tracee *tracee);
/* Some have been interrupted, and not yet been looked at. */
bool tracer_awaits_newcomers(const struct tracer *tracer);

/* The thread is ours from now on, a newcomer, and interrupted. NULL: as errno says. */
struct tracee *tracer_seize(struct tracer *tracer, pid_t tid, pid_t pid);

/* late.c: before the process is seized: who is its child already is none of ours. */
void tracer_note_children(struct tracer *tracer, pid_t pid);
/* Takes in what its threads have made untraced; returns how many. */
size_t tracer_take_late(struct tracer *tracer, const struct tracee *parent);
/* The same of this one, as its maker, which stands at the end of its call, calls it. */
void tracer_take_late_result(struct tracer *tracer, const struct tracee *parent, pid_t tid);
/* The thread has stopped for the first time; nothing to be done for one that is not late.
 * `has_run`: it may have made calls. */
void tracer_look_at_late(struct tracer *tracer, struct tracee *tracee, bool has_run);

/* exec.c: the process has begun another program. `leader` may be NULL, when we never knew it. */
void tracer_handle_exec(struct tracer *tracer, struct tracee *leader, pid_t pid);

#endif
