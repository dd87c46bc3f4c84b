/* Finds an object's unwind tables: in the image of its ELF file, or where a process has it loaded.
 *
 * Pure parsing of given memory (gabi ELF-64; LSB 5.0, 10.6): no library, no heap, no I/O. The
 * tables point into that memory, which must outlive them.
 */
#ifndef CORE_UNWIND_TABLES_H
#define CORE_UNWIND_TABLES_H

#include "core/unwind/unwind.h"

#include <elf.h>

/* Whether the bytes begin as an ELF64 file for x86-64 does: nothing else is read here. */
bool unwind_is_elf(const void *image, size_t size_bytes);

/* From the bytes of an ELF file (mapped, or the vdso's image): PT_GNU_EH_FRAME, and the section
 * headers where there is none, as in most static programs. False, with both sizes 0: not an x86-64
 * ELF file, or one without .eh_frame. */
bool unwind_tables_of_file(struct unwind_tables *tables, const void *image, size_t size_bytes);

/* From the program headers of a module that is loaded in this process, as dl_iterate_phdr(3) gives
 * them. Here the end of .eh_frame is that of its segment; it has a terminator. False: the module
 * has no PT_GNU_EH_FRAME. */
bool unwind_tables_of_module(struct unwind_tables *tables, const Elf64_Phdr *headers,
                             size_t n_headers, uint64_t load_bias);

#endif
