/* Search tables for objects that have .eh_frame but no .eh_frame_hdr, as static programs made by
 * gcc.
 *
 * Without one each look-up reads .eh_frame from its start: 0.3 ms where there are 10,000 functions.
 * Made once an object, at its first look-up, in the format of an .eh_frame_hdr, so that the
 * unwinder needs to know nothing of it.
 */
#ifndef CORE_UNWIND_INDEX_H
#define CORE_UNWIND_INDEX_H

#include "core/unwind/unwind.h"

struct elf_image;
struct unwind_index;

struct unwind_index *unwind_index_new(void);
void unwind_index_free(struct unwind_index *index);

/* The object's tables, with a search table where they had none. They live as long as the index and
 * the given tables do. An object keeps its tables: what was made for it first is given out again.
 */
struct unwind_tables unwind_index_tables(struct unwind_index *index, uint32_t object,
                                         const struct unwind_tables *tables);

/* What an object has in .debug_frame, as tables that can be searched (core/walk/debug_frame.h);
 * empty: nothing that can be read. They live as long as the index. */
struct unwind_tables unwind_index_debug_tables(struct unwind_index *index, uint32_t object,
                                               const struct elf_image *elf);

#endif
