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

/* What was found in some part of the tree. */
struct part {
	struct interval_map *ranges; /* address -> scope */
	struct name_step *steps;     /* in order of `from` */
	size_t n_steps;
	size_t steps_capacity;
};

/* What a walk knows at one level. */
struct level {
	uint32_t code;  /* enclosing dwarf_scope */
	uint32_t names; /* enclosing name_scope */
	unsigned depth;
};

/* What is in a function, which is walked when an address or a name in it is asked for: most of a
 * unit is in functions that nobody asks for. */
struct body {
	Dwarf_Die die;
	Dwarf_Off end; /* of what is in it; 0: the end of the unit */
	struct level level;
	bool walked;
	struct part part;
};

struct dwarf_unit {
	Dwarf_Die lines; /* the DIE whose line table it is: the skeleton of split DWARF */
	Dwarf_Die tree;
	struct split_dwarf *split; /* NULL: the tree is in the same file */
	const char *directory;     /* of the compiler; NULL: not said */
	Dwarf_Files *files;
	bool walked;
	bool is_c;           /* no type has functions in it */
	bool has_files;      /* they were looked for */
	struct part part;    /* without what is in bodies */
	size_t n_ranges;     /* of all parts */
	struct body *bodies; /* in order of their DIEs */
	size_t n_bodies;
	size_t bodies_capacity;
	uint32_t *body_of; /* by scope: its index + 1, 0 for those without */
	size_t body_of_capacity;
	struct dwarf_scope *scopes;
	size_t n_scopes;
	size_t scopes_capacity;
	struct name_scope *name_scopes;
	size_t n_name_scopes;
	size_t name_scopes_capacity;
};

struct dwarf_unit *dwarf_unit_new(Dwarf_CU *cu, const struct elf_file *file,
                                  struct split_package *package, struct diag *diag)
{
	struct dwarf_unit *unit = xcalloc(1, sizeof(*unit));
	Dwarf_Attribute directory;
	uint64_t unit_id = 0;
	uint8_t type = 0;
	int err;

	unit->part.ranges = interval_map_new();
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

static void part_fini(struct part *part)
{
	interval_map_free(part->ranges);
	free(part->steps);
}

void dwarf_unit_free(struct dwarf_unit *unit)
{
	if (!unit)
		return;
	part_fini(&unit->part);
	for (size_t i = 0; i < unit->n_bodies; i++)
		part_fini(&unit->bodies[i].part);
	split_dwarf_free(unit->split);
	free(unit->bodies);
	free(unit->body_of);
	free(unit->scopes);
	free(unit->name_scopes);
	free(unit);
}

Dwarf_CU *dwarf_unit_cu(const struct dwarf_unit *unit)
{
	return unit->tree.cu;
}

static void add_range(struct dwarf_unit *unit, struct part *part, uint64_t start, uint64_t end,
                      unsigned depth)
{
	interval_map_add(part->ranges, start, end, depth, (uint32_t)unit->n_scopes);
	unit->n_ranges += start < end;
}

static void add_ranges(struct dwarf_unit *unit, struct part *part, Dwarf_Die *die, unsigned depth)
{
	Dwarf_Addr base;
	Dwarf_Addr start;
	Dwarf_Addr end;
	ptrdiff_t next = 0;

	while ((next = dwarf_ranges(die, next, &base, &start, &end)) > 0 &&
	       unit->n_ranges < MAX_RANGES)
		add_range(unit, part, start, end, depth);
}

static void add_split_ranges(struct dwarf_unit *unit, struct part *part, Dwarf_Die *die,
                             unsigned depth)
{
	struct range_walk walk;
	uint64_t start;
	uint64_t end;

	if (!dwarf_lowpc(die, &start) && !dwarf_highpc(die, &end)) {
		add_range(unit, part, start, end, depth);
		return;
	}
	split_dwarf_ranges(unit->split, die, &walk);
	while (range_walk_next(&walk, &start, &end) && unit->n_ranges < MAX_RANGES)
		add_range(unit, part, start, end, depth);
}

/* Adds the DIE when it has code. Returns the scope its children are in. */
static uint32_t add_code(struct dwarf_unit *unit, struct part *part, Dwarf_Die *die,
                         const struct level *level)
{
	uint32_t scope = (uint32_t)unit->n_scopes;
	bool inlined = dwarf_tag(die) == DW_TAG_inlined_subroutine;
	size_t before = unit->n_ranges;

	if (unit->split)
		add_split_ranges(unit, part, die, level->depth);
	else
		add_ranges(unit, part, die, level->depth);
	if (unit->n_ranges == before)
		return level->code;
	*ARRAY_APPEND(unit->scopes, unit->n_scopes, unit->scopes_capacity) =
	    (struct dwarf_scope){*die, inlined ? level->code : NO_SCOPE};
	unit->body_of = array_reserve(unit->body_of, &unit->body_of_capacity, unit->n_scopes,
	                              sizeof(*unit->body_of));
	unit->body_of[scope] = 0;
	return scope;
}

/* From this offset on DIEs are in `scope`, if they were not before. */
static void step_to(struct part *part, Dwarf_Off from, uint32_t scope)
{
	uint32_t before = part->n_steps ? part->steps[part->n_steps - 1].scope : NO_SCOPE;

	if (scope == before)
		return;
	*ARRAY_APPEND(part->steps, part->n_steps, part->steps_capacity) =
	    (struct name_step){from, scope};
}

static uint32_t add_names(struct dwarf_unit *unit, struct part *part, Dwarf_Die *die,
                          const struct level *level)
{
	const char *name = dwarf_diename(die);
	uint32_t scope = (uint32_t)unit->n_name_scopes;

	if (!name && dwarf_tag(die) == DW_TAG_namespace)
		name = "(anonymous namespace)";
	*ARRAY_APPEND(unit->name_scopes, unit->n_name_scopes, unit->name_scopes_capacity) =
	    (struct name_scope){name, level->names};
	step_to(part, dwarf_dieoffset(die) + 1, scope);
	return scope;
}

/* Leaves what is in a function for later. */
static void add_body(struct dwarf_unit *unit, Dwarf_Die *die, const struct level *inner,
                     const struct level *outer)
{
	*ARRAY_APPEND(unit->bodies, unit->n_bodies, unit->bodies_capacity) =
	    (struct body){.die = *die, .level = *inner};
	if (inner->code != outer->code)
		unit->body_of[inner->code] = (uint32_t)unit->n_bodies;
}

/* What comes here is in none of the bodies so far. */
static void end_body(struct dwarf_unit *unit, Dwarf_Off here)
{
	if (unit->n_bodies && !unit->bodies[unit->n_bodies - 1].end)
		unit->bodies[unit->n_bodies - 1].end = here;
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

/* `part` is the unit's own, which leaves bodies out, or that of a body. */
static void walk_children(struct dwarf_unit *unit, struct part *part, Dwarf_Die *parent,
                          struct level level)
{
	bool is_outside = part == &unit->part;
	Dwarf_Die die;
	int left;

	if (level.depth > MAX_DEPTH || dwarf_child(parent, &die))
		return;
	do {
		enum die_role role = role_of(&die);
		struct level inner = {level.code, level.names, level.depth + 1};

		if (role == ROLE_NAMES && unit->is_c)
			role = ROLE_NONE;

		if (role == ROLE_CODE)
			inner.code = add_code(unit, part, &die, &level);
		if (role != ROLE_NONE && dwarf_haschildren(&die)) {
			if (role == ROLE_NAMES)
				inner.names = add_names(unit, part, &die, &level);
			if (role == ROLE_CODE && is_outside)
				add_body(unit, &die, &inner, &level);
			else
				walk_children(unit, part, &die, inner);
		}
		left = dwarf_siblingof(&die, &die);
		/* Whatever was inside this one has ended. */
		if (!left)
			step_to(part, dwarf_dieoffset(&die), level.names);
		if (!left && is_outside)
			end_body(unit, dwarf_dieoffset(&die));
	} while (!left);
}

static bool is_c(Dwarf_Die *unit)
{
	switch (dwarf_srclang(unit)) {
	case DW_LANG_C:
	case DW_LANG_C89:
	case DW_LANG_C99:
	case DW_LANG_C11:
		return true;
	default:
		return false;
	}
}

static void walk(struct dwarf_unit *unit)
{
	if (unit->walked)
		return;
	unit->walked = true;
	unit->is_c = is_c(&unit->tree);
	walk_children(unit, &unit->part, &unit->tree, (struct level){NO_SCOPE, NO_SCOPE, 0});
}

static void walk_body(struct dwarf_unit *unit, struct body *body)
{
	if (body->walked)
		return;
	body->walked = true;
	body->part.ranges = interval_map_new();
	/* What is in the function is in what that is in. */
	step_to(&body->part, dwarf_dieoffset(&body->die), body->level.names);
	walk_children(unit, &body->part, &body->die, body->level);
}

/* Functions may be in others and have code elsewhere, as in Fortran. */
static uint32_t find_in_bodies(struct dwarf_unit *unit, uint64_t vaddr)
{
	uint32_t scope;

	for (size_t i = 0; i < unit->n_bodies; i++) {
		walk_body(unit, &unit->bodies[i]);
		if (interval_map_find(unit->bodies[i].part.ranges, vaddr, &scope))
			return scope;
	}
	return NO_SCOPE;
}

uint32_t dwarf_unit_find_scope(struct dwarf_unit *unit, uint64_t vaddr)
{
	uint32_t scope, body;

	walk(unit);
	if (!interval_map_find(unit->part.ranges, vaddr, &scope))
		return find_in_bodies(unit, vaddr);
	body = unit->body_of[scope];
	if (!body)
		return scope;
	walk_body(unit, &unit->bodies[body - 1]);
	interval_map_find(unit->bodies[body - 1].part.ranges, vaddr, &scope);
	return scope;
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

static uint32_t name_scope_in(const struct part *part, Dwarf_Off offset)
{
	size_t low = 0;
	size_t high = part->n_steps;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (part->steps[middle].from <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? part->steps[low - 1].scope : NO_SCOPE;
}

/* The body that the DIE there is in, or NULL. */
static struct body *body_at(const struct dwarf_unit *unit, Dwarf_Off offset)
{
	size_t low = 0;
	size_t high = unit->n_bodies;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dwarf_dieoffset(&unit->bodies[middle].die) < offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || (unit->bodies[low - 1].end && unit->bodies[low - 1].end <= offset))
		return NULL;
	return &unit->bodies[low - 1];
}

static uint32_t name_scope_at(struct dwarf_unit *unit, Dwarf_Off offset)
{
	struct body *body = body_at(unit, offset);

	if (!body)
		return name_scope_in(&unit->part, offset);
	walk_body(unit, body);
	return name_scope_in(&body->part, offset);
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
