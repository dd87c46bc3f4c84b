/* Finds the other half of a unit and puts both together. */
#include "core/symbolize/split_dwarf.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/symbolize/elf_file.h"
#include "core/symbolize/made_elf.h"
#include "core/symbolize/range_list.h"

#include <dwarf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The sections of a joined unit, and what the index of a package calls them: DWARF 5 table 7.1, and
 * the extension to DWARF 4. 0: it lies in the main file. */
enum part { INFO, ABBREV, LINE, STR, STR_OFFSETS, RNGLISTS, ADDR, RANGES, N_PARTS };

static const struct {
	const char *name;
	uint32_t id;     /* in an index of version 5 */
	uint32_t old_id; /* of version 2 */
} parts[N_PARTS] = {
    [INFO] = {".debug_info", 1, 1},
    [ABBREV] = {".debug_abbrev", 3, 3},
    [LINE] = {".debug_line", 4, 4},
    [STR] = {".debug_str", 0, 0}, /* shared by all units of a package */
    [STR_OFFSETS] = {".debug_str_offsets", 6, 6},
    [RNGLISTS] = {".debug_rnglists", 8, 0},
    [ADDR] = {".debug_addr", 0, 0},
    [RANGES] = {".debug_ranges", 0, 0},
};

struct split_dwarf {
	struct elf_file *single;      /* the .dwo; NULL: it is in the package */
	const struct elf_file *other; /* the .dwo or .dwp */
	struct byte_range parts[N_PARTS];
	struct made_elf *joined;
	Dwarf *dwarf;
	Dwarf_Die root;
	struct range_lists lists;
};

static struct byte_range section_bytes(const struct elf_file *file, const char *name)
{
	GElf_Shdr header;
	Elf_Scn *section = elf_file_section(file, name, &header);
	const Elf_Data *data;

	if (section && header.sh_flags & SHF_COMPRESSED && elf_compress(section, 0, 0) < 0)
		return (struct byte_range){0};
	data = section ? elf_getdata(section, NULL) : NULL;
	if (!data || !data->d_buf)
		return (struct byte_range){0};
	return (struct byte_range){data->d_buf, data->d_size};
}

/* The sections of a .dwo, or of a package before they are cut down to one unit. */
static void take_whole(struct split_dwarf *split)
{
	for (size_t i = 0; i < ADDR; i++) {
		char *name = xasprintf("%s.dwo", parts[i].name);

		split->parts[i] = section_bytes(split->other, name);
		free(name);
	}
}

/* .debug_cu_index: a hash table of unit ids, and a row of offsets and one of sizes for each unit.
 */
struct unit_index {
	uint32_t version;
	uint32_t n_columns;
	uint32_t n_units;
	uint32_t n_slots;
	struct byte_range ids, rows, columns, offsets, sizes;
};

static bool read_index(struct unit_index *index, struct byte_range bytes)
{
	enum { HEADER = 16 };
	uint64_t table;

	if (bytes.len < HEADER)
		return false;
	memcpy(&index->version, bytes.bytes, 4);
	if (index->version != 2)
		index->version &= 0xffff; /* version 5 has two bytes of padding */
	memcpy(&index->n_columns, bytes.bytes + 4, 4);
	memcpy(&index->n_units, bytes.bytes + 8, 4);
	memcpy(&index->n_slots, bytes.bytes + 12, 4);
	if ((index->version != 2 && index->version != 5) || index->n_columns > 16)
		return false;
	table = 4 * (uint64_t)index->n_columns * index->n_units;
	index->ids = bytes_from(bytes, HEADER);
	index->rows = bytes_from(index->ids, 8 * (uint64_t)index->n_slots);
	index->columns = bytes_from(index->rows, 4 * (uint64_t)index->n_slots);
	index->offsets = bytes_from(index->columns, 4 * (uint64_t)index->n_columns);
	index->sizes = bytes_from(index->offsets, table);
	return HEADER + 12 * (uint64_t)index->n_slots + 4 * index->n_columns + 2 * table <=
	       bytes.len;
}

/* From 1; 0: the package does not hold the unit. */
static uint32_t find_row(const struct unit_index *index, uint64_t unit_id)
{
	for (uint64_t slot = 0; slot < index->n_slots; slot++) {
		uint64_t id;
		uint32_t row;

		memcpy(&id, index->ids.bytes + 8 * slot, 8);
		memcpy(&row, index->rows.bytes + 4 * slot, 4);
		if (row && id == unit_id)
			return row <= index->n_units ? row : 0;
	}
	return 0;
}

static void cut_part(struct split_dwarf *split, const struct unit_index *index, size_t part,
                     uint32_t row)
{
	uint32_t wanted = index->version == 5 ? parts[part].id : parts[part].old_id;

	for (uint32_t column = 0; wanted && column < index->n_columns; column++) {
		uint64_t at = 4 * ((uint64_t)index->n_columns * (row - 1) + column);
		struct byte_range cut;
		uint32_t id, offset, size;

		memcpy(&id, index->columns.bytes + 4 * column, 4);
		memcpy(&offset, index->offsets.bytes + at, 4);
		memcpy(&size, index->sizes.bytes + at, 4);
		if (id != wanted)
			continue;
		cut = bytes_from(split->parts[part], offset);
		if (size < cut.len)
			cut.len = size;
		split->parts[part] = cut;
		return;
	}
	if (part != STR)
		split->parts[part] = (struct byte_range){0};
}

void split_package_fini(struct split_package *package)
{
	elf_file_free(package->file);
}

/* False: the package does not hold the unit, or there is none. */
static bool find_in_package(struct split_dwarf *split, const struct elf_file *file,
                            uint64_t unit_id, struct split_package *package)
{
	struct unit_index index;
	struct diag diag;
	uint32_t row;

	if (!package->was_tried) {
		char *path = xasprintf("%s.dwp", elf_file_name(file));

		elf_file_open_path(&package->file, path, &diag);
		package->was_tried = true;
		free(path);
	}
	if (!package->file || !read_index(&index, section_bytes(package->file, ".debug_cu_index")))
		return false;
	row = find_row(&index, unit_id);
	if (!row)
		return false;
	split->other = package->file;
	take_whole(split);
	for (size_t i = 0; i < ADDR; i++)
		cut_part(split, &index, i, row);
	return true;
}

static const char *text_attribute(Dwarf_Die *die, unsigned name, unsigned old_name)
{
	Dwarf_Attribute attribute;

	if (!dwarf_attr(die, name, &attribute) && !dwarf_attr(die, old_name, &attribute))
		return NULL;
	return dwarf_formstring(&attribute);
}

static uint64_t number_attribute(Dwarf_Die *die, unsigned name, unsigned old_name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word number;

	if ((!dwarf_attr(die, name, &attribute) && !dwarf_attr(die, old_name, &attribute)) ||
	    dwarf_formudata(&attribute, &number))
		return 0;
	return number;
}

/* Where the compiler put it, or beside the object when both have been moved. */
static int open_single(struct split_dwarf *split, Dwarf_Die *skeleton, const struct elf_file *file,
                       struct diag *diag)
{
	const char *name = text_attribute(skeleton, DW_AT_dwo_name, DW_AT_GNU_dwo_name);
	const char *directory = text_attribute(skeleton, DW_AT_comp_dir, DW_AT_comp_dir);
	const char *object = elf_file_name(file);
	struct diag moved_diag;
	char *path, *moved;
	int err;

	if (!name)
		return diag_fail(diag, EINVAL, "the DWARF of %s is damaged", object);
	path = *name == '/' || !directory ? xstrdup(name) : xasprintf("%s/%s", directory, name);
	moved =
	    xasprintf("%.*s/%s", (int)(strrchr(object, '/') ? strrchr(object, '/') - object : 0),
	              object, strrchr(name, '/') ? strrchr(name, '/') + 1 : name);
	err = elf_file_open_path(&split->single, path, diag);
	if (err && !elf_file_open_path(&split->single, moved, &moved_diag))
		err = 0;
	split->other = split->single;
	if (!err)
		take_whole(split);
	else
		err =
		    diag_fail(diag, -err,
		              "%s keeps its DWARF in %s, which cannot be read: calls inlined there "
		              "are not seen; put it back, or pack it into %s.dwp",
		              object, path, object);
	free(path);
	free(moved);
	return err;
}

/* Each part that there is, by its name in a file that is not split. */
static bool join(struct split_dwarf *split)
{
	struct made_section sections[N_PARTS];
	size_t n = 0;

	for (size_t i = 0; i < N_PARTS; i++)
		if (split->parts[i].len)
			sections[n++] = (struct made_section){parts[i].name, split->parts[i]};
	split->joined = made_elf_new(sections, n, elf_file_fd(split->other));
	if (split->joined)
		split->dwarf = dwarf_begin_elf(made_elf_elf(split->joined), DWARF_C_READ, NULL);
	return split->dwarf;
}

static uint64_t id_of(Dwarf_CU *cu, Dwarf_Die *root)
{
	uint64_t id = 0;

	if (dwarf_cu_info(cu, NULL, NULL, root, NULL, &id, NULL, NULL))
		return 0;
	return id;
}

/* A .dwo may hold several units, of types too. */
static bool find_root(struct split_dwarf *split, uint64_t unit_id)
{
	Dwarf_CU *cu = NULL;

	while (!dwarf_get_units(split->dwarf, cu, &cu, NULL, NULL, &split->root, NULL))
		if (dwarf_tag(&split->root) == DW_TAG_compile_unit &&
		    id_of(cu, &split->root) == unit_id)
			return true;
	return false;
}

/* What the skeleton says of the main file's sections is left out of the other half. */
static void take_from_main(struct split_dwarf *split, Dwarf_Die *skeleton,
                           const struct elf_file *file)
{
	Dwarf_Addr low_pc = 0;

	split->parts[ADDR] =
	    bytes_from(section_bytes(file, ".debug_addr"),
	               number_attribute(skeleton, DW_AT_addr_base, DW_AT_GNU_addr_base));
	split->parts[RANGES] =
	    bytes_from(section_bytes(file, ".debug_ranges"),
	               number_attribute(skeleton, DW_AT_GNU_ranges_base, DW_AT_GNU_ranges_base));
	dwarf_lowpc(skeleton, &low_pc);
	split->lists = (struct range_lists){
	    .rnglists = split->parts[RNGLISTS],
	    .ranges = split->parts[RANGES],
	    .addresses = split->parts[ADDR],
	    .base = low_pc,
	};
}

/* libdw trusts that strings end. */
static bool strings_end(struct byte_range strings)
{
	return !strings.len || !strings.bytes[strings.len - 1];
}

int split_dwarf_open(struct split_dwarf **opened, Dwarf_Die *skeleton, uint64_t unit_id,
                     const struct elf_file *file, struct split_package *package, struct diag *diag)
{
	struct split_dwarf *split = xcalloc(1, sizeof(*split));
	int err = 0;

	if (!find_in_package(split, file, unit_id, package))
		err = open_single(split, skeleton, file, diag);
	if (!err) {
		take_from_main(split, skeleton, file);
		if (!strings_end(split->parts[STR]) || !join(split) || !find_root(split, unit_id))
			err = diag_fail(diag, ESTALE,
			                "%s is damaged or of another build than %s: calls inlined "
			                "there are not seen; build both again",
			                elf_file_name(split->other), elf_file_name(file));
	}
	if (err) {
		split_dwarf_free(split);
		return err;
	}
	*opened = split;
	return 0;
}

void split_dwarf_free(struct split_dwarf *split)
{
	if (!split)
		return;
	dwarf_end(split->dwarf);
	made_elf_free(split->joined);
	elf_file_free(split->single);
	free(split);
}

Dwarf_Die split_dwarf_root(const struct split_dwarf *split)
{
	return split->root;
}

void split_dwarf_ranges(const struct split_dwarf *split, Dwarf_Die *die, struct range_walk *walk)
{
	struct byte_range value = split->parts[INFO];
	Dwarf_Attribute attribute;
	uint64_t list;

	*walk = (struct range_walk){.lists = &split->lists};
	if (!dwarf_attr(die, DW_AT_ranges, &attribute))
		return;
	if (dwarf_whatform(&attribute) == DW_FORM_rnglistx) {
		value = bytes_from(value, (uint64_t)(attribute.valp - value.bytes));
		if (bytes_take_uleb(&value, &list))
			range_walk_begin_numbered(walk, &split->lists, list);
	} else if (!dwarf_formudata(&attribute, &list)) {
		range_walk_begin(walk, &split->lists, list);
	}
}
