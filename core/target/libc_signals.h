/* The signals that the C library keeps for itself, as they were for us when we began.
 *
 * glibc's posix_spawn(3), by which make and others start programs, leaves 32 and 33 ignored
 * (SIGCANCEL and SIGSETXID; sysdeps/unix/sysv/linux/spawni.c). pthread_create(3) of ours takes the
 * second one, and exec(2) makes of a handler the default: a target is to find what we found.
 */
#ifndef CORE_LIBC_SIGNALS_H
#define CORE_LIBC_SIGNALS_H

/* To be called before there is another thread. */
void libc_signals_note(void);

/* In a launched child: back to what was noted. Async-signal-safe. */
void libc_signals_restore(void);

#endif
