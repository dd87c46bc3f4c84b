/* Reads headers, needed libraries and symbols of a program for what matters before it is launched.
 */
#include "core/target/binary_elf.h"

#include "core/alloc.h"
#include "core/target/binary.h"
#include "core/diag.h"
#include "core/symbolize/debugfile.h"
#include "core/symbolize/elf_file.h"

#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Larger tables are not of programs; a sparse file could claim any size. */
#define TABLE_BYTES_MAX (1u << 30)

/* Symbols that tell a sanitizer's runtime, linked or needed. UBSan's is not here: it allocates
 * nothing and hides nothing. */
static const struct sanitizer_symbol {
	const char *symbol;
	const char *sanitizer;
} sanitizer_symbols[] = {
    {"__asan_init", "address"}, {"__hwasan_init", "hwaddress"}, {"__tsan_init", "thread"},
    {"__msan_init", "memory"},  {"__lsan_init", "leak"},
};

/* Symbols that tell the allocator, the more telling first. */
static const struct allocator_symbol {
	const char *symbol;
	const char *allocator;
	bool is_own_name; /* calls under this name pass by malloc, wherever it is defined */
} allocator_symbols[] = {
    {"_rjem_malloc", "jemalloc", true},
    {"_rjem_mallocx", "jemalloc", true},
    {"je_malloc", "jemalloc", true},
    {"je_mallocx", "jemalloc", true},
    {"mallocx", "jemalloc", false},
    {"tc_malloc", "tcmalloc", true},
    {"TCMallocInternalMalloc", "tcmalloc", true},
    {"mi_malloc", "mimalloc", true},
    {"runtime.mallocgc", "go", true},
    {"__libc_mallopt", "glibc", false},
    {"__libc_malloc_impl", "musl", false},
    {"malloc", "own", false},
};

static const struct library {
	const char *prefix; /* of a DT_NEEDED name */
	const char *sanitizer;
	const char *allocator;
} libraries[] = {
    {"libasan.so", "address", NULL},
    {"libhwasan.so", "hwaddress", NULL},
    {"libtsan.so", "thread", NULL},
    {"liblsan.so", "leak", NULL},
    {"libclang_rt.asan", "address", NULL},
    {"libclang_rt.hwasan", "hwaddress", NULL},
    {"libjemalloc.so", NULL, "jemalloc"},
    {"libtcmalloc.so", NULL, "tcmalloc"},
    {"libtcmalloc_minimal", NULL, "tcmalloc"},
    {"libmimalloc", NULL, "mimalloc"},
};

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

#define SET_NAME(field, name) snprintf((field), sizeof(field), "%s", (name))

/* The program header of a type; false: none. */
static bool find_segment(Elf *elf, GElf_Word type, GElf_Phdr *found)
{
	size_t n_headers;

	if (elf_getphdrnum(elf, &n_headers) < 0)
		return false;
	for (size_t i = 0; i < n_headers; i++) {
		if (gelf_getphdr(elf, (int)i, found) && found->p_type == type)
			return true;
	}
	return false;
}

/* Where the bytes of an address lie in the file; *len_bytes: how many follow there. */
static bool find_address(Elf *elf, GElf_Addr addr, GElf_Off *file_off, GElf_Xword *len_bytes)
{
	size_t n_headers;
	GElf_Phdr header;

	if (elf_getphdrnum(elf, &n_headers) < 0)
		return false;
	for (size_t i = 0; i < n_headers; i++) {
		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD ||
		    addr < header.p_vaddr || addr - header.p_vaddr >= header.p_filesz)
			continue;
		*len_bytes = header.p_filesz - (addr - header.p_vaddr);
		return !__builtin_add_overflow(header.p_offset, addr - header.p_vaddr, file_off);
	}
	return false;
}

/* Part of the file. libelf refuses what lies beyond its end. */
static Elf_Data *read_chunk(Elf *elf, GElf_Off file_off, GElf_Xword len_bytes, Elf_Type type)
{
	if (len_bytes > TABLE_BYTES_MAX || file_off > INT64_MAX)
		return NULL;
	return elf_getdata_rawchunk(elf, (int64_t)file_off, len_bytes, type);
}

/* The text at an offset, if it ends within the data. */
static const char *text_at(const Elf_Data *data, GElf_Xword offset)
{
	const char *text;

	if (!data || offset >= data->d_size)
		return NULL;
	text = (const char *)data->d_buf + offset;
	return memchr(text, '\0', data->d_size - offset) ? text : NULL;
}

static void read_dynamic_linker(struct binary *binary, Elf *elf)
{
	const char *path, *slash;
	GElf_Phdr header;

	binary->is_static = !find_segment(elf, PT_INTERP, &header);
	if (binary->is_static)
		return;
	path = text_at(read_chunk(elf, header.p_offset, header.p_filesz, ELF_T_BYTE), 0);
	slash = path ? strrchr(path, '/') : NULL;
	if (!slash)
		return;
	binary->is_musl = starts_with(slash + 1, "ld-musl-");
	if (binary->is_musl)
		SET_NAME(binary->allocator, "musl");
	else if (starts_with(slash + 1, "ld-linux"))
		SET_NAME(binary->allocator, "glibc");
}

/* The value of the first entry with a tag in .dynamic. */
static bool find_dynamic(Elf_Data *dynamic, GElf_Sxword tag, GElf_Xword *value)
{
	GElf_Dyn entry;

	for (int i = 0; gelf_getdyn(dynamic, i, &entry) && entry.d_tag != DT_NULL; i++) {
		if (entry.d_tag == tag) {
			*value = entry.d_un.d_val;
			return true;
		}
	}
	return false;
}

static void note_library(struct binary *binary, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		if (!starts_with(name, libraries[i].prefix))
			continue;
		if (libraries[i].sanitizer)
			SET_NAME(binary->sanitizer, libraries[i].sanitizer);
		if (libraries[i].allocator)
			SET_NAME(binary->allocator, libraries[i].allocator);
	}
}

/* By program headers, which the dynamic linker goes by too: section headers may be stripped. */
static void read_needed(struct binary *binary, Elf *elf)
{
	Elf_Data *dynamic, *texts;
	GElf_Xword addr, len_bytes;
	GElf_Phdr header;
	GElf_Off file_off;
	GElf_Dyn entry;
	const char *name;

	if (!find_segment(elf, PT_DYNAMIC, &header))
		return;
	dynamic = read_chunk(elf, header.p_offset, header.p_filesz, ELF_T_DYN);
	if (!dynamic || !find_dynamic(dynamic, DT_STRTAB, &addr) ||
	    !find_address(elf, addr, &file_off, &len_bytes))
		return;
	texts = read_chunk(elf, file_off, len_bytes, ELF_T_BYTE);
	for (int i = 0; gelf_getdyn(dynamic, i, &entry) && entry.d_tag != DT_NULL; i++) {
		name = entry.d_tag == DT_NEEDED ? text_at(texts, entry.d_un.d_val) : NULL;
		if (name)
			note_library(binary, name);
	}
}

/* The best rows found so far; past the end of their tables: none. */
struct clues {
	size_t sanitizer;
	size_t allocator;
};

static bool is_definition(const GElf_Sym *symbol)
{
	const unsigned type = GELF_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && (type == STT_FUNC || type == STT_GNU_IFUNC);
}

static void note_symbol(struct clues *clues, const GElf_Sym *symbol, const char *name)
{
	for (size_t i = 0; i < clues->sanitizer && i < ARRAY_SIZE(sanitizer_symbols); i++) {
		if (strcmp(name, sanitizer_symbols[i].symbol) == 0)
			clues->sanitizer = i;
	}
	for (size_t i = 0; i < clues->allocator && i < ARRAY_SIZE(allocator_symbols); i++) {
		if (strcmp(name, allocator_symbols[i].symbol) != 0)
			continue;
		if (is_definition(symbol) ||
		    (allocator_symbols[i].is_own_name && symbol->st_shndx == SHN_UNDEF))
			clues->allocator = i;
	}
}

/* The next symbol table after `section` (NULL: the first) that can be read. */
static Elf_Scn *next_symbol_table(Elf *elf, Elf_Scn *section, GElf_Shdr *header)
{
	while ((section = elf_nextscn(elf, section))) {
		if (gelf_getshdr(section, header) &&
		    (header->sh_type == SHT_SYMTAB || header->sh_type == SHT_DYNSYM) &&
		    header->sh_size <= TABLE_BYTES_MAX)
			return section;
	}
	return NULL;
}

static void read_symbols(struct binary *binary, Elf *elf)
{
	struct clues clues = {SIZE_MAX, SIZE_MAX};
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Sym symbol;
	const char *name;

	while ((section = next_symbol_table(elf, section, &header))) {
		Elf_Data *data = elf_getdata(section, NULL);

		for (int i = 1; data && gelf_getsym(data, i, &symbol); i++) {
			name = elf_strptr(elf, header.sh_link, symbol.st_name);
			if (name)
				note_symbol(&clues, &symbol, name);
		}
		if (header.sh_type == SHT_SYMTAB && data && data->d_size)
			binary->has_symbols = true;
	}
	if (clues.sanitizer < ARRAY_SIZE(sanitizer_symbols))
		SET_NAME(binary->sanitizer, sanitizer_symbols[clues.sanitizer].sanitizer);
	if (clues.allocator < ARRAY_SIZE(allocator_symbols)) {
		SET_NAME(binary->allocator, allocator_symbols[clues.allocator].allocator);
		binary->defines_malloc = true;
	}
}

static bool has_debug_info(const struct elf_file *file)
{
	struct elf_file *separate;
	struct diag ignored;
	bool has;

	if (elf_file_has_dwarf(file))
		return true;
	if (debugfile_open(&separate, file, DEBUG_ROOT, &ignored))
		return false;
	has = elf_file_has_dwarf(separate);
	elf_file_free(separate);
	return has;
}

static void read_build_id(struct binary *binary, const struct elf_file *file)
{
	size_t len;
	const uint8_t *build_id = elf_file_build_id(file, &len);

	/* A cut one would name another build. */
	if (!build_id || 2 * len >= sizeof(binary->build_id))
		return;
	for (size_t i = 0; i < len; i++)
		snprintf(binary->build_id + 2 * i, 3, "%02x", build_id[i]);
}

bool binary_elf_read(struct binary *binary, const struct elf_file *file)
{
	Elf *elf = elf_file_elf(file);
	GElf_Ehdr header;

	if (!gelf_getehdr(elf, &header) || (header.e_type != ET_EXEC && header.e_type != ET_DYN))
		return false;
	binary->is_64_bit_x86 = gelf_getclass(elf) == ELFCLASS64 && header.e_machine == EM_X86_64;
	read_dynamic_linker(binary, elf);
	read_needed(binary, elf);
	read_symbols(binary, elf);
	read_build_id(binary, file);
	binary->has_debug_info = has_debug_info(file);
	return true;
}

/* Functions below this have no prologue worth the name; above FUNCTIONS_ASKED more would tell no
 * more. */
#define FUNCTION_BYTES_MIN 64
#define PROLOGUE_BYTES 32
#define FUNCTIONS_MIN 8
#define FUNCTIONS_ASKED 2000

/* With frame pointers a few functions return before they set theirs up (shrink-wrapping) or are
 * assembly; without, a few use %rbp to realign their stack. */
#define PERCENT_WITH 70
#define PERCENT_WITHOUT 30

/* mov %rsp,%rbp in either encoding: the compiler may have put other instructions between it and
 * push %rbp. */
static bool sets_frame_pointer(const uint8_t *code, size_t len)
{
	static const uint8_t set_up[2][3] = {{0x48, 0x89, 0xe5}, {0x48, 0x8b, 0xec}};

	for (size_t i = 0; i + sizeof(set_up[0]) <= len; i++) {
		if (memcmp(code + i, set_up[0], sizeof(set_up[0])) == 0 ||
		    memcmp(code + i, set_up[1], sizeof(set_up[1])) == 0)
			return true;
	}
	return false;
}

struct prologues {
	size_t asked;
	size_t with_frame;
};

static void ask_functions(struct prologues *prologues, const struct elf_file *file,
                          Elf_Scn *section)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Xword len_bytes;
	GElf_Off file_off;
	GElf_Sym symbol;
	uint8_t code[PROLOGUE_BYTES];
	ssize_t len;

	for (int i = 1; data && prologues->asked < FUNCTIONS_ASKED && gelf_getsym(data, i, &symbol);
	     i++) {
		if (!is_definition(&symbol) || symbol.st_size < FUNCTION_BYTES_MIN ||
		    !find_address(elf_file_elf(file), symbol.st_value, &file_off, &len_bytes))
			continue;
		len = pread(elf_file_fd(file), code, sizeof(code), (off_t)file_off);
		if (len <= 0)
			continue;
		prologues->asked++;
		prologues->with_frame += sets_frame_pointer(code, (size_t)len);
	}
}

int binary_elf_frame_pointers(const struct elf_file *file)
{
	struct prologues prologues = {0};
	Elf *elf = elf_file_elf(file);
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Ehdr program;

	if (!gelf_getehdr(elf, &program) || program.e_machine != EM_X86_64)
		return -1;
	while ((section = next_symbol_table(elf, section, &header)))
		ask_functions(&prologues, file, section);
	if (prologues.asked < FUNCTIONS_MIN)
		return -1;
	if (prologues.with_frame * 100 >= prologues.asked * PERCENT_WITH)
		return 1;
	return prologues.with_frame * 100 <= prologues.asked * PERCENT_WITHOUT ? 0 : -1;
}
