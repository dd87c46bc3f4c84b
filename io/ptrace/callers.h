/* Finds from where the calls of traced threads are made (--stacks). Runs in the tracer.
 *
 * A stack is walked where its thread stands at the entry of a call, before exec or sigreturn change
 * it.
 */
#ifndef IO_PTRACE_CALLERS_H
#define IO_PTRACE_CALLERS_H

#include <stdint.h>

struct caller_space;
struct callers;
struct io_call;
struct io_sites;
struct tracee;

/* What is known of a thread. All zero: nothing yet. */
struct caller {
	struct caller_space *space; /* the address space that it lives in */
	uint32_t name;              /* a thread of the recording */
	uint32_t call_name;         /* the same, when its call began */
	uint32_t call_stack;        /* from where it was made; 0: not known */
};

/* What is found goes into the sites, which must outlive it; those without any: NULL. */
struct callers *callers_new(struct io_sites *sites);
/* All functions take a NULL, and do nothing then. */
void callers_free(struct callers *callers);

/* The thread begins a program, or is found in one, as the first of its process. */
void callers_begin(struct callers *callers, struct caller *caller);
/* It is found in the same one as `sibling`, another thread of its process. */
void callers_join(const struct callers *callers, struct caller *caller,
                  const struct caller *sibling);
/* `tracee` is the child; `flags` says what the two share, as clone's do. */
void callers_fork(struct callers *callers, const struct caller *parent, struct caller *child,
                  const struct tracee *tracee, uint64_t flags);
void callers_rename(const struct callers *callers, struct caller *caller,
                    const struct tracee *tracee, const char *comm);
void callers_end(struct callers *callers, struct caller *caller);

/* The thread stands at the entry of a call that counts. */
void callers_enter(const struct callers *callers, struct caller *caller,
                   const struct tracee *tracee);
/* It has returned. */
void callers_add(const struct callers *callers, const struct caller *caller,
                 const struct io_call *call);
/* Any call has returned: there may be other code now. */
void callers_note_code(const struct callers *callers, const struct caller *caller,
                       const struct tracee *tracee, const char *call);

#endif
