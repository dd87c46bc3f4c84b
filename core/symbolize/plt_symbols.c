/* Names slots of the GOT, and PLT stubs after the function whose slot they jump through. */
#include "core/symbolize/elf_symbols.h"

#include "core/alloc.h"
#include "core/symbolize/elf_file.h"
#include "core/symbolize/symbol_table.h"
#include "core/u64map.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static const char *const plt_sections[] = {".plt", ".plt.sec", ".plt.got", ".plt.bnd", ".iplt"};

struct got_slots {
	struct u64map *names; /* address of a GOT slot -> const char * */
	const char **lazy;    /* by index in .rela.plt, which lazy stubs push */
	size_t n_lazy;
	size_t lazy_capacity;
};

static const char *slot_name(const struct elf_file *file, const GElf_Rela *relocation,
                             Elf_Data *symbols, uint32_t names_section, struct symbol_table *table)
{
	GElf_Sym symbol;

	switch (GELF_R_TYPE(relocation->r_info)) {
	case R_X86_64_JUMP_SLOT:
	case R_X86_64_GLOB_DAT:
		if (!symbols || !gelf_getsym(symbols, (int)GELF_R_SYM(relocation->r_info), &symbol))
			return NULL;
		return elf_strptr(elf_file_elf(file), names_section, symbol.st_name);
	case R_X86_64_IRELATIVE:
		return table ? symbol_table_find(table, (uint64_t)relocation->r_addend) : NULL;
	default:
		return NULL;
	}
}

static void read_relocations(struct got_slots *slots, const struct elf_file *file, Elf_Scn *section,
                             const GElf_Shdr *header, struct symbol_table *table)
{
	Elf_Data *data = elf_getdata(section, NULL);
	Elf_Scn *symbol_section = elf_getscn(elf_file_elf(file), header->sh_link);
	Elf_Data *symbols = NULL;
	GElf_Shdr symbol_header = {0};
	GElf_Rela relocation;

	if (symbol_section && gelf_getshdr(symbol_section, &symbol_header) &&
	    symbol_header.sh_type == SHT_DYNSYM)
		symbols = elf_getdata(symbol_section, NULL);
	for (int i = 0; data && gelf_getrela(data, i, &relocation); i++) {
		const char *name =
		    slot_name(file, &relocation, symbols, symbol_header.sh_link, table);

		/* .rela.plt is the one with SHF_INFO_LINK: it belongs to .got.plt. */
		if (header->sh_flags & SHF_INFO_LINK)
			*ARRAY_APPEND(slots->lazy, slots->n_lazy, slots->lazy_capacity) = name;
		if (name && *name)
			*u64map_put(slots->names, relocation.r_offset, NULL) = (uintptr_t)name;
	}
}

static uint32_t read_u32(const uint8_t *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* The stub's target: `jmp *disp32(%rip)` (ff 25) names the GOT slot, `push imm32` (68) of a lazy
 * stub the relocation. Prefixes (endbr64, bnd) may stand before either. */
static const char *stub_target(const struct got_slots *slots, const uint8_t *stub, size_t size,
                               uint64_t address)
{
	enum { JUMP_LEN = 6, PUSH_LEN = 5 };

	for (size_t i = 0; i + JUMP_LEN <= size; i++) {
		if (stub[i] == 0xff && stub[i + 1] == 0x25) {
			int32_t displacement = (int32_t)read_u32(stub + i + 2);
			uint64_t slot = address + i + JUMP_LEN + (uint64_t)(int64_t)displacement;
			const uint64_t *name = u64map_get(slots->names, slot);

			return name ? (const char *)(uintptr_t)*name : NULL;
		}
		if (stub[i] == 0x68) {
			uint32_t index = read_u32(stub + i + 1);

			return index < slots->n_lazy ? slots->lazy[index] : NULL;
		}
	}
	return NULL;
}

static void name_stubs(struct symbol_table *table, const struct got_slots *slots,
                       const struct elf_file *file, const char *section_name)
{
	GElf_Shdr header;
	size_t len;
	const uint8_t *code = elf_file_contents(file, section_name, &header, &len);
	size_t stride = header.sh_entsize == 8 ? 8 : 16;

	for (size_t i = 0; code && i + stride <= len; i += stride) {
		uint64_t address = header.sh_addr + i;
		const char *target = stub_target(slots, code + i, stride, address);
		char *name;

		if (!target)
			continue;
		name = symbol_table_keep(table, xasprintf("%s@plt", target));
		symbol_table_add(table, address, address + stride, UINT32_MAX, name);
	}
}

/* `table` names IFUNCs by their resolvers; NULL: they stay without. */
static void got_slots_init(struct got_slots *slots, const struct elf_file *file,
                           struct symbol_table *table)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	*slots = (struct got_slots){.names = u64map_new()};
	while ((section = elf_nextscn(elf_file_elf(file), section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_RELA &&
		    header.sh_flags & SHF_ALLOC)
			read_relocations(slots, file, section, &header, table);
}

static void got_slots_fini(struct got_slots *slots)
{
	u64map_free(slots->names);
	free(slots->lazy);
}

void elf_symbols_load_plt(struct symbol_table *table, const struct elf_file *file)
{
	struct got_slots slots;

	got_slots_init(&slots, file, table);
	for (size_t i = 0; i < ARRAY_SIZE(plt_sections); i++)
		name_stubs(table, &slots, file, plt_sections[i]);
	got_slots_fini(&slots);
}

void elf_symbols_load_got(struct symbol_table *table, const struct elf_file *file)
{
	enum { SLOT_BYTES = 8 };
	struct got_slots slots;
	size_t position = 0;
	uint64_t slot, name;

	got_slots_init(&slots, file, NULL);
	while (u64map_next(slots.names, &position, &slot, &name))
		symbol_table_add(table, slot, slot + SLOT_BYTES, UINT32_MAX,
		                 (const char *)(uintptr_t)name);
	got_slots_fini(&slots);
}
