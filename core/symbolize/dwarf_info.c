/* From an address to its compile unit, and from there to frames with names. */
#include "core/symbolize/dwarf_info.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/string_pool.h"
#include "core/symbolize/aranges.h"
#include "core/symbolize/demangle.h"
#include "core/symbolize/dwarf_unit.h"
#include "core/symbolize/elf_file.h"
#include "core/symbolize/interval_map.h"
#include "core/symbolize/split_dwarf.h"
#include "core/symbolize/unpacked.h"
#include "core/u64map.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Units of a hostile file may all share one huge range list; real files have some 10,000 ranges. */
enum { MAX_RANGES = 1 << 22 };

struct unit_slot {
	Dwarf_CU *cu;
	struct dwarf_unit *unit; /* NULL until an address in it was asked for */
};

struct function_names {
	const char *function; /* NULL: none */
	const char *linkage;  /* NULL: not mangled */
};

/* The DWARF of one file. */
struct opened {
	Elf *elf; /* what libdw reads: the file itself, or it unpacked */
	struct unpacked *unpacked;
	Dwarf *dwarf; /* NULL: it cannot be read */
};

struct dwarf_info {
	const struct elf_file *file;
	struct opened own;
	struct opened shared; /* of dwz */
	struct string_pool *texts;
	struct unit_slot *units;
	size_t n_units;
	size_t units_capacity;
	struct interval_map *unit_offsets; /* address -> offset of its unit, where that is said */
	struct interval_map *ranges;       /* address -> index of its unit, once all are listed */
	bool is_listed;
	struct u64map *unit_of; /* Dwarf_CU * -> index of its unit */
	struct u64map *names;   /* address of a DIE in memory -> index of its function */
	struct function_names *functions;
	size_t n_functions;
	size_t functions_capacity;
	struct dwarf_frame *frames; /* of the last answer */
	size_t n_frames;
	size_t frames_capacity;
	struct split_package package;
	struct diag trouble; /* the first one that was met later than in opening, or "" */
};

static uint32_t index_of(struct dwarf_info *info, Dwarf_CU *cu)
{
	bool is_new;
	uint64_t *index = u64map_put(info->unit_of, (uintptr_t)cu, &is_new);

	if (is_new) {
		*index = info->n_units;
		*ARRAY_APPEND(info->units, info->n_units, info->units_capacity) =
		    (struct unit_slot){cu, NULL};
	}
	return (uint32_t)*index;
}

/* libdw lists damaged units, too, whose kind it does not know. */
static bool is_whole(Dwarf_CU *cu)
{
	Dwarf_Die die;

	return !dwarf_cu_info(cu, NULL, NULL, &die, NULL, NULL, NULL, NULL);
}

static void add_unit(struct dwarf_info *info, Dwarf_CU *cu, Dwarf_Die *die)
{
	uint32_t index = index_of(info, cu);
	Dwarf_Addr base;
	Dwarf_Addr start;
	Dwarf_Addr end;
	ptrdiff_t next = 0;

	/* Linkers put the ranges of functions that they dropped at 0 or 1: no code is there. */
	while ((next = dwarf_ranges(die, next, &base, &start, &end)) > 0 &&
	       interval_map_count(info->ranges) < MAX_RANGES)
		if (start > 1)
			interval_map_add(info->ranges, start, end, 0, index);
}

/* Units always have ranges, but asking them all takes long. */
static void list_units(struct dwarf_info *info)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	int end;

	if (info->is_listed)
		return;
	info->is_listed = true;
	while (!(end = dwarf_get_units(info->own.dwarf, cu, &cu, NULL, NULL, &die, NULL)))
		if (is_whole(cu))
			add_unit(info, cu, &die);
	if (end < 0 && !*info->trouble.text)
		diag_fail(&info->trouble, EINVAL,
		          "the DWARF of %s is damaged; reinstall or rebuild it",
		          elf_file_name(info->file));
}

/* The unit that .debug_aranges names. */
static bool find_by_offset(struct dwarf_info *info, uint64_t vaddr, uint32_t *index)
{
	Dwarf *dwarf = info->own.dwarf;
	size_t header_bytes;
	uint32_t offset;
	Dwarf_Off next;
	Dwarf_Die die;

	if (!interval_map_find(info->unit_offsets, vaddr, &offset) ||
	    dwarf_next_unit(dwarf, offset, &next, &header_bytes, NULL, NULL, NULL, NULL, NULL,
	                    NULL) ||
	    !dwarf_offdie(dwarf, offset + header_bytes, &die) || !is_whole(die.cu) ||
	    (dwarf_tag(&die) != DW_TAG_compile_unit && dwarf_tag(&die) != DW_TAG_skeleton_unit))
		return false;
	*index = index_of(info, die.cu);
	return true;
}

static bool find_unit(struct dwarf_info *info, uint64_t vaddr, uint32_t *index)
{
	if (!info->is_listed && find_by_offset(info, vaddr, index))
		return true;
	list_units(info);
	return interval_map_find(info->ranges, vaddr, index);
}

/* The bytes of a section, none where it is not there or packed. */
static struct byte_range section_bytes(Elf *elf, const char *wanted)
{
	size_t names;
	Elf_Scn *section = NULL;

	if (elf_getshdrstrndx(elf, &names))
		return (struct byte_range){0};
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name =
		    gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
		const Elf_Data *data;

		if (!name || strcmp(name, wanted) != 0 || header.sh_flags & SHF_COMPRESSED)
			continue;
		data = elf_getdata(section, NULL);
		if (data && data->d_buf)
			return (struct byte_range){data->d_buf, data->d_size};
	}
	return (struct byte_range){0};
}

/* libdw 0.188 reads a damaged section of strings beyond its end when its last byte is no NUL. */
static bool strings_end(Elf *elf)
{
	static const char *const sections[] = {".debug_str", ".debug_line_str"};

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		struct byte_range bytes = section_bytes(elf, sections[i]);

		if (bytes.len && bytes.bytes[bytes.len - 1])
			return false;
	}
	return true;
}

/* libdw has unpacked what libelf can unpack; elfutils before 0.189 knows no zstd. */
static bool is_packed(const struct elf_file *file)
{
	GElf_Shdr header;

	return elf_file_section(file, ".debug_info", &header) && header.sh_flags & SHF_COMPRESSED;
}

/* libdw unpacks all that is packed. Nobody asks here where variables are, nor for macros. */
static void leave_out_unused(Elf *elf)
{
	static const char *const unused[] = {".debug_loclists", ".debug_loc", ".debug_macro",
	                                     ".debug_macinfo"};
	size_t names;
	Elf_Scn *section = NULL;

	if (elf_getshdrstrndx(elf, &names))
		return;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name =
		    gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;

		for (size_t i = 0; name && i < ARRAY_SIZE(unused); i++) {
			if (strcmp(name, unused[i]) != 0)
				continue;
			header.sh_type = SHT_NOBITS;
			gelf_update_shdr(section, &header);
		}
	}
}

/* libdw finds a unit among all that it has seen before, by walking there. */
void dwarf_info_prepare(struct dwarf_info *info)
{
	Dwarf_CU *cu = NULL;

	while (!dwarf_get_units(info->own.dwarf, cu, &cu, NULL, NULL, NULL, NULL))
		;
}

static void opened_fini(struct opened *opened)
{
	dwarf_end(opened->dwarf);
	unpacked_free(opened->unpacked);
}

static void open_dwarf(struct opened *opened, const struct elf_file *file)
{
	opened->elf = elf_file_elf(file);
	opened->unpacked = unpacked_new(file);
	if (opened->unpacked)
		opened->elf = unpacked_elf(opened->unpacked);
	else
		leave_out_unused(opened->elf);
	opened->dwarf = dwarf_begin_elf(opened->elf, DWARF_C_READ, NULL);
}

static int check_dwarf(const struct dwarf_info *info, struct diag *diag)
{
	const char *name = elf_file_name(info->file);

	if (!info->own.unpacked && is_packed(info->file))
		return diag_fail(diag, EINVAL,
		                 "the DWARF of %s is compressed in a way that libelf cannot undo "
		                 "here; run: objcopy --decompress-debug-sections %s",
		                 name, name);
	if (!info->own.dwarf)
		return diag_fail(diag, EINVAL, "the DWARF of %s cannot be read: %s", name,
		                 dwarf_errmsg(-1));
	if (!strings_end(info->own.elf) || (info->shared.elf && !strings_end(info->shared.elf)))
		return diag_fail(diag, EINVAL, "the DWARF of %s is damaged", name);
	return 0;
}

int dwarf_info_open(struct dwarf_info **info, const struct elf_file *file,
                    const struct elf_file *shared, struct string_pool *texts, struct diag *diag)
{
	struct dwarf_info *new_info = xcalloc(1, sizeof(*new_info));
	int err;

	new_info->file = file;
	if (shared)
		open_dwarf(&new_info->shared, shared);
	open_dwarf(&new_info->own, file);
	err = check_dwarf(new_info, diag);
	if (err) {
		dwarf_info_free(new_info);
		return err;
	}
	if (new_info->shared.dwarf)
		dwarf_setalt(new_info->own.dwarf, new_info->shared.dwarf);
	new_info->texts = texts;
	new_info->ranges = interval_map_new();
	new_info->unit_offsets = interval_map_new();
	new_info->unit_of = u64map_new();
	new_info->names = u64map_new();
	aranges_read(section_bytes(new_info->own.elf, ".debug_aranges"), new_info->unit_offsets);
	*info = new_info;
	return 0;
}

void dwarf_info_free(struct dwarf_info *info)
{
	if (!info)
		return;
	for (size_t i = 0; i < info->n_units; i++)
		dwarf_unit_free(info->units[i].unit);
	split_package_fini(&info->package);
	free(info->units);
	interval_map_free(info->ranges);
	interval_map_free(info->unit_offsets);
	u64map_free(info->unit_of);
	u64map_free(info->names);
	free(info->functions);
	free(info->frames);
	opened_fini(&info->own);
	opened_fini(&info->shared);
	free(info);
}

const char *dwarf_info_trouble(const struct dwarf_info *info)
{
	return *info->trouble.text ? info->trouble.text : NULL;
}

static struct dwarf_unit *unit_at(struct dwarf_info *info, uint64_t index)
{
	struct unit_slot *slot = &info->units[index];
	struct diag ignored;

	if (!slot->unit) {
		struct diag *trouble = &info->trouble;

		slot->unit = dwarf_unit_new(slot->cu, info->file, &info->package,
		                            *trouble->text ? &ignored : trouble);
		*u64map_put(info->unit_of, (uintptr_t)dwarf_unit_cu(slot->unit), NULL) = index;
	}
	return slot->unit;
}

/* From a DIE to the one it refers to for what it does not say itself; false at the end. */
static bool follow_origin(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	return (dwarf_attr(die, DW_AT_abstract_origin, &attribute) ||
	        dwarf_attr(die, DW_AT_specification, &attribute)) &&
	       dwarf_formref_die(&attribute, die);
}

enum { MAX_LINKS = 16 }; /* real chains have 3; damaged ones may be rings */

static const char *linkage_name(Dwarf_Die die)
{
	Dwarf_Attribute attribute;
	int i = 0;

	/* dwarf_attr_integrate() goes farther: it opens the file that a skeleton unit names. */
	do {
		if (dwarf_attr(&die, DW_AT_linkage_name, &attribute) ||
		    dwarf_attr(&die, DW_AT_MIPS_linkage_name, &attribute))
			return dwarf_formstring(&attribute);
	} while (i++ < MAX_LINKS && follow_origin(&die));
	return NULL;
}

/* The DIE that declares the function: the end of the abstract_origin and specification chain. */
static Dwarf_Die declaration_of(Dwarf_Die die)
{
	for (int i = 0; i < MAX_LINKS && follow_origin(&die); i++)
		;
	return die;
}

/* The plain name, after what encloses its declaration. */
static char *describe_function(struct dwarf_info *info, Dwarf_Die *die)
{
	Dwarf_Die declaration = declaration_of(*die);
	const char *name = dwarf_diename(&declaration);
	const uint64_t *unit;
	char *qualifier;
	char *text;

	if (!name || !*name)
		return NULL;
	unit = u64map_get(info->unit_of, (uintptr_t)declaration.cu);
	if (!unit) {
		list_units(info);
		unit = u64map_get(info->unit_of, (uintptr_t)declaration.cu);
	}
	if (!unit)
		return xstrdup(name);
	qualifier = dwarf_unit_qualifier(unit_at(info, *unit), &declaration);
	text = xasprintf("%s%s", qualifier, name);
	free(qualifier);
	return text;
}

static const char *keep_text(struct dwarf_info *info, const char *text)
{
	return text ? string_pool_text(info->texts, string_pool_add(info->texts, text)) : NULL;
}

/* The demangled linkage name tells all. An assembler's name that is no mangling (__GI_abort) tells
 * less than the name in the source. */
static struct function_names name_function(struct dwarf_info *info, Dwarf_Die *die)
{
	struct function_names names = {0};
	const char *linkage = linkage_name(*die);
	char *text = linkage ? demangle(linkage) : NULL;

	if (text && strcmp(text, linkage)) {
		names.linkage = keep_text(info, linkage);
	} else {
		free(text);
		text = describe_function(info, die);
	}
	names.function = keep_text(info, text);
	free(text);
	return names;
}

/* Calls inlined from one function share its DIE, so each function is named once. A constructor's
 * copies have linkage names of their own, which tell more. */
static const struct function_names *names_of(struct dwarf_info *info, Dwarf_Die die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die origin;
	uint64_t *index;
	bool is_new;

	if (!dwarf_hasattr(&die, DW_AT_linkage_name) &&
	    dwarf_attr(&die, DW_AT_abstract_origin, &attribute) &&
	    dwarf_formref_die(&attribute, &origin))
		die = origin;
	index = u64map_put(info->names, (uintptr_t)die.addr, &is_new);
	if (is_new) {
		*index = info->n_functions;
		*ARRAY_APPEND(info->functions, info->n_functions, info->functions_capacity) =
		    name_function(info, &die);
	}
	return &info->functions[*index];
}

/* The place's file in the pool: libdw's texts do not outlive the Dwarf. */
static const char *keep_file(struct dwarf_info *info, const struct dwarf_place *place)
{
	uint32_t text;

	if (!place->file)
		return NULL;
	if (place->directory) {
		char *path = xasprintf("%s/%s", place->directory, place->file);

		text = string_pool_add(info->texts, path);
		free(path);
	} else {
		text = string_pool_add(info->texts, place->file);
	}
	return string_pool_text(info->texts, text);
}

static void add_frame(struct dwarf_info *info, const struct function_names *names,
                      const struct dwarf_place *place)
{
	*ARRAY_APPEND(info->frames, info->n_frames, info->frames_capacity) = (struct dwarf_frame){
	    .function = names->function,
	    .linkage = names->linkage,
	    .file = keep_file(info, place),
	    .line = place->line,
	};
}

size_t dwarf_info_look_up(struct dwarf_info *info, uint64_t vaddr,
                          const struct dwarf_frame **frames)
{
	static const struct function_names none;
	struct dwarf_unit *unit;
	struct dwarf_place place;
	uint32_t index;
	uint32_t scope;

	info->n_frames = 0;
	if (!find_unit(info, vaddr, &index))
		return 0;
	unit = unit_at(info, index);
	place = dwarf_unit_line(unit, vaddr);
	scope = dwarf_unit_find_scope(unit, vaddr);
	if (scope == NO_SCOPE)
		add_frame(info, &none, &place);
	while (scope != NO_SCOPE) {
		const struct dwarf_scope *its_scope = dwarf_unit_scope(unit, scope);

		add_frame(info, names_of(info, its_scope->die), &place);
		place = dwarf_unit_call_site(unit, scope);
		scope = its_scope->parent;
	}
	*frames = info->frames;
	return info->n_frames;
}

/* Who is given the names of functions. */
struct visit {
	struct dwarf_info *info;
	bool (*visit)(void *context, const char *function);
	void *context;
	size_t n_dies;
};

/* A damaged tree may be as deep as the file is long, and lead to the same place by many ways. */
enum { MAX_DEPTH = 64, MAX_DIES = 1 << 24 };

static bool holds_functions(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_class_type ||
	       tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_module ||
	       tag == DW_TAG_subprogram;
}

static bool visit_below(struct visit *visit, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;
	int end = dwarf_child(parent, &die);

	for (; !end && visit->n_dies++ < MAX_DIES; end = dwarf_siblingof(&die, &die)) {
		int tag = dwarf_tag(&die);
		const char *name = NULL;

		if (tag == DW_TAG_subprogram && !dwarf_hasattr(&die, DW_AT_declaration))
			name = names_of(visit->info, die)->function;
		if (name && !visit->visit(visit->context, name))
			return false;
		if (holds_functions(tag) && depth < MAX_DEPTH &&
		    !visit_below(visit, &die, depth + 1))
			return false;
	}
	return true;
}

bool dwarf_info_each_function(struct dwarf_info *info,
                              bool (*visit)(void *context, const char *function), void *context)
{
	struct visit visitor = {info, visit, context, 0};

	list_units(info);
	/* What a name needs may add units. */
	for (size_t i = 0; i < info->n_units; i++) {
		Dwarf_CU *cu = dwarf_unit_cu(unit_at(info, i));
		Dwarf_Die die;

		if (!dwarf_cu_info(cu, NULL, NULL, &die, NULL, NULL, NULL, NULL) &&
		    !visit_below(&visitor, &die, 0))
			return false;
	}
	return true;
}
