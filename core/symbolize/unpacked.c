/* Unpacks the sections of DWARF that names are read from by libdeflate. */
#include "core/symbolize/unpacked.h"

#include "core/alloc.h"
#include "core/symbolize/elf_file.h"
#include "core/symbolize/made_elf.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The others tell where variables are, of macros, and what clang and rustc leave out. */
static const char *const wanted[] = {
    ".debug_info",     ".debug_abbrev",      ".debug_line",    ".debug_str",
    ".debug_line_str", ".debug_str_offsets", ".debug_addr",    ".debug_ranges",
    ".debug_rnglists", ".debug_types",       ".debug_aranges",
};

struct unpacked {
	struct made_elf *made;
	uint8_t *blocks[ARRAY_SIZE(wanted)]; /* what was unpacked */
	struct made_section sections[ARRAY_SIZE(wanted)];
	size_t n_sections;
};

/* A new block, or NULL. */
static uint8_t *read_bytes(const struct elf_file *file, const GElf_Shdr *header)
{
	uint8_t *bytes;
	size_t have = 0;
	struct stat status;

	/* A damaged header may ask for more than there is memory. */
	if (fstat(elf_file_fd(file), &status) || header->sh_size > (uint64_t)status.st_size)
		return NULL;
	bytes = malloc(header->sh_size);
	while (bytes && have < header->sh_size) {
		ssize_t got = pread(elf_file_fd(file), bytes + have, header->sh_size - have,
		                    (off_t)(header->sh_offset + have));

		if (got <= 0) {
			free(bytes);
			return NULL;
		}
		have += (size_t)got;
	}
	return bytes;
}

/* A new block of *len bytes, or NULL. */
static uint8_t *unpack(const uint8_t *packed, size_t packed_len, size_t *len)
{
	enum { MOST_FOR_A_BYTE = 1032 }; /* deflate's limit: zlib.net/zlib_tech.html */
	struct libdeflate_decompressor *decompressor = NULL;
	uint8_t *bytes = NULL;
	Elf64_Chdr header;

	if (packed_len <= sizeof(header))
		return NULL;
	memcpy(&header, packed, sizeof(header));
	packed_len -= sizeof(header);
	if (header.ch_type == ELFCOMPRESS_ZLIB && header.ch_size / MOST_FOR_A_BYTE <= packed_len)
		bytes = malloc(header.ch_size);
	if (bytes)
		decompressor = libdeflate_alloc_decompressor();
	*len = header.ch_size;
	if (!decompressor ||
	    libdeflate_zlib_decompress(decompressor, packed + sizeof(header), packed_len, bytes,
	                               *len, NULL) != LIBDEFLATE_SUCCESS) {
		free(bytes);
		bytes = NULL;
	}
	libdeflate_free_decompressor(decompressor);
	return bytes;
}

static bool add_packed(struct unpacked *unpacked, const struct elf_file *file,
                       const GElf_Shdr *header, struct byte_range *bytes)
{
	uint8_t *packed = read_bytes(file, header);
	uint8_t *block = packed ? unpack(packed, header->sh_size, &bytes->len) : NULL;

	free(packed);
	unpacked->blocks[unpacked->n_sections] = block;
	bytes->bytes = block;
	return block;
}

/* False: it is there, and cannot be had. */
static bool add_section(struct unpacked *unpacked, const struct elf_file *file, const char *name)
{
	struct made_section *section = &unpacked->sections[unpacked->n_sections];
	GElf_Shdr header;

	section->name = name;
	if (!elf_file_section(file, name, &header))
		return true;
	if (header.sh_flags & SHF_COMPRESSED) {
		if (!add_packed(unpacked, file, &header, &section->bytes))
			return false;
	} else {
		section->bytes.bytes = elf_file_contents(file, name, &header, &section->bytes.len);
		if (!section->bytes.bytes)
			return false;
	}
	unpacked->n_sections++;
	return true;
}

static bool is_64_bit(const struct elf_file *file)
{
	const char *ident = elf_getident(elf_file_elf(file), NULL);

	return ident && ident[EI_CLASS] == ELFCLASS64 && ident[EI_DATA] == ELFDATA2LSB;
}

struct unpacked *unpacked_new(const struct elf_file *file)
{
	struct unpacked *unpacked;
	bool is_whole = true;
	GElf_Shdr header;

	if (elf_file_fd(file) < 0 || !is_64_bit(file) ||
	    !elf_file_section(file, ".debug_info", &header) || !(header.sh_flags & SHF_COMPRESSED))
		return NULL;
	unpacked = xcalloc(1, sizeof(*unpacked));
	for (size_t i = 0; i < ARRAY_SIZE(wanted) && is_whole; i++)
		is_whole = add_section(unpacked, file, wanted[i]);
	if (is_whole)
		unpacked->made =
		    made_elf_new(unpacked->sections, unpacked->n_sections, elf_file_fd(file));
	if (unpacked->made)
		return unpacked;
	unpacked_free(unpacked);
	return NULL;
}

void unpacked_free(struct unpacked *unpacked)
{
	if (!unpacked)
		return;
	made_elf_free(unpacked->made);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		free(unpacked->blocks[i]);
	free(unpacked);
}

Elf *unpacked_elf(const struct unpacked *unpacked)
{
	return made_elf_elf(unpacked->made);
}
