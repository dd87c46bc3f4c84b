/* Reads range lists entry by entry. */
#include "core/symbolize/range_list.h"

#include <dwarf.h>
#include <string.h>

struct byte_range bytes_from(struct byte_range range, uint64_t offset)
{
	if (offset > range.len)
		return (struct byte_range){0};
	return (struct byte_range){range.bytes + offset, range.len - offset};
}

static bool take(struct byte_range *range, void *value, size_t len)
{
	if (range->len < len)
		return false;
	memcpy(value, range->bytes, len);
	*range = bytes_from(*range, len);
	return true;
}

bool bytes_take_uleb(struct byte_range *range, uint64_t *number)
{
	uint8_t byte;

	*number = 0;
	for (unsigned shift = 0; take(range, &byte, 1); shift += 7) {
		if (shift < 64)
			*number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static bool take_address(struct range_walk *walk, uint64_t *address)
{
	struct byte_range slot;
	uint64_t index;

	if (!bytes_take_uleb(&walk->rest, &index) || index > walk->lists->addresses.len / 8)
		return false;
	slot = bytes_from(walk->lists->addresses, 8 * index);
	return take(&slot, address, 8);
}

void range_walk_begin(struct range_walk *walk, const struct range_lists *lists, uint64_t offset)
{
	bool is_old = !lists->rnglists.len;

	*walk = (struct range_walk){
	    .lists = lists,
	    .rest = bytes_from(is_old ? lists->ranges : lists->rnglists, offset),
	    .base = lists->base,
	    .is_old = is_old,
	};
}

/* The header of 32-bit DWARF: length, version, sizes, and how many offsets follow, which count from
 * there. */
void range_walk_begin_numbered(struct range_walk *walk, const struct range_lists *lists,
                               uint64_t number)
{
	enum { COUNT_AT = 8, HEADER = 12 };
	struct byte_range count_bytes = bytes_from(lists->rnglists, COUNT_AT), slot;
	uint32_t count, offset;

	*walk = (struct range_walk){.lists = lists, .base = lists->base};
	if (!take(&count_bytes, &count, 4) || number >= count)
		return;
	slot = bytes_from(lists->rnglists, HEADER + 4 * number);
	if (take(&slot, &offset, 4))
		walk->rest = bytes_from(lists->rnglists, HEADER + (uint64_t)offset);
}

static bool next_old(struct range_walk *walk, uint64_t *start, uint64_t *end)
{
	while (take(&walk->rest, start, 8) && take(&walk->rest, end, 8)) {
		if (!*start && !*end)
			return false;
		if (*start != UINT64_MAX) {
			*start += walk->base;
			*end += walk->base;
			return true;
		}
		walk->base = *end;
	}
	return false;
}

/* The operands of an entry that is a range. */
static bool take_range(struct range_walk *walk, uint8_t kind, uint64_t *start, uint64_t *end)
{
	switch (kind) {
	case DW_RLE_startx_endx:
		return take_address(walk, start) && take_address(walk, end);
	case DW_RLE_startx_length:
		if (!take_address(walk, start) || !bytes_take_uleb(&walk->rest, end))
			return false;
		*end += *start;
		return true;
	case DW_RLE_offset_pair:
		if (!bytes_take_uleb(&walk->rest, start) || !bytes_take_uleb(&walk->rest, end))
			return false;
		*start += walk->base;
		*end += walk->base;
		return true;
	case DW_RLE_start_end:
		return take(&walk->rest, start, 8) && take(&walk->rest, end, 8);
	case DW_RLE_start_length:
		if (!take(&walk->rest, start, 8) || !bytes_take_uleb(&walk->rest, end))
			return false;
		*end += *start;
		return true;
	default: /* DW_RLE_end_of_list, and what nobody knows */
		return false;
	}
}

bool range_walk_next(struct range_walk *walk, uint64_t *start, uint64_t *end)
{
	uint8_t kind;

	if (walk->is_old)
		return next_old(walk, start, end);
	while (take(&walk->rest, &kind, 1)) {
		if (kind == DW_RLE_base_addressx) {
			if (!take_address(walk, &walk->base))
				return false;
		} else if (kind == DW_RLE_base_address) {
			if (!take(&walk->rest, &walk->base, 8))
				return false;
		} else {
			return take_range(walk, kind, start, end);
		}
	}
	return false;
}
