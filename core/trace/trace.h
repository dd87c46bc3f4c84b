/* Follows a process tree with ptrace(2), its system calls too, for a client that is told of them.
 *
 * A tracer is started before the target's exec, works in a thread of its own, or, with a filter,
 * in a process of its own (core/trace/apart.h), and tells its client of threads, programs and calls
 * while the thread concerned stands still. Until trace_stop() the client's data is the tracer's.
 * Errors are 0 or -errno with a sentence; -EPERM means that the target cannot be traced here.
 */
#ifndef CORE_TRACE_TRACE_H
#define CORE_TRACE_TRACE_H

#include "core/diag.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct call_filter;
struct repeat;
struct target_end;
struct tracer;

/* Calls that the tracer itself has to know, under any ABI. */
enum traced_call {
	TRACED_OTHER,
	TRACED_FORK,
	TRACED_VFORK,
	TRACED_CLONE,
	TRACED_CLONE3,
	TRACED_PRCTL,
	TRACED_SECCOMP,
	TRACED_EXIT,
	TRACED_EXIT_GROUP,
};

/* A call that was begun again and has not ended (core/trace/restart.h). ip 0: none. */
struct restarted_call {
	uint64_t ip; /* where it returns to */
	uint64_t sp;
	uint64_t since_ns;
};

/* A call that a thread was in when we came, and that it makes again. ip 0: none. */
struct resumed_call {
	uint64_t ip; /* where it returns to */
	uint64_t sp;
	uint64_t number;
};

/* A traced thread. */
struct tracee {
	pid_t tid;
	pid_t pid;
	void *data; /* the client's: NULL, or from malloc(3); freed with the tracee */

	/* The call that it is in, or was in last. Where calls are not seen: at child_begins the
	 * parent's, at thread_exits that in which the thread was, if any; args but the first are 0.
	 */
	bool in_call;
	enum traced_call call;
	uint32_t arch; /* AUDIT_ARCH_* */
	uint64_t number;
	uint64_t args[6];
	bool is_resumed; /* the thread was in it before it was traced */
	/* A filter of its own kept the kernel from it, by SIGSYS (SECCOMP_RET_TRAP, _KILL_PROCESS):
	 * at call_ends the result is the call's number, and means nothing. */
	bool was_kept_off;

	/* The tracer's. */
	uint64_t waits_since_ns; /* has_stopped without has_parent */
	bool every_call;  /* stops at every call, though a filter is there: it has one of its own,
	                     which may answer before ours is asked */
	bool has_parent;  /* the call that made it is known */
	bool has_stopped; /* its first stop came, and waits for has_parent */
	bool made_child;  /* its clone is seen in this call */
	pid_t last_child; /* that it told of */
	bool at_exit;     /* its stop there was told */
	bool leaves;      /* the client wants no more of it */
	bool has_left;    /* runs on without us, since measuring is over */
	bool is_interrupted; /* it has not stopped for that yet */
	bool wants_halt;
	bool is_halted; /* tracer_halt() has come true; it goes on with the next two */
	int halt_signal;
	bool halt_listens;
	struct restarted_call restarted;
	bool is_newcomer; /* ran before us, and has not stopped yet */
	bool is_late;     /* was being made when its maker was seized, and has not stopped yet */
	char *makers_command; /* of its maker when it was seized, while it is late */
	struct resumed_call resumed;
};

/* All run in the tracer, and in this order for a thread; any may be NULL. Until the target's own
 * exec only call_begins, thread_exits and thread_ends are told.
 *
 * Where both call_begins and call_ends are NULL, no call stops its thread: the program runs at full
 * speed between the other events. */
struct trace_client {
	/* The process begins another program; the first one is the target. */
	void (*program_begins)(void *context, struct tracee *tracee, const char *command,
	                       bool is_first);
	/* A thread that runs already (of repeat.pids): all of one process in a row, and those of
	 * all processes before anything else. */
	void (*thread_found)(void *context, struct tracee *tracee);
	/* What clone's flags say the two share (<sched.h>). */
	void (*child_begins)(void *context, const struct tracee *parent, struct tracee *child,
	                     uint64_t flags);
	/* The same, when the parent was killed before it could tell of the child. */
	void (*orphan_begins)(void *context, struct tracee *child, pid_t parent_pid);
	/* The thread is about to make a call. False: it shall stand still until the client lets it
	 * go by tracer_resume(). */
	bool (*call_begins)(void *context, struct tracee *tracee);
	/* Such a thread is out of the call (number, arch) that it was in when the tracer came. */
	void (*call_was_in)(void *context, struct tracee *tracee);
	void (*call_ends)(void *context, struct tracee *tracee, int64_t result);
	/* The thread is about to end, and can still be looked at. Also for others in its process
	 * when one of them begins another program: that one waits until they have ended. False: it
	 * shall stand still until the client lets it go by tracer_resume(); killed, it may end
	 * without that. NULL: threads are not stopped for it. */
	bool (*thread_exits)(void *context, struct tracee *tracee);
	/* The first thread of a process that was told of has ended. */
	void (*process_ends)(void *context, struct tracee *tracee, int wait_status);
	void (*thread_ends)(void *context, struct tracee *tracee); /* is gone */
	/* tracer_wake_every() asked for it. */
	void (*woken)(void *context);
	/* The thread stands still, as tracer_halt() wanted. */
	void (*thread_halts)(void *context, struct tracee *tracee);
	/* The driver wants something (trace_poke()). */
	void (*poked)(void *context);
	/* trace_stop() waits until the client has done what it is at. NULL: it never waits. */
	bool (*is_busy)(void *context);
	/* Of each thread that has not ended when tracing does. */
	void (*tracing_ends_in)(void *context, struct tracee *tracee);
	/* Nothing more will be told. */
	void (*tracing_ends)(void *context);
};

/* What all repeats share. */
struct trace_plan {
	struct call_filter *filter; /* NULL: every call stops */
	int keeper_fd;
	struct diag why_unfiltered; /* with a text when there should be a filter */
};

/* What limits the client's numbers. */
struct trace_facts {
	/* Processes that asked not to be traced (CLONE_UNTRACED); not known where calls are not
	 * seen. */
	uint64_t untraced_clones;
	uint64_t let_go;  /* threads that still ran at the end */
	pid_t keeper_pid; /* of the process that they need to live on; 0: none */
	/* Threads that were being made when we came, and may have made calls before they were
	 * seized. */
	uint64_t late_children;
	uint64_t late_threads; /* threads that another one put under a filter of the target's */
	uint64_t
	    refused_stricts;   /* calls for strict seccomp that failed since a filter was there */
	bool has_no_new_privs; /* set for that filter */
	bool is_filtered;      /* the target ran under a filter of ours */
	/* NULL: it was, or nobody wanted it. Lives as long as the plan. */
	const char *why_unfiltered;
};

/* Adds a note for each of them that there is any of, but for refused_stricts, which each client has
 * a remedy of its own for. `others`: the calls that nobody wanted, which stop without a filter:
 * "those outside the set". */
void trace_facts_note(const struct trace_facts *facts, const char *others, json_t *quality);

/* Empty, with the keeper that a filter takes; why_unfiltered says when that cannot be had. */
void trace_plan_init(struct trace_plan *plan, bool wants_filter);
void trace_plan_fini(struct trace_plan *plan);
/* In the held child, just before its exec; async-signal-safe. A filter that is refused is none: the
 * tracer sees how this went. */
void trace_plan_in_child(const struct trace_plan *plan);

struct trace_spec {
	const struct repeat *repeat; /* pids, or the held pid */
	const struct trace_plan *plan;
	const struct trace_client *client;
	void *context;
	bool wants_system_time; /* tracer_system_ns(), which costs the more the more threads */
	/* A descriptor that the client's functions use, for a tracer with a filter has its own; -1:
	   none. */
	int client_fd;
};

/* *tracer is set before the client is told anything; on an error it is no longer valid. */
int trace_start(struct tracer **tracer, const struct trace_spec *spec, struct diag *diag);
/* To poll for reading; trace_step() then, which reports what went wrong meanwhile. */
int trace_fd(const struct tracer *tracer);
int trace_step(struct tracer *tracer, struct diag *diag);
bool trace_target_ended(struct tracer *tracer, struct target_end *end);
/* Has the client's function called soon, in the tracer. Not for a tracer with a filter. */
void trace_poke(struct tracer *tracer);
/* Of a target that ran before: it is traced no more, and the client told of no call that ends after
 * this returns. trace_stop() is still to come. */
void trace_end(struct tracer *tracer);
/* False: the client has let go of the target (tracer_let_go()), so its end is for its parent to
 * see. trace_fd() is readable then. */
bool trace_has_target(const struct tracer *tracer);
/* Lets go of all that still runs, and frees the tracer; NULL is fine, for both. */
void trace_stop(struct tracer *tracer, struct trace_facts *facts);

#endif
