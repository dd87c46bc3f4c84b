/* Reads numbers from a section without ever leaving it.
 *
 * Failure is sticky: once something was read beyond the end, or could not be decoded, `failed` is
 * set and all that is read afterwards is 0, so a caller checks once after a group of reads. The
 * byte order is the machine's (x86-64).
 */
#ifndef CORE_UNWIND_BYTE_READER_H
#define CORE_UNWIND_BYTE_READER_H

#include "core/unwind/unwind.h"

#include <string.h>

struct byte_reader {
	const struct unwind_section *section; /* gives addresses to positions */
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

/* Pointer encodings of LSB 5.0, 10.5.1: a format in the low half, what it is relative to in the
 * high half. */
enum {
	PE_ABSPTR = 0x00,
	PE_ULEB128 = 0x01,
	PE_UDATA2 = 0x02,
	PE_UDATA4 = 0x03,
	PE_UDATA8 = 0x04,
	PE_SLEB128 = 0x09,
	PE_SDATA2 = 0x0a,
	PE_SDATA4 = 0x0b,
	PE_SDATA8 = 0x0c,
	PE_FORMAT = 0x0f,

	PE_PCREL = 0x10,
	PE_DATAREL = 0x30,
	PE_APPLICATION = 0x70,

	PE_INDIRECT = 0x80,
	PE_OMIT = 0xff,
};

static inline struct byte_reader byte_reader_at(const struct unwind_section *section, size_t offset)
{
	struct byte_reader reader = {.section = section};

	reader.failed = offset > section->size_bytes;
	reader.end = section->data + section->size_bytes;
	reader.at = reader.failed ? reader.end : section->data + offset;
	return reader;
}

static inline size_t byte_reader_left(const struct byte_reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

/* The address of the next byte in the object. */
static inline uint64_t byte_reader_vaddr(const struct byte_reader *reader)
{
	return reader->section->vaddr + (uint64_t)(reader->at - reader->section->data);
}

static inline void byte_reader_fail(struct byte_reader *reader)
{
	reader->failed = true;
	reader->at = reader->end;
}

/* Where `size` bytes begin, which are thereby read; NULL when there are fewer. */
static inline const uint8_t *read_block(struct byte_reader *reader, uint64_t size)
{
	const uint8_t *block = reader->at;

	if (size > byte_reader_left(reader)) {
		byte_reader_fail(reader);
		return NULL;
	}
	reader->at += size;
	return block;
}

static inline uint64_t read_fixed(struct byte_reader *reader, size_t size)
{
	const uint8_t *block = read_block(reader, size);
	uint64_t value = 0;

	if (block)
		memcpy(&value, block, size);
	return value;
}

static inline uint8_t read_u8(struct byte_reader *reader)
{
	return (uint8_t)read_fixed(reader, 1);
}

static inline uint32_t read_u32(struct byte_reader *reader)
{
	return (uint32_t)read_fixed(reader, 4);
}

/* The bits of a LEB128 number (DWARF 5, 7.6) and how many there were. Bits beyond 64 are dropped.
 */
static inline uint64_t read_leb128(struct byte_reader *reader, unsigned *n_bits, uint8_t *last)
{
	uint64_t value = 0;

	*n_bits = 0;
	do {
		*last = read_u8(reader);
		if (*n_bits < 64)
			value |= (uint64_t)(*last & 0x7f) << *n_bits;
		*n_bits += 7;
	} while (*last & 0x80);
	return value;
}

static inline uint64_t read_uleb128(struct byte_reader *reader)
{
	unsigned n_bits;
	uint8_t last;

	return read_leb128(reader, &n_bits, &last);
}

static inline int64_t read_sleb128(struct byte_reader *reader)
{
	unsigned n_bits;
	uint8_t last;
	uint64_t value = read_leb128(reader, &n_bits, &last);

	if ((last & 0x40) && n_bits < 64)
		value |= ~0ull << n_bits;
	return (int64_t)value;
}

/* How many bytes a fixed-width format takes; 0 for others. */
static inline size_t encoded_size(uint8_t encoding)
{
	static const uint8_t sizes[16] = {
	    [PE_ABSPTR] = 8, [PE_UDATA2] = 2, [PE_UDATA4] = 4, [PE_UDATA8] = 8,
	    [PE_SDATA2] = 2, [PE_SDATA4] = 4, [PE_SDATA8] = 8,
	};

	return sizes[encoding & PE_FORMAT];
}

static inline uint64_t read_encoded_number(struct byte_reader *reader, uint8_t encoding)
{
	size_t size = encoded_size(encoding);
	unsigned unused_bits = 64 - 8 * (unsigned)size;
	uint64_t value;

	if ((encoding & PE_FORMAT) == PE_ULEB128)
		return read_uleb128(reader);
	if ((encoding & PE_FORMAT) == PE_SLEB128)
		return (uint64_t)read_sleb128(reader);
	if (!size) {
		byte_reader_fail(reader);
		return 0;
	}
	value = read_fixed(reader, size);
	if ((encoding & PE_FORMAT) > PE_SLEB128)
		value = (uint64_t)((int64_t)(value << unused_bits) >> unused_bits);
	return value;
}

/* An encoded pointer as an address of the object. Text- and function-relative, aligned and indirect
 * pointers fail: no linker emits them for what we read. */
static inline uint64_t read_encoded(struct byte_reader *reader, uint8_t encoding,
                                    uint64_t data_base)
{
	uint64_t base = byte_reader_vaddr(reader);
	uint8_t application = encoding & PE_APPLICATION;

	if (application == PE_DATAREL)
		base = data_base;
	else if (application == 0)
		base = 0;
	if ((application != 0 && application != PE_PCREL && application != PE_DATAREL) ||
	    (encoding & PE_INDIRECT))
		byte_reader_fail(reader);
	return base + read_encoded_number(reader, encoding);
}

#endif
