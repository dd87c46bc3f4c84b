/* The function symbols of an ELF file, and the functions its PLT stubs jump to.
 *
 * All add to a symbol table whose names lie in the file, which must outlive it.
 */
#ifndef CORE_SYMBOLIZE_ELF_SYMBOLS_H
#define CORE_SYMBOLIZE_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

struct elf_file;
struct symbol_table;

bool elf_symbols_has(const struct elf_file *file,
                     uint32_t section_type); /* SHT_SYMTAB, SHT_DYNSYM */

/* Sizes and preferences: a symbol with a size beats one without; inside another one the inner wins.
 * A symbol without size reaches to the next symbol that is at least as much of a function (an
 * assembler's local label never cuts a function short), at most to the end of its section. At one
 * address: function over label, visible over local, fewer leading underscores, strong over weak,
 * alphabet. Symbols outside code are left out. */
void elf_symbols_load(struct symbol_table *table, const struct elf_file *file,
                      uint32_t section_type);

/* Calls `visit` with each function symbol that is defined there, until it returns false. False: it
 * did. IFUNCs are left out: what runs under their name is another function. */
typedef bool symbol_visitor(void *context, const char *symbol, uint64_t address);
bool elf_symbols_each(const struct elf_file *file, uint32_t section_type, symbol_visitor *visit,
                      void *context);

/* Names stubs "printf@plt" by the GOT slot that each jumps through (x86-64 psABI, "Procedure
 * Linkage Table"). Slots of IFUNCs are named after the symbol at their resolver, so load the
 * symbols first. */
void elf_symbols_load_plt(struct symbol_table *table, const struct elf_file *file);

/* The GOT's slots, by the names of what the loader puts there; IFUNCs of the file's own have none.
 */
void elf_symbols_load_got(struct symbol_table *table, const struct elf_file *file);

#endif
