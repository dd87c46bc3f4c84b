/* What a client may ask of its tracer, and how it steers it.
 *
 * To be called in the tracer, by a function of struct trace_client (core/trace/trace.h); "the stop"
 * is that of which the client is told then. None of these functions report errors: a thread that
 * was killed meanwhile is told by thread_ends, and what else goes wrong by trace_step().
 */
#ifndef CORE_TRACE_TRACER_H
#define CORE_TRACE_TRACER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct tracee;
struct tracer;

/* When the stop was seen, on CLOCK_MONOTONIC; and since the start of the repeat. */
uint64_t tracer_stopped_ns(const struct tracer *tracer);
uint64_t tracer_elapsed_ns(const struct tracer *tracer);

/* The system time that the stopped thread has used so far, as the kernel estimates it. For who has
 * said that it wants that (struct trace_spec). */
uint64_t tracer_system_ns(const struct tracer *tracer);

/* The target's own exec has succeeded. */
bool tracer_has_begun(const struct tracer *tracer);

/* Of the process that launched the target. */
pid_t tracer_driver(const struct tracer *tracer);

/* Lets a thread go on that the client has kept (it answered call_begins or thread_exits with
 * false), with that signal or 0. */
void tracer_resume(struct tracer *tracer, pid_t tid, int signal);

/* At program_begins: the process goes on without us, and all that it makes; it and what hangs on it
 * are gone then, as thread_ends tells. */
void tracer_let_go(struct tracee *tracee);

/* Where calls are not seen: the thread shall stand still, wherever it is; thread_halts tells when
 * it does, unless it is at its exit by then. Nothing of that is left when it goes on: it stays in a
 * stop of its shell's, gets the signal that was about to come, and goes on with its call. */
void tracer_halt(struct tracee *tracee);
void tracer_go_on(struct tracer *tracer, struct tracee *tracee);

/* Makes trace_fd() readable. */
void tracer_ring(const struct tracer *tracer);

/* From now on the client is woken again and again (`woken`), also when no thread stops; 0: no more.
 */
void tracer_wake_every(struct tracer *tracer, uint64_t interval_ns);

/* The thread is in fork, vfork, clone or clone3. */
bool tracee_makes_child(const struct tracee *tracee);
/* The flags of the clone-like call that the thread is in; those that it implies for others. */
uint64_t tracee_clone_flags(const struct tracee *tracee);

#endif
