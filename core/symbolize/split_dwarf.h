/* Split DWARF: a unit whose tree of functions lies in another file, a .dwo or one .dwp for many.
 *
 * Formats: DWARF 5 sections 7.3.2 to 7.3.6 and appendix F; for DWARF 4 the GNU extension
 * (https://gcc.gnu.org/wiki/DebugFission, .../DebugFissionDWP). libdw 0.188 reads no packages, and
 * opens whatever a .dwo's name leads to, a FIFO too. So the two halves are put together here, as an
 * ELF file in memory that libdw takes for one with all sections of its own. Private to the DWARF
 * reader.
 */
#ifndef CORE_SYMBOLIZE_SPLIT_DWARF_H
#define CORE_SYMBOLIZE_SPLIT_DWARF_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

struct diag;
struct elf_file;
struct range_walk;
struct split_dwarf;

/* FILE.dwp, looked for when first asked and then kept open for all units. Starts zeroed. */
struct split_package {
	bool was_tried;
	struct elf_file *file; /* NULL: there is none */
};

void split_package_fini(struct split_package *package);

/* The tree of a skeleton unit of `file`, which must outlive it, as the package must: from the
 * latter when it holds the unit, else from the file that the skeleton names. 0, or -errno with a
 * sentence. */
int split_dwarf_open(struct split_dwarf **split, Dwarf_Die *skeleton, uint64_t unit_id,
                     const struct elf_file *file, struct split_package *package, struct diag *diag);
void split_dwarf_free(struct split_dwarf *split);

/* The root of the tree. */
Dwarf_Die split_dwarf_root(const struct split_dwarf *split);

/* The ranges of a DIE that has no DW_AT_low_pc and DW_AT_high_pc: none where it has no code. libdw
 * knows the lists, but not where the unit's code begins. */
void split_dwarf_ranges(const struct split_dwarf *split, Dwarf_Die *die, struct range_walk *walk);

#endif
