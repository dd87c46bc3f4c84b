/* What the ELF file of a program tells about it. Private to the look at the binary. */
#ifndef CORE_BINARY_ELF_H
#define CORE_BINARY_ELF_H

#include <stdbool.h>

struct binary;
struct elf_file;

/* Fills in what binary.h says of the file's contents, but for identity, size and hash. False: it is
 * no program but an object file, a core dump or a damaged one. */
bool binary_elf_read(struct binary *binary, const struct elf_file *file);

/* Do functions keep %rbp as frame pointer? 1 yes, 0 no, -1 it cannot be told: other machines, no
 * symbols, few functions, or some do and some do not. */
int binary_elf_frame_pointers(const struct elf_file *file);

#endif
