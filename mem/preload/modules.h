/* The loaded objects: their unwind tables for us, and their list in the section for the driver. */
#ifndef MEM_PRELOAD_MODULES_H
#define MEM_PRELOAD_MODULES_H

#include "core/unwind/unwind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_section;

/* False: no memory for the list. */
bool modules_init(void);

/* The rule for a frame at an address of this process, which is that before a return address when
 * `is_return`; asks the dynamic linker for objects loaded since the last
 * question. Sets *may_remember when the answer holds until an object is unloaded. */
struct unwind_rule modules_find_rule(uint64_t addr, bool is_return, bool *may_remember);

/* To be called after a dlclose(3): when an object has really gone, its ranges are forgotten and a
 * new generation begins. */
void modules_unloaded(void);

/* Gives a forked child's section the list of its parent's. */
void modules_copy(struct wire_section *to, const struct wire_section *from);

#endif
