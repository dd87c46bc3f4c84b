/* Walks every stack with a value once and adds it to the places of the function on it. */
#include "core/annotate/annotation.h"

#include "core/alloc.h"
#include "core/function_match.h"
#include "core/recording.h"
#include "core/stack_table.h"
#include "core/symbolize/demangle.h"
#include "core/symbolize/symbolize.h"
#include "core/u64map.h"

#include <stdlib.h>
#include <string.h>

struct counter {
	struct annotation *annotation;
	const struct recording *recording;
	struct symbolizer *symbolizer;
	struct u64map *matches; /* text of a function -> 1: no, 2: yes */
	struct u64map *addresses;
};

/* The stack at hand. */
struct walk {
	uint32_t stack; /* its id tells whether something was seen on it before */
	uint64_t value;
	bool is_on_it; /* the function is */
};

bool annotation_has(const struct annotation *annotation, const struct symbol_frame *frame)
{
	char *name;
	bool has;

	if (!frame->function)
		return false;
	name = demangle_short(frame->function);
	has = function_matches(annotation->pattern, name);
	free(name);
	return has;
}

/* The symbolizer keeps a text once, so its address stands for it. */
static bool matches(struct counter *counter, const struct symbol_frame *frame)
{
	bool is_new;
	uint64_t *known = u64map_put(counter->matches, (uintptr_t)frame->function, &is_new);

	if (is_new)
		*known = 1 + annotation_has(counter->annotation, frame);
	return *known == 2;
}

static struct annotated_line *find_line(struct annotation *annotation, const char *file,
                                        uint32_t line)
{
	struct annotated_line *found;

	for (size_t i = 0; i < annotation->n_lines; i++) {
		found = &annotation->lines[i];
		if (found->line == line &&
		    (found->file == file || (found->file && file && !strcmp(found->file, file))))
			return found;
	}
	found = ARRAY_APPEND(annotation->lines, annotation->n_lines, annotation->lines_capacity);
	found->file = file;
	found->line = line;
	return found;
}

void annotation_add_line(struct annotation *annotation, const char *file, uint32_t line)
{
	find_line(annotation, file, line);
}

static void add_to_line(struct counter *counter, const struct walk *walk,
                        const struct symbol_frame *frame, bool is_leaf)
{
	struct annotated_line *line = find_line(counter->annotation, frame->file, frame->line);

	if (is_leaf)
		line->self += walk->value;
	if (line->seen != walk->stack)
		line->total += walk->value;
	line->seen = walk->stack;
}

static void add_to_address(struct counter *counter, const struct walk *walk, uint32_t object,
                           uint64_t address, bool is_leaf)
{
	struct annotation *annotation = counter->annotation;
	struct annotated_address *found = NULL;
	uint64_t hash = u64_mix(object, address);
	bool is_new;

	/* Two of one hash sit at neighbouring keys. */
	for (;; hash++) {
		uint64_t *index = u64map_put(counter->addresses, hash, &is_new);

		if (is_new) {
			*index = annotation->n_addresses;
			found = ARRAY_APPEND(annotation->addresses, annotation->n_addresses,
			                     annotation->addresses_capacity);
			found->object = object;
			found->address = address;
		}
		found = &annotation->addresses[*index];
		if (found->object == object && found->address == address)
			break;
	}
	if (is_leaf)
		found->self += walk->value;
	if (found->seen != walk->stack)
		found->total += walk->value;
	found->seen = walk->stack;
}

static void add_to_name(struct annotated_names *names, const struct walk *walk,
                        const char *function)
{
	struct annotated_name *name = NULL;

	for (size_t i = 0; i < names->n && !name; i++)
		if (!strcmp(names->items[i].function, function))
			name = &names->items[i];
	if (!name) {
		name = ARRAY_APPEND(names->items, names->n, names->capacity);
		name->function = function;
	}
	if (name->seen != walk->stack)
		name->value += walk->value;
	name->seen = walk->stack;
}

/* The frames at one address of the stack, innermost first. */
static void add_frames(struct counter *counter, struct walk *walk,
                       const struct recorded_frame *recorded, const struct symbol_frame *frames,
                       size_t n_frames, bool is_leaf)
{
	struct annotation *annotation = counter->annotation;
	bool is_here = false;

	for (size_t i = 0; i < n_frames; i++) {
		if (!matches(counter, &frames[i]))
			continue;
		add_to_line(counter, walk, &frames[i], is_leaf && i == 0);
		add_to_name(&annotation->functions, walk, frames[i].function);
		if (is_leaf && i == 0)
			annotation->self += walk->value;
		if (is_leaf && i > 0 && !is_here && frames[0].function)
			add_to_name(&annotation->inlined, walk, frames[0].function);
		if (frames[i].inlined && frames[n_frames - 1].function)
			add_to_name(&annotation->holders, walk, frames[n_frames - 1].function);
		is_here = true;
	}
	if (!is_here)
		return;
	add_to_address(counter, walk, recorded->object,
	               symbolizer_address(recorded->vaddr, recorded->is_return), is_leaf);
	walk->is_on_it = true;
}

static void add_stack(struct counter *counter, uint32_t stack, uint64_t value)
{
	struct walk walk = {.stack = stack, .value = value};
	uint32_t node = stack;

	while (node) {
		const struct symbol_frame *frames;
		uint32_t parent;
		struct recorded_frame recorded = recording_frame(counter->recording, node, &parent);
		const struct object *object = recording_object(counter->recording, recorded.object);
		size_t n;

		if (object->kind != OBJECT_FAILED) {
			n = symbolizer_look_up(counter->symbolizer, object, recorded.vaddr,
			                       recorded.is_return, &frames);
			add_frames(counter, &walk, &recorded, frames, n, node == stack);
		}
		node = parent;
	}
	if (walk.is_on_it)
		counter->annotation->total += value;
}

static int compare_lines(const void *a, const void *b)
{
	const struct annotated_line *x = a;
	const struct annotated_line *y = b;
	int by_file = strcmp(x->file ? x->file : "", y->file ? y->file : "");

	return by_file ? by_file : (x->line > y->line) - (x->line < y->line);
}

static int compare_addresses(const void *a, const void *b)
{
	const struct annotated_address *x = a;
	const struct annotated_address *y = b;

	if (x->object != y->object)
		return x->object > y->object ? 1 : -1;
	return (x->address > y->address) - (x->address < y->address);
}

static int compare_names(const void *a, const void *b)
{
	const struct annotated_name *x = a;
	const struct annotated_name *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return strcmp(x->function, y->function);
}

static void sort_names(struct annotated_names *names)
{
	if (names->n)
		qsort(names->items, names->n, sizeof(*names->items), compare_names);
}

void annotation_sort(struct annotation *annotation)
{
	if (annotation->n_lines)
		qsort(annotation->lines, annotation->n_lines, sizeof(*annotation->lines),
		      compare_lines);
	if (annotation->n_addresses)
		qsort(annotation->addresses, annotation->n_addresses,
		      sizeof(*annotation->addresses), compare_addresses);
	sort_names(&annotation->functions);
	sort_names(&annotation->inlined);
	sort_names(&annotation->holders);
}

void annotation_init(struct annotation *annotation, const struct recording *recording,
                     struct symbolizer *symbolizer, const char *pattern, size_t type)
{
	struct counter counter = {
	    .annotation = annotation,
	    .recording = recording,
	    .symbolizer = symbolizer,
	    .matches = u64map_new(),
	    .addresses = u64map_new(),
	};
	uint32_t n_stacks = stack_table_count(recording_stacks(recording));
	uint64_t *by_stack = xcalloc((size_t)n_stacks + 1, sizeof(*by_stack));

	*annotation = (struct annotation){.pattern = pattern};
	for (size_t i = 0; i < recording_n_samples(recording); i++) {
		const uint64_t *values;
		struct sample sample = recording_sample(recording, i, &values);

		by_stack[sample.stack] += values[type];
	}
	for (uint32_t stack = 1; stack <= n_stacks; stack++)
		if (by_stack[stack])
			add_stack(&counter, stack, by_stack[stack]);
	annotation_sort(annotation);
	u64map_free(counter.matches);
	u64map_free(counter.addresses);
	free(by_stack);
}

void annotation_fini(struct annotation *annotation)
{
	free(annotation->lines);
	free(annotation->addresses);
	free(annotation->functions.items);
	free(annotation->inlined.items);
	free(annotation->holders.items);
}
