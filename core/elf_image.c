/* Reads program headers, notes and the places of the unwind tables of an ELF file in memory. */
#include "core/elf_image.h"

#include <errno.h>
#include <string.h>

static bool inside(const struct elf_image *image, uint64_t off, uint64_t size)
{
	return off <= image->size_bytes && size <= image->size_bytes - off;
}

/* The file's bytes of an object address, up to the end of its segment. */
static struct unwind_section bytes_at(const struct elf_image *image, uint64_t vaddr)
{
	for (size_t i = 0; i < image->n_segments; i++) {
		const Elf64_Phdr *segment = &image->segments[i];
		uint64_t into = vaddr - segment->p_vaddr;

		if (segment->p_type == PT_LOAD && vaddr >= segment->p_vaddr &&
		    into < segment->p_filesz && inside(image, segment->p_offset, segment->p_filesz))
			return (struct unwind_section){
			    .data = image->bytes + segment->p_offset + into,
			    .size_bytes = segment->p_filesz - into,
			    .vaddr = vaddr,
			};
	}
	return (struct unwind_section){0};
}

static const Elf64_Phdr *find_segment(const struct elf_image *image, uint32_t type)
{
	for (size_t i = 0; i < image->n_segments; i++)
		if (image->segments[i].p_type == type)
			return &image->segments[i];
	return NULL;
}

/* LSB 5.0, 10.6.2: version, three encodings, then the pointer to .eh_frame. Linkers write it as a
 * 4-byte distance from itself. */
static struct unwind_section eh_frame_of_header(const struct elf_image *image,
                                                const struct unwind_section *header)
{
	enum { HEADER_VERSION = 1, PC_RELATIVE_SDATA4 = 0x1b };
	int32_t distance;

	if (header->size_bytes < 8 || header->data[0] != HEADER_VERSION ||
	    header->data[1] != PC_RELATIVE_SDATA4)
		return (struct unwind_section){0};
	memcpy(&distance, header->data + 4, sizeof(distance));
	return bytes_at(image, header->vaddr + 4 + (uint64_t)(int64_t)distance);
}

/* .eh_frame by its section header, for files whose linker wrote no .eh_frame_hdr. */
static struct unwind_section eh_frame_of_sections(const struct elf_image *image)
{
	static const char name[] = ".eh_frame";
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)image->bytes;
	const Elf64_Shdr *sections, *names;

	if (header->e_shentsize != sizeof(*sections) || header->e_shoff % 8 != 0 ||
	    !inside(image, header->e_shoff, (uint64_t)header->e_shnum * sizeof(*sections)) ||
	    header->e_shstrndx >= header->e_shnum)
		return (struct unwind_section){0};
	sections = (const Elf64_Shdr *)(image->bytes + header->e_shoff);
	names = &sections[header->e_shstrndx];
	if (!inside(image, names->sh_offset, names->sh_size))
		return (struct unwind_section){0};
	for (size_t i = 0; i < header->e_shnum; i++) {
		const Elf64_Shdr *section = &sections[i];

		if (names->sh_size >= sizeof(name) &&
		    section->sh_name <= names->sh_size - sizeof(name) &&
		    memcmp(image->bytes + names->sh_offset + section->sh_name, name,
		           sizeof(name)) == 0 &&
		    section->sh_type != SHT_NOBITS &&
		    inside(image, section->sh_offset, section->sh_size))
			return (struct unwind_section){
			    .data = image->bytes + section->sh_offset,
			    .size_bytes = section->sh_size,
			    .vaddr = section->sh_addr,
			};
	}
	return (struct unwind_section){0};
}

static void find_tables(struct elf_image *image)
{
	const Elf64_Phdr *segment = find_segment(image, PT_GNU_EH_FRAME);
	struct unwind_tables *tables = &image->tables;

	if (segment) {
		tables->eh_frame_hdr = bytes_at(image, segment->p_vaddr);
		if (tables->eh_frame_hdr.size_bytes > segment->p_filesz)
			tables->eh_frame_hdr.size_bytes = segment->p_filesz;
		tables->eh_frame = eh_frame_of_header(image, &tables->eh_frame_hdr);
	}
	if (tables->eh_frame.size_bytes == 0)
		tables->eh_frame = eh_frame_of_sections(image);
}

/* Walks the notes of one segment. Name and descriptor are padded to 4 bytes, also where p_align
 * says 8: then there are only notes for which both rules agree, or .note.gnu.property, whose size
 * is a multiple of 8. */
static void find_build_id(struct elf_image *image, const Elf64_Phdr *segment)
{
	uint64_t off = segment->p_offset;
	uint64_t end = segment->p_offset + segment->p_filesz;

	if (!inside(image, segment->p_offset, segment->p_filesz))
		return;
	while (end - off >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t name_off, desc_off;

		memcpy(&note, image->bytes + off, sizeof(note));
		name_off = off + sizeof(note);
		desc_off = name_off + (((uint64_t)note.n_namesz + 3) & ~3ull);
		off = desc_off + (((uint64_t)note.n_descsz + 3) & ~3ull);
		if (off > end)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
		    memcmp(image->bytes + name_off, "GNU", sizeof("GNU")) == 0) {
			image->build_id = image->bytes + desc_off;
			image->build_id_len = note.n_descsz;
			return;
		}
	}
}

int elf_image_parse(struct elf_image *image, const void *bytes, size_t size_bytes)
{
	const Elf64_Ehdr *header = bytes;

	*image = (struct elf_image){.bytes = bytes, .size_bytes = size_bytes};
	if (size_bytes < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_machine != EM_X86_64)
		return -ENOEXEC;
	if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff % 8 != 0 ||
	    !inside(image, header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr)))
		return -ENOEXEC;
	image->segments = (const Elf64_Phdr *)(image->bytes + header->e_phoff);
	image->n_segments = header->e_phnum;
	find_tables(image);
	for (size_t i = 0; i < image->n_segments && !image->build_id; i++)
		if (image->segments[i].p_type == PT_NOTE)
			find_build_id(image, &image->segments[i]);
	return 0;
}

int elf_image_load_bias(const struct elf_image *image, uint64_t start, uint64_t file_off,
                        bool executable, uint64_t *bias)
{
	enum { PAGE_BYTES = 4096 };
	const Elf64_Phdr *found = NULL;

	/* Segments share the page where one ends and the next begins, so the permission decides
	 * between two. */
	for (size_t i = 0; i < image->n_segments; i++) {
		const Elf64_Phdr *segment = &image->segments[i];
		uint64_t first = segment->p_offset & ~(uint64_t)(PAGE_BYTES - 1);

		if (segment->p_type != PT_LOAD || file_off < first ||
		    file_off >= segment->p_offset + segment->p_filesz)
			continue;
		if (!found || !!(segment->p_flags & PF_X) == executable)
			found = segment;
	}
	if (!found)
		return -ENOENT;
	*bias = start - file_off + found->p_offset - found->p_vaddr;
	return 0;
}
