/* A program's address space from its exec or fork to its end: whose it is, and whose turn it is to
 * change it. */
#ifndef MEM_PAGES_IMAGE_H
#define MEM_PAGES_IMAGE_H

#include "core/trace/tracee.h"
#include "core/walk/traced_stacks.h"
#include "mem/moments.h"
#include "mem/pages/space.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pages_image {
	struct pages_space space;
	struct traced_code code;
	pid_t pid; /* of the process that it was made for */
	pid_t parent_pid;
	unsigned exec_number;
	char comm[16];
	char *command;
	char *executable;
	bool is_fork;
	bool was_replaced; /* its process began another program */
	bool has_huge;     /* pages larger than PAGES_BYTES, whose lengths the kernel rounds */
	bool has_exit;     /* its process ended in it, with wait_status */
	int wait_status;   /* as waitpid(2) gives it */
	uint64_t brk;      /* the program break; 0: not known */

	struct moments moments;

	size_t n_threads; /* of all processes that live in it */
	size_t n_exiting; /* of these, about to end */

	/* Calls that change it are made one after the other, so that their order is known. */
	pid_t turn; /* the thread in such a call; 0: none */
	struct tracee_sleep turn_sleep;
	/* Not 0: no longer so, since one of them waited for others, which were let go. */
	uint64_t n_out_of_turn;
	pid_t *waiting;
	size_t n_waiting;
	size_t waiting_capacity;

	/* What does not follow from the calls, by the last look at /proc. */
	uint64_t stack_growth_bytes;
	uint64_t unexplained_bytes;
};

struct pages_image *pages_image_new(pid_t pid, const char *command);
void pages_image_free(struct pages_image *image); /* NULL is fine */

/* True: the thread may go on, and has the turn. False: it waits for it. */
bool pages_image_take_turn(struct pages_image *image, pid_t tid);
/* The thread has the turn no more, or no longer waits. Returns who has it now and waited for it; 0:
 * nobody. */
pid_t pages_image_pass_turn(struct pages_image *image, pid_t tid);

#endif
