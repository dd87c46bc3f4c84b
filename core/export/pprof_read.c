/* Takes a profile.proto message apart and trusts nothing in it. */
#include "core/export/pprof_read.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/pprof_fields.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"
#include "core/u64map.h"
#include "core/unwind/unwind.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	MAX_BYTES = 1 << 30, /* of the message: more is a bomb */
	MAX_TYPES = 64,
	WIRE_VARINT = 0,
	WIRE_64 = 1,
	WIRE_BYTES = 2,
	WIRE_32 = 5,
};

struct span {
	const uint8_t *at;
	const uint8_t *end;
};

struct spans {
	struct span *items;
	size_t n;
	size_t capacity;
};

struct field {
	uint64_t number;
	unsigned wire;
	uint64_t value;    /* WIRE_VARINT */
	struct span bytes; /* WIRE_BYTES */
};

struct reader {
	struct spans types;
	struct spans samples;
	struct spans mappings;
	struct spans locations;
	struct spans functions;
	char **strings;
	size_t n_strings;
	size_t strings_capacity;
	uint64_t default_type;      /* string */
	struct u64map *mapping_of;  /* id -> index in the spans, + 1 */
	struct u64map *location_of; /* likewise */
	struct u64map *function_of;
	uint32_t *object_of;             /* by mapping: the recording's object */
	struct recorded_frame *frame_of; /* by location */
	uint32_t unmapped;               /* object of what is in no mapping */
	uint32_t failed;                 /* object of stacks that end early */
	struct recording *recording;
	struct symbolizer *symbolizer;
	struct diag *diag;
};

static int refuse(struct diag *diag, const char *why)
{
	return diag_fail(diag, EINVAL, "not a usable profile.pb.gz: %s; record the run again", why);
}

/* False: the number does not end. */
static bool read_varint(struct span *span, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; span->at < span->end && shift < 64; shift += 7) {
		uint8_t byte = *span->at++;

		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* 1: a field; 0: the end; -EINVAL: damaged. */
static int next_field(struct span *message, struct field *field)
{
	uint64_t key, len = 0;

	*field = (struct field){0};
	if (message->at == message->end)
		return 0;
	if (!read_varint(message, &key))
		return -EINVAL;
	field->number = key >> 3;
	field->wire = key & 7;
	if (field->wire == WIRE_VARINT)
		return read_varint(message, &field->value) ? 1 : -EINVAL;
	if (field->wire == WIRE_BYTES && !read_varint(message, &len))
		return -EINVAL;
	if (field->wire == WIRE_64 || field->wire == WIRE_32)
		len = field->wire == WIRE_64 ? 8 : 4;
	else if (field->wire != WIRE_BYTES)
		return -EINVAL;
	if (len > (uint64_t)(message->end - message->at))
		return -EINVAL;
	field->bytes = (struct span){message->at, message->at + len};
	message->at += len;
	return 1;
}

static void add_span(struct spans *spans, struct span span)
{
	*ARRAY_APPEND(spans->items, spans->n, spans->capacity) = span;
}

/* The numbers of a repeated field, packed or one at a time, behind those that are there. */
static bool add_numbers(uint64_t **numbers, size_t *n, size_t *capacity, const struct field *field)
{
	struct span packed = field->bytes;
	uint64_t value;

	if (field->wire == WIRE_VARINT) {
		*ARRAY_APPEND(*numbers, *n, *capacity) = field->value;
		return true;
	}
	while (packed.at < packed.end) {
		if (!read_varint(&packed, &value))
			return false;
		*ARRAY_APPEND(*numbers, *n, *capacity) = value;
	}
	return field->wire == WIRE_BYTES;
}

/* The parts of the message, whose strings come last. */
static int split(struct reader *reader, struct span message)
{
	struct spans *const parts[] = {
	    [PROFILE_SAMPLE_TYPE] = &reader->types,  [PROFILE_SAMPLE] = &reader->samples,
	    [PROFILE_MAPPING] = &reader->mappings,   [PROFILE_LOCATION] = &reader->locations,
	    [PROFILE_FUNCTION] = &reader->functions,
	};
	struct field field;
	int more;

	while ((more = next_field(&message, &field)) > 0) {
		if (field.number == PROFILE_DEFAULT_SAMPLE_TYPE)
			reader->default_type = field.value;
		if (field.wire != WIRE_BYTES)
			continue;
		if (field.number == PROFILE_STRING_TABLE)
			*ARRAY_APPEND(reader->strings, reader->n_strings,
			              reader->strings_capacity) =
			    xstrndup((const char *)field.bytes.at,
			             (size_t)(field.bytes.end - field.bytes.at));
		else if (field.number < ARRAY_SIZE(parts) && parts[field.number])
			add_span(parts[field.number], field.bytes);
	}
	return more ? refuse(reader->diag, "its fields do not fit each other") : 0;
}

static const char *string_at(const struct reader *reader, uint64_t id)
{
	return id < reader->n_strings ? reader->strings[id] : "";
}

/* The single numbers of a message with the fields 1 .. n - 1. */
static bool read_numbers(struct span message, uint64_t *numbers, size_t n)
{
	struct field field;
	int more;

	memset(numbers, 0, n * sizeof(*numbers));
	while ((more = next_field(&message, &field)) > 0)
		if (field.number < n && field.wire == WIRE_VARINT)
			numbers[field.number] = field.value;
	return !more;
}

static int read_types(struct reader *reader, size_t *type)
{
	struct value_type types[MAX_TYPES];
	uint64_t numbers[VALUE_TYPE_UNIT + 1];

	if (!reader->types.n || reader->types.n > MAX_TYPES)
		return refuse(reader->diag, "it has no value types, or too many");
	*type = 0;
	for (size_t i = 0; i < reader->types.n; i++) {
		if (!read_numbers(reader->types.items[i], numbers, ARRAY_SIZE(numbers)))
			return refuse(reader->diag, "a value type is damaged");
		types[i].name = string_at(reader, numbers[VALUE_TYPE_TYPE]);
		types[i].unit = string_at(reader, numbers[VALUE_TYPE_UNIT]);
		if (reader->default_type &&
		    !strcmp(types[i].name, string_at(reader, reader->default_type)))
			*type = i;
	}
	reader->recording = recording_new(types, reader->types.n);
	return 0;
}

static enum object_kind kind_of_path(const char *path)
{
	static const struct {
		const char *path;
		enum object_kind kind;
	} kinds[] = {
	    {"[kernel]", OBJECT_KERNEL}, {"[vdso]", OBJECT_VDSO}, {"[anon]", OBJECT_ANONYMOUS}};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].path, path))
			return kinds[i].kind;
	return OBJECT_FILE;
}

static void read_build_id(struct object *object, const char *hex)
{
	size_t len = strspn(hex, "0123456789abcdef") / 2;

	if (len > BUILD_ID_MAX)
		return;
	object->build_id_len = (uint8_t)len;
	for (size_t i = 0; i < len; i++) {
		char byte[] = {hex[2 * i], hex[2 * i + 1], 0};

		object->build_id[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
}

static int read_mappings(struct reader *reader)
{
	struct object none = {.kind = OBJECT_ANONYMOUS, .path = "", .fd = -1};
	struct object failed = {.kind = OBJECT_FAILED, .path = "", .fd = -1};
	uint64_t numbers[MAPPING_BUILD_ID + 1];

	reader->unmapped = recording_add_object(reader->recording, &none);
	reader->failed = recording_add_object(reader->recording, &failed);
	reader->object_of = xcalloc(reader->mappings.n, sizeof(*reader->object_of));
	for (size_t i = 0; i < reader->mappings.n; i++) {
		struct object object = {.fd = -1};

		if (!read_numbers(reader->mappings.items[i], numbers, ARRAY_SIZE(numbers)))
			return refuse(reader->diag, "a mapping is damaged");
		object.path =
		    (char *)string_at(reader, numbers[MAPPING_FILENAME]); /* only copied */
		object.kind = kind_of_path(object.path);
		read_build_id(&object, string_at(reader, numbers[MAPPING_BUILD_ID]));
		reader->object_of[i] = recording_add_object(reader->recording, &object);
		*u64map_put(reader->mapping_of, numbers[MAPPING_ID], NULL) = i + 1;
	}
	return 0;
}

static int read_functions(struct reader *reader)
{
	uint64_t numbers[FUNCTION_FILENAME + 1];

	for (size_t i = 0; i < reader->functions.n; i++) {
		if (!read_numbers(reader->functions.items[i], numbers, ARRAY_SIZE(numbers)))
			return refuse(reader->diag, "a function is damaged");
		*u64map_put(reader->function_of, numbers[FUNCTION_ID], NULL) = i + 1;
	}
	return 0;
}

/* A name in brackets is an object's or a reason: the code itself has none. */
static const char *code_name(const char *name)
{
	return *name && *name != '[' ? name : NULL;
}

static bool read_line(const struct reader *reader, struct span message, struct symbol_frame *frame,
                      const char **name)
{
	uint64_t line[LINE_LINE + 1], function[FUNCTION_FILENAME + 1];
	const uint64_t *index;
	const char *linkage, *file;

	if (!read_numbers(message, line, ARRAY_SIZE(line)))
		return false;
	index = u64map_get(reader->function_of, line[LINE_FUNCTION_ID]);
	if (!index ||
	    !read_numbers(reader->functions.items[*index - 1], function, ARRAY_SIZE(function)))
		return false;
	*name = string_at(reader, function[FUNCTION_NAME]);
	linkage = string_at(reader, function[FUNCTION_SYSTEM_NAME]);
	file = string_at(reader, function[FUNCTION_FILENAME]);
	frame->function = code_name(*name);
	frame->linkage = *linkage && strcmp(linkage, *name) ? linkage : NULL;
	frame->file = *file ? file : NULL;
	frame->line = line[LINE_LINE] <= UINT32_MAX ? (uint32_t)line[LINE_LINE] : 0;
	return true;
}

/* Why a stack ends, of the text that enum unwind_end has; any other is UNWIND_N_ENDS. */
static unsigned end_of_text(const char *name)
{
	static const char start[] = "[unwind failed: ";
	size_t start_len = sizeof(start) - 1;

	for (unsigned end = 0; end < UNWIND_N_ENDS; end++) {
		const char *text = unwind_end_text((enum unwind_end)end);

		if (!strncmp(name, start, start_len) &&
		    !strncmp(name + start_len, text, strlen(text)) &&
		    !strcmp(name + start_len + strlen(text), "]"))
			return end;
	}
	return UNWIND_N_ENDS;
}

struct location {
	uint64_t id;
	uint64_t address;
	uint64_t mapping;
	struct symbol_frame *frames;
	size_t n_frames;
	size_t capacity;
	const char *last_name;
};

static bool read_location_fields(const struct reader *reader, struct span message,
                                 struct location *location)
{
	struct field field;
	int more;

	while ((more = next_field(&message, &field)) > 0) {
		if (field.number == LOCATION_ID)
			location->id = field.value;
		else if (field.number == LOCATION_MAPPING_ID)
			location->mapping = field.value;
		else if (field.number == LOCATION_ADDRESS)
			location->address = field.value;
		else if (field.number == LOCATION_LINE && field.wire == WIRE_BYTES &&
		         !read_line(
		             reader, field.bytes,
		             ARRAY_APPEND(location->frames, location->n_frames, location->capacity),
		             &location->last_name))
			return false;
	}
	return !more;
}

static bool remember(const struct reader *reader, const struct object *object, uint64_t address,
                     const struct location *location)
{
	static const struct symbol_frame nameless;

	return symbolizer_remember(reader->symbolizer, object, address,
	                           location->n_frames ? location->frames : &nameless,
	                           location->n_frames ? location->n_frames : 1);
}

/* The location's frame in the recording, with its names given to the symbolizer. Locations with
 * other names may have one address, which the first of them keeps. */
static void add_location(struct reader *reader, const struct location *location, size_t index)
{
	struct recorded_frame *frame = &reader->frame_of[index];
	const uint64_t *mapping = u64map_get(reader->mapping_of, location->mapping);
	unsigned end = location->last_name ? end_of_text(location->last_name) : UNWIND_N_ENDS;
	const struct object *object;
	bool is_jit;

	*frame = (struct recorded_frame){.object = reader->unmapped, .vaddr = location->address};
	if (mapping && *mapping)
		frame->object = reader->object_of[*mapping - 1];
	if (!location->mapping && end < UNWIND_N_ENDS) {
		*frame = (struct recorded_frame){.object = reader->failed, .vaddr = end};
		return;
	}
	object = recording_object(reader->recording, frame->object);
	is_jit = object->kind == OBJECT_ANONYMOUS;
	for (size_t i = 0; i < location->n_frames; i++) {
		location->frames[i].inlined = i + 1 < location->n_frames;
		location->frames[i].jit = is_jit && location->frames[i].function;
	}
	if (frame->vaddr && recorded_has_address(frame->vaddr) &&
	    remember(reader, object, frame->vaddr, location))
		return;
	frame->vaddr = recorded_no_address(index);
	remember(reader, object, frame->vaddr, location);
}

static int read_locations(struct reader *reader)
{
	int err = 0;

	reader->frame_of = xcalloc(reader->locations.n, sizeof(*reader->frame_of));
	for (size_t i = 0; i < reader->locations.n && !err; i++) {
		struct location location = {0};

		if (read_location_fields(reader, reader->locations.items[i], &location)) {
			add_location(reader, &location, i);
			*u64map_put(reader->location_of, location.id, NULL) = i + 1;
		} else {
			err = refuse(reader->diag, "a location is damaged");
		}
		free(location.frames);
	}
	return err;
}

struct sample_parts {
	uint64_t *locations;
	size_t n_locations;
	size_t locations_capacity;
	uint64_t *values;
	size_t n_values;
	size_t values_capacity;
	const char *comm;
	uint64_t pid;
	uint64_t tid;
};

static bool read_label(const struct reader *reader, struct span message, struct sample_parts *parts)
{
	uint64_t numbers[LABEL_NUM + 1];
	const char *key;

	if (!read_numbers(message, numbers, ARRAY_SIZE(numbers)))
		return false;
	key = string_at(reader, numbers[LABEL_KEY]);
	if (!strcmp(key, "comm"))
		parts->comm = string_at(reader, numbers[LABEL_STR]);
	else if (!strcmp(key, "pid"))
		parts->pid = numbers[LABEL_NUM];
	else if (!strcmp(key, "tid"))
		parts->tid = numbers[LABEL_NUM];
	return true;
}

static bool read_parts(const struct reader *reader, struct span message, struct sample_parts *parts)
{
	struct field field;
	int more;

	while ((more = next_field(&message, &field)) > 0) {
		bool ok = true;

		if (field.number == SAMPLE_LOCATION_ID)
			ok = add_numbers(&parts->locations, &parts->n_locations,
			                 &parts->locations_capacity, &field);
		else if (field.number == SAMPLE_VALUE)
			ok = add_numbers(&parts->values, &parts->n_values, &parts->values_capacity,
			                 &field);
		else if (field.number == SAMPLE_LABEL && field.wire == WIRE_BYTES)
			ok = read_label(reader, field.bytes, parts);
		if (!ok)
			return false;
	}
	return !more && parts->n_values == reader->types.n;
}

/* False: a location is not there. */
static bool add_sample(struct reader *reader, const struct sample_parts *parts)
{
	struct recorded_frame *frames = xcalloc(parts->n_locations, sizeof(*frames));
	char comm[16];
	bool ok = true;

	for (size_t i = 0; i < parts->n_locations && ok; i++) {
		const uint64_t *index = u64map_get(reader->location_of, parts->locations[i]);

		ok = index && *index;
		if (ok)
			frames[i] = reader->frame_of[*index - 1];
	}
	snprintf(comm, sizeof(comm), "%s", parts->comm ? parts->comm : "");
	if (ok)
		recording_add_sample(
		    reader->recording,
		    (struct sample){
		        .thread = recording_add_thread(reader->recording, (pid_t)parts->pid,
		                                       (pid_t)parts->tid, comm),
		        .stack = recording_add_stack(reader->recording, frames, parts->n_locations),
		    },
		    parts->values);
	free(frames);
	return ok;
}

static int read_samples(struct reader *reader)
{
	int err = 0;

	for (size_t i = 0; i < reader->samples.n && !err; i++) {
		struct sample_parts parts = {0};

		if (!read_parts(reader, reader->samples.items[i], &parts) ||
		    !add_sample(reader, &parts))
			err = refuse(reader->diag, "a sample is damaged");
		free(parts.locations);
		free(parts.values);
	}
	return err;
}

/* The whole file, unzipped. */
static int read_message(FILE *in, uint8_t **bytes, size_t *len, struct diag *diag)
{
	enum { GZIP_HEADER = 16, CHUNK = 1 << 16 };
	z_stream stream = {0};
	uint8_t packed[CHUNK];
	size_t capacity = 0;
	int state = Z_OK;

	*bytes = NULL;
	*len = 0;
	if (inflateInit2(&stream, MAX_WBITS + GZIP_HEADER) != Z_OK)
		return diag_fail(diag, ENOMEM, "cannot unzip the profile");
	while (state == Z_OK && *len <= MAX_BYTES) {
		if (!stream.avail_in) {
			stream.next_in = packed;
			stream.avail_in = (uInt)fread(packed, 1, sizeof(packed), in);
			if (!stream.avail_in)
				break;
		}
		*bytes = array_reserve(*bytes, &capacity, *len + CHUNK, 1);
		stream.next_out = *bytes + *len;
		stream.avail_out = CHUNK;
		state = inflate(&stream, Z_NO_FLUSH);
		*len += CHUNK - stream.avail_out;
	}
	inflateEnd(&stream);
	if (ferror(in))
		return diag_fail(diag, EIO, "cannot read profile.pb.gz: %s", strerror(errno));
	return state == Z_STREAM_END ? 0 : refuse(diag, "it is not whole, or not gzipped");
}

static int read_all(struct reader *reader, struct span message, size_t *type)
{
	int err = split(reader, message);

	if (!err)
		err = read_types(reader, type);
	if (!err)
		err = read_mappings(reader);
	if (!err)
		err = read_functions(reader);
	if (!err)
		err = read_locations(reader);
	if (!err)
		err = read_samples(reader);
	return err;
}

static void reader_fini(struct reader *reader)
{
	for (size_t i = 0; i < reader->n_strings; i++)
		free(reader->strings[i]);
	free(reader->strings);
	free(reader->types.items);
	free(reader->samples.items);
	free(reader->mappings.items);
	free(reader->locations.items);
	free(reader->functions.items);
	free(reader->object_of);
	free(reader->frame_of);
	u64map_free(reader->mapping_of);
	u64map_free(reader->location_of);
	u64map_free(reader->function_of);
}

int pprof_read(FILE *in, struct recording **recording, struct symbolizer *symbolizer, size_t *type,
               struct diag *diag)
{
	struct reader reader = {
	    .mapping_of = u64map_new(),
	    .location_of = u64map_new(),
	    .function_of = u64map_new(),
	    .symbolizer = symbolizer,
	    .diag = diag,
	};
	uint8_t *bytes;
	size_t len;
	int err = read_message(in, &bytes, &len, diag);

	if (!err)
		err = read_all(&reader, (struct span){bytes, bytes + len}, type);
	if (err) {
		recording_free(reader.recording);
		reader.recording = NULL;
	}
	*recording = reader.recording;
	reader_fini(&reader);
	free(bytes);
	return err;
}
