/* An ELF file in memory, made of sections whose bytes lie elsewhere, which libdw takes for one that
 * was read. Private to the DWARF reader.
 */
#ifndef CORE_SYMBOLIZE_MADE_ELF_H
#define CORE_SYMBOLIZE_MADE_ELF_H

#include "core/symbolize/range_list.h"

#include <libelf.h>
#include <stddef.h>

struct made_elf;

struct made_section {
	const char *name;
	struct byte_range bytes;
};

/* The bytes must outlive the result, the names need not. `fd` is of any open file: libelf only asks
 * whether it is open. NULL: libelf refuses. */
struct made_elf *made_elf_new(const struct made_section *sections, size_t n, int fd);
void made_elf_free(struct made_elf *made); /* NULL is fine */

Elf *made_elf_elf(const struct made_elf *made);

#endif
