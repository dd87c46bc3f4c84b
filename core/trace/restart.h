/* Lets a call go on that ended with EINTR only since its thread is traced.
 *
 * Most calls that a stop interrupts are begun again by the kernel, timeouts and all. Some are not
 * (signal(7), "Interruption of system calls and library functions by stop signals"): then a signal
 * that the program ignores, which nobody would have seen, and PTRACE_INTERRUPT, end them.
 */
#ifndef CORE_TRACE_RESTART_H
#define CORE_TRACE_RESTART_H

#include <stdint.h>

struct tracee;

/* The thread has stopped for this signal, or, with 0, for us. Where the program ignores the signal,
 * and no other is about to come, an interrupted call is begun again, with the whole of its timeout;
 * when that has passed since the first time, it ends by it. So a call lasts at most twice as long
 * as it should. */
void restart_interrupted_call(struct tracee *tracee, int signal);

/* The thread's call has returned this. Where nobody else stops a thread with tracee->restarted.ip at
 * its calls, it is to be done for this: the next call may be made at the same place, and has a
 * timeout of its own. */
void restart_note_end(struct tracee *tracee, int64_t result);

#endif
