/* Keeps whose code each thread runs, and walks its stack at its calls. */
#include "io/ptrace/callers.h"

#include "core/alloc.h"
#include "core/recording.h"
#include "core/trace/trace.h"
#include "core/walk/traced_stacks.h"
#include "io/sites.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

/* An address space, from its exec or fork to its end. */
struct caller_space {
	struct traced_code code;
	size_t n_threads; /* of all processes that live in it */
	struct caller_space *next;
};

struct callers {
	struct io_sites *sites;
	struct traced_stacks *stacks;
	struct caller_space *spaces; /* all that there were */
};

struct callers *callers_new(struct io_sites *sites)
{
	struct callers *callers;

	if (!sites)
		return NULL;
	callers = xcalloc(1, sizeof(*callers));
	callers->sites = sites;
	callers->stacks = traced_stacks_new(sites->recording);
	return callers;
}

static void free_spaces(struct callers *callers)
{
	struct caller_space *next;

	for (struct caller_space *space = callers->spaces; space; space = next) {
		next = space->next;
		callers->sites->guessed_stacks += space->code.guessed_stacks;
		free(space);
	}
}

void callers_free(struct callers *callers)
{
	if (!callers)
		return;
	free_spaces(callers);
	traced_stacks_free(callers->stacks);
	free(callers);
}

static void leave_space(const struct callers *callers, struct caller *caller)
{
	struct caller_space *space = caller->space;

	caller->space = NULL;
	if (space && --space->n_threads == 0)
		traced_stacks_end(callers->stacks, &space->code);
}

static void enter_new_space(struct callers *callers, struct caller *caller)
{
	struct caller_space *space = xcalloc(1, sizeof(*space));

	leave_space(callers, caller);
	space->n_threads = 1;
	space->next = callers->spaces;
	callers->spaces = space;
	caller->space = space;
}

static void enter_space_of(struct caller *caller, const struct caller *other)
{
	caller->space = other->space;
	caller->space->n_threads++;
}

void callers_begin(struct callers *callers, struct caller *caller)
{
	if (callers)
		enter_new_space(callers, caller);
}

void callers_join(const struct callers *callers, struct caller *caller,
                  const struct caller *sibling)
{
	if (callers)
		enter_space_of(caller, sibling);
}

void callers_rename(const struct callers *callers, struct caller *caller,
                    const struct tracee *tracee, const char *comm)
{
	if (callers)
		caller->name =
		    recording_add_thread(callers->sites->recording, tracee->pid, tracee->tid, comm);
}

/* The pointer to a thread of the recording does not outlive the next one. */
static void name_like(const struct callers *callers, struct caller *child,
                      const struct tracee *tracee, const struct caller *parent)
{
	struct recorded_thread named = *recording_thread(callers->sites->recording, parent->name);

	callers_rename(callers, child, tracee, named.comm);
}

void callers_fork(struct callers *callers, const struct caller *parent, struct caller *child,
                  const struct tracee *tracee, uint64_t flags)
{
	if (!callers)
		return;
	name_like(callers, child, tracee, parent);
	if (flags & CLONE_VM && parent->space)
		enter_space_of(child, parent);
	else
		enter_new_space(callers, child);
}

void callers_end(struct callers *callers, struct caller *caller)
{
	if (callers)
		leave_space(callers, caller);
}

void callers_enter(const struct callers *callers, struct caller *caller,
                   const struct tracee *tracee)
{
	if (!callers)
		return;
	caller->call_stack = 0;
	caller->call_name = caller->name;
	if (caller->space)
		caller->call_stack = traced_stacks_walk(callers->stacks, &caller->space->code,
		                                        tracee->pid, tracee->tid);
}

/* The target's own exec was begun by us: it has no callers, and is the new program's. */
void callers_add(const struct callers *callers, const struct caller *caller,
                 const struct io_call *call)
{
	if (!callers)
		return;
	io_sites_add(callers->sites, caller->call_stack ? caller->call_name : caller->name,
	             io_sites_stack(callers->sites, caller->call_stack, call->info), call, 1);
}

/* What a flag in argument 2 makes code of; 0: whatever it is. What mprotect(2) makes of memory that
 * had no code is found when it is needed, but it may be other memory than there was. */
static const struct {
	const char *name;
	uint64_t flag;
} code_calls[] = {
    {"mmap", PROT_EXEC},          {"mmap2", PROT_EXEC}, {"mprotect", PROT_EXEC},
    {"pkey_mprotect", PROT_EXEC}, {"mremap", 0},        {"shmat", SHM_EXEC},
};

void callers_note_code(const struct callers *callers, const struct caller *caller,
                       const struct tracee *tracee, const char *call)
{
	if (!callers || !caller->space)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(code_calls); i++)
		if (!strcmp(call, code_calls[i].name) &&
		    (!code_calls[i].flag || tracee->args[2] & code_calls[i].flag))
			traced_code_forget(&caller->space->code);
}
