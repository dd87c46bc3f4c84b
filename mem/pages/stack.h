/* The stacks of stopped threads, for pages: walked out of process, each stored once. */
#ifndef MEM_PAGES_STACK_H
#define MEM_PAGES_STACK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pages_stacks;
struct recording;

/* What an address space has mapped as code, as far as it was looked at. All zero: not yet. */
struct pages_code {
	pid_t pid; /* whose mappings were read; 0: they have to be, before the next walk */
	uint64_t
	    guessed_stacks; /* of which frames were found by frame pointers, for want of tables */
};

/* To be called where the threads are traced: the descriptors of objects belong there. */
struct pages_stacks *pages_stacks_new(void);
void pages_stacks_free(struct pages_stacks *stacks);

/* The stack of a thread that its tracer has stopped; an id of pages_stacks_recording(). `pid` is
 * that of its process. */
uint32_t pages_stacks_walk(struct pages_stacks *stacks, struct pages_code *code, pid_t pid,
                           pid_t tid);

/* There may be other code now. */
void pages_code_forget(struct pages_code *code);
/* The address space has ended. */
void pages_stacks_end(struct pages_stacks *stacks, struct pages_code *code);

const struct recording *pages_stacks_recording(const struct pages_stacks *stacks);

#endif
