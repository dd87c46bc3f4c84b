/* Reads the sets of .debug_aranges, one a unit. */
#include "core/symbolize/aranges.h"

#include "core/symbolize/interval_map.h"

#include <stdbool.h>
#include <string.h>

/* Real files have some 10,000 ranges. */
enum { MAX_RANGES = 1 << 22 };

/* What all sets that are read begin with; the first range comes at a multiple of its size. */
enum { HEADER_BYTES = 12, RANGES_AT = 16 };

struct address_range {
	uint64_t start;
	uint64_t len;
};

/* A set without its length, as it stands in the file. */
struct set_header {
	uint16_t version;
	uint32_t unit_offset;
	uint8_t address_bytes;
	uint8_t segment_bytes;
} __attribute__((packed));

static void read_set(struct byte_range set, struct interval_map *unit_offsets)
{
	struct byte_range rest = bytes_from(set, RANGES_AT);
	struct address_range range;
	struct set_header header;

	memcpy(&header, set.bytes + sizeof(uint32_t), sizeof(header));
	if (header.version != 2 || header.address_bytes != sizeof(range.start) ||
	    header.segment_bytes)
		return;
	for (; rest.len >= sizeof(range); rest = bytes_from(rest, sizeof(range))) {
		memcpy(&range, rest.bytes, sizeof(range));
		if (!range.start && !range.len)
			return;
		/* Linkers put functions that they dropped at 0 or 1. */
		if (range.start > 1 && range.start + range.len > range.start &&
		    interval_map_count(unit_offsets) < MAX_RANGES)
			interval_map_add(unit_offsets, range.start, range.start + range.len, 0,
			                 header.unit_offset);
	}
}

void aranges_read(struct byte_range section, struct interval_map *unit_offsets)
{
	uint32_t len;

	while (section.len >= HEADER_BYTES) {
		struct byte_range set = section;

		memcpy(&len, section.bytes, sizeof(len));
		if (len < HEADER_BYTES - sizeof(len) || len > section.len - sizeof(len))
			return;
		set.len = sizeof(len) + len;
		read_set(set, unit_offsets);
		section = bytes_from(section, set.len);
	}
}
