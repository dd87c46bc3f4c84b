/* One compile unit: its functions and inlined calls by address, its lines, and what encloses a
 * name.
 *
 * A unit's tree is walked once, when the first address in it is asked for, and what is in a
 * function when something there is. Private to the DWARF reader.
 */
#ifndef CORE_SYMBOLIZE_DWARF_UNIT_H
#define CORE_SYMBOLIZE_DWARF_UNIT_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

enum { NO_SCOPE = UINT32_MAX };

/* A subprogram or an inlined call that has code. */
struct dwarf_scope {
	Dwarf_Die die;
	uint32_t parent; /* the one it is inlined into; NO_SCOPE: it is a function of its own */
};

struct diag;
struct dwarf_unit;
struct elf_file;
struct split_package;

/* A unit of `file`, which must outlive it, as the package of its split units must. Where the tree
 * of split DWARF is missing, *diag says so and the unit has lines only; otherwise it is left as it
 * is. */
struct dwarf_unit *dwarf_unit_new(Dwarf_CU *cu, const struct elf_file *file,
                                  struct split_package *package, struct diag *diag);
void dwarf_unit_free(struct dwarf_unit *unit);

/* The unit that holds its DIEs: with split DWARF another one than it was made from. */
Dwarf_CU *dwarf_unit_cu(const struct dwarf_unit *unit);

/* The innermost scope at an address, or NO_SCOPE. */
uint32_t dwarf_unit_find_scope(struct dwarf_unit *unit, uint64_t vaddr);
const struct dwarf_scope *dwarf_unit_scope(const struct dwarf_unit *unit, uint32_t scope);

/* A place in the source. `file` is relative to `directory` (the compiler's) unless it is absolute
 * or directory is NULL; both live with the Dwarf. */
struct dwarf_place {
	const char *directory;
	const char *file; /* NULL: unknown */
	uint32_t line;    /* 0: unknown */
};

/* The line table's row of an address. */
struct dwarf_place dwarf_unit_line(struct dwarf_unit *unit, uint64_t vaddr);

/* Where the inlined call of a scope stands in its caller. */
struct dwarf_place dwarf_unit_call_site(struct dwarf_unit *unit, uint32_t scope);

/* "ns::Class::" around the DIE of this unit, or ""; the caller frees it. For names that come
 * without a linkage name: constructors, mostly. */
char *dwarf_unit_qualifier(struct dwarf_unit *unit, Dwarf_Die *die);

#endif
