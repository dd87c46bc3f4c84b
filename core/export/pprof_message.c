/* Writes the tables and the samples of pprof's message. */
#include "core/export/pprof_message.h"

#include "core/alloc.h"
#include "core/export/exporter.h"
#include "core/export/pprof_fields.h"
#include "core/export/protobuf.h"
#include "core/json_text.h"
#include "core/profile.h"
#include "core/stack_table.h"
#include "core/string_pool.h"
#include "core/u64map.h"

#include <stdlib.h>
#include <string.h>

struct writer {
	const struct profile *profile;
	struct protobuf out;
	struct protobuf message; /* scratch for one level of nesting */
	struct protobuf nested;  /* and for the next */
	struct string_pool *strings;
	struct u64map *functions; /* (name, file) text ids of the profile -> function id */
	struct u64map *mappings;  /* object id of the profile -> mapping id */
	bool *may_get_names;      /* by object id: readers may find what we have not */
	/* A location is one address with the calls inlined there: a chain of frames. Its node in
	 * this trie is its id. */
	struct stack_table *chains;
	struct u64map *locations; /* ids that have been written */
	uint32_t *location_of;    /* by frame: of the chain of it alone; 0: not written yet */
	struct protobuf *labels;  /* by thread; empty: not made yet */
	uint32_t *frames;         /* of the stack at hand */
	uint64_t *ids;            /* of its locations */
	size_t frames_capacity;
	size_t ids_capacity;
	/* Samples of small stacks, by thread and innermost location. */
	const double *shares; /* by sample; NULL: none is small */
	double least_share;
	struct u64map *small_of; /* (thread, location) -> index + 1 */
	struct small_sample *small;
	size_t n_small;
	size_t small_capacity;
	size_t n_put_together;
};

struct small_sample {
	uint32_t thread;
	uint64_t location; /* 0: it had no frame */
	uint64_t mapping;
	uint64_t *values;
};

static bool is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80)
		text++;
	return !*text;
}

/* The format's strings are UTF-8, and its readers refuse others. */
static uint64_t string_id(struct writer *writer, const char *text)
{
	uint64_t id;
	char *clean;

	if (is_ascii(text))
		return string_pool_add(writer->strings, text);
	clean = utf8_text(text);
	id = string_pool_add(writer->strings, clean);
	free(clean);
	return id;
}

static void add_value_type(struct writer *writer, unsigned field, const struct value_type *type)
{
	protobuf_clear(&writer->message);
	protobuf_add_number(&writer->message, VALUE_TYPE_TYPE, string_id(writer, type->name));
	protobuf_add_number(&writer->message, VALUE_TYPE_UNIT, string_id(writer, type->unit));
	protobuf_add_message(&writer->out, field, &writer->message);
}

static uint64_t function_id(struct writer *writer, const struct frame *frame)
{
	bool is_new;
	uint64_t *id =
	    u64map_put(writer->functions, (uint64_t)frame->function << 32 | frame->file, &is_new);
	uint32_t linkage = frame->linkage ? frame->linkage : frame->function;

	if (!is_new)
		return *id;
	*id = u64map_count(writer->functions);
	protobuf_clear(&writer->nested);
	protobuf_add_number(&writer->nested, FUNCTION_ID, *id);
	protobuf_add_number(&writer->nested, FUNCTION_NAME,
	                    string_id(writer, profile_text(writer->profile, frame->function)));
	protobuf_add_number(&writer->nested, FUNCTION_SYSTEM_NAME,
	                    string_id(writer, profile_text(writer->profile, linkage)));
	protobuf_add_number(&writer->nested, FUNCTION_FILENAME,
	                    string_id(writer, profile_text(writer->profile, frame->file)));
	protobuf_add_message(&writer->out, PROFILE_FUNCTION, &writer->nested);
	return *id;
}

static void add_build_id(struct writer *writer, const struct profile_object *object)
{
	char hex[2 * BUILD_ID_MAX + 1] = "";

	for (size_t i = 0; i < object->build_id_len; i++)
		sprintf(hex + 2 * i, "%02x", object->build_id[i]);
	protobuf_add_number(&writer->nested, MAPPING_BUILD_ID, string_id(writer, hex));
}

/* Files without debug information, where functions have no names: a reader with an unstripped twin
 * looks for them in mappings that do not say has_functions, and then for all in such a one. */
static void find_may_get_names(struct writer *writer)
{
	const struct profile *profile = writer->profile;
	uint32_t n_objects = profile_n_objects(profile);
	bool *has_lines = xcalloc(n_objects, sizeof(*has_lines));

	writer->may_get_names = xcalloc(n_objects, sizeof(*writer->may_get_names));
	for (uint32_t i = 0; i < profile_n_frames(profile); i++) {
		const struct frame *frame = profile_frame(profile, i);

		has_lines[frame->object_id] |= frame->line != 0;
		writer->may_get_names[frame->object_id] |=
		    frame->kind == FRAME_UNRESOLVED &&
		    profile_object(profile, frame->object_id)->path;
	}
	for (uint32_t id = 0; id < n_objects; id++)
		writer->may_get_names[id] &= !has_lines[id];
	free(has_lines);
}

/* One mapping for each object. Addresses are the object's own, so all begin at 0, which readers
 * take for "adjusted already" (GetBase() in pprof's internal/elfexec). */
static uint64_t mapping_id(struct writer *writer, uint32_t object_id)
{
	const struct profile_object *object = profile_object(writer->profile, object_id);
	uint32_t filename = object->path ? object->path : object->name;
	bool is_new;
	uint64_t *id = u64map_put(writer->mappings, object_id, &is_new);

	if (!is_new)
		return *id;
	*id = u64map_count(writer->mappings);
	protobuf_clear(&writer->nested);
	protobuf_add_number(&writer->nested, MAPPING_ID, *id);
	protobuf_add_number(&writer->nested, MAPPING_MEMORY_LIMIT, UINT64_MAX);
	protobuf_add_number(&writer->nested, MAPPING_FILENAME,
	                    string_id(writer, profile_text(writer->profile, filename)));
	add_build_id(writer, object);
	/* What has names has been named: readers need not look for the file. */
	for (unsigned has = MAPPING_HAS_FUNCTIONS; has <= MAPPING_HAS_INLINE_FRAMES; has++)
		protobuf_add_number(&writer->nested, has, !writer->may_get_names[object_id]);
	protobuf_add_message(&writer->out, PROFILE_MAPPING, &writer->nested);
	return *id;
}

static void add_line(struct writer *writer, const struct frame *frame)
{
	uint64_t id = function_id(writer, frame);

	protobuf_clear(&writer->nested);
	protobuf_add_number(&writer->nested, LINE_FUNCTION_ID, id);
	protobuf_add_number(&writer->nested, LINE_LINE, frame->line);
	protobuf_add_message(&writer->message, LOCATION_LINE, &writer->nested);
}

/* The last frame of a chain is the function that holds the code; those before it are inlined there.
 */
static uint32_t add_location(struct writer *writer, const uint32_t *chain, size_t n_frames)
{
	const struct frame *holder = profile_frame(writer->profile, chain[n_frames - 1]);
	uint32_t id = 0;
	uint64_t mapping = 0; /* of a frame that is no code: none */
	bool is_new;

	for (size_t i = 0; i < n_frames; i++)
		id = stack_table_add(writer->chains, id, 0, chain[i]);
	u64map_put(writer->locations, id, &is_new);
	if (!is_new)
		return id;
	if (holder->kind != FRAME_FAILED)
		mapping = mapping_id(writer, holder->object_id);
	protobuf_clear(&writer->message);
	protobuf_add_number(&writer->message, LOCATION_ID, id);
	protobuf_add_number(&writer->message, LOCATION_MAPPING_ID, mapping);
	protobuf_add_number(&writer->message, LOCATION_ADDRESS, holder->vaddr);
	for (size_t i = 0; i < n_frames; i++)
		add_line(writer, profile_frame(writer->profile, chain[i]));
	protobuf_add_message(&writer->out, PROFILE_LOCATION, &writer->message);
	return id;
}

/* Most chains are one frame. */
static uint64_t location_id(struct writer *writer, const uint32_t *chain, size_t n_frames)
{
	uint32_t *known = &writer->location_of[chain[0]];

	if (n_frames > 1)
		return add_location(writer, chain, n_frames);
	if (!*known)
		*known = add_location(writer, chain, 1);
	return *known;
}

/* Cuts a stack into chains and gives their location ids, leaf first; returns how many. */
static size_t stack_locations(struct writer *writer, const uint32_t *frames, size_t n_frames,
                              uint64_t *ids)
{
	size_t n_ids = 0;
	size_t start = 0;

	for (size_t i = 0; i < n_frames; i++) {
		bool is_inlined = profile_frame(writer->profile, frames[i])->kind == FRAME_INLINED;

		if (is_inlined && i + 1 < n_frames)
			continue;
		ids[n_ids++] = location_id(writer, frames + start, i + 1 - start);
		start = i + 1;
	}
	return n_ids;
}

static void add_label(struct writer *writer, struct protobuf *labels, const char *key,
                      const char *text, uint64_t number)
{
	protobuf_clear(&writer->nested);
	protobuf_add_number(&writer->nested, LABEL_KEY, string_id(writer, key));
	if (text)
		protobuf_add_number(&writer->nested, LABEL_STR, string_id(writer, text));
	else
		protobuf_add_number(&writer->nested, LABEL_NUM, number);
	protobuf_add_message(labels, SAMPLE_LABEL, &writer->nested);
}

/* What tells the thread's samples from others', made when it is first asked for. */
static const struct protobuf *labels_of(struct writer *writer, uint32_t thread_index)
{
	const struct recorded_thread *thread = profile_thread(writer->profile, thread_index);
	struct protobuf *labels = &writer->labels[thread_index];

	if (!labels->n_bytes) {
		add_label(writer, labels, "comm", thread->comm, 0);
		add_label(writer, labels, "pid", NULL, (uint64_t)thread->pid);
		add_label(writer, labels, "tid", NULL, (uint64_t)thread->tid);
	}
	return labels;
}

static void add_values(struct writer *writer, const uint64_t *ids, size_t n_ids,
                       const uint64_t *values, uint32_t thread)
{
	protobuf_clear(&writer->message);
	protobuf_add_numbers(&writer->message, SAMPLE_LOCATION_ID, ids, n_ids);
	protobuf_add_numbers(&writer->message, SAMPLE_VALUE, values,
	                     profile_n_types(writer->profile));
	protobuf_append(&writer->message, labels_of(writer, thread));
	protobuf_add_message(&writer->out, PROFILE_SAMPLE, &writer->message);
}

/* Fills in writer->frames; returns how many there are. */
static size_t get_frames(struct writer *writer, uint32_t stack)
{
	size_t n =
	    profile_stack_frames(writer->profile, stack, writer->frames, writer->frames_capacity);

	if (n <= writer->frames_capacity)
		return n;
	writer->frames =
	    array_reserve(writer->frames, &writer->frames_capacity, n, sizeof(*writer->frames));
	return profile_stack_frames(writer->profile, stack, writer->frames, n);
}

static void add_sample(struct writer *writer, const struct profile_sample *sample)
{
	size_t n_frames = get_frames(writer, sample->stack), n_ids;

	writer->ids =
	    array_reserve(writer->ids, &writer->ids_capacity, n_frames, sizeof(*writer->ids));
	n_ids = stack_locations(writer, writer->frames, n_frames, writer->ids);
	add_values(writer, writer->ids, n_ids, sample->values, sample->thread);
}

/* Adds to the sample of the small stacks with the same innermost location. */
static void add_small_sample(struct writer *writer, const struct profile_sample *sample)
{
	size_t n_types = profile_n_types(writer->profile), n = 1;
	size_t n_frames = get_frames(writer, sample->stack);
	const uint32_t *frames = writer->frames;
	struct small_sample *small;
	uint64_t location = 0, *index;
	bool is_new;

	while (n < n_frames && profile_frame(writer->profile, frames[n - 1])->kind == FRAME_INLINED)
		n++;
	if (n_frames)
		location = location_id(writer, frames, n);
	index = u64map_put(writer->small_of, (uint64_t)sample->thread << 32 | location, &is_new);
	if (is_new) {
		small = ARRAY_APPEND(writer->small, writer->n_small, writer->small_capacity);
		small->thread = sample->thread;
		small->location = location;
		small->values = xcalloc(n_types, sizeof(*small->values));
		if (n_frames && profile_frame(writer->profile, frames[n - 1])->kind != FRAME_FAILED)
			small->mapping = mapping_id(
			    writer, profile_frame(writer->profile, frames[n - 1])->object_id);
		*index = writer->n_small;
	}
	small = &writer->small[*index - 1];
	for (size_t i = 0; i < n_types; i++)
		small->values[i] += sample->values[i];
	writer->n_put_together++;
}

/* The location that stands for the callers of small stacks, one in each mapping. */
static uint64_t callers_location(struct writer *writer, uint64_t mapping)
{
	enum { TAG_CALLERS = 1 };
	uint32_t id = stack_table_add(writer->chains, 0, TAG_CALLERS, mapping);
	bool is_new;
	uint64_t *function = u64map_put(writer->functions, UINT64_MAX, &is_new);

	if (is_new) {
		*function = u64map_count(writer->functions);
		protobuf_clear(&writer->nested);
		protobuf_add_number(&writer->nested, FUNCTION_ID, *function);
		protobuf_add_number(&writer->nested, FUNCTION_NAME,
		                    string_id(writer, "(smaller stacks)"));
		protobuf_add_message(&writer->out, PROFILE_FUNCTION, &writer->nested);
	}
	u64map_put(writer->locations, id, &is_new);
	if (!is_new)
		return id;
	protobuf_clear(&writer->message);
	protobuf_add_number(&writer->message, LOCATION_ID, id);
	protobuf_add_number(&writer->message, LOCATION_MAPPING_ID, mapping);
	protobuf_clear(&writer->nested);
	protobuf_add_number(&writer->nested, LINE_FUNCTION_ID,
	                    *u64map_get(writer->functions, UINT64_MAX));
	protobuf_add_message(&writer->message, LOCATION_LINE, &writer->nested);
	protobuf_add_message(&writer->out, PROFILE_LOCATION, &writer->message);
	return id;
}

static void write_small_samples(struct writer *writer)
{
	for (size_t i = 0; i < writer->n_small; i++) {
		const struct small_sample *small = &writer->small[i];
		uint64_t callers = callers_location(writer, small->mapping);
		uint64_t ids[] = {small->location, callers};

		add_values(writer, small->location ? ids : ids + 1, small->location ? 2 : 1,
		           small->values, small->thread);
	}
}

static bool is_program(const struct profile *profile, uint32_t object_id)
{
	const struct profile_object *object = profile_object(profile, object_id);

	return object->path && !strstr(profile_text(profile, object->name), ".so");
}

/* What the stacks of the first process have of a value, by object and frame. The caller frees it.
 */
static uint64_t *values_of_objects(const struct profile *profile, size_t type)
{
	uint64_t *values = xcalloc(profile_n_objects(profile), sizeof(*values));
	uint64_t *sums = xcalloc((size_t)profile_n_stacks(profile) + 1, sizeof(*sums));

	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		struct profile_sample sample = profile_sample(profile, i);

		if (profile_thread(profile, sample.thread)->pid == profile_thread(profile, 0)->pid)
			sums[sample.stack] += sample.values[type];
	}
	for (uint32_t stack = profile_n_stacks(profile); stack; stack--) {
		uint32_t callers, frame = profile_stack_frame(profile, stack, &callers);

		values[profile_frame(profile, frame)->object_id] += sums[stack];
		sums[callers] += sums[stack];
	}
	free(sums);
	return values;
}

/* Readers take the first mapping for the program: of the files that are no libraries the one with
 * the most frames in the first process. */
static void add_program(struct writer *writer, size_t type)
{
	const struct profile *profile = writer->profile;
	uint64_t *values = values_of_objects(profile, type), most = 0;
	uint32_t program = 0;

	for (uint32_t id = 0; id < profile_n_objects(profile); id++) {
		if (is_program(profile, id) && values[id] > most) {
			program = id;
			most = values[id];
		}
	}
	if (most)
		mapping_id(writer, program);
	free(values);
}

static void add_comment(struct writer *writer, const char *text)
{
	if (text)
		protobuf_add_number(&writer->out, PROFILE_COMMENT, string_id(writer, text));
}

static void add_all(struct writer *writer, const struct export_options *options)
{
	size_t n_types = profile_n_types(writer->profile);

	for (size_t i = 0; i < n_types; i++)
		add_value_type(writer, PROFILE_SAMPLE_TYPE, profile_type(writer->profile, i));
	find_may_get_names(writer);
	add_program(writer, options->type);
	for (size_t i = 0; i < profile_n_samples(writer->profile); i++) {
		struct profile_sample sample = profile_sample(writer->profile, i);

		if (writer->shares && writer->shares[i] < writer->least_share)
			add_small_sample(writer, &sample);
		else
			add_sample(writer, &sample);
	}
	write_small_samples(writer);
	protobuf_add_number(&writer->out, PROFILE_TIME_NANOS, (uint64_t)options->started_ns);
	protobuf_add_number(&writer->out, PROFILE_DURATION_NANOS, options->duration_ns);
	if (options->period && n_types > 1) {
		add_value_type(writer, PROFILE_PERIOD_TYPE, profile_type(writer->profile, 1));
		protobuf_add_number(&writer->out, PROFILE_PERIOD, options->period);
	}
	add_comment(writer, options->command);
	add_comment(writer, options->subtitle);
	protobuf_add_number(&writer->out, PROFILE_DEFAULT_SAMPLE_TYPE,
	                    string_id(writer, profile_type(writer->profile, options->type)->name));
	/* Last, when all are known. Id 0 is "" in our pool, as the format demands. */
	for (size_t i = 0; i < string_pool_count(writer->strings); i++) {
		const char *text = string_pool_text(writer->strings, (uint32_t)i);

		protobuf_add_bytes(&writer->out, PROFILE_STRING_TABLE, text, strlen(text));
	}
}

size_t pprof_message_write(struct protobuf *out, const struct profile *profile,
                           const struct export_options *options, const double *shares,
                           double least_share)
{
	struct writer writer = {
	    .profile = profile,
	    .strings = string_pool_new(),
	    .functions = u64map_new(),
	    .mappings = u64map_new(),
	    .chains = stack_table_new(),
	    .locations = u64map_new(),
	    .location_of =
	        xcalloc((size_t)profile_n_frames(profile) + 1, sizeof(*writer.location_of)),
	    .labels = xcalloc(profile_n_threads(profile) + 1, sizeof(*writer.labels)),
	    .shares = shares,
	    .least_share = least_share,
	    .small_of = u64map_new(),
	};

	add_all(&writer, options);
	*out = writer.out;
	protobuf_fini(&writer.message);
	protobuf_fini(&writer.nested);
	string_pool_free(writer.strings);
	u64map_free(writer.functions);
	u64map_free(writer.mappings);
	stack_table_free(writer.chains);
	u64map_free(writer.locations);
	free(writer.location_of);
	for (size_t i = 0; i < profile_n_threads(profile); i++)
		protobuf_fini(&writer.labels[i]);
	free(writer.labels);
	free(writer.frames);
	free(writer.ids);
	u64map_free(writer.small_of);
	for (size_t i = 0; i < writer.n_small; i++)
		free(writer.small[i].values);
	free(writer.small);
	free(writer.may_get_names);
	return writer.n_put_together;
}
