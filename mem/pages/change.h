/* What one system call that has returned did to an address space. */
#ifndef MEM_PAGES_CHANGE_H
#define MEM_PAGES_CHANGE_H

#include "mem/pages/calls.h"
#include "mem/pages/image.h"

struct tracee;

/* The pages that a call gave, or those that it took, when they were in one piece. */
struct pages_piece {
	uint64_t start;
	uint64_t end;
};

/* Enters what the call did, but for the event's end. `piece` is that of its pages; empty: none, or
 * not in one piece. */
void pages_change(struct pages_image *image, struct pages_event *event, const struct tracee *tracee,
                  enum pages_call call, int64_t result, struct pages_piece *piece);

/* Could it have given pages, or taken some? Then it is worth to be entered. */
bool pages_changes(const struct pages_image *image, const struct tracee *tracee,
                   enum pages_call call, int64_t result);

/* Makes the space what /proc says that it is, and returns how many bytes that changed.
 * `with_stack`: also what a stack has grown by itself; else image->stack_growth_bytes gets that. */
uint64_t pages_resync(struct pages_image *image, struct pages_event *event, pid_t tid,
                      bool with_stack);

#endif
