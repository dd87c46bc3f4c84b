/* The symbol table that some distributions leave in stripped programs (Fedora: "MiniDebuginfo").
 *
 * Format: gdb manual, "Debugging information in a special section": .gnu_debugdata is an
 * xz-compressed ELF file whose .symtab holds the functions that .dynsym does not name.
 */
#ifndef CORE_SYMBOLIZE_MINIDEBUG_H
#define CORE_SYMBOLIZE_MINIDEBUG_H

struct diag;
struct elf_file;

/* -ENOENT: the file has none. Another -errno: it cannot be used, with a sentence. */
int minidebug_open(struct elf_file **inner, const struct elf_file *file, struct diag *diag);

#endif
