/* Steps over frames whose CFI no compact rule can hold, with libunwind over the same registers,
 * stack and tables.
 *
 * Such a frame may need any register, and a walk by rules carries only three: so libunwind walks
 * from the leaf with all of them, and stays where it is for the next such frame of the same sample.
 * Slow (some us a frame) and rare. Not thread-safe.
 */
#ifndef CORE_FULL_CFI_H
#define CORE_FULL_CFI_H

#include "core/unwind/unwind.h"

#include <sys/types.h>

struct address_spaces;
struct sampled_stack;
struct full_cfi;

/* `spaces` must outlive it. */
struct full_cfi *full_cfi_new(struct address_spaces *spaces);
void full_cfi_free(struct full_cfi *cfi);

/* The sample that the following steps are about: its registers in the order of enum walk_register
 * (core/walk/stackwalk.h). Both pointers are kept. */
void full_cfi_begin(struct full_cfi *cfi, pid_t pid, const uint64_t *registers,
                    struct sampled_stack *stack);

/* As unwind_step(), for frame number `index` (the leaf is 0), which must be at *frame. Indexes
 * ascend within a sample. UNWIND_COMPLEX: libunwind cannot step it either, or came another way. */
enum unwind_end full_cfi_step(struct full_cfi *cfi, size_t index, struct unwind_registers *frame,
                              bool *is_signal_frame);

#endif
