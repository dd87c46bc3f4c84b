/* Reads samples.bin and trusts nothing in it. */
#include "core/export/samples.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/samples_format.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct file {
	unsigned char *bytes;
	size_t len_bytes;
	const unsigned char *rows[N_SECTIONS];
	uint64_t counts[N_SECTIONS];
};

static uint32_t get_u32(const unsigned char *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return le32toh(value);
}

static uint64_t get_u64(const unsigned char *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return le64toh(value);
}

static bool all_zero(const unsigned char *bytes, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes; i++)
		if (bytes[i])
			return false;
	return true;
}

static int refuse(struct diag *diag, const char *why)
{
	return diag_fail(diag, EINVAL, "not a usable samples.bin: %s; record the run again", why);
}

static int refuse_row(struct diag *diag, enum section section, size_t row, const char *why)
{
	return diag_fail(diag, EINVAL,
	                 "not a usable samples.bin: row %zu of the %s %s; record the run again",
	                 row, samples_sections[section].name, why);
}

static int read_whole(FILE *in, struct file *file, struct diag *diag)
{
	size_t capacity = 0;
	size_t got;

	do {
		file->bytes = array_reserve(file->bytes, &capacity, file->len_bytes + 65536, 1);
		got = fread(file->bytes + file->len_bytes, 1, capacity - file->len_bytes, in);
		file->len_bytes += got;
	} while (got > 0);
	if (ferror(in))
		return diag_fail(diag, EIO, "cannot read samples.bin: %s", strerror(errno));
	return 0;
}

static int check_header(const struct file *file, struct diag *diag)
{
	const unsigned char *bytes = file->bytes;

	if (file->len_bytes < HEADER_BYTES ||
	    memcmp(bytes, samples_magic, sizeof(samples_magic)) != 0)
		return refuse(diag, "it does not begin as one");
	if (get_u32(bytes + VERSION_OFFSET) != FORMAT_VERSION)
		return diag_fail(
		    diag, EINVAL,
		    "cannot read samples.bin: its version is %u, this program reads %d; record "
		    "the run again, or use the version that wrote it",
		    get_u32(bytes + VERSION_OFFSET), FORMAT_VERSION);
	if (get_u32(bytes + N_SECTIONS_OFFSET) != N_SECTIONS ||
	    get_u32(bytes + CHECKSUM_OFFSET + 4) != 0)
		return refuse(diag, "its header is damaged");
	if (get_u64(bytes + SIZE_OFFSET) != file->len_bytes)
		return refuse(diag, "its length is not the one it states");
	if (get_u32(bytes + CHECKSUM_OFFSET) !=
	    crc32_z(0, bytes + DIRECTORY_OFFSET, file->len_bytes - DIRECTORY_OFFSET))
		return refuse(diag, "its checksum is wrong");
	return 0;
}

/* Sections follow each other without gaps, so that nothing can overlap or hide. */
static int find_sections(struct file *file, struct diag *diag)
{
	size_t offset = HEADER_BYTES;

	for (int i = 0; i < N_SECTIONS; i++) {
		const unsigned char *row =
		    file->bytes + DIRECTORY_OFFSET + (size_t)i * DIRECTORY_ROW_BYTES;
		uint64_t count = get_u64(row + 16);
		size_t len_bytes;

		if (get_u32(row) != samples_sections[i].row_bytes || get_u32(row + 4) != 0 ||
		    get_u64(row + 8) != offset ||
		    count > (file->len_bytes - offset) / samples_sections[i].row_bytes)
			return refuse(diag, "its directory is damaged");
		len_bytes = (size_t)count * samples_sections[i].row_bytes;
		if (samples_align(len_bytes) > file->len_bytes - offset ||
		    !all_zero(file->bytes + offset + len_bytes,
		              samples_align(len_bytes) - len_bytes))
			return refuse(diag, "its directory is damaged");
		file->rows[i] = file->bytes + offset;
		file->counts[i] = count;
		offset += samples_align(len_bytes);
	}
	if (offset != file->len_bytes)
		return refuse(diag, "something follows its last section");
	if (file->counts[SECTION_TEXTS] > 0 &&
	    file->rows[SECTION_TEXTS][file->counts[SECTION_TEXTS] - 1] != '\0')
		return refuse(diag, "its texts have no end");
	return 0;
}

/* NULL: outside of the texts. */
static const char *text_at(const struct file *file, uint32_t offset)
{
	if (offset >= file->counts[SECTION_TEXTS])
		return NULL;
	return (const char *)file->rows[SECTION_TEXTS] + offset;
}

static const unsigned char *row_at(const struct file *file, enum section section, size_t i)
{
	return file->rows[section] + i * samples_sections[section].row_bytes;
}

static int read_types(const struct file *file, struct recording **recording, struct diag *diag)
{
	struct value_type types[MAX_TYPES];
	size_t n_types = file->counts[SECTION_TYPES];
	uint64_t n_columns = 0;

	if (n_types > MAX_TYPES)
		return refuse(diag, "it has too many value types");
	for (size_t i = 0; i < n_types; i++) {
		const unsigned char *row = row_at(file, SECTION_TYPES, i);
		uint32_t has_column = get_u32(row + 8);

		types[i].name = text_at(file, get_u32(row));
		types[i].unit = text_at(file, get_u32(row + 4));
		if (!types[i].name || !types[i].unit || has_column > 1 || get_u32(row + 12) != 0 ||
		    (has_column && get_u64(row + 16) != 0))
			return refuse_row(diag, SECTION_TYPES, i, "is damaged");
		n_columns += has_column;
	}
	/* Neither factor can overflow the product: 64 types, and rows that lie in memory. */
	if (n_columns * file->counts[SECTION_SAMPLES] != file->counts[SECTION_VALUES])
		return refuse(diag, "it has not one value for each sample");
	*recording = recording_new(types, n_types);
	return 0;
}

static int read_objects(const struct file *file, struct recording *recording, struct diag *diag)
{
	if (file->counts[SECTION_OBJECTS] > UINT32_MAX / 2)
		return refuse(diag, "it has too many objects");
	for (size_t i = 0; i < file->counts[SECTION_OBJECTS]; i++) {
		const unsigned char *row = row_at(file, SECTION_OBJECTS, i);
		uint32_t build_id_len = get_u32(row + 12);
		struct object object = {
		    .kind = get_u32(row),
		    .path = (char *)text_at(file, get_u32(row + 4)), /* only copied */
		    .pid = (pid_t)get_u32(row + 8),
		    .fd = -1,
		    .device = get_u64(row + 16),
		    .inode = get_u64(row + 24),
		    .build_id_len = (uint8_t)build_id_len,
		    .seen_ns = (int64_t)get_u64(row + 56),
		};

		if (get_u32(row) >= OBJECT_KINDS || !object.path || build_id_len > BUILD_ID_MAX ||
		    !all_zero(row + 32 + build_id_len, 24 - build_id_len))
			return refuse_row(diag, SECTION_OBJECTS, i, "is damaged");
		memcpy(object.build_id, row + 32, build_id_len);
		if (recording_add_object(recording, &object) != i)
			return refuse_row(diag, SECTION_OBJECTS, i, "is there twice");
	}
	return 0;
}

static int read_threads(const struct file *file, struct recording *recording, struct diag *diag)
{
	for (size_t i = 0; i < file->counts[SECTION_THREADS]; i++) {
		const unsigned char *row = row_at(file, SECTION_THREADS, i);
		const char *comm = (const char *)row + 8;
		size_t len_bytes = strnlen(comm, 16);

		if (len_bytes == 16 || !all_zero(row + 8 + len_bytes, 16 - len_bytes))
			return refuse_row(diag, SECTION_THREADS, i, "has a damaged name");
		if (recording_add_thread(recording, (pid_t)get_u32(row), (pid_t)get_u32(row + 4),
		                         comm) != i)
			return refuse_row(diag, SECTION_THREADS, i, "is there twice");
	}
	return 0;
}

static int read_frames(const struct file *file, struct recording *recording, struct diag *diag)
{
	if (file->counts[SECTION_FRAMES] >= UINT32_MAX)
		return refuse(diag, "it has too many frames");
	for (size_t i = 0; i < file->counts[SECTION_FRAMES]; i++) {
		const unsigned char *row = row_at(file, SECTION_FRAMES, i);
		uint32_t parent = get_u32(row);
		struct recorded_frame frame = {
		    .object = get_u32(row + 4) >> 1,
		    .is_return = get_u32(row + 4) & 1,
		    .vaddr = get_u64(row + 8),
		};

		if (parent > i || frame.object >= file->counts[SECTION_OBJECTS])
			return refuse_row(diag, SECTION_FRAMES, i, "names what is not there");
		if (recording_add_frame(recording, parent, frame) != i + 1)
			return refuse_row(diag, SECTION_FRAMES, i, "is there twice");
	}
	return 0;
}

static int read_samples(const struct file *file, struct recording *recording, struct diag *diag)
{
	size_t n_samples = file->counts[SECTION_SAMPLES];
	size_t n_types = file->counts[SECTION_TYPES];
	uint64_t values[MAX_TYPES];
	const unsigned char *columns[MAX_TYPES]; /* NULL: the value is that of the first sample */
	size_t n_columns = 0;

	for (size_t i = 0; i < n_types; i++) {
		const unsigned char *row = row_at(file, SECTION_TYPES, i);

		values[i] = get_u64(row + 16);
		columns[i] =
		    get_u32(row + 8) ? row_at(file, SECTION_VALUES, n_columns++ * n_samples) : NULL;
	}
	for (size_t i = 0; i < n_samples; i++) {
		const unsigned char *row = row_at(file, SECTION_SAMPLES, i);
		struct sample sample = {
		    .time_ns = get_u64(row),
		    .thread = get_u32(row + 8),
		    .stack = get_u32(row + 12),
		};

		if (sample.thread >= file->counts[SECTION_THREADS] ||
		    sample.stack > file->counts[SECTION_FRAMES])
			return refuse_row(diag, SECTION_SAMPLES, i, "names what is not there");
		for (size_t j = 0; j < n_types; j++)
			if (columns[j])
				values[j] = get_u64(columns[j] + i * sizeof(uint64_t));
		recording_add_sample(recording, sample, values);
	}
	return 0;
}

static int read_losses(const struct file *file, struct recording *recording, struct diag *diag)
{
	for (size_t i = 0; i < file->counts[SECTION_LOSSES]; i++) {
		const unsigned char *row = row_at(file, SECTION_LOSSES, i);
		const char *what = text_at(file, get_u32(row));

		if (!what || get_u32(row + 4) != 0)
			return refuse_row(diag, SECTION_LOSSES, i, "is damaged");
		recording_add_loss(recording, what, get_u64(row + 8));
		if (recording_n_losses(recording) != i + 1)
			return refuse_row(diag, SECTION_LOSSES, i, "is there twice");
	}
	return 0;
}

/* False: no such text. */
static bool read_optional_text(const struct file *file, uint32_t offset, const char **text)
{
	*text = offset == samples_no_text ? NULL : text_at(file, offset);
	return *text || offset == samples_no_text;
}

/* The names of one address, innermost first; the caller frees them. NULL: one is damaged. */
static struct symbol_frame *read_frames_of_address(const struct file *file, size_t first, size_t n)
{
	struct symbol_frame *frames = xcalloc(n, sizeof(*frames));

	for (size_t i = 0; i < n; i++) {
		const unsigned char *row = row_at(file, SECTION_NAMES, first + i);

		frames[i].line = get_u32(row + 12);
		frames[i].jit = get_u32(row + 16) == NAME_IS_JIT;
		frames[i].inlined = i + 1 < n;
		if (!read_optional_text(file, get_u32(row), &frames[i].function) ||
		    !read_optional_text(file, get_u32(row + 4), &frames[i].linkage) ||
		    !read_optional_text(file, get_u32(row + 8), &frames[i].file) ||
		    get_u32(row + 16) > NAME_IS_JIT || get_u32(row + 20) != 0) {
			free(frames);
			return NULL;
		}
	}
	return frames;
}

static int read_address(const struct file *file, const struct recording *recording,
                        struct symbolizer *symbolizer, size_t i, size_t *n_names, struct diag *diag)
{
	const unsigned char *row = row_at(file, SECTION_ADDRESSES, i);
	uint32_t object = get_u32(row + 8), n = get_u32(row + 16);
	struct symbol_frame *frames;
	bool is_new = true;

	if (object >= recording_n_objects(recording) || get_u32(row + 12) != *n_names || n == 0 ||
	    n > file->counts[SECTION_NAMES] - *n_names || get_u32(row + 20) != 0)
		return refuse_row(diag, SECTION_ADDRESSES, i, "names what is not there");
	frames = read_frames_of_address(file, *n_names, n);
	if (!frames)
		return refuse_row(diag, SECTION_ADDRESSES, i, "has a damaged name");
	if (symbolizer)
		is_new = symbolizer_remember(symbolizer, recording_object(recording, object),
		                             get_u64(row), frames, n);
	free(frames);
	*n_names += n;
	return is_new ? 0 : refuse_row(diag, SECTION_ADDRESSES, i, "is there twice");
}

/* Each row of the names belongs to one address, in the order of the addresses. */
static int read_names(const struct file *file, const struct recording *recording,
                      struct symbolizer *symbolizer, struct diag *diag)
{
	size_t n_names = 0;
	int err = 0;

	for (size_t i = 0; !err && i < file->counts[SECTION_ADDRESSES]; i++)
		err = read_address(file, recording, symbolizer, i, &n_names, diag);
	if (!err && n_names != file->counts[SECTION_NAMES])
		err = refuse(diag, "it has names of no address");
	return err;
}

/* In this order: each refers only to those before it. */
static int (*const readers[])(const struct file *, struct recording *, struct diag *) = {
    read_objects, read_threads, read_frames, read_samples, read_losses,
};

int samples_read(FILE *in, struct recording **recording, struct symbolizer *symbolizer,
                 struct diag *diag)
{
	struct file file = {0};
	int result;

	*recording = NULL;
	if ((result = read_whole(in, &file, diag)) || (result = check_header(&file, diag)) ||
	    (result = find_sections(&file, diag)) || (result = read_types(&file, recording, diag)))
		goto out;
	for (size_t i = 0; !result && i < ARRAY_SIZE(readers); i++)
		result = readers[i](&file, *recording, diag);
	if (!result)
		result = read_names(&file, *recording, symbolizer, diag);
	if (result) {
		recording_free(*recording);
		*recording = NULL;
	}
out:
	free(file.bytes);
	return result;
}
