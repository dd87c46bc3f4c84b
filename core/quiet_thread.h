/* Threads of ours that no signal is delivered to: signals are the business of the thread that has
 * always been there. */
#ifndef CORE_QUIET_THREAD_H
#define CORE_QUIET_THREAD_H

#include <pthread.h>

/* As pthread_create(3) without attributes: 0 or an errno. */
int quiet_thread_create(pthread_t *thread, void *(*run)(void *), void *argument);

#endif
