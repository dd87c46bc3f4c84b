/* The rule of an FDE that was found already, for callers that need the FDE too. */
#ifndef CORE_UNWIND_RULE_H
#define CORE_UNWIND_RULE_H

#include "core/unwind/fde.h"

/* The rule at vaddr, which must be in the FDE, and where the stretch of code ends that shares it
 * (*row_end, may be NULL). */
struct unwind_rule unwind_rule_of_fde(const struct unwind_section *eh_frame,
                                      const struct unwind_fde *fde, uint64_t vaddr,
                                      uint64_t *row_end);

/* Where the function saves registers, the return address among them, anywhere in its course: bit N,
 * from 1 to 63, is the word at CFA - 8 * N. 0: that cannot be told, since there are others, or it
 * saves none. */
uint64_t unwind_slots_of_fde(const struct unwind_section *eh_frame, const struct unwind_fde *fde);

#endif
