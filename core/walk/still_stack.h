/* Walks the stack of a thread that stands still and of which only SP and PC are known.
 *
 * So /proc/PID/syscall tells of a thread in a system call. Most frames need no more. Where one has
 * its CFA from a frame pointer that no frame before has saved, the frame pointer is looked for on
 * the stack: above it stands a return address behind a call, at best one to this very function, and
 * from it the walk must come to the stack's end. That is a guess, and said in the result.
 */
#ifndef CORE_STILL_STACK_H
#define CORE_STILL_STACK_H

#include "core/walk/stackwalk.h"

struct address_spaces;

/* The walker is of these spaces. Of the registers WALK_RIP and WALK_RSP count, the rest must be 0.
 * Where the frame pointer is not found the walk ends with UNWIND_NO_REGISTER. */
struct walk_result still_stack_walk(struct stack_walker *walker, struct address_spaces *spaces,
                                    pid_t pid, pid_t tid, const uint64_t *registers,
                                    struct recorded_frame frames[WALK_MAX_FRAMES]);

/* Does a call end at this address? code: the 8 bytes before it. *target: where it goes, relative to
 * the address; 0 where the code does not tell (a call through a register or memory). Intel SDM 2A,
 * "CALL": E8 and FF /2. */
bool still_stack_is_call(const uint8_t code[8], int64_t *target);

#endif
