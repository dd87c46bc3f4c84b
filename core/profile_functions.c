/* Sums a profile by function, and what it could not name by object. */
#include "core/profile.h"

#include "core/alloc.h"
#include "core/u64map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

bool profile_is_system_code(const struct profile *profile, uint32_t frame)
{
	static const char *const libraries[] = {"libc.so",      "libpthread", "librt.so",
	                                        "libstdc++.so", "ld-linux",   "[vdso]"};
	const char *object = profile_text(profile, profile_frame(profile, frame)->object);

	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++)
		if (!strncmp(object, libraries[i], strlen(libraries[i])))
			return true;
	return profile_frame(profile, frame)->kind == FRAME_KERNEL;
}

/* Values by frame and by function; one is the sum of some of the other, but for recursion, in which
 * each counts once a sample. */
struct sums {
	const struct profile *profile;
	uint64_t *frame_self;
	uint64_t *frame_total;
	size_t *frame_seen;    /* the last sample (index + 1) that counted it */
	uint32_t *function_of; /* by frame: index of its function */
	struct function_value *functions;
	size_t *function_seen;
	size_t n_functions;
	size_t functions_capacity;
	uint32_t *stack; /* frames of the sample at hand */
	size_t stack_capacity;
};

/* A function is a name in an object, whatever its lines and wherever it was inlined. */
static void list_functions(struct sums *sums)
{
	uint32_t n_frames = profile_n_frames(sums->profile);
	struct u64map *by_name = u64map_new();

	for (uint32_t i = 0; i < n_frames; i++) {
		const struct frame *frame = profile_frame(sums->profile, i);
		bool is_new;
		uint64_t *index =
		    u64map_put(by_name, (uint64_t)frame->function << 32 | frame->object, &is_new);

		if (is_new) {
			*index = sums->n_functions;
			ARRAY_APPEND(sums->functions, sums->n_functions, sums->functions_capacity)
			    ->frame = i;
		}
		sums->function_of[i] = (uint32_t)*index;
	}
	u64map_free(by_name);
}

static size_t read_stack(struct sums *sums, uint32_t stack)
{
	size_t n = profile_stack_frames(sums->profile, stack, sums->stack, sums->stack_capacity);

	if (n <= sums->stack_capacity)
		return n;
	sums->stack = array_reserve(sums->stack, &sums->stack_capacity, n, sizeof(*sums->stack));
	return profile_stack_frames(sums->profile, stack, sums->stack, sums->stack_capacity);
}

static void add_sample(struct sums *sums, size_t index, size_t type)
{
	struct profile_sample sample = profile_sample(sums->profile, index);
	uint64_t value = sample.values[type];
	size_t n = read_stack(sums, sample.stack);

	for (size_t i = 0; i < n; i++) {
		uint32_t frame = sums->stack[i];
		uint32_t function = sums->function_of[frame];

		if (!i) {
			sums->frame_self[frame] += value;
			sums->functions[function].self += value;
		}
		if (sums->frame_seen[frame] != index + 1)
			sums->frame_total[frame] += value;
		if (sums->function_seen[function] != index + 1)
			sums->functions[function].total += value;
		sums->frame_seen[frame] = index + 1;
		sums->function_seen[function] = index + 1;
	}
}

static bool is_heavier(const struct sums *sums, uint32_t a, uint32_t b)
{
	if (sums->frame_self[a] != sums->frame_self[b])
		return sums->frame_self[a] > sums->frame_self[b];
	return sums->frame_total[a] > sums->frame_total[b];
}

/* The place is that of the heaviest frame; the name of one that was not inlined, where there is
 * one. */
static void choose_frames(struct sums *sums)
{
	uint32_t n_frames = profile_n_frames(sums->profile);
	uint32_t *heaviest = xcalloc(sums->n_functions, sizeof(*heaviest));

	for (size_t i = 0; i < sums->n_functions; i++)
		heaviest[i] = sums->functions[i].frame;
	for (uint32_t i = 0; i < n_frames; i++) {
		struct function_value *function = &sums->functions[sums->function_of[i]];
		bool is_inlined = profile_frame(sums->profile, i)->kind == FRAME_INLINED;

		if (is_heavier(sums, i, heaviest[sums->function_of[i]]))
			heaviest[sums->function_of[i]] = i;
		if (!is_inlined &&
		    profile_frame(sums->profile, function->frame)->kind == FRAME_INLINED)
			function->frame = i;
	}
	for (size_t i = 0; i < sums->n_functions; i++) {
		const struct frame *frame = profile_frame(sums->profile, heaviest[i]);

		sums->functions[i].file = frame->file;
		sums->functions[i].line = frame->line;
	}
	free(heaviest);
}

static int compare_values(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b); /* largest first */
}

static int compare_functions(const void *left, const void *right, void *context)
{
	const struct profile *profile = context;
	const struct function_value *a = left;
	const struct function_value *b = right;
	int order = compare_values(a->self, b->self);

	if (!order)
		order = compare_values(a->total, b->total);
	if (!order)
		order = strcmp(profile_text(profile, profile_frame(profile, a->frame)->function),
		               profile_text(profile, profile_frame(profile, b->frame)->function));
	return order ? order : compare_values(b->frame, a->frame);
}

struct function_value *profile_functions(const struct profile *profile, size_t type,
                                         size_t *n_functions)
{
	uint32_t n_frames = profile_n_frames(profile);
	struct sums sums = {
	    .profile = profile,
	    .frame_self = xcalloc(n_frames, sizeof(*sums.frame_self)),
	    .frame_total = xcalloc(n_frames, sizeof(*sums.frame_total)),
	    .frame_seen = xcalloc(n_frames, sizeof(*sums.frame_seen)),
	    .function_of = xcalloc(n_frames, sizeof(*sums.function_of)),
	};

	list_functions(&sums);
	sums.function_seen = xcalloc(sums.n_functions, sizeof(*sums.function_seen));
	for (size_t i = 0; i < profile_n_samples(profile); i++)
		add_sample(&sums, i, type);
	choose_frames(&sums);
	if (sums.n_functions)
		qsort_r(sums.functions, sums.n_functions, sizeof(*sums.functions),
		        compare_functions, (void *)profile);
	free(sums.frame_self);
	free(sums.frame_total);
	free(sums.frame_seen);
	free(sums.function_of);
	free(sums.function_seen);
	free(sums.stack);
	*n_functions = sums.n_functions;
	return sums.functions;
}

static int compare_objects(const void *left, const void *right, void *context)
{
	const struct object_value *a = left;
	const struct object_value *b = right;
	int order = compare_values(a->value, b->value);

	return order ? order
	             : strcmp(profile_text(context, a->object), profile_text(context, b->object));
}

struct object_value *profile_unresolved(const struct profile *profile, frame_filter *passes_on,
                                        size_t *n_objects)
{
	struct u64map *by_object = u64map_new();
	struct object_value *objects = NULL;
	size_t capacity = 0;

	*n_objects = 0;
	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		struct profile_sample sample = profile_sample(profile, i);
		const struct frame *site;
		uint32_t frame;
		uint64_t *index;
		bool is_new;

		if (!profile_stack_site(profile, sample.stack, passes_on, &frame))
			continue;
		site = profile_frame(profile, frame);
		if (site->kind != FRAME_UNRESOLVED)
			continue;
		index = u64map_put(by_object, site->object, &is_new);
		if (is_new) {
			*index = *n_objects;
			ARRAY_APPEND(objects, *n_objects, capacity)->object = site->object;
		}
		objects[*index].value += sample.values[0];
	}
	if (*n_objects)
		qsort_r(objects, *n_objects, sizeof(*objects), compare_objects, (void *)profile);
	u64map_free(by_object);
	return objects;
}
