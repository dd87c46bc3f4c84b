/* What DWARF says of an address: the function, the calls inlined there, files and lines.
 *
 * Lazy: opening reads .debug_aranges; the ranges of all units are listed when an address is not
 * there; a unit's functions are indexed when an address in it is first asked for (DWARF 5 sections
 * 6.1.2, 3.3 and 2.17, 6.2 for lines). libdw does the decoding, and damaged data costs names, never
 * the run. Not thread-safe.
 */
#ifndef CORE_SYMBOLIZE_DWARF_INFO_H
#define CORE_SYMBOLIZE_DWARF_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct dwarf_info;
struct elf_file;
struct string_pool;

struct dwarf_frame {
	const char *function; /* demangled; NULL: DWARF names none */
	const char *linkage;  /* mangled; NULL: not mangled */
	const char *file;     /* NULL: unknown */
	uint32_t line;        /* 0: unknown */
};

/* `shared` is the dwz file of `file`, or NULL. Both, and the pool that holds the texts, must
 * outlive the result. 0, or -errno with a sentence. */
int dwarf_info_open(struct dwarf_info **info, const struct elf_file *file,
                    const struct elf_file *shared, struct string_pool *texts, struct diag *diag);
void dwarf_info_free(struct dwarf_info *info);

/* Does ahead what the first look-ups would have to. */
void dwarf_info_prepare(struct dwarf_info *info);

/* A sentence about what was asked for and could not be read, or NULL: a list of units that breaks
 * off, split DWARF. */
const char *dwarf_info_trouble(const struct dwarf_info *info);

/* The frames at an address, innermost first; all but the last are inlined into the next. The last
 * may have no function (assembly has lines only). Returns how many there are, 0: DWARF knows
 * nothing of the address. *frames is valid until the next call. */
size_t dwarf_info_look_up(struct dwarf_info *info, uint64_t vaddr,
                          const struct dwarf_frame **frames);

/* Calls `visit` with the name of each function that the file has or has inlined, demangled, until
 * it returns false. A name may come several times. False: it did. */
bool dwarf_info_each_function(struct dwarf_info *info,
                              bool (*visit)(void *context, const char *function), void *context);

#endif
