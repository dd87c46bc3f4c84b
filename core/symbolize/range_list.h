/* Address ranges of DWARF: .debug_rnglists (DWARF 5 section 7.25) and .debug_ranges (DWARF 4
 * section 2.17.3), for units whose first address is said elsewhere.
 *
 * Pure: reads only the given bytes, which must outlive the walk. Any bytes are safe.
 */
#ifndef CORE_SYMBOLIZE_RANGE_LIST_H
#define CORE_SYMBOLIZE_RANGE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct byte_range {
	const uint8_t *bytes;
	size_t len;
};

/* What lists of a unit refer to. */
struct range_lists {
	struct byte_range rnglists;  /* from the header of the unit's lists */
	struct byte_range ranges;    /* from the unit's DW_AT_GNU_ranges_base */
	struct byte_range addresses; /* .debug_addr from the unit's DW_AT_addr_base */
	uint64_t base;               /* the unit's DW_AT_low_pc */
};

struct range_walk {
	const struct range_lists *lists;
	struct byte_range rest; /* of the list */
	uint64_t base;
	bool is_old; /* of .debug_ranges */
};

/* A list by its offset in .debug_rnglists, or in .debug_ranges when the unit has none of the
 * former.
 */
void range_walk_begin(struct range_walk *walk, const struct range_lists *lists, uint64_t offset);
/* By its number in the table of offsets (DW_FORM_rnglistx). */
void range_walk_begin_numbered(struct range_walk *walk, const struct range_lists *lists,
                               uint64_t number);

/* False at the end of the list, and where it is damaged. */
bool range_walk_next(struct range_walk *walk, uint64_t *start, uint64_t *end);

/* The bytes from an offset on; none when it lies beyond them. */
struct byte_range bytes_from(struct byte_range range, uint64_t offset);

/* Takes a number from the front (DWARF 5 section 7.6). False: there is none. */
bool bytes_take_uleb(struct byte_range *range, uint64_t *number);

#endif
