/* Finds and reads frame description entries. */
#include "core/unwind/fde.h"

#include "core/unwind/byte_reader.h"

/* A CIE or an FDE as it lies in .eh_frame. */
struct entry {
	size_t
	    id_offset; /* of the field after the length, from which an FDE counts back to its CIE */
	uint32_t id;   /* 0: a CIE */
	struct byte_reader body;
	size_t next_offset;
};

/* FDE_NONE at the terminator or the end of the section. An extended (64-bit) length is taken for
 * malformed: linkers refuse to make one, and readers disagree about the width of the field after
 * it. */
static enum fde_found read_entry(const struct unwind_section *section, size_t offset,
                                 struct entry *entry)
{
	struct byte_reader reader = byte_reader_at(section, offset);
	uint32_t length;

	if (!reader.failed && byte_reader_left(&reader) == 0)
		return FDE_NONE;
	length = read_u32(&reader);
	if (!reader.failed && length == 0)
		return FDE_NONE;
	if (reader.failed || length > byte_reader_left(&reader))
		return FDE_BAD;
	reader.end = reader.at + length;
	entry->next_offset = (size_t)(reader.end - section->data);
	entry->id_offset = (size_t)(reader.at - section->data);
	entry->id = read_u32(&reader);
	entry->body = reader;
	return reader.failed ? FDE_BAD : FDE_FOUND;
}

/* The part of an augmentation that its letters describe (LSB 5.0, 10.6.1.1.1). A letter that is not
 * known ends it: the length in front of the data tells where to go on. */
static void read_augmentation(struct byte_reader *reader, const char *letters,
                              struct unwind_cie *cie)
{
	for (; *letters; letters++) {
		if (*letters == 'R') {
			cie->pointer_encoding = read_u8(reader);
		} else if (*letters == 'L') {
			read_u8(reader);
		} else if (*letters == 'P') {
			uint8_t encoding = read_u8(reader);

			read_encoded_number(reader, encoding);
		} else if (*letters == 'S') {
			cie->is_signal_frame = true;
		} else {
			break;
		}
	}
}

static bool read_cie(const struct unwind_section *section, size_t offset, struct unwind_cie *cie)
{
	struct entry entry;
	struct byte_reader *reader = &entry.body;
	const char *letters;
	uint8_t version;

	*cie = (struct unwind_cie){.pointer_encoding = PE_ABSPTR};
	if (read_entry(section, offset, &entry) != FDE_FOUND || entry.id != 0)
		return false;
	version = read_u8(reader);
	if (version != 1 && version != 3)
		return false;
	letters = (const char *)reader->at;
	while (read_u8(reader)) {
	}
	if (reader->failed || (*letters && *letters != 'z'))
		return false;
	cie->has_augmentation_data = *letters == 'z';
	cie->code_alignment = read_uleb128(reader);
	cie->data_alignment = read_sleb128(reader);
	cie->return_register = version == 1 ? read_u8(reader) : read_uleb128(reader);
	if (cie->has_augmentation_data) {
		struct byte_reader data = *reader;
		uint64_t size = read_uleb128(reader);
		const uint8_t *block = read_block(reader, size);

		if (!block)
			return false;
		data.at = block;
		data.end = block + size;
		read_augmentation(&data, letters + 1, cie);
		if (data.failed)
			return false;
	}
	cie->instructions = (struct unwind_span){reader->at, byte_reader_left(reader)};
	return !reader->failed;
}

/* Reads the FDE in `entry`. A CIE that *fde still holds is not read again. */
static bool read_fde(const struct unwind_section *section, size_t offset, struct entry *entry,
                     struct unwind_fde *fde)
{
	struct byte_reader *reader = &entry->body;
	bool knows_cie = fde->cie.instructions.data != NULL;
	size_t cie_offset;

	if (entry->id > entry->id_offset)
		return false;
	cie_offset = entry->id_offset - entry->id;
	if (!knows_cie || cie_offset != fde->cie_offset) {
		if (!read_cie(section, cie_offset, &fde->cie)) {
			fde->cie.instructions.data = NULL;
			return false;
		}
	}
	fde->cie_offset = cie_offset;
	fde->offset = offset;
	fde->start = read_encoded(reader, fde->cie.pointer_encoding, 0);
	/* The length has the format of the address but is relative to nothing. */
	fde->end = fde->start + read_encoded_number(reader, fde->cie.pointer_encoding);
	if (fde->cie.has_augmentation_data)
		read_block(reader, read_uleb128(reader));
	fde->instructions = (struct unwind_span){reader->at, byte_reader_left(reader)};
	return !reader->failed && fde->start <= fde->end;
}

enum fde_found unwind_fde_next(const struct unwind_section *eh_frame, size_t *offset,
                               struct unwind_fde *fde)
{
	struct entry entry;
	enum fde_found found;

	while ((found = read_entry(eh_frame, *offset, &entry)) == FDE_FOUND) {
		size_t here = *offset;

		*offset = entry.next_offset;
		if (entry.id != 0)
			return read_fde(eh_frame, here, &entry, fde) ? FDE_FOUND : FDE_BAD;
	}
	return found;
}

static enum fde_found find_by_reading_all(const struct unwind_section *eh_frame, uint64_t vaddr,
                                          struct unwind_fde *fde)
{
	size_t offset = 0;
	enum fde_found found;

	*fde = (struct unwind_fde){0};
	while ((found = unwind_fde_next(eh_frame, &offset, fde)) == FDE_FOUND)
		if (vaddr >= fde->start && vaddr < fde->end)
			break;
	return found;
}

/* The sorted table behind .eh_frame_hdr's head: pairs of first address and FDE address. */
struct search_table {
	size_t first_offset; /* of the first pair */
	size_t n_pairs;
	size_t value_size; /* a pair is two values */
	uint8_t encoding;
};

/* Reads version and encodings, and *eh_frame; leaves the reader before the count. */
static bool read_hdr(struct byte_reader *reader, uint8_t *count_encoding, uint8_t *table_encoding,
                     uint64_t *eh_frame)
{
	uint8_t version = read_u8(reader);
	uint8_t pointer_encoding = read_u8(reader);

	*count_encoding = read_u8(reader);
	*table_encoding = read_u8(reader);
	if (pointer_encoding == PE_OMIT)
		return false;
	*eh_frame = read_encoded(reader, pointer_encoding, reader->section->vaddr);
	return version == 1 && !reader->failed;
}

bool unwind_hdr_eh_frame(const struct unwind_section *eh_frame_hdr, uint64_t *vaddr)
{
	struct byte_reader reader = byte_reader_at(eh_frame_hdr, 0);
	uint8_t count_encoding, table_encoding;

	return read_hdr(&reader, &count_encoding, &table_encoding, vaddr);
}

/* FDE_NONE: there is no table that can be searched, only .eh_frame itself. */
static enum fde_found read_search_table(const struct unwind_section *hdr,
                                        struct search_table *table)
{
	struct byte_reader reader = byte_reader_at(hdr, 0);
	uint8_t count_encoding;
	uint64_t eh_frame;

	if (hdr->size_bytes == 0)
		return FDE_NONE;
	if (!read_hdr(&reader, &count_encoding, &table->encoding, &eh_frame))
		return FDE_BAD;
	table->value_size = encoded_size(table->encoding);
	if (count_encoding == PE_OMIT || table->encoding == PE_OMIT || !table->value_size)
		return FDE_NONE;
	table->n_pairs = read_encoded(&reader, count_encoding, hdr->vaddr);
	table->first_offset = (size_t)(reader.at - hdr->data);
	if (reader.failed || table->n_pairs > byte_reader_left(&reader) / (2 * table->value_size))
		return FDE_BAD;
	return FDE_FOUND;
}

/* The which-th (0, 1) value of a pair. */
static uint64_t table_value(const struct unwind_section *hdr, const struct search_table *table,
                            size_t pair, size_t which)
{
	size_t offset = table->first_offset + (2 * pair + which) * table->value_size;
	struct byte_reader reader = byte_reader_at(hdr, offset);

	return read_encoded(&reader, table->encoding, hdr->vaddr);
}

/* The last pair whose address is not above vaddr gives its FDE's address. */
static bool search(const struct unwind_section *hdr, const struct search_table *table,
                   uint64_t vaddr, uint64_t *fde_vaddr)
{
	size_t low = 0, high = table->n_pairs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table_value(hdr, table, middle, 0) <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return false;
	*fde_vaddr = table_value(hdr, table, low - 1, 1);
	return true;
}

enum fde_found unwind_fde_find(const struct unwind_tables *tables, uint64_t vaddr,
                               struct unwind_fde *fde)
{
	const struct unwind_section *eh_frame = &tables->eh_frame;
	struct search_table table;
	struct entry entry;
	uint64_t fde_vaddr;
	enum fde_found found = read_search_table(&tables->eh_frame_hdr, &table);

	if (found == FDE_NONE)
		return find_by_reading_all(eh_frame, vaddr, fde);
	if (found == FDE_BAD)
		return FDE_BAD;
	if (!search(&tables->eh_frame_hdr, &table, vaddr, &fde_vaddr))
		return FDE_NONE;
	if (fde_vaddr - eh_frame->vaddr >= eh_frame->size_bytes)
		return FDE_BAD;
	*fde = (struct unwind_fde){0};
	if (read_entry(eh_frame, fde_vaddr - eh_frame->vaddr, &entry) != FDE_FOUND ||
	    entry.id == 0 || !read_fde(eh_frame, fde_vaddr - eh_frame->vaddr, &entry, fde))
		return FDE_BAD;
	return vaddr >= fde->start && vaddr < fde->end ? FDE_FOUND : FDE_NONE;
}
