/* Unwind tables of objects that have them in .debug_frame only, as Go's programs and what compilers
 * make with -g -fno-asynchronous-unwind-tables.
 *
 * The formats differ in how a CIE is marked and found, and in the CIE's fields from DWARF 4 on
 * (DWARF 5, 6.4.1; LSB 5.0, 10.6): so a copy of the section is turned into an .eh_frame, and the
 * unwinder needs to know nothing of it.
 */
#ifndef CORE_DEBUG_FRAME_H
#define CORE_DEBUG_FRAME_H

#include "core/walk/elf_image.h"

/* The section as an .eh_frame, which the caller frees as *bytes; size 0: the file has none, or none
 * that can be read. Sections that are compressed by zlib are. An entry that does not belong into
 * one, and all behind it, is left out. */
struct unwind_section debug_frame_as_eh_frame(const struct elf_image *elf, uint8_t **bytes);

#endif
