/* Turns a recording's stacks of addresses into stacks of named frames, and sums the samples on
 * them. */
#include "core/profile_inside.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/line_text.h"
#include "core/stack_table.h"
#include "core/string_pool.h"
#include "core/symbolize/demangle.h"
#include "core/symbolize/symbolize.h"
#include "core/u64map.h"
#include "core/unwind/unwind.h"

#include <stdlib.h>
#include <string.h>

struct frame_list {
	uint32_t first; /* in builder.listed */
	uint32_t n;
};

/* What building needs and the finished profile does not. */
struct builder {
	struct profile *profile;
	const struct recording *recording;
	struct symbolizer *symbolizer;
	struct u64map *frame_ids;      /* hash of a frame -> its id */
	struct stack_table *addresses; /* every (object and kind of address, address) once */
	struct frame_list *lists;      /* by address, what it is called */
	size_t n_lists;
	size_t lists_capacity;
	uint32_t *listed; /* frame ids of all lists, innermost first */
	size_t n_listed;
	size_t listed_capacity;
	uint32_t *object_of; /* by the recording's object: id of ours */
};

static uint32_t add_text(struct profile *profile, char *text)
{
	uint32_t id = string_pool_add(profile->texts, text);

	free(text);
	return id;
}

static char *base_name(const char *path)
{
	static const char deleted[] = " (deleted)"; /* how the kernel marks an unlinked file */
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t len = strlen(base);

	if (len > strlen(deleted) && !strcmp(base + len - strlen(deleted), deleted))
		len -= strlen(deleted);
	return xstrndup(base, len);
}

static char *object_name(const struct object *object)
{
	const char *path = object->path ? object->path : "";

	switch (object->kind) {
	case OBJECT_KERNEL:
		return xstrdup("[kernel]");
	case OBJECT_VDSO:
		return xstrdup("[vdso]");
	case OBJECT_FAILED:
		return xstrdup("");
	case OBJECT_ANONYMOUS:
		return !*path || !strcmp(path, "//anon") ? xstrdup("[anon]") : base_name(path);
	case OBJECT_FILE:
		return base_name(path);
	}
	return xstrdup("");
}

static bool same_frame(const struct frame *a, const struct frame *b)
{
	return a->kind == b->kind && a->function == b->function && a->linkage == b->linkage &&
	       a->file == b->file && a->line == b->line && a->object_id == b->object_id &&
	       (a->kind != FRAME_UNRESOLVED || a->vaddr == b->vaddr);
}

static uint32_t add_frame(struct builder *builder, const struct frame *frame)
{
	struct profile *profile = builder->profile;
	uint64_t hash = u64_mix((uint64_t)frame->function << 32 | frame->object_id,
	                        (uint64_t)frame->file << 32 | frame->line) +
	                frame->kind;

	if (frame->kind == FRAME_UNRESOLVED)
		hash = u64_mix(hash, frame->vaddr);
	/* Two frames of one hash sit at neighbouring keys. */
	for (;; hash++) {
		bool is_new;
		uint64_t *id = u64map_put(builder->frame_ids, hash, &is_new);

		if (is_new) {
			*id = profile->n_frames;
			*ARRAY_APPEND(profile->frames, profile->n_frames,
			              profile->frames_capacity) = *frame;
		}
		if (!is_new && !same_frame(&profile->frames[*id], frame))
			continue;
		if (!profile->frames[*id].vaddr)
			profile->frames[*id].vaddr = frame->vaddr;
		return (uint32_t)*id;
	}
}

static enum frame_kind kind_of(const struct symbol_frame *symbol, const struct object *object)
{
	if (object->kind == OBJECT_FAILED)
		return FRAME_FAILED;
	if (!symbol->function)
		return FRAME_UNRESOLVED;
	if (object->kind == OBJECT_KERNEL)
		return FRAME_KERNEL;
	if (symbol->jit)
		return FRAME_JIT;
	return symbol->inlined ? FRAME_INLINED : FRAME_USER;
}

static char *function_name(enum frame_kind kind, const struct symbol_frame *symbol,
                           const struct recorded_frame *recorded, const char *object)
{
	switch (kind) {
	case FRAME_FAILED:
		return xasprintf("[unwind failed: %s]",
		                 unwind_end_text((enum unwind_end)recorded->vaddr));
	case FRAME_UNRESOLVED:
		return *object == '[' ? xstrdup(object) : xasprintf("[%s]", object);
	default:
		return line_text(symbol->function);
	}
}

static uint32_t name_frame(struct builder *builder, const struct recorded_frame *recorded,
                           const struct symbol_frame *symbol)
{
	struct profile *profile = builder->profile;
	uint32_t object_id = builder->object_of[recorded->object];
	uint32_t object_name = profile->objects[object_id].name;
	struct frame frame = {
	    .kind = kind_of(symbol, recording_object(builder->recording, recorded->object)),
	    .file = string_pool_add(profile->texts, symbol->file),
	    .line = symbol->line,
	    .linkage = string_pool_add(profile->texts, symbol->linkage),
	    .object = object_name,
	    .object_id = object_id,
	};

	if (frame.kind != FRAME_INLINED && frame.kind != FRAME_FAILED &&
	    recorded_has_address(recorded->vaddr))
		frame.vaddr = symbolizer_address(recorded->vaddr, recorded->is_return);
	frame.function =
	    add_text(profile, function_name(frame.kind, symbol, recorded,
	                                    string_pool_text(profile->texts, object_name)));
	return add_frame(builder, &frame);
}

static struct frame_list make_list(struct builder *builder, const struct recorded_frame *recorded)
{
	const struct symbol_frame *symbols;
	struct frame_list list = {.first = (uint32_t)builder->n_listed};

	list.n = (uint32_t)symbolizer_look_up(
	    builder->symbolizer, recording_object(builder->recording, recorded->object),
	    recorded->vaddr, recorded->is_return, &symbols);
	for (size_t i = 0; i < list.n; i++) {
		uint32_t frame = name_frame(builder, recorded, &symbols[i]);

		*ARRAY_APPEND(builder->listed, builder->n_listed, builder->listed_capacity) = frame;
	}
	return list;
}

/* The frames at an address: each is asked for once. */
static struct frame_list name_address(struct builder *builder,
                                      const struct recorded_frame *recorded)
{
	uint32_t id = stack_table_add(builder->addresses, 0,
	                              recorded->object << 1 | recorded->is_return, recorded->vaddr);

	if (id > builder->n_lists)
		*ARRAY_APPEND(builder->lists, builder->n_lists, builder->lists_capacity) =
		    make_list(builder, recorded);
	return builder->lists[id - 1];
}

/* Our stack for one of the recording's, whose callers have been named before. */
static uint32_t name_stack(struct builder *builder, uint32_t stack)
{
	uint32_t parent;
	struct recorded_frame recorded = recording_frame(builder->recording, stack, &parent);
	uint32_t named = builder->profile->stack_of[parent];
	struct frame_list list = name_address(builder, &recorded);

	while (list.n--)
		named = stack_table_add(builder->profile->stacks, named, 0,
		                        builder->listed[list.first + list.n]);
	return named;
}

/* Only what carries samples is named. A parent's id is smaller than its children's: marking goes
 * down the ids, naming up. */
static void name_stacks(struct builder *builder)
{
	uint32_t n_stacks = stack_table_count(recording_stacks(builder->recording));
	bool *used = xcalloc((size_t)n_stacks + 1, sizeof(*used));
	const uint64_t *values;
	uint32_t parent;

	builder->profile->stack_of =
	    xcalloc((size_t)n_stacks + 1, sizeof(*builder->profile->stack_of));
	builder->profile->n_recorded = n_stacks;
	for (size_t i = 0; i < recording_n_samples(builder->recording); i++)
		used[recording_sample(builder->recording, i, &values).stack] = true;
	for (uint32_t stack = n_stacks; stack; stack--) {
		if (!used[stack])
			continue;
		recording_frame(builder->recording, stack, &parent);
		used[parent] = true;
	}
	stack_table_reserve(builder->profile->stacks, n_stacks);
	for (uint32_t stack = 1; stack <= n_stacks; stack++)
		if (used[stack])
			builder->profile->stack_of[stack] = name_stack(builder, stack);
	free(used);
}

static void copy_head(struct builder *builder)
{
	struct profile *profile = builder->profile;
	const struct recording *recording = builder->recording;

	profile->n_types = recording_n_types(recording);
	profile->types = xcalloc(profile->n_types, sizeof(*profile->types));
	profile->totals = xcalloc(profile->n_types, sizeof(*profile->totals));
	for (size_t i = 0; i < profile->n_types; i++) {
		const struct value_type *type = recording_type(recording, i);

		profile->types[i] = (struct value_type){xstrdup(type->name), xstrdup(type->unit)};
	}
}

static void copy_threads(struct profile *profile, const struct recording *recording)
{
	profile->n_threads = recording_n_threads(recording);
	profile->threads = xcalloc(profile->n_threads, sizeof(*profile->threads));
	for (size_t i = 0; i < profile->n_threads; i++)
		profile->threads[i] = *recording_thread(recording, (uint32_t)i);
}

static bool same_object(const struct profile_object *a, const struct profile_object *b)
{
	return a->name == b->name && a->path == b->path && a->build_id_len == b->build_id_len &&
	       !memcmp(a->build_id, b->build_id, a->build_id_len);
}

/* Ours for an object of the recording. There are some hundreds at most, but for JITs' processes,
 * whose anonymous ones are all alike: the first is found at once. */
static uint32_t add_object(struct profile *profile, const struct object *recorded)
{
	char *name = object_name(recorded);
	struct profile_object object = {
	    .name = add_text(profile, line_text(name)),
	    .path =
	        recorded->kind == OBJECT_FILE ? string_pool_add(profile->texts, recorded->path) : 0,
	    .build_id_len = recorded->build_id_len,
	};

	free(name);
	memcpy(object.build_id, recorded->build_id, recorded->build_id_len);
	for (size_t i = 0; i < profile->n_objects; i++)
		if (same_object(&profile->objects[i], &object))
			return (uint32_t)i;
	*ARRAY_APPEND(profile->objects, profile->n_objects, profile->objects_capacity) = object;
	return (uint32_t)profile->n_objects - 1;
}

static void copy_objects(struct builder *builder)
{
	size_t n_objects = recording_n_objects(builder->recording);

	builder->object_of = xcalloc(n_objects, sizeof(*builder->object_of));
	for (size_t i = 0; i < n_objects; i++)
		builder->object_of[i] =
		    add_object(builder->profile, recording_object(builder->recording, (uint32_t)i));
}

static int compare_samples(const void *left, const void *right)
{
	const struct summed_sample *a = left;
	const struct summed_sample *b = right;

	if (a->thread != b->thread)
		return a->thread > b->thread ? 1 : -1;
	return (a->stack > b->stack) - (a->stack < b->stack);
}

static struct summed_sample *find_sum(struct profile *profile, struct u64map *sums, uint32_t thread,
                                      uint32_t stack)
{
	bool is_new;
	uint64_t *index = u64map_put(sums, (uint64_t)thread << 32 | stack, &is_new);

	if (is_new) {
		*index = profile->n_samples;
		*ARRAY_APPEND(profile->samples, profile->n_samples, profile->samples_capacity) =
		    (struct summed_sample){thread, stack, profile->n_values};
		profile->values =
		    array_reserve(profile->values, &profile->values_capacity,
		                  profile->n_values + profile->n_types, sizeof(*profile->values));
		memset(profile->values + profile->n_values, 0,
		       profile->n_types * sizeof(*profile->values));
		profile->n_values += profile->n_types;
	}
	return &profile->samples[*index];
}

/* What there is when no stack is of two threads. */
static size_t sums_to_expect(const struct recording *recording)
{
	size_t n_samples = recording_n_samples(recording);
	size_t n_stacks = stack_table_count(recording_stacks(recording));

	return n_samples < n_stacks ? n_samples : n_stacks;
}

/* In the order of the samples, in which they will be read. */
static void order_values(struct profile *profile)
{
	size_t n_types = profile->n_types, n_bytes = n_types * sizeof(*profile->values);
	uint64_t *ordered = xcalloc(profile->n_values + 1, sizeof(*ordered));

	for (size_t i = 0; i < profile->n_samples; i++) {
		memcpy(ordered + i * n_types, profile->values + profile->samples[i].values,
		       n_bytes);
		profile->samples[i].values = i * n_types;
	}
	free(profile->values);
	profile->values = ordered;
	profile->values_capacity = profile->n_values + 1;
}

void profile_sum(struct profile *profile, const struct recording *recording)
{
	struct u64map *sums = u64map_new();
	size_t n_expected = sums_to_expect(recording);

	copy_threads(profile, recording);
	u64map_reserve(sums, n_expected);
	profile->values = array_reserve(profile->values, &profile->values_capacity,
	                                n_expected * profile->n_types, sizeof(*profile->values));
	for (size_t i = 0; i < recording_n_samples(recording); i++) {
		const uint64_t *values;
		struct sample sample = recording_sample(recording, i, &values);
		const struct summed_sample *sum =
		    find_sum(profile, sums, sample.thread, profile_stack_of(profile, sample.stack));

		for (size_t type = 0; type < profile->n_types; type++) {
			profile->values[sum->values + type] += values[type];
			profile->totals[type] += values[type];
		}
	}
	if (profile->n_samples)
		qsort(profile->samples, profile->n_samples, sizeof(*profile->samples),
		      compare_samples);
	order_values(profile);
	u64map_free(sums);
}

static char *folded_name(const struct frame *frame, const char *function)
{
	/* A name in the words of a JIT or of ours has no arguments to cut. */
	bool is_code = frame->kind <= FRAME_KERNEL;
	char *name = is_code ? demangle_short(function) : xstrdup(function);
	char *folded = xasprintf("%s%s", name, frame_kind_mark(frame->kind));

	free(name);
	folded_clean(folded);
	return folded;
}

static void fold_names(struct profile *profile)
{
	profile->folded = xcalloc(profile->n_frames, sizeof(*profile->folded));
	for (size_t i = 0; i < profile->n_frames; i++) {
		const struct frame *frame = &profile->frames[i];
		const char *function = string_pool_text(profile->texts, frame->function);

		profile->folded[i] = add_text(profile, folded_name(frame, function));
	}
}

struct profile *profile_of_stacks_new(const struct recording *recording,
                                      struct symbolizer *symbolizer)
{
	struct profile *profile = xcalloc(1, sizeof(*profile));
	struct builder builder = {
	    .profile = profile,
	    .recording = recording,
	    .symbolizer = symbolizer,
	    .frame_ids = u64map_new(),
	    .addresses = stack_table_new(),
	};

	profile->texts = string_pool_new();
	profile->stacks = stack_table_new();
	copy_head(&builder);
	copy_objects(&builder);
	name_stacks(&builder);
	fold_names(profile);
	u64map_free(builder.frame_ids);
	stack_table_free(builder.addresses);
	free(builder.lists);
	free(builder.listed);
	free(builder.object_of);
	return profile;
}

struct profile *profile_new(const struct recording *recording, struct symbolizer *symbolizer)
{
	struct profile *profile = profile_of_stacks_new(recording, symbolizer);

	profile_sum(profile, recording);
	return profile;
}
