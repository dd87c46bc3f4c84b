/* Writes samples.bin: every section is built in memory, then header, directory and sections go out.
 */
#include "core/export/samples.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/samples_format.h"
#include "core/recording.h"
#include "core/stack_table.h"

#include <endian.h>
#include <errno.h>
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

static uint64_t value_of(const struct recording *recording, size_t sample, size_t type)
{
	const uint64_t *values;

	recording_sample(recording, sample, &values);
	return values[type];
}

static bool type_is_constant(const struct recording *recording, size_t type)
{
	for (size_t i = 1; i < recording_n_samples(recording); i++)
		if (value_of(recording, i, type) != value_of(recording, 0, type))
			return false;
	return true;
}

static void put_types(struct section_rows *out, const struct recording *recording)
{
	size_t n_samples = recording_n_samples(recording);

	for (size_t i = 0; i < recording_n_types(recording); i++) {
		const struct value_type *type = recording_type(recording, i);
		bool constant = type_is_constant(recording, i);

		put_text(&out[SECTION_TYPES], &out[SECTION_TEXTS], type->name);
		put_text(&out[SECTION_TYPES], &out[SECTION_TEXTS], type->unit);
		put_u32(&out[SECTION_TYPES], !constant);
		put_u32(&out[SECTION_TYPES], 0);
		put_u64(&out[SECTION_TYPES],
		        constant && n_samples > 0 ? value_of(recording, 0, i) : 0);
		for (size_t j = 0; !constant && j < n_samples; j++)
			put_u64(&out[SECTION_VALUES], value_of(recording, j, i));
	}
}

static void put_objects(struct section_rows *out, const struct recording *recording)
{
	static const uint8_t padding[4];
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
		put_bytes(rows, padding, sizeof(padding));
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

static void put_samples_and_losses(struct section_rows *out, const struct recording *recording)
{
	for (size_t i = 0; i < recording_n_samples(recording); i++) {
		const uint64_t *values;
		struct sample sample = recording_sample(recording, i, &values);

		put_u64(&out[SECTION_SAMPLES], sample.time_ns);
		put_u32(&out[SECTION_SAMPLES], sample.thread);
		put_u32(&out[SECTION_SAMPLES], sample.stack);
	}
	for (size_t i = 0; i < recording_n_losses(recording); i++) {
		struct loss loss = recording_loss(recording, i);

		put_text(&out[SECTION_LOSSES], &out[SECTION_TEXTS], loss.what);
		put_u32(&out[SECTION_LOSSES], 0);
		put_u64(&out[SECTION_LOSSES], loss.count);
	}
}

/* The directory of what stands in the sections, which are padded to 8 bytes here. */
static void put_directory(struct section_rows *directory, struct section_rows *out,
                          uint64_t *file_size)
{
	static const char padding[8];

	*file_size = HEADER_BYTES;
	for (int i = 0; i < N_SECTIONS; i++) {
		put_u32(directory, samples_sections[i].row_bytes);
		put_u32(directory, 0);
		put_u64(directory, *file_size);
		put_u64(directory, out[i].len_bytes / samples_sections[i].row_bytes);
		put_bytes(&out[i], padding, samples_align(out[i].len_bytes) - out[i].len_bytes);
		*file_size += out[i].len_bytes;
	}
}

static void put_header(struct section_rows *header, const struct section_rows *directory,
                       const struct section_rows *rows, uint64_t file_size)
{
	uLong checksum = crc32_z(0, directory->bytes, directory->len_bytes);

	for (int i = 0; i < N_SECTIONS; i++)
		if (rows[i].bytes) /* NULL would begin a new sum */
			checksum = crc32_z(checksum, rows[i].bytes, rows[i].len_bytes);
	put_bytes(header, samples_magic, sizeof(samples_magic));
	put_u32(header, FORMAT_VERSION);
	put_u32(header, N_SECTIONS);
	put_u64(header, file_size);
	put_u32(header, (uint32_t)checksum);
	put_u32(header, 0);
}

int samples_write(const struct recording *recording, FILE *out, struct diag *diag)
{
	struct section_rows rows[N_SECTIONS] = {0};
	struct section_rows directory = {0};
	struct section_rows header = {0};
	uint64_t file_size;
	int result = 0;

	if (recording_n_types(recording) > MAX_TYPES)
		return diag_fail(diag, EINVAL, "cannot write samples.bin: more than %d value types",
		                 MAX_TYPES);
	put_types(rows, recording);
	put_objects(rows, recording);
	put_threads_and_frames(rows, recording);
	put_samples_and_losses(rows, recording);
	if (rows[SECTION_TEXTS].len_bytes > UINT32_MAX) {
		result = diag_fail(diag, EFBIG, "cannot write samples.bin: over 4 GB of paths");
		goto out;
	}
	put_directory(&directory, rows, &file_size);
	put_header(&header, &directory, rows, file_size);

	fwrite(header.bytes, 1, header.len_bytes, out);
	fwrite(directory.bytes, 1, directory.len_bytes, out);
	for (int i = 0; i < N_SECTIONS; i++)
		if (rows[i].bytes)
			fwrite(rows[i].bytes, 1, rows[i].len_bytes, out);
out:
	for (int i = 0; i < N_SECTIONS; i++)
		free(rows[i].bytes);
	free(directory.bytes);
	free(header.bytes);
	return result;
}
