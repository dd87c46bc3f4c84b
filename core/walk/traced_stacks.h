/* The stacks of threads that their tracer has stopped: walked out of process, by registers and
 * memory, each stored once. Not thread-safe.
 */
#ifndef CORE_TRACED_STACKS_H
#define CORE_TRACED_STACKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct traced_stacks;
struct recording;

/* What an address space has mapped as code, as far as it was looked at. All zero: not yet. */
struct traced_code {
	pid_t pid;        /* whose mappings were read; 0: they have to be, before the next walk */
	uint64_t reading; /* the how many-eth that was; no other has this number */
	/* Of which frames were found by frame pointers, for want of tables. */
	uint64_t guessed_stacks;
};

/* Objects and stacks go into the recording, which must outlive it. To be called where the threads
 * are traced: the descriptors of objects belong there. */
struct traced_stacks *traced_stacks_new(struct recording *recording);
void traced_stacks_free(struct traced_stacks *stacks); /* NULL is fine */

/* The stack of a thread that its tracer has stopped, as an id of the recording; 0: it was killed
 * meanwhile. `pid` is that of its process. */
uint32_t traced_stacks_walk(struct traced_stacks *stacks, struct traced_code *code, pid_t pid,
                            pid_t tid);

/* There may be other code now. */
void traced_code_forget(struct traced_code *code);
/* The address space has ended. */
void traced_stacks_end(struct traced_stacks *stacks, struct traced_code *code);

#endif
