/* Reads program headers and the build-id note of an ELF file in memory. */
#include "core/walk/elf_image.h"

#include "core/unwind/tables.h"

#include <errno.h>
#include <string.h>

static bool inside(const struct elf_image *image, uint64_t off, uint64_t size)
{
	return off <= image->size_bytes && size <= image->size_bytes - off;
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
	if (!unwind_is_elf(bytes, size_bytes) || header->e_phentsize != sizeof(Elf64_Phdr) ||
	    header->e_phoff % 8 != 0 ||
	    !inside(image, header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr)))
		return -ENOEXEC;
	image->segments = (const Elf64_Phdr *)(image->bytes + header->e_phoff);
	image->n_segments = header->e_phnum;
	image->entry = header->e_entry;
	unwind_tables_of_file(&image->tables, bytes, size_bytes);
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

const uint8_t *elf_image_section(const struct elf_image *image, const char *name,
                                 Elf64_Shdr *header)
{
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)image->bytes;
	uint64_t table_bytes = (uint64_t)elf->e_shnum * sizeof(*header);
	Elf64_Shdr names;

	*header = (Elf64_Shdr){0};
	if (elf->e_shentsize != sizeof(*header) || elf->e_shstrndx >= elf->e_shnum ||
	    !inside(image, elf->e_shoff, table_bytes))
		return NULL;
	memcpy(&names, image->bytes + elf->e_shoff + elf->e_shstrndx * sizeof(names),
	       sizeof(names));
	if (!inside(image, names.sh_offset, names.sh_size))
		return NULL;
	for (size_t i = 0; i < elf->e_shnum; i++) {
		size_t name_bytes = strlen(name) + 1;

		memcpy(header, image->bytes + elf->e_shoff + i * sizeof(*header), sizeof(*header));
		if (header->sh_type != SHT_NOBITS && header->sh_size &&
		    inside(image, header->sh_offset, header->sh_size) &&
		    header->sh_name < names.sh_size &&
		    names.sh_size - header->sh_name >= name_bytes &&
		    memcmp(image->bytes + names.sh_offset + header->sh_name, name, name_bytes) == 0)
			return image->bytes + header->sh_offset;
	}
	*header = (Elf64_Shdr){0};
	return NULL;
}
