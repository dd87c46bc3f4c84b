/* Walks one compile unit and indexes its code by address. */
#include "core/symbolize/dwarf_unit.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/symbolize/interval_map.h"
#include "core/symbolize/range_list.h"
#include "core/symbolize/split_dwarf.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* Deeper trees are hostile: the deepest real ones, templates in templates, have some dozen levels.
 */
enum { MAX_DEPTH = 400 };
/* Many DIEs may share one huge range list; real units have less than a million ranges. */
enum { MAX_RANGES = 1 << 22 };

/* A namespace or class. */
struct name_scope {
	const char *name; /* NULL: it adds nothing to names */
	uint32_t parent;
};

/* From this DIE offset on the enclosing namespace or class is `scope`. */
struct name_step {
	Dwarf_Off from;
	uint32_t scope;
};

struct dwarf_unit {
	Dwarf_Die lines; /* the DIE whose line table it is: the skeleton of split DWARF */
	Dwarf_Die tree;
	struct split_dwarf *split; /* NULL: the tree is in the same file */
	const char *directory;     /* of the compiler; NULL: not said */
	Dwarf_Files *files;
	bool walked;
	bool has_files;              /* they were looked for */
	struct interval_map *ranges; /* address -> scope */
	struct dwarf_scope *scopes;
	size_t n_scopes;
	size_t scopes_capacity;
	struct name_scope *name_scopes;
	size_t n_name_scopes;
	size_t name_scopes_capacity;
	struct name_step *steps; /* in order of `from` */
	size_t n_steps;
	size_t steps_capacity;
};

/* What a walk knows at one level. */
struct level {
	uint32_t code;  /* enclosing dwarf_scope */
	uint32_t names; /* enclosing name_scope */
	unsigned depth;
};

struct dwarf_unit *dwarf_unit_new(Dwarf_CU *cu, const struct elf_file *file,
                                  struct split_package *package, struct diag *diag)
{
	struct dwarf_unit *unit = xcalloc(1, sizeof(*unit));
	Dwarf_Attribute directory;
	uint64_t unit_id = 0;
	uint8_t type = 0;
	int err;

	unit->ranges = interval_map_new();
	err = dwarf_cu_info(cu, NULL, &type, &unit->lines, NULL, &unit_id, NULL, NULL);
	BUG(err); /* it only refuses NULL */
	unit->tree = unit->lines;
	if (type == DW_UT_skeleton &&
	    !split_dwarf_open(&unit->split, &unit->lines, unit_id, file, package, diag))
		unit->tree = split_dwarf_root(unit->split);
	if (dwarf_attr(&unit->lines, DW_AT_comp_dir, &directory))
		unit->directory = dwarf_formstring(&directory);
	return unit;
}

void dwarf_unit_free(struct dwarf_unit *unit)
{
	if (!unit)
		return;
	interval_map_free(unit->ranges);
	split_dwarf_free(unit->split);
	free(unit->scopes);
	free(unit->name_scopes);
	free(unit->steps);
	free(unit);
}

Dwarf_CU *dwarf_unit_cu(const struct dwarf_unit *unit)
{
	return unit->tree.cu;
}

static void add_ranges(struct dwarf_unit *unit, Dwarf_Die *die, unsigned depth, uint32_t scope)
{
	Dwarf_Addr base;
	Dwarf_Addr start;
	Dwarf_Addr end;
	ptrdiff_t next = 0;

	while ((next = dwarf_ranges(die, next, &base, &start, &end)) > 0 &&
	       interval_map_count(unit->ranges) < MAX_RANGES)
		interval_map_add(unit->ranges, start, end, depth, scope);
}

static void add_split_ranges(struct dwarf_unit *unit, Dwarf_Die *die, unsigned depth,
                             uint32_t scope)
{
	struct range_walk walk;
	uint64_t start;
	uint64_t end;

	if (!dwarf_lowpc(die, &start) && !dwarf_highpc(die, &end)) {
		interval_map_add(unit->ranges, start, end, depth, scope);
		return;
	}
	split_dwarf_ranges(unit->split, die, &walk);
	while (range_walk_next(&walk, &start, &end) &&
	       interval_map_count(unit->ranges) < MAX_RANGES)
		interval_map_add(unit->ranges, start, end, depth, scope);
}

/* Adds the DIE when it has code. Returns the scope its children are in. */
static uint32_t add_code(struct dwarf_unit *unit, Dwarf_Die *die, const struct level *level)
{
	uint32_t scope = (uint32_t)unit->n_scopes;
	bool inlined = dwarf_tag(die) == DW_TAG_inlined_subroutine;
	size_t before = interval_map_count(unit->ranges);

	if (unit->split)
		add_split_ranges(unit, die, level->depth, scope);
	else
		add_ranges(unit, die, level->depth, scope);
	if (interval_map_count(unit->ranges) == before)
		return level->code;
	*ARRAY_APPEND(unit->scopes, unit->n_scopes, unit->scopes_capacity) =
	    (struct dwarf_scope){*die, inlined ? level->code : NO_SCOPE};
	return scope;
}

/* From this offset on DIEs are in `scope`, if they were not before. */
static void step_to(struct dwarf_unit *unit, Dwarf_Off from, uint32_t scope)
{
	uint32_t before = unit->n_steps ? unit->steps[unit->n_steps - 1].scope : NO_SCOPE;

	if (scope == before)
		return;
	*ARRAY_APPEND(unit->steps, unit->n_steps, unit->steps_capacity) =
	    (struct name_step){from, scope};
}

static uint32_t add_names(struct dwarf_unit *unit, Dwarf_Die *die, const struct level *level)
{
	const char *name = dwarf_diename(die);
	uint32_t scope = (uint32_t)unit->n_name_scopes;

	if (!name && dwarf_tag(die) == DW_TAG_namespace)
		name = "(anonymous namespace)";
	*ARRAY_APPEND(unit->name_scopes, unit->n_name_scopes, unit->name_scopes_capacity) =
	    (struct name_scope){name, level->names};
	step_to(unit, dwarf_dieoffset(die) + 1, scope);
	return scope;
}

enum die_role { ROLE_NONE, ROLE_BLOCK, ROLE_NAMES, ROLE_CODE };

/* Only these hold code, or what holds code. */
static enum die_role role_of(Dwarf_Die *die)
{
	static const uint8_t roles[] = {
	    [DW_TAG_subprogram] = ROLE_CODE,     [DW_TAG_inlined_subroutine] = ROLE_CODE,
	    [DW_TAG_entry_point] = ROLE_CODE,    [DW_TAG_namespace] = ROLE_NAMES,
	    [DW_TAG_class_type] = ROLE_NAMES,    [DW_TAG_structure_type] = ROLE_NAMES,
	    [DW_TAG_union_type] = ROLE_NAMES,    [DW_TAG_interface_type] = ROLE_NAMES,
	    [DW_TAG_lexical_block] = ROLE_BLOCK, [DW_TAG_module] = ROLE_NAMES,
	    [DW_TAG_try_block] = ROLE_BLOCK,     [DW_TAG_catch_block] = ROLE_BLOCK,
	    [DW_TAG_with_stmt] = ROLE_BLOCK,     [DW_TAG_common_block] = ROLE_BLOCK,
	};
	int tag = dwarf_tag(die);

	return tag >= 0 && (size_t)tag < ARRAY_SIZE(roles) ? roles[tag] : ROLE_NONE;
}

static void walk_children(struct dwarf_unit *unit, Dwarf_Die *parent, struct level level)
{
	Dwarf_Die die;
	int left;

	if (level.depth > MAX_DEPTH || dwarf_child(parent, &die))
		return;
	do {
		enum die_role role = role_of(&die);
		struct level inner = {level.code, level.names, level.depth + 1};

		if (role == ROLE_CODE)
			inner.code = add_code(unit, &die, &level);
		if (role != ROLE_NONE && dwarf_haschildren(&die)) {
			if (role == ROLE_NAMES)
				inner.names = add_names(unit, &die, &level);
			walk_children(unit, &die, inner);
		}
		left = dwarf_siblingof(&die, &die);
		/* Whatever was inside this one has ended. */
		if (!left)
			step_to(unit, dwarf_dieoffset(&die), level.names);
	} while (!left);
}

static void walk(struct dwarf_unit *unit)
{
	if (unit->walked)
		return;
	unit->walked = true;
	walk_children(unit, &unit->tree, (struct level){NO_SCOPE, NO_SCOPE, 0});
}

uint32_t dwarf_unit_find_scope(struct dwarf_unit *unit, uint64_t vaddr)
{
	uint32_t scope;

	walk(unit);
	return interval_map_find(unit->ranges, vaddr, &scope) ? scope : NO_SCOPE;
}

const struct dwarf_scope *dwarf_unit_scope(const struct dwarf_unit *unit, uint32_t scope)
{
	return &unit->scopes[scope];
}

/* libdw puts the compiler's directory before names of DWARF 4, of DWARF 5 only before some, and
 * calls no file "???". */
static struct dwarf_place make_place(const struct dwarf_unit *unit, const char *file, uint32_t line)
{
	const char *directory = unit->directory;
	size_t len = directory ? strlen(directory) : 0;

	if (file && !strcmp(file, "???"))
		file = NULL;
	if (!file || !directory || *file == '/' ||
	    (!strncmp(file, directory, len) && file[len] == '/'))
		directory = NULL;
	return (struct dwarf_place){directory, file, line};
}

struct dwarf_place dwarf_unit_line(struct dwarf_unit *unit, uint64_t vaddr)
{
	Dwarf_Line *row = dwarf_getsrc_die(&unit->lines, vaddr);
	int line = 0;

	if (!row)
		return (struct dwarf_place){0};
	dwarf_lineno(row, &line);
	return make_place(unit, dwarf_linesrc(row, NULL, NULL), line > 0 ? (uint32_t)line : 0);
}

static uint32_t attribute_number(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) ||
	    value > UINT32_MAX)
		return 0;
	return (uint32_t)value;
}

struct dwarf_place dwarf_unit_call_site(struct dwarf_unit *unit, uint32_t scope)
{
	Dwarf_Die *die = &unit->scopes[scope].die;
	uint32_t file = attribute_number(die, DW_AT_call_file);
	size_t n_files;

	/* A split unit without a table of files uses the skeleton's. */
	if (!unit->has_files && dwarf_getsrcfiles(&unit->tree, &unit->files, &n_files) &&
	    dwarf_getsrcfiles(&unit->lines, &unit->files, &n_files))
		unit->files = NULL;
	unit->has_files = true;
	return make_place(unit, unit->files ? dwarf_filesrc(unit->files, file, NULL, NULL) : NULL,
	                  attribute_number(die, DW_AT_call_line));
}

static uint32_t name_scope_at(const struct dwarf_unit *unit, Dwarf_Off offset)
{
	size_t low = 0;
	size_t high = unit->n_steps;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (unit->steps[middle].from <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? unit->steps[low - 1].scope : NO_SCOPE;
}

char *dwarf_unit_qualifier(struct dwarf_unit *unit, Dwarf_Die *die)
{
	char *qualifier = xstrdup("");
	uint32_t scope;

	walk(unit);
	for (scope = name_scope_at(unit, dwarf_dieoffset(die)); scope != NO_SCOPE;
	     scope = unit->name_scopes[scope].parent) {
		char *longer;

		if (!unit->name_scopes[scope].name)
			continue;
		longer = xasprintf("%s::%s", unit->name_scopes[scope].name, qualifier);
		free(qualifier);
		qualifier = longer;
	}
	return qualifier;
}
