/* A thread that does what can be done when a process has gone on, so that neither that nor the
 * tracer waits: one piece of work after the other, in the order in which they were given. */
#ifndef MEM_LEAKS_WORK_QUEUE_H
#define MEM_LEAKS_WORK_QUEUE_H

struct work_queue;

/* The thread begins with the first work, and has the signal mask of who gave it. */
struct work_queue *work_queue_new(void);
void work_queue_free(struct work_queue *queue); /* after work_queue_finish(); NULL is fine */

/* Where no thread can be had, the caller's does it at once. By one thread at a time. */
void work_queue_add(struct work_queue *queue, void (*work)(void *context), void *context);

/* Returns when all that was given is done. More may be given after that. */
void work_queue_finish(struct work_queue *queue);

#endif
