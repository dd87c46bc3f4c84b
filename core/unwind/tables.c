/* Finds .eh_frame_hdr and .eh_frame by ELF headers. */
#include "core/unwind/tables.h"

#include "core/unwind/fde.h"

#include <string.h>

/* Bytes at a place of an ELF file, or of a loaded module; NULL when they are not all there. */
struct image {
	const uint8_t *data;
	size_t size_bytes;
	bool is_loaded; /* data is the load bias, places are vaddrs; else places are file offsets */
};

static const uint8_t *bytes_at(const struct image *image, uint64_t place, uint64_t size)
{
	if (image->is_loaded)
		return (const uint8_t *)((uintptr_t)image->data + place);
	if (place > image->size_bytes || size > image->size_bytes - place)
		return NULL;
	return image->data + place;
}

/* The bytes from vaddr to the end of the segment that holds it. What lies beyond the file's part is
 * zeros and no table. */
static struct unwind_section rest_of_segment(const struct image *image, const Elf64_Phdr *headers,
                                             size_t n_headers, uint64_t vaddr)
{
	struct unwind_section section = {0};

	for (size_t i = 0; i < n_headers; i++) {
		const Elf64_Phdr *load = &headers[i];
		uint64_t inside = vaddr - load->p_vaddr;
		uint64_t place = image->is_loaded ? vaddr : load->p_offset + inside;

		if (load->p_type != PT_LOAD || !(load->p_flags & PF_R) || inside >= load->p_filesz)
			continue;
		section.data = bytes_at(image, place, load->p_filesz - inside);
		section.vaddr = vaddr;
		section.size_bytes = section.data ? load->p_filesz - inside : 0;
		break;
	}
	return section;
}

static bool of_segments(struct unwind_tables *tables, const struct image *image,
                        const Elf64_Phdr *headers, size_t n_headers)
{
	uint64_t eh_frame;

	for (size_t i = 0; i < n_headers; i++) {
		if (headers[i].p_type != PT_GNU_EH_FRAME)
			continue;
		tables->eh_frame_hdr =
		    rest_of_segment(image, headers, n_headers, headers[i].p_vaddr);
		if (tables->eh_frame_hdr.size_bytes > headers[i].p_filesz)
			tables->eh_frame_hdr.size_bytes = headers[i].p_filesz;
		if (unwind_hdr_eh_frame(&tables->eh_frame_hdr, &eh_frame))
			tables->eh_frame = rest_of_segment(image, headers, n_headers, eh_frame);
	}
	if (tables->eh_frame.size_bytes)
		return true;
	*tables = (struct unwind_tables){0};
	return false;
}

/* Copied, for a hostile file may have them at odd addresses. */
static bool section_header(const struct image *image, const Elf64_Ehdr *elf, size_t index,
                           Elf64_Shdr *header)
{
	const uint8_t *bytes;

	if (index >= elf->e_shnum || elf->e_shentsize != sizeof(*header))
		return false;
	bytes = bytes_at(image, elf->e_shoff + index * sizeof(*header), sizeof(*header));
	if (bytes)
		memcpy(header, bytes, sizeof(*header));
	return bytes != NULL;
}

static bool of_sections(struct unwind_tables *tables, const struct image *image,
                        const Elf64_Ehdr *elf)
{
	static const char wanted[] = ".eh_frame";
	Elf64_Shdr names, header;

	if (!section_header(image, elf, elf->e_shstrndx, &names))
		return false;
	for (size_t i = 0; section_header(image, elf, i, &header); i++) {
		const uint8_t *name =
		    header.sh_name < names.sh_size
		        ? bytes_at(image, names.sh_offset + header.sh_name, sizeof(wanted))
		        : NULL;
		const uint8_t *data = bytes_at(image, header.sh_offset, header.sh_size);

		/* A separate debug file keeps the header of a section that it has not: SHT_NOBITS.
		 */
		if (!name || !data || header.sh_type == SHT_NOBITS ||
		    memcmp(name, wanted, sizeof(wanted)) != 0)
			continue;
		tables->eh_frame = (struct unwind_section){data, header.sh_size, header.sh_addr};
	}
	return tables->eh_frame.size_bytes > 0;
}

bool unwind_is_elf(const void *image, size_t size_bytes)
{
	Elf64_Ehdr elf;

	if (size_bytes < sizeof(elf))
		return false;
	memcpy(&elf, image, sizeof(elf));
	return memcmp(elf.e_ident, ELFMAG, SELFMAG) == 0 && elf.e_ident[EI_CLASS] == ELFCLASS64 &&
	       elf.e_ident[EI_DATA] == ELFDATA2LSB && elf.e_machine == EM_X86_64;
}

bool unwind_tables_of_file(struct unwind_tables *tables, const void *image_bytes, size_t size_bytes)
{
	enum { MAX_SEGMENTS = 64 }; /* linkers make about a dozen */
	struct image image = {.data = image_bytes, .size_bytes = size_bytes};
	Elf64_Phdr headers[MAX_SEGMENTS];
	Elf64_Ehdr elf;
	const uint8_t *bytes;
	size_t n_headers;

	*tables = (struct unwind_tables){0};
	if (!unwind_is_elf(image_bytes, size_bytes))
		return false;
	memcpy(&elf, image_bytes, sizeof(elf));
	n_headers = elf.e_phnum < MAX_SEGMENTS ? elf.e_phnum : MAX_SEGMENTS;
	bytes = bytes_at(&image, elf.e_phoff, n_headers * sizeof(*headers));
	if (bytes && elf.e_phentsize == sizeof(*headers)) {
		memcpy(headers, bytes, n_headers * sizeof(*headers));
		if (of_segments(tables, &image, headers, n_headers))
			return true;
	}
	return of_sections(tables, &image, &elf);
}

bool unwind_tables_of_module(struct unwind_tables *tables, const Elf64_Phdr *headers,
                             size_t n_headers, uint64_t load_bias)
{
	struct image image = {.data = (const uint8_t *)(uintptr_t)load_bias, .is_loaded = true};

	*tables = (struct unwind_tables){0};
	return of_segments(tables, &image, headers, n_headers);
}
