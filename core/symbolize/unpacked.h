/* The DWARF of a file whose sections are compressed, unpacked: what is asked for here, and faster
 * than libdw would, which takes zlib for it.
 *
 * gABI, "Compression of sections": an Elf64_Chdr and a zlib stream. Private to the DWARF reader.
 */
#ifndef CORE_SYMBOLIZE_UNPACKED_H
#define CORE_SYMBOLIZE_UNPACKED_H

#include <libelf.h>

struct elf_file;
struct unpacked;

/* NULL: nothing there is compressed, or libdw shall see to it, and say what is wrong with it: other
 * compressions, 32-bit files, damaged ones. `file` must outlive the result. */
struct unpacked *unpacked_new(const struct elf_file *file);
void unpacked_free(struct unpacked *unpacked); /* NULL is fine */

/* An ELF file with these sections alone. */
Elf *unpacked_elf(const struct unpacked *unpacked);

#endif
