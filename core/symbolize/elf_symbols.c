/* Reads .symtab or .dynsym and settles which symbol owns which code. */
#include "core/symbolize/elf_symbols.h"

#include "core/alloc.h"
#include "core/symbolize/elf_file.h"
#include "core/symbolize/symbol_table.h"

#include <stdlib.h>
#include <string.h>

/* How much a symbol tells about the extent of a function; higher wins. */
enum symbol_class { CLASS_LABEL, CLASS_UNSIZED, CLASS_SIZED, N_CLASSES };

struct code_symbol {
	uint64_t start;
	uint64_t end; /* start where the size is unknown */
	uint64_t section_end;
	const char *name;
	uint8_t class;
	uint8_t rank; /* higher is the better name */
};

struct code_section {
	uint64_t start;
	uint64_t end;
};

struct symbol_list {
	struct code_symbol *symbols;
	size_t n_symbols;
	size_t symbols_capacity;
	struct code_section *sections;
	size_t n_sections;
	size_t sections_capacity;
};

static Elf_Scn *find_section(const struct elf_file *file, uint32_t type, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf_file_elf(file), section)))
		if (gelf_getshdr(section, header) && header->sh_type == type)
			return section;
	return NULL;
}

bool elf_symbols_has(const struct elf_file *file, uint32_t section_type)
{
	GElf_Shdr header;

	return find_section(file, section_type, &header) && header.sh_size > sizeof(Elf64_Sym);
}

/* A separate debug file keeps the headers of the code sections, without the code. */
static void list_code_sections(struct symbol_list *list, const struct elf_file *file)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf_file_elf(file), section))) {
		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR) ||
		    header.sh_addr + header.sh_size < header.sh_addr)
			continue;
		*ARRAY_APPEND(list->sections, list->n_sections, list->sections_capacity) =
		    (struct code_section){header.sh_addr, header.sh_addr + header.sh_size};
	}
}

static const struct code_section *code_section_at(const struct symbol_list *list, uint64_t address)
{
	for (size_t i = 0; i < list->n_sections; i++)
		if (address >= list->sections[i].start && address < list->sections[i].end)
			return &list->sections[i];
	return NULL;
}

static bool may_be_code(const GElf_Sym *symbol)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE);
}

/* Labels with a dot are assemblers' and annobin's, not people's. */
static bool is_name(const GElf_Sym *symbol, const char *name)
{
	return name && *name && (GELF_ST_TYPE(symbol->st_info) != STT_NOTYPE || *name != '.');
}

/* glibc's public names are often weak aliases of private ones: write of __write. */
static uint8_t name_rank(const GElf_Sym *symbol, const char *name)
{
	unsigned binding = GELF_ST_BIND(symbol->st_info);
	size_t underscores = strspn(name, "_");

	return (uint8_t)((GELF_ST_TYPE(symbol->st_info) != STT_NOTYPE) << 6 |
	                 (binding != STB_LOCAL) << 5 |
	                 (underscores < 8 ? 8 - underscores : 0) << 1 | (binding != STB_WEAK));
}

static void add_symbol(struct symbol_list *list, const GElf_Sym *symbol, const char *name)
{
	const struct code_section *section = code_section_at(list, symbol->st_value);
	bool is_label = GELF_ST_TYPE(symbol->st_info) == STT_NOTYPE &&
	                GELF_ST_BIND(symbol->st_info) == STB_LOCAL;
	struct code_symbol *added;

	if (!section)
		return;
	added = ARRAY_APPEND(list->symbols, list->n_symbols, list->symbols_capacity);
	added->start = symbol->st_value;
	added->end = symbol->st_value + symbol->st_size;
	added->section_end = section->end;
	if (added->end < added->start || added->end > section->end)
		added->end = section->end;
	added->name = name;
	added->class = symbol->st_size ? CLASS_SIZED : is_label ? CLASS_LABEL : CLASS_UNSIZED;
	added->rank = name_rank(symbol, name);
}

static void read_symbols(struct symbol_list *list, const struct elf_file *file,
                         uint32_t section_type)
{
	GElf_Shdr header;
	Elf_Scn *section = find_section(file, section_type, &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	GElf_Sym symbol;

	for (int i = 1; data && gelf_getsym(data, i, &symbol); i++) {
		const char *name;

		if (!may_be_code(&symbol))
			continue;
		name = elf_strptr(elf_file_elf(file), header.sh_link, symbol.st_name);
		if (is_name(&symbol, name))
			add_symbol(list, &symbol, name);
	}
}

/* At one address the best name comes last, for interval_map prefers what was added later. */
static int compare_symbols(const void *left, const void *right)
{
	const struct code_symbol *a = left;
	const struct code_symbol *b = right;

	if (a->start != b->start)
		return a->start > b->start ? 1 : -1;
	if (a->rank != b->rank)
		return a->rank > b->rank ? 1 : -1;
	return strcmp(b->name, a->name);
}

/* Walks backwards, remembering where the next symbol of each class begins. */
static void extend_unsized(struct symbol_list *list)
{
	uint64_t group_start = UINT64_MAX; /* symbols of one address are one group */
	bool group[N_CLASSES] = {false};   /* the classes seen in it */
	uint64_t next[N_CLASSES];          /* the start of the next group with that class */

	for (size_t class = 0; class < N_CLASSES; class ++)
		next[class] = UINT64_MAX;
	for (size_t i = list->n_symbols; i--;) {
		struct code_symbol *symbol = &list->symbols[i];

		if (symbol->start != group_start) {
			for (size_t class = 0; class < N_CLASSES; class ++) {
				if (group[class])
					next[class] = group_start;
				group[class] = false;
			}
			group_start = symbol->start;
		}
		group[symbol->class] = true;
		if (symbol->class == CLASS_SIZED)
			continue;
		symbol->end = symbol->section_end;
		for (size_t class = symbol->class; class < N_CLASSES; class ++)
			if (next[class] < symbol->end)
				symbol->end = next[class];
	}
}

void elf_symbols_load(struct symbol_table *table, const struct elf_file *file,
                      uint32_t section_type)
{
	struct symbol_list list = {0};

	list_code_sections(&list, file);
	read_symbols(&list, file, section_type);
	if (list.n_symbols)
		qsort(list.symbols, list.n_symbols, sizeof(*list.symbols), compare_symbols);
	extend_unsized(&list);
	for (size_t i = 0; i < list.n_symbols; i++)
		symbol_table_add(table, list.symbols[i].start, list.symbols[i].end,
		                 list.symbols[i].class, list.symbols[i].name);
	free(list.symbols);
	free(list.sections);
}

bool elf_symbols_each(const struct elf_file *file, uint32_t section_type, symbol_visitor *visit,
                      void *context)
{
	GElf_Shdr header;
	Elf_Scn *section = find_section(file, section_type, &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	GElf_Sym symbol;

	for (int i = 1; data && gelf_getsym(data, i, &symbol); i++) {
		const char *name;

		if (!may_be_code(&symbol) || GELF_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC)
			continue;
		name = elf_strptr(elf_file_elf(file), header.sh_link, symbol.st_name);
		if (is_name(&symbol, name) && !visit(context, name, symbol.st_value))
			return false;
	}
	return true;
}
