/* What threads did between their context switches: running, blocked, preempted, each second once.
 *
 * Fed in time order with what perf's records say; gives out each wait when it is over. A wait is
 * the time from a switch-out to the next switch-in: it holds what the scheduler took to run the
 * thread after it was woken. A thread that left the CPU by itself was blocked; one that could have
 * run on was preempted (PERF_RECORD_MISC_SWITCH_OUT_PREEMPT; sched_yield(2) too). The time
 * between a thread's making and its first instruction is nobody's wait: bcc's offcputime and perf
 * sched leave it out too. Pure: no I/O. Not thread-safe.
 */
#ifndef CPU_WAITS_H
#define CPU_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct waits;

enum wait_kind { WAIT_BLOCKED, WAIT_PREEMPTED, WAIT_N_KINDS };

/* A wait that is over, or that the end of the run cut off. */
struct wait {
	pid_t pid;
	pid_t tid;
	enum wait_kind kind;
	bool has_stack; /* false: it was lost */
	uint64_t stack; /* the caller's */
	uint64_t start_ns;
	uint64_t end_ns;
};

/* What became of a thread's time: last_ns - first_ns is the sum of the others. */
struct thread_time {
	pid_t pid;
	pid_t tid;
	uint64_t first_ns; /* when it was made, or seen first */
	uint64_t last_ns;  /* when it ended, or the run did */
	uint64_t running_ns;
	uint64_t wait_ns[WAIT_N_KINDS];
	uint64_t starting_ns; /* made, but not run yet */
	uint64_t unknown_ns;  /* switch records were lost in it */
	uint64_t n_waits[WAIT_N_KINDS];
};

typedef void wait_done(void *context, const struct wait *wait);

struct waits *waits_new(wait_done *done, void *context);
void waits_free(struct waits *waits);

void waits_fork(struct waits *waits, pid_t pid, pid_t tid, uint64_t time_ns);
/* A thread that was there before the records began at begin_ns. Seen at read_ns it waited as this
 * kind, or, for WAIT_PREEMPTED, ran or wanted to; its first switch tells what it had been doing. */
void waits_found(struct waits *waits, pid_t pid, pid_t tid, enum wait_kind seen, uint64_t begin_ns,
                 uint64_t read_ns);
/* A program begins: the target's own, or an exec. That ended the other threads of the process, and
 * gave its pid to the one that called it. */
void waits_exec(struct waits *waits, pid_t pid, uint64_t time_ns);
void waits_exit(struct waits *waits, pid_t tid, uint64_t time_ns);

/* The stack with which the thread is about to leave its CPU. */
void waits_stack(struct waits *waits, pid_t tid, uint64_t stack);
/* A stack that was read from outside between these times. It counts when the thread waited all the
 * while, for then it stood still. */
void waits_read_stack(struct waits *waits, pid_t tid, uint64_t stack, uint64_t from_ns,
                      uint64_t to_ns);
void waits_switch_out(struct waits *waits, pid_t pid, pid_t tid, bool preempted, uint64_t time_ns);
void waits_switch_in(struct waits *waits, pid_t pid, pid_t tid, uint64_t time_ns);
/* Records were lost: nobody knows what the threads have done since their last ones. */
void waits_lost(struct waits *waits);
/* Only what comes from now on counts: threads of the present repeat keep their states and stacks
 * and have no past. */
void waits_restart(struct waits *waits, uint64_t time_ns);
/* The repeat is over. Threads that live are let go: their pids may come again. */
void waits_end(struct waits *waits, uint64_t time_ns);

/* Threads that are blocked, and whose stack is not known. */
typedef void wait_visit(void *context, pid_t pid, pid_t tid);
void waits_visit_unread(struct waits *waits, wait_visit *visit, void *context);

size_t waits_n_threads(const struct waits *waits);
const struct thread_time *waits_thread(const struct waits *waits, size_t i);
/* Of all threads; pid, tid and the two moments are 0. */
struct thread_time waits_sum(const struct waits *waits);

#endif
