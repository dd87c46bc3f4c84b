/* Makes an ELF file that is never written: libelf hands out the sections as they were added. */
#include "core/symbolize/made_elf.h"

#include "core/alloc.h"

#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct made_elf {
	Elf *elf;
	char *names; /* of the sections, each with its NUL, after the empty one */
	size_t names_len;
	size_t names_capacity;
};

static void add_name(struct made_elf *made, const char *name)
{
	size_t len = strlen(name) + 1;

	made->names = array_reserve(made->names, &made->names_capacity, made->names_len + len, 1);
	memcpy(made->names + made->names_len, name, len);
	made->names_len += len;
}

/* Adds a section that points at the bytes. */
static bool add_section(Elf *elf, struct byte_range bytes, uint32_t type, size_t name)
{
	Elf_Scn *section = elf_newscn(elf);
	Elf_Data *data = section ? elf_newdata(section) : NULL;
	GElf_Shdr header;

	if (!data || !gelf_getshdr(section, &header))
		return false;
	data->d_buf = (void *)bytes.bytes;
	data->d_size = bytes.len;
	data->d_type = ELF_T_BYTE;
	data->d_align = 1;
	header.sh_type = type;
	header.sh_name = (GElf_Word)name;
	header.sh_size = bytes.len;
	return gelf_update_shdr(section, &header);
}

static bool start_elf(Elf *elf)
{
	GElf_Ehdr header;

	if (!gelf_newehdr(elf, ELFCLASS64) || !gelf_getehdr(elf, &header))
		return false;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_type = ET_EXEC;
	header.e_machine = EM_X86_64;
	header.e_version = EV_CURRENT;
	header.e_shstrndx = 1; /* the first section that is added */
	return gelf_update_ehdr(elf, &header);
}

/* The names come first: all must be there before libelf is told where they lie. */
static bool fill(struct made_elf *made, const struct made_section *sections, size_t n)
{
	size_t name = 1;

	add_name(made, "");
	for (size_t i = 0; i < n; i++)
		add_name(made, sections[i].name);
	if (!add_section(made->elf,
	                 (struct byte_range){(const uint8_t *)made->names, made->names_len},
	                 SHT_STRTAB, 0))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!add_section(made->elf, sections[i].bytes, SHT_PROGBITS, name))
			return false;
		name += strlen(sections[i].name) + 1;
	}
	return true;
}

struct made_elf *made_elf_new(const struct made_section *sections, size_t n, int fd)
{
	struct made_elf *made = xcalloc(1, sizeof(*made));

	elf_version(EV_CURRENT);
	made->elf = elf_begin(fd, ELF_C_WRITE, NULL);
	if (made->elf && start_elf(made->elf) && fill(made, sections, n))
		return made;
	made_elf_free(made);
	return NULL;
}

void made_elf_free(struct made_elf *made)
{
	if (!made)
		return;
	elf_end(made->elf);
	free(made->names);
	free(made);
}

Elf *made_elf_elf(const struct made_elf *made)
{
	return made->elf;
}
