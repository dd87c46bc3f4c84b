/* Writes samples.bin. What grows with the number of samples is never in memory: it is read from the
 * recording twice, for the checksum that stands before it, and to be written. */
#include "core/export/samples.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/samples_format.h"
#include "core/recording.h"
#include "core/stack_table.h"
#include "core/string_pool.h"
#include "core/symbolize/symbolize.h"
#include "core/u64map.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct section_rows {
	unsigned char *bytes;
	size_t len_bytes;
	size_t capacity;
};

static void put_bytes(struct section_rows *rows, const void *bytes, size_t len_bytes)
{
	if (!len_bytes)
		return;
	rows->bytes = array_reserve(rows->bytes, &rows->capacity, rows->len_bytes + len_bytes, 1);
	memcpy(rows->bytes + rows->len_bytes, bytes, len_bytes);
	rows->len_bytes += len_bytes;
}

static void put_u32(struct section_rows *rows, uint32_t value)
{
	value = htole32(value);
	put_bytes(rows, &value, sizeof(value));
}

static void put_u64(struct section_rows *rows, uint64_t value)
{
	value = htole64(value);
	put_bytes(rows, &value, sizeof(value));
}

/* Appends a text to the section of texts and writes its offset there. */
static void put_text(struct section_rows *rows, struct section_rows *texts, const char *text)
{
	put_u32(rows, (uint32_t)texts->len_bytes);
	put_bytes(texts, text, strlen(text) + 1);
}

/* Which value types differ from sample to sample, and need a column. */
static void find_columns(const struct recording *recording, bool *has_column, uint64_t *first)
{
	size_t n_types = recording_n_types(recording);
	const uint64_t *values;

	for (size_t i = 0; i < recording_n_samples(recording); i++) {
		recording_sample(recording, i, &values);
		for (size_t type = 0; type < n_types; type++) {
			if (i == 0)
				first[type] = values[type];
			else if (values[type] != first[type])
				has_column[type] = true;
		}
	}
}

static void put_types(struct section_rows *out, const struct recording *recording, bool *has_column)
{
	uint64_t first[MAX_TYPES] = {0};

	find_columns(recording, has_column, first);
	for (size_t i = 0; i < recording_n_types(recording); i++) {
		const struct value_type *type = recording_type(recording, i);

		put_text(&out[SECTION_TYPES], &out[SECTION_TEXTS], type->name);
		put_text(&out[SECTION_TYPES], &out[SECTION_TEXTS], type->unit);
		put_u32(&out[SECTION_TYPES], has_column[i]);
		put_u32(&out[SECTION_TYPES], 0);
		put_u64(&out[SECTION_TYPES], has_column[i] ? 0 : first[i]);
	}
}

static void put_objects(struct section_rows *out, const struct recording *recording)
{
	struct section_rows *rows = &out[SECTION_OBJECTS];

	for (size_t i = 0; i < recording_n_objects(recording); i++) {
		const struct object *object = recording_object(recording, (uint32_t)i);
		uint8_t build_id[BUILD_ID_MAX] = {0};

		memcpy(build_id, object->build_id, object->build_id_len);
		put_u32(rows, object->kind);
		put_text(rows, &out[SECTION_TEXTS], object->path);
		put_u32(rows, (uint32_t)object->pid);
		put_u32(rows, object->build_id_len);
		put_u64(rows, object->device);
		put_u64(rows, object->inode);
		put_bytes(rows, build_id, sizeof(build_id));
		put_u32(rows, 0);
		put_u64(rows, (uint64_t)object->seen_ns);
	}
}

static void put_threads_and_frames(struct section_rows *out, const struct recording *recording)
{
	for (size_t i = 0; i < recording_n_threads(recording); i++) {
		const struct recorded_thread *thread = recording_thread(recording, (uint32_t)i);

		put_u32(&out[SECTION_THREADS], (uint32_t)thread->pid);
		put_u32(&out[SECTION_THREADS], (uint32_t)thread->tid);
		put_bytes(&out[SECTION_THREADS], thread->comm, sizeof(thread->comm));
	}
	for (uint32_t id = 1; id <= stack_table_count(recording_stacks(recording)); id++) {
		uint32_t parent;
		struct recorded_frame frame = recording_frame(recording, id, &parent);

		put_u32(&out[SECTION_FRAMES], parent);
		put_u32(&out[SECTION_FRAMES], frame.object << 1 | frame.is_return);
		put_u64(&out[SECTION_FRAMES], frame.vaddr);
	}
}

static void put_losses(struct section_rows *out, const struct recording *recording)
{
	for (size_t i = 0; i < recording_n_losses(recording); i++) {
		struct loss loss = recording_loss(recording, i);

		put_text(&out[SECTION_LOSSES], &out[SECTION_TEXTS], loss.what);
		put_u32(&out[SECTION_LOSSES], 0);
		put_u64(&out[SECTION_LOSSES], loss.count);
	}
}

/* Texts of names: many functions share a file, each text is written once. */
struct name_texts {
	struct string_pool *pool;
	struct u64map *offsets; /* id in the pool -> where it stands among the texts */
};

static void put_name_text(struct section_rows *out, struct name_texts *texts, const char *text)
{
	bool is_new;
	uint64_t *offset;

	if (!text) {
		put_u32(&out[SECTION_NAMES], samples_no_text);
		return;
	}
	offset = u64map_put(texts->offsets, string_pool_add(texts->pool, text), &is_new);
	if (is_new) {
		*offset = out[SECTION_TEXTS].len_bytes;
		put_bytes(&out[SECTION_TEXTS], text, strlen(text) + 1);
	}
	put_u32(&out[SECTION_NAMES], (uint32_t)*offset);
}

static void put_address(struct section_rows *out, struct name_texts *texts,
                        const struct recorded_frame *recorded, const struct symbol_frame *frames,
                        size_t n_frames)
{
	put_u64(&out[SECTION_ADDRESSES], symbolizer_address(recorded->vaddr, recorded->is_return));
	put_u32(&out[SECTION_ADDRESSES], recorded->object);
	put_u32(&out[SECTION_ADDRESSES], (uint32_t)(out[SECTION_NAMES].len_bytes /
	                                            samples_sections[SECTION_NAMES].row_bytes));
	put_u32(&out[SECTION_ADDRESSES], (uint32_t)n_frames);
	put_u32(&out[SECTION_ADDRESSES], 0);
	for (size_t i = 0; i < n_frames; i++) {
		put_name_text(out, texts, frames[i].function);
		put_name_text(out, texts, frames[i].linkage);
		put_name_text(out, texts, frames[i].file);
		put_u32(&out[SECTION_NAMES], frames[i].line);
		put_u32(&out[SECTION_NAMES], frames[i].jit ? NAME_IS_JIT : 0);
		put_u32(&out[SECTION_NAMES], 0);
	}
}

/* Once for each address of an object. One without a name is left out: perhaps it has one when the
 * file is read, because debug symbols have been installed. */
static void put_names(struct section_rows *out, const struct recording *recording,
                      struct symbolizer *symbolizer)
{
	uint32_t n_frames = stack_table_count(recording_stacks(recording));
	struct name_texts texts = {string_pool_new(), u64map_new()};
	struct u64map *seen = u64map_new(); /* answers, of which an address has one */

	for (uint32_t id = 1; id <= n_frames; id++) {
		uint32_t parent;
		struct recorded_frame recorded = recording_frame(recording, id, &parent);
		const struct object *object = recording_object(recording, recorded.object);
		const struct symbol_frame *frames;
		size_t n;
		bool is_new;

		if (object->kind == OBJECT_FAILED)
			continue;
		n = symbolizer_look_up(symbolizer, object, recorded.vaddr, recorded.is_return,
		                       &frames);
		u64map_put(seen, (uintptr_t)frames, &is_new);
		if (is_new && frames[n - 1].function)
			put_address(out, &texts, &recorded, frames, n);
	}
	u64map_free(seen);
	u64map_free(texts.offsets);
	string_pool_free(texts.pool);
}

/* What the file will hold. The samples and their values stay where they are. */
struct document {
	const struct recording *recording;
	bool has_column[MAX_TYPES];
	struct section_rows rows[N_SECTIONS];
	struct section_rows directory;
	uint64_t file_size;
};

static uint64_t section_bytes(const struct document *document, enum section section)
{
	size_t n_samples = recording_n_samples(document->recording);
	uint64_t n_columns = 0;

	if (section == SECTION_SAMPLES)
		return (uint64_t)n_samples * samples_sections[section].row_bytes;
	if (section != SECTION_VALUES)
		return document->rows[section].len_bytes;
	for (size_t i = 0; i < MAX_TYPES; i++)
		n_columns += document->has_column[i];
	return n_columns * n_samples * samples_sections[section].row_bytes;
}

static void put_directory(struct document *document)
{
	document->file_size = HEADER_BYTES;
	for (int i = 0; i < N_SECTIONS; i++) {
		uint64_t len_bytes = section_bytes(document, i);

		put_u32(&document->directory, samples_sections[i].row_bytes);
		put_u32(&document->directory, 0);
		put_u64(&document->directory, document->file_size);
		put_u64(&document->directory, len_bytes / samples_sections[i].row_bytes);
		document->file_size += samples_align(len_bytes);
	}
}

/* Takes the file from the directory on, to sum it up or to write it. */
struct sink {
	FILE *out; /* NULL: only sum */
	uLong checksum;
};

static void pour(struct sink *sink, const struct section_rows *rows)
{
	if (!rows->len_bytes) /* NULL would begin a new sum */
		return;
	if (sink->out)
		fwrite(rows->bytes, 1, rows->len_bytes, sink->out);
	else
		sink->checksum = crc32_z(sink->checksum, rows->bytes, rows->len_bytes);
}

/* Hands the rows on when there are many of them, or `all`. */
static void pour_some(struct sink *sink, struct section_rows *rows, bool all)
{
	enum { MANY_BYTES = 1 << 16 };

	if (!all && rows->len_bytes < MANY_BYTES)
		return;
	pour(sink, rows);
	rows->len_bytes = 0;
}

static void pour_samples(struct sink *sink, const struct document *document)
{
	struct section_rows rows = {0};
	const uint64_t *values;

	for (size_t i = 0; i < recording_n_samples(document->recording); i++) {
		struct sample sample = recording_sample(document->recording, i, &values);

		put_u64(&rows, sample.time_ns);
		put_u32(&rows, sample.thread);
		put_u32(&rows, sample.stack);
		pour_some(sink, &rows, false);
	}
	pour_some(sink, &rows, true);
	free(rows.bytes);
}

static void pour_values(struct sink *sink, const struct document *document)
{
	struct section_rows rows = {0};
	const uint64_t *values;

	for (size_t type = 0; type < recording_n_types(document->recording); type++) {
		if (!document->has_column[type])
			continue;
		for (size_t i = 0; i < recording_n_samples(document->recording); i++) {
			recording_sample(document->recording, i, &values);
			put_u64(&rows, values[type]);
			pour_some(sink, &rows, false);
		}
	}
	pour_some(sink, &rows, true);
	free(rows.bytes);
}

static void pour_all(struct sink *sink, const struct document *document)
{
	pour(sink, &document->directory);
	for (int i = 0; i < N_SECTIONS; i++) {
		if (i == SECTION_SAMPLES)
			pour_samples(sink, document);
		else if (i == SECTION_VALUES)
			pour_values(sink, document);
		else
			pour(sink, &document->rows[i]);
	}
}

static void write_document(const struct document *document, FILE *out)
{
	struct sink sink = {.checksum = crc32_z(0, NULL, 0)};
	struct section_rows header = {0};

	pour_all(&sink, document);
	put_bytes(&header, samples_magic, sizeof(samples_magic));
	put_u32(&header, FORMAT_VERSION);
	put_u32(&header, N_SECTIONS);
	put_u64(&header, document->file_size);
	put_u32(&header, (uint32_t)sink.checksum);
	put_u32(&header, 0);
	sink.out = out;
	pour(&sink, &header);
	pour_all(&sink, document);
	free(header.bytes);
}

/* All but samples and values, padded to 8 bytes where texts may leave them short. */
static int build_document(struct document *document, struct symbolizer *symbolizer,
                          struct diag *diag)
{
	static const char padding[8];
	struct section_rows *texts = &document->rows[SECTION_TEXTS];

	if (recording_n_types(document->recording) > MAX_TYPES)
		return diag_fail(diag, EINVAL, "cannot write samples.bin: more than %d value types",
		                 MAX_TYPES);
	put_types(document->rows, document->recording, document->has_column);
	put_objects(document->rows, document->recording);
	put_threads_and_frames(document->rows, document->recording);
	put_losses(document->rows, document->recording);
	if (symbolizer)
		put_names(document->rows, document->recording, symbolizer);
	if (texts->len_bytes > UINT32_MAX)
		return diag_fail(diag, EFBIG, "cannot write samples.bin: over 4 GB of texts");
	put_directory(document);
	put_bytes(texts, padding, samples_align(texts->len_bytes) - texts->len_bytes);
	return 0;
}

int samples_write(const struct recording *recording, struct symbolizer *symbolizer, FILE *out,
                  struct diag *diag)
{
	struct document document = {.recording = recording};
	int err = build_document(&document, symbolizer, diag);

	if (!err) {
		write_document(&document, out);
		err = recording_check(recording, diag);
	}
	for (int i = 0; i < N_SECTIONS; i++)
		free(document.rows[i].bytes);
	free(document.directory.bytes);
	return err;
}
