/* samples.bin: what is written is read back, and no damaged file does harm. */
#include "core/export/samples.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/samples_format.h"
#include "core/recording.h"
#include "core/stack_table.h"
#include "core/symbolize/symbolize.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <cmocka.h>

struct bytes {
	char *data;
	size_t len;
};

static uint64_t random_state;

/* xorshift64 (Marsaglia 2003): the same mutations in every run. */
static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint32_t add_object(struct recording *recording, enum object_kind kind, char *path,
                           uint8_t build_id_len)
{
	struct object object = {.kind = kind,
	                        .path = path,
	                        .pid = 41,
	                        .fd = -1,
	                        .device = 0xfd00,
	                        .inode = 0x123456789a,
	                        .seen_ns = 1700000000123456789,
	                        .build_id_len = build_id_len};

	memset(object.build_id, 0xab, build_id_len);
	return recording_add_object(recording, &object);
}

/* Every kind of row, values that are equal and values that differ, a stack of no frames. */
static struct recording *sample_recording(void)
{
	static const struct value_type types[] = {
	    {"samples", "count"}, {"cpu", "nanoseconds"}, {"weight", "count"}};
	struct recording *recording = recording_new(types, 3);
	uint32_t program = add_object(recording, OBJECT_FILE, "/usr/bin/prog", 20);
	uint32_t kernel = add_object(recording, OBJECT_KERNEL, "[kernel]", 0);
	uint32_t failed = add_object(recording, OBJECT_FAILED, "", 0);
	uint32_t main_thread = recording_add_thread(recording, 41, 41, "prog");
	uint32_t worker = recording_add_thread(recording, 41, 42, "worker");
	uint32_t stacks[4] = {0};

	stacks[1] = recording_add_stack(
	    recording,
	    (struct recorded_frame[]){{kernel, false, 0xffffffff81000123}, {program, true, 0x1234}},
	    2);
	stacks[2] = recording_add_stack(
	    recording, (struct recorded_frame[]){{program, false, 0x1300}, {program, true, 0x1234}},
	    2);
	stacks[3] = recording_add_stack(
	    recording, (struct recorded_frame[]){{program, false, 0x1300}, {failed, false, 3}}, 2);
	for (uint64_t i = 0; i < 40; i++)
		recording_add_sample(recording,
		                     (struct sample){.time_ns = i * 1003009,
		                                     .thread = i % 3 ? main_thread : worker,
		                                     .stack = stacks[i % 4]},
		                     (uint64_t[]){1, 1003009, i * i});
	recording_add_loss(recording, "samples lost by the kernel ring", 7);
	recording_add_loss(recording, "stacks truncated", 1);
	return recording;
}

/* The program's addresses have names, one of them with an inlined call; the kernel's have none. */
static struct symbolizer *sample_symbolizer(const struct recording *recording)
{
	static const struct symbol_frame main_frames[] = {
	    {.function = "main", .linkage = "_Zmain", .file = "/src/a.c", .line = 12}};
	static const struct symbol_frame leaf_frames[] = {
	    {.function = "inner", .file = "/src/a.h", .line = 3, .inlined = true},
	    {.function = "leaf(int)", .file = "/src/a.c", .line = 40, .jit = true}};
	struct symbolizer *symbolizer = symbolizer_new();
	const struct object *program = recording_object(recording, 0);

	symbolizer_set_past(symbolizer);
	assert_true(symbolizer_remember(symbolizer, program, 0x1233, main_frames, 1));
	assert_true(symbolizer_remember(symbolizer, program, 0x1300, leaf_frames, 2));
	assert_false(symbolizer_remember(symbolizer, program, 0x1300, leaf_frames, 2));
	return symbolizer;
}

static struct bytes write_bytes(const struct recording *recording, struct symbolizer *symbolizer)
{
	struct bytes bytes;
	struct diag diag = {""};
	FILE *out = open_memstream(&bytes.data, &bytes.len);

	assert_int_equal(samples_write(recording, symbolizer, out, &diag), 0);
	assert_int_equal(fclose(out), 0);
	return bytes;
}

static int read_named(struct bytes bytes, struct recording **recording,
                      struct symbolizer *symbolizer, struct diag *diag)
{
	FILE *in = bytes.len ? fmemopen(bytes.data, bytes.len, "r") : fopen("/dev/null", "r");
	int result;

	assert_non_null(in);
	diag->text[0] = '\0';
	result = samples_read(in, recording, symbolizer, diag);
	fclose(in);
	return result;
}

static int read_bytes(struct bytes bytes, struct recording **recording, struct diag *diag)
{
	struct symbolizer *symbolizer = symbolizer_new();
	int result = read_named(bytes, recording, symbolizer, diag);

	symbolizer_free(symbolizer);
	return result;
}

static struct bytes example(void)
{
	struct recording *recording = sample_recording();
	struct symbolizer *symbolizer = sample_symbolizer(recording);
	struct bytes bytes = write_bytes(recording, symbolizer);

	symbolizer_free(symbolizer);
	recording_free(recording);
	return bytes;
}

static void put_checksum(struct bytes bytes)
{
	uint32_t checksum = htole32((uint32_t)crc32_z(
	    0, (unsigned char *)bytes.data + DIRECTORY_OFFSET, bytes.len - DIRECTORY_OFFSET));

	memcpy(bytes.data + CHECKSUM_OFFSET, &checksum, sizeof(checksum));
}

static void a_recording_is_read_back_whole(void **state)
{
	struct recording *written = sample_recording();
	struct bytes bytes = write_bytes(written, NULL);
	struct recording *recording;
	struct diag diag;

	(void)state;
	assert_int_equal(read_bytes(bytes, &recording, &diag), 0);
	assert_int_equal(recording_n_types(recording), 3);
	assert_string_equal(recording_type(recording, 1)->unit, "nanoseconds");
	assert_int_equal(recording_n_objects(recording), 3);
	assert_string_equal(recording_object(recording, 0)->path, "/usr/bin/prog");
	assert_int_equal(recording_object(recording, 0)->fd, -1);
	assert_int_equal(recording_object(recording, 0)->build_id_len, 20);
	assert_int_equal(recording_object(recording, 0)->build_id[19], 0xab);
	assert_true(recording_object(recording, 0)->inode == 0x123456789a);
	assert_true(recording_object(recording, 0)->seen_ns == 1700000000123456789);
	assert_int_equal(recording_object(recording, 2)->kind, OBJECT_FAILED);
	assert_string_equal(recording_thread(recording, 1)->comm, "worker");
	assert_int_equal(recording_thread(recording, 1)->tid, 42);
	assert_int_equal(stack_table_count(recording_stacks(recording)),
	                 stack_table_count(recording_stacks(written)));
	assert_int_equal(recording_n_samples(recording), 40);
	for (size_t i = 0; i < 40; i++) {
		const uint64_t *values;
		const uint64_t *values_written;
		struct sample sample = recording_sample(recording, i, &values);
		struct sample sample_written = recording_sample(written, i, &values_written);

		assert_memory_equal(&sample, &sample_written, sizeof(sample));
		assert_memory_equal(values, values_written, 3 * sizeof(*values));
	}
	assert_int_equal(recording_n_losses(recording), 2);
	assert_int_equal(recording_loss(recording, 0).count, 7);
	assert_string_equal(recording_loss(recording, 1).what, "stacks truncated");
	recording_free(recording);
	recording_free(written);
	free(bytes.data);
}

static void names_are_read_back_and_need_no_file(void **state)
{
	struct bytes bytes = example();
	struct symbolizer *symbolizer = symbolizer_new();
	const struct symbol_frame *frames;
	const struct object *program;
	struct recording *recording;
	struct diag diag;

	(void)state;
	symbolizer_set_past(symbolizer);
	assert_int_equal(read_named(bytes, &recording, symbolizer, &diag), 0);
	program = recording_object(recording, 0);
	assert_int_equal(symbolizer_look_up(symbolizer, program, 0x1234, true, &frames), 1);
	assert_string_equal(frames[0].function, "main");
	assert_string_equal(frames[0].linkage, "_Zmain");
	assert_string_equal(frames[0].file, "/src/a.c");
	assert_int_equal(frames[0].line, 12);
	assert_false(frames[0].inlined);
	assert_int_equal(symbolizer_look_up(symbolizer, program, 0x1300, false, &frames), 2);
	assert_string_equal(frames[0].function, "inner");
	assert_null(frames[0].linkage);
	assert_true(frames[0].inlined);
	assert_true(frames[1].jit);
	symbolizer_free(symbolizer);
	recording_free(recording);
	free(bytes.data);
}

/* The kernel of now is perhaps not the kernel of then. */
static void what_had_no_name_is_not_named_by_the_present_machine(void **state)
{
	struct bytes bytes = example();
	struct symbolizer *symbolizer = symbolizer_new();
	const struct symbol_frame *frames;
	struct recording *recording;
	struct diag diag;

	(void)state;
	symbolizer_set_past(symbolizer);
	assert_int_equal(read_named(bytes, &recording, symbolizer, &diag), 0);
	assert_int_equal(symbolizer_look_up(symbolizer, recording_object(recording, 1),
	                                    0xffffffff81000123, false, &frames),
	                 1);
	assert_null(frames[0].function);
	assert_non_null(symbolizer_remedy(symbolizer, recording_object(recording, 1)));
	symbolizer_free(symbolizer);
	recording_free(recording);
	free(bytes.data);
}

static void reading_and_writing_give_the_same_bytes(void **state)
{
	struct bytes first = example();
	struct bytes second;
	struct symbolizer *symbolizer = symbolizer_new();
	struct recording *recording;
	struct diag diag;

	(void)state;
	symbolizer_set_past(symbolizer);
	assert_int_equal(read_named(first, &recording, symbolizer, &diag), 0);
	second = write_bytes(recording, symbolizer);
	symbolizer_free(symbolizer);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	recording_free(recording);
	free(first.data);
	free(second.data);
}

/* Enough samples that most of them are in the file by then. */
static void fill_many(struct recording *recording)
{
	uint32_t thread = recording_add_thread(recording, 1, 1, "x");

	for (uint64_t i = 0; i < 50000; i++)
		recording_add_sample(recording, (struct sample){.time_ns = i, .thread = thread},
		                     (uint64_t[]){1, i % 1000});
}

static void samples_in_a_file_are_written_like_those_in_memory(void **state)
{
	static const struct value_type types[] = {{"samples", "count"}, {"cycles", "count"}};
	struct recording *in_memory = recording_new(types, 2);
	struct recording *in_file = recording_new(types, 2);
	struct bytes first, second;

	(void)state;
	recording_spill(in_file, open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
	fill_many(in_memory);
	fill_many(in_file);
	first = write_bytes(in_memory, NULL);
	second = write_bytes(in_file, NULL);
	assert_true(first.len > 50000 * 24);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	recording_free(in_memory);
	recording_free(in_file);
	free(first.data);
	free(second.data);
}

static void samples_that_found_no_room_are_not_written_as_if_whole(void **state)
{
	static const struct value_type types[] = {{"samples", "count"}, {"cycles", "count"}};
	struct recording *recording = recording_new(types, 2);
	FILE *out = fopen("/dev/null", "w");
	struct diag diag = {""};

	(void)state;
	recording_spill(recording, open("/dev/full", O_RDWR | O_CLOEXEC));
	fill_many(recording);
	assert_int_equal(recording_check(recording, &diag), -ENOSPC);
	assert_non_null(strstr(diag.text, "make room"));
	assert_int_equal(samples_write(recording, NULL, out, &diag), -ENOSPC);
	fclose(out);
	recording_free(recording);
}

static void an_empty_recording_is_a_file_too(void **state)
{
	struct recording *written = recording_new(NULL, 0);
	struct bytes bytes = write_bytes(written, NULL);
	struct recording *recording;
	struct diag diag;

	(void)state;
	assert_int_equal(bytes.len, HEADER_BYTES);
	assert_int_equal(read_bytes(bytes, &recording, &diag), 0);
	assert_int_equal(recording_n_samples(recording), 0);
	recording_free(recording);
	recording_free(written);
	free(bytes.data);
}

static void a_sample_of_equal_values_takes_16_bytes(void **state)
{
	static const struct value_type types[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};
	struct recording *recording = recording_new(types, 2);
	struct bytes before;
	struct bytes after;

	(void)state;
	recording_add_thread(recording, 1, 1, "x");
	recording_add_sample(recording, (struct sample){0}, (uint64_t[]){1, 1003009});
	before = write_bytes(recording, NULL);
	for (int i = 0; i < 100; i++)
		recording_add_sample(recording, (struct sample){0}, (uint64_t[]){1, 1003009});
	after = write_bytes(recording, NULL);
	assert_int_equal(after.len - before.len, 100 * 16);
	recording_free(recording);
	free(before.data);
	free(after.data);
}

static void every_shorter_file_is_refused(void **state)
{
	struct bytes bytes = example();
	struct recording *recording;
	struct diag diag;

	(void)state;
	for (struct bytes cut = {bytes.data, 0}; cut.len < bytes.len; cut.len++) {
		assert_int_equal(read_bytes(cut, &recording, &diag), -EINVAL);
		assert_null(recording);
		assert_non_null(strstr(diag.text, "samples.bin"));
	}
	free(bytes.data);
}

static void every_flipped_bit_is_noticed(void **state)
{
	struct bytes bytes = example();
	struct recording *recording;
	struct diag diag;

	(void)state;
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		bytes.data[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_equal(read_bytes(bytes, &recording, &diag), -EINVAL);
		bytes.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	free(bytes.data);
}

static void a_newer_version_is_named(void **state)
{
	struct bytes bytes = example();
	struct recording *recording;
	struct diag diag;

	(void)state;
	bytes.data[VERSION_OFFSET] = 3;
	assert_int_equal(read_bytes(bytes, &recording, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "its version is 3, this program reads 2"));
	free(bytes.data);
}

/* Values at which arithmetic breaks, besides random ones. */
static const uint64_t edges[] = {0,
                                 1,
                                 2,
                                 0x7f,
                                 0xff,
                                 0x7fffffff,
                                 0x80000000,
                                 0xffffffff,
                                 0x100000000,
                                 INT64_MAX,
                                 UINT64_MAX,
                                 UINT64_MAX / 16 + 1,
                                 UINT64_MAX / 24 + 1};

static void mutate(struct bytes *bytes)
{
	for (uint64_t n = next_random() % 3 + 1; n > 0; n--) {
		size_t at = next_random() % bytes->len;
		uint64_t word = edges[next_random() % ARRAY_SIZE(edges)];
		size_t width = (size_t)1 << next_random() % 4;

		switch (next_random() % 4) {
		case 0:
			bytes->data[at] ^= (char)(1 << next_random() % 8);
			break;
		case 1: /* a field of the directory or of the rows */
			at &= ~(width - 1);
			memcpy(bytes->data + at, &word,
			       width < bytes->len - at ? width : bytes->len - at);
			break;
		case 2:
			bytes->data[at] = (char)next_random();
			break;
		case 3:
			if (next_random() % 4 == 0 && at > HEADER_BYTES)
				bytes->len = at;
			break;
		}
	}
}

/* With the checksum and the length made right again, the checks behind them have to hold. What is
 * let through must be a recording that can be written. */
static void no_damage_behind_a_right_checksum_does_harm(void **state)
{
	enum { N_MUTATIONS = 20000 };
	struct bytes original = example();
	int n_refused = 0;

	(void)state;
	random_state = 88172645463325252u;
	for (int i = 0; i < N_MUTATIONS; i++) {
		/* A block of its own size: the sanitizer sees a read past its end. */
		struct bytes bytes = {xmalloc(original.len), original.len};
		uint64_t len;
		struct recording *recording;
		struct diag diag;

		memcpy(bytes.data, original.data, original.len);
		mutate(&bytes);
		len = htole64(bytes.len);
		memcpy(bytes.data + SIZE_OFFSET, &len, sizeof(len));
		put_checksum(bytes);
		if (read_bytes(bytes, &recording, &diag) == 0) {
			free(write_bytes(recording, NULL).data);
			recording_free(recording);
		} else {
			n_refused++;
			assert_null(recording);
			assert_non_null(strstr(diag.text, "samples.bin"));
		}
		free(bytes.data);
	}
	/* Times, values and addresses may be anything, so some pass; most do not. */
	assert_in_range(n_refused, N_MUTATIONS / 4, N_MUTATIONS - 1);
	free(original.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_recording_is_read_back_whole),
	    cmocka_unit_test(names_are_read_back_and_need_no_file),
	    cmocka_unit_test(what_had_no_name_is_not_named_by_the_present_machine),
	    cmocka_unit_test(reading_and_writing_give_the_same_bytes),
	    cmocka_unit_test(samples_in_a_file_are_written_like_those_in_memory),
	    cmocka_unit_test(samples_that_found_no_room_are_not_written_as_if_whole),
	    cmocka_unit_test(an_empty_recording_is_a_file_too),
	    cmocka_unit_test(a_sample_of_equal_values_takes_16_bytes),
	    cmocka_unit_test(every_shorter_file_is_refused),
	    cmocka_unit_test(every_flipped_bit_is_noticed),
	    cmocka_unit_test(a_newer_version_is_named),
	    cmocka_unit_test(no_damage_behind_a_right_checksum_does_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
