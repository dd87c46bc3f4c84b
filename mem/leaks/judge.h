/* A thread that does what can be done when a process has gone on, so that neither that nor the
 * tracer waits: one piece of work after the other, in the order in which they were given. */
#ifndef MEM_LEAKS_JUDGE_H
#define MEM_LEAKS_JUDGE_H

struct judge;

/* The thread begins with the first work, and has the signal mask of who gave it. */
struct judge *judge_new(void);
void judge_free(struct judge *judge); /* after judge_finish(); NULL is fine */

/* Where no thread can be had, the caller's does it at once. By one thread at a time. */
void judge_give(struct judge *judge, void (*work)(void *context), void *context);

/* Returns when all that was given is done. More may be given after that. */
void judge_finish(struct judge *judge);

#endif
