/* Reads the preload library's dynamic symbols. */
#include "mem/leaks/library.h"

#include "core/diag.h"
#include "core/symbolize/elf_file.h"
#include "mem/leaks/kinds.h"
#include "mem/visible.h"

#include <stdlib.h>
#include <string.h>

static void note_symbol(struct leak_library *library, const char *name, uint64_t vaddr)
{
	for (int i = 0; i < LEAK_N_FUNCTIONS; i++)
		if (!strcmp(name, leak_function_name((enum leak_function)i)))
			library->vaddr[i] = vaddr;
}

static void read_symbols(struct leak_library *library, const struct elf_file *file)
{
	GElf_Shdr header;
	Elf_Scn *section = elf_file_section(file, ".dynsym", &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	GElf_Sym symbol;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		const char *name = elf_strptr(elf_file_elf(file), header.sh_link, symbol.st_name);

		if (name && symbol.st_shndx != SHN_UNDEF)
			note_symbol(library, name, symbol.st_value);
	}
}

void leak_library_find(struct leak_library *library)
{
	struct elf_file *file;
	struct diag diag;

	*library = (struct leak_library){.path = NULL};
	if (visible_find_library(&library->path, &diag) ||
	    elf_file_open_path(&file, library->path, &diag))
		return;
	read_symbols(library, file);
	elf_file_free(file);
}

void leak_library_fini(struct leak_library *library)
{
	free(library->path);
}
