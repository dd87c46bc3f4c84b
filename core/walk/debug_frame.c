/* Turns a .debug_frame into an .eh_frame, in place of a copy. */
#include "core/walk/debug_frame.h"

#include "core/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* More than the largest there are; a hostile header may claim anything. */
enum { MAX_BYTES = 1 << 28 };

static uint32_t u32_at(const uint8_t *bytes, size_t offset)
{
	uint32_t value;

	memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

static void put_u32(uint8_t *bytes, size_t offset, uint32_t value)
{
	memcpy(bytes + offset, &value, sizeof(value));
}

/* An entry: its length, which does not count itself, then its id: that of CIEs, or where the FDE's
 * CIE is in the section. */
enum { LENGTH_BYTES = 4, ID_BYTES = 4, CIE_ID = -1 };

/* The fields before the alignment factors, of a CIE without augmentation: the version and an empty
 * string, then from version 4 on the sizes of an address and of a segment selector. */
enum { VERSION_AT = LENGTH_BYTES + ID_BYTES, SIZES_AT = VERSION_AT + 2, SIZES_BYTES = 2 };

/* Takes the sizes out, and fills up with DW_CFA_nop, which is 0. */
static bool convert_cie(uint8_t *entry, size_t size_bytes)
{
	if (size_bytes < SIZES_AT + SIZES_BYTES || entry[VERSION_AT + 1] != 0)
		return false;
	put_u32(entry, LENGTH_BYTES, 0);
	if (entry[VERSION_AT] != 4)
		return true;
	if (entry[SIZES_AT] != sizeof(uint64_t) || entry[SIZES_AT + 1] != 0)
		return false;
	entry[VERSION_AT] = 3;
	memmove(entry + SIZES_AT, entry + SIZES_AT + SIZES_BYTES,
	        size_bytes - SIZES_AT - SIZES_BYTES);
	memset(entry + size_bytes - SIZES_BYTES, 0, SIZES_BYTES);
	return true;
}

/* An FDE of .eh_frame counts back to its CIE, from the field that says so. */
static bool convert_fde(uint8_t *entry, size_t offset)
{
	uint32_t cie = u32_at(entry, LENGTH_BYTES);

	if (cie >= offset)
		return false;
	put_u32(entry, LENGTH_BYTES, (uint32_t)(offset + LENGTH_BYTES - cie));
	return true;
}

/* Returns how many bytes could be converted. */
static size_t convert(uint8_t *bytes, size_t size_bytes)
{
	size_t offset = 0;

	while (size_bytes - offset >= LENGTH_BYTES + ID_BYTES) {
		uint32_t length = u32_at(bytes, offset);
		uint8_t *entry = bytes + offset;
		bool converted;

		if (length < ID_BYTES || length > size_bytes - offset - LENGTH_BYTES)
			break;
		converted = u32_at(entry, LENGTH_BYTES) == (uint32_t)CIE_ID
		                ? convert_cie(entry, length + LENGTH_BYTES)
		                : convert_fde(entry, offset);
		if (!converted)
			break;
		offset += length + LENGTH_BYTES;
	}
	return offset;
}

/* gabi, "Compression": an Elf64_Chdr and a zlib stream. */
static uint8_t *inflated(const uint8_t *data, size_t size_bytes, size_t *inflated_bytes)
{
	Elf64_Chdr header;
	uLongf n_bytes;
	uint8_t *bytes;

	if (size_bytes < sizeof(header))
		return NULL;
	memcpy(&header, data, sizeof(header));
	if (header.ch_type != ELFCOMPRESS_ZLIB || header.ch_size > MAX_BYTES || !header.ch_size)
		return NULL;
	n_bytes = header.ch_size;
	bytes = xmalloc(n_bytes);
	if (uncompress(bytes, &n_bytes, data + sizeof(header), size_bytes - sizeof(header)) !=
	    Z_OK) {
		free(bytes);
		return NULL;
	}
	*inflated_bytes = n_bytes;
	return bytes;
}

struct unwind_section debug_frame_as_eh_frame(const struct elf_image *elf, uint8_t **bytes)
{
	struct unwind_section section = {0};
	Elf64_Shdr header;
	const uint8_t *data = elf_image_section(elf, ".debug_frame", &header);
	size_t size_bytes = header.sh_size;

	*bytes = NULL;
	if (!data || size_bytes > MAX_BYTES)
		return section;
	if (header.sh_flags & SHF_COMPRESSED) {
		*bytes = inflated(data, size_bytes, &size_bytes);
	} else {
		*bytes = xmalloc(size_bytes + !size_bytes);
		memcpy(*bytes, data, size_bytes);
	}
	if (*bytes)
		section = (struct unwind_section){*bytes, convert(*bytes, size_bytes), 0};
	return section;
}
