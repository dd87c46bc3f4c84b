/* Finds the frame description entry (FDE) of an address, and reads it and its CIE.
 *
 * Formats: LSB 5.0, 10.6 "Exception Frames". All pointers in the results point into the tables.
 */
#ifndef CORE_UNWIND_FDE_H
#define CORE_UNWIND_FDE_H

#include "core/unwind/unwind.h"

/* A run of call frame instructions or of a DWARF expression. */
struct unwind_span {
	const uint8_t *data;
	size_t size_bytes;
};

struct unwind_cie {
	uint64_t code_alignment;
	int64_t data_alignment;
	uint64_t return_register;
	uint8_t pointer_encoding;
	bool has_augmentation_data;
	bool is_signal_frame;
	struct unwind_span instructions;
};

struct unwind_fde {
	struct unwind_cie cie;
	size_t cie_offset; /* in .eh_frame */
	size_t offset;     /* in .eh_frame */
	uint64_t start;    /* vaddr of the first instruction it covers */
	uint64_t end;
	struct unwind_span instructions;
};

enum fde_found {
	FDE_FOUND,
	FDE_NONE,
	FDE_BAD, /* the tables are malformed */
};

/* The FDE that covers an address of the object: by binary search in .eh_frame_hdr, or by reading
 * .eh_frame from its start when there is no search table. */
enum fde_found unwind_fde_find(const struct unwind_tables *tables, uint64_t vaddr,
                               struct unwind_fde *fde);

/* Walks all FDEs: start with *offset = 0; FDE_NONE at the end. *fde must be zeroed before the first
 * call: it remembers the CIE from entry to entry. */
enum fde_found unwind_fde_next(const struct unwind_section *eh_frame, size_t *offset,
                               struct unwind_fde *fde);

/* Where .eh_frame begins as .eh_frame_hdr says; false when it does not say. */
bool unwind_hdr_eh_frame(const struct unwind_section *eh_frame_hdr, uint64_t *vaddr);

#endif
