/* .debug_aranges: which unit holds an address (DWARF 5 section 6.1.2).
 *
 * Compilers may leave units out, and clang and rustc write none at all, so an address that is not
 * there may have a unit all the same. Pure: any bytes are safe.
 */
#ifndef CORE_SYMBOLIZE_ARANGES_H
#define CORE_SYMBOLIZE_ARANGES_H

#include "core/symbolize/range_list.h"

struct interval_map;

/* Adds the ranges of the section to the map; their values are the offsets of the units' headers in
 * .debug_info. What is damaged, or of 64-bit DWARF, is left out. */
void aranges_read(struct byte_range section, struct interval_map *unit_offsets);

#endif
