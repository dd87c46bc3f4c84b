/* profile.pb.gz, read back by a small reader of this file; tests/e2e/pprof.sh asks protoc. */
#include "core/export/exporter.h"

#include "tests/unit/folded_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>
#include <cmocka.h>

static const struct value_type types[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};

/* Bytes of a message, or of a field in it. */
struct view {
	const uint8_t *at;
	const uint8_t *end;
};

struct field {
	uint32_t number;
	uint64_t value;    /* of a number */
	struct view bytes; /* of a text, a message or a packed list */
};

static uint64_t next_varint(struct view *view)
{
	uint64_t value = 0;
	unsigned shift = 0;

	do {
		assert_true(view->at < view->end && shift < 64);
		value |= (uint64_t)(*view->at & 0x7f) << shift;
		shift += 7;
	} while (*view->at++ & 0x80);
	return value;
}

static bool next_field(struct view *message, struct field *field)
{
	uint64_t tag;

	if (message->at == message->end)
		return false;
	tag = next_varint(message);
	*field = (struct field){.number = (uint32_t)(tag >> 3), .value = next_varint(message)};
	assert_true((tag & 7) == 0 || (tag & 7) == 2);
	if ((tag & 7) == 2) {
		assert_true(field->value <= (uint64_t)(message->end - message->at));
		field->bytes = (struct view){message->at, message->at + field->value};
		message->at = field->bytes.end;
	}
	return true;
}

/* The i-th field with this number; false: there are not so many. */
static bool find_field(struct view message, uint32_t number, size_t i, struct field *field)
{
	while (next_field(&message, field))
		if (field->number == number && i-- == 0)
			return true;
	return false;
}

static struct view submessage(struct view message, uint32_t number, size_t i)
{
	struct field field;

	assert_true(find_field(message, number, i, &field));
	return field.bytes;
}

/* A number that is left out is 0. */
static uint64_t number_of(struct view message, uint32_t number)
{
	struct field field;

	return find_field(message, number, 0, &field) ? field.value : 0;
}

/* The submessage whose field 1 is this id. */
static struct view by_id(struct view profile, uint32_t number, uint64_t id)
{
	struct field field;

	for (size_t i = 0; find_field(profile, number, i, &field); i++)
		if (number_of(field.bytes, 1) == id)
			return field.bytes;
	fail_msg("no message %u with the id %lu", number, (unsigned long)id);
	return (struct view){0};
}

/* Field numbers: github.com/google/pprof proto/profile.proto. */
enum { SAMPLE_TYPE = 1, SAMPLE = 2, MAPPING = 3, LOCATION = 4, FUNCTION = 5, STRING = 6 };

static bool is_string(struct view profile, uint64_t id, const char *expected)
{
	struct view text = submessage(profile, STRING, id);
	size_t len = (size_t)(text.end - text.at);

	return len == strlen(expected) && (!len || !memcmp(text.at, expected, len));
}

static size_t count(struct view profile, uint32_t number)
{
	struct field field;
	size_t n = 0;

	while (find_field(profile, number, n, &field))
		n++;
	return n;
}

/* Adds up one value type over all samples. */
static uint64_t sum_of(struct view profile, size_t type)
{
	struct field sample;
	uint64_t sum = 0;

	for (size_t i = 0; find_field(profile, SAMPLE, i, &sample); i++) {
		struct view values = submessage(sample.bytes, 2, 0);

		for (size_t j = 0; j < type; j++)
			next_varint(&values);
		sum += next_varint(&values);
	}
	return sum;
}

struct pprof {
	char *gzip;
	size_t gzip_len;
	uint8_t bytes[65536];
	struct view profile;
};

static void write_pprof(struct pprof *pprof, struct fixture *fixture,
                        const struct export_options *options)
{
	enum { GZIP = 16 }; /* zlib.h, inflateInit2() */
	struct profile *profile = fixture_profile(fixture);
	struct diag diag = {""};
	FILE *out = open_memstream(&pprof->gzip, &pprof->gzip_len);
	z_stream stream = {0};

	assert_int_equal(pprof_exporter.write(profile, options, out, &diag), 0);
	assert_int_equal(fclose(out), 0);
	profile_free(profile);
	fixture_fini(fixture);

	stream.next_in = (uint8_t *)pprof->gzip;
	stream.avail_in = (uInt)pprof->gzip_len;
	stream.next_out = pprof->bytes;
	stream.avail_out = sizeof(pprof->bytes);
	assert_int_equal(inflateInit2(&stream, MAX_WBITS + GZIP), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	inflateEnd(&stream);
	pprof->profile = (struct view){pprof->bytes, stream.next_out};
}

static void add_example(struct fixture *fixture)
{
	fixture_init(fixture, types, 2);
	fixture_add(fixture, 1, "prog", "main@m.c:3;f@f.c:10", (uint64_t[]){3, 3000});
	fixture_add(fixture, 1, "prog", "main@m.c:3;f@f.c:10;inner_[i]", (uint64_t[]){3, 3000});
	fixture_add(fixture, 2, "worker", "main@m.c:3;write!libc.so.6", (uint64_t[]){4, 4100});
}

static void values_of_every_type_add_up(void **state)
{
	struct fixture fixture;
	struct pprof pprof;

	(void)state;
	add_example(&fixture);
	write_pprof(&pprof, &fixture, &(struct export_options){0});
	assert_int_equal(count(pprof.profile, SAMPLE_TYPE), 2);
	assert_true(is_string(pprof.profile,
	                      number_of(submessage(pprof.profile, SAMPLE_TYPE, 1), 1), "cpu"));
	assert_true(is_string(
	    pprof.profile, number_of(submessage(pprof.profile, SAMPLE_TYPE, 1), 2), "nanoseconds"));
	assert_int_equal(sum_of(pprof.profile, 0), 10);
	assert_int_equal(sum_of(pprof.profile, 1), 10100);
	assert_true(is_string(pprof.profile, 0, ""));
	free(pprof.gzip);
}

static void an_inlined_call_shares_the_location_of_its_caller(void **state)
{
	struct fixture fixture;
	struct pprof pprof;
	struct view locations;
	struct view leaf;
	struct view inlined;
	struct view holder;

	(void)state;
	fixture_init(&fixture, types, 2);
	fixture_add(&fixture, 1, "prog", "main;f@f.c:10;inner_[i]", (uint64_t[]){3, 3000});
	write_pprof(&pprof, &fixture, &(struct export_options){0});
	locations = submessage(submessage(pprof.profile, SAMPLE, 0), 1, 0);
	leaf = by_id(pprof.profile, LOCATION, next_varint(&locations));
	next_varint(&locations); /* main */
	assert_ptr_equal(locations.at, locations.end);
	inlined = submessage(leaf, 4, 0);
	holder = submessage(leaf, 4, 1);
	assert_true(is_string(pprof.profile,
	                      number_of(by_id(pprof.profile, FUNCTION, number_of(inlined, 1)), 2),
	                      "inner"));
	assert_true(is_string(pprof.profile,
	                      number_of(by_id(pprof.profile, FUNCTION, number_of(holder, 1)), 2),
	                      "f"));
	assert_int_equal(number_of(holder, 2), 10);
	assert_int_not_equal(number_of(leaf, 3), 0);
	free(pprof.gzip);
}

static void a_location_is_in_the_mapping_of_its_object(void **state)
{
	struct fixture fixture;
	struct pprof pprof;
	struct view locations;
	struct view leaf;
	struct view mapping;

	(void)state;
	fixture_init(&fixture, types, 2);
	fixture_add(&fixture, 1, "prog", "main;write!libc.so.6", (uint64_t[]){1, 1});
	write_pprof(&pprof, &fixture, &(struct export_options){0});
	locations = submessage(submessage(pprof.profile, SAMPLE, 0), 1, 0);
	leaf = by_id(pprof.profile, LOCATION, next_varint(&locations));
	mapping = by_id(pprof.profile, MAPPING, number_of(leaf, 2));
	assert_true(is_string(pprof.profile, number_of(mapping, 5), "/usr/lib/libc.so.6"));
	assert_true(is_string(pprof.profile, number_of(mapping, 6), "deadbeef"));
	free(pprof.gzip);
}

static void the_program_is_the_first_mapping(void **state)
{
	struct fixture fixture;
	struct pprof pprof;

	(void)state;
	fixture_init(&fixture, types, 2);
	fixture_add(&fixture, 1, "prog", "sys_execve_[k]", (uint64_t[]){9, 9});
	fixture_add(&fixture, 1, "prog", "_start!ld.so;_dl_start!ld.so", (uint64_t[]){5, 5});
	fixture_add(&fixture, 2, "worker", "clone3!libc.so.6;work", (uint64_t[]){2, 2});
	fixture_add(&fixture, 1, "prog", "step!helper", (uint64_t[]){1, 1});
	write_pprof(&pprof, &fixture, &(struct export_options){0});
	assert_true(is_string(pprof.profile, number_of(submessage(pprof.profile, MAPPING, 0), 5),
	                      "/usr/bin/prog"));
	free(pprof.gzip);
}

static void a_failure_is_in_no_mapping(void **state)
{
	struct fixture fixture;
	struct pprof pprof;
	struct view locations;

	(void)state;
	fixture_init(&fixture, types, 2);
	fixture_add(&fixture, 1, "prog", "[unwind failed: test];main", (uint64_t[]){1, 1});
	write_pprof(&pprof, &fixture, &(struct export_options){0});
	locations = submessage(submessage(pprof.profile, SAMPLE, 0), 1, 0);
	next_varint(&locations); /* main */
	assert_int_equal(number_of(by_id(pprof.profile, LOCATION, next_varint(&locations)), 2), 0);
	assert_int_equal(count(pprof.profile, MAPPING), 1);
	free(pprof.gzip);
}

static void a_function_has_the_linkers_name_too(void **state)
{
	struct fixture fixture;
	struct pprof pprof;

	(void)state;
	fixture_init(&fixture, types, 2);
	fixture_add(&fixture, 1, "prog", "main;ns::f(int)~_ZN2ns1fEi", (uint64_t[]){1, 1});
	write_pprof(&pprof, &fixture, &(struct export_options){0});
	for (size_t i = 0; i < 2; i++) {
		struct view function = submessage(pprof.profile, FUNCTION, i);
		bool is_main = is_string(pprof.profile, number_of(function, 2), "main");

		assert_true(is_string(pprof.profile, number_of(function, 2),
		                      is_main ? "main" : "ns::f(int)"));
		assert_true(is_string(pprof.profile, number_of(function, 3),
		                      is_main ? "main" : "_ZN2ns1fEi"));
	}
	free(pprof.gzip);
}

static void a_sample_is_labelled_with_its_thread(void **state)
{
	struct fixture fixture;
	struct pprof pprof;
	struct field label;
	int n_found = 0;

	(void)state;
	fixture_init(&fixture, types, 2);
	fixture_add(&fixture, 42, "worker", "main", (uint64_t[]){1, 1});
	write_pprof(&pprof, &fixture, &(struct export_options){0});
	for (size_t i = 0; find_field(submessage(pprof.profile, SAMPLE, 0), 3, i, &label); i++) {
		uint64_t key = number_of(label.bytes, 1);

		n_found += is_string(pprof.profile, key, "comm") &&
		           is_string(pprof.profile, number_of(label.bytes, 2), "worker");
		n_found += is_string(pprof.profile, key, "tid") && number_of(label.bytes, 3) == 42;
		n_found += is_string(pprof.profile, key, "pid") && number_of(label.bytes, 3) == 1;
	}
	assert_int_equal(n_found, 3);
	free(pprof.gzip);
}

static void the_head_tells_time_period_command_and_type(void **state)
{
	struct fixture fixture;
	struct pprof pprof;
	struct view period;
	struct field comment;

	(void)state;
	add_example(&fixture);
	write_pprof(&pprof, &fixture,
	            &(struct export_options){
	                .type = 1,
	                .command = "prog -x",
	                .subtitle = "10 samples, lost 0",
	                .started_ns = 1795779000123456789,
	                .duration_ns = 1090000000,
	                .period = 1003009,
	            });
	assert_true(number_of(pprof.profile, 9) == 1795779000123456789);
	assert_int_equal(number_of(pprof.profile, 10), 1090000000);
	period = submessage(pprof.profile, 11, 0);
	assert_true(is_string(pprof.profile, number_of(period, 1), "cpu"));
	assert_int_equal(number_of(pprof.profile, 12), 1003009);
	assert_true(is_string(pprof.profile, number_of(pprof.profile, 13), "prog -x"));
	assert_true(find_field(pprof.profile, 13, 1, &comment));
	assert_true(is_string(pprof.profile, comment.value, "10 samples, lost 0"));
	assert_true(is_string(pprof.profile, number_of(pprof.profile, 14), "cpu"));
	free(pprof.gzip);
}

static void what_is_not_known_is_left_out(void **state)
{
	struct fixture fixture;
	struct pprof pprof;

	(void)state;
	add_example(&fixture);
	write_pprof(&pprof, &fixture, &(struct export_options){0});
	for (uint32_t field = 9; field <= 13; field++)
		assert_int_equal(count(pprof.profile, field), 0);
	free(pprof.gzip);
}

static void the_same_profile_is_the_same_file(void **state)
{
	struct fixture fixture;
	struct pprof first;
	struct pprof second;

	(void)state;
	add_example(&fixture);
	write_pprof(&first, &fixture, &(struct export_options){0});
	add_example(&fixture);
	write_pprof(&second, &fixture, &(struct export_options){0});
	assert_int_equal(first.gzip_len, second.gzip_len);
	assert_memory_equal(first.gzip, second.gzip, first.gzip_len);
	free(first.gzip);
	free(second.gzip);
}

/* The sum of one value type over the samples whose innermost function is called so. */
static uint64_t sum_at(struct view profile, const char *name)
{
	struct field sample;
	uint64_t sum = 0;

	for (size_t i = 0; find_field(profile, SAMPLE, i, &sample); i++) {
		struct view ids = submessage(sample.bytes, 1, 0);
		struct view values = submessage(sample.bytes, 2, 0);
		struct view line = submessage(by_id(profile, LOCATION, next_varint(&ids)), 4, 0);
		struct view function = by_id(profile, FUNCTION, number_of(line, 1));

		if (is_string(profile, number_of(function, 2), name))
			sum += next_varint(&values);
	}
	return sum;
}

static void too_many_stacks_are_put_together_by_who_asked(void **state)
{
	enum { STACKS = 1000, MOST_BYTES = 4000 };
	struct fixture fixture;
	struct pprof pprof;
	uint64_t at_first = 0, all = 0;
	size_t n_small = 0;

	(void)state;
	fixture_init(&fixture, types, 2);
	for (uint64_t i = 1; i <= STACKS; i++) {
		char stack[80];
		uint64_t value = i * 7919 % 1000 + (i == 500 ? 100000 : 0);

		snprintf(stack, sizeof(stack), "main;a_%d;b_%d;leaf_%d", (int)(i % 31),
		         (int)(i * i % 611), (int)(i % 3));
		fixture_add(&fixture, 1, "prog", stack, (uint64_t[]){value, i});
		all += value;
		at_first += i % 3 == 0 ? value : 0;
	}
	write_pprof(&pprof, &fixture,
	            &(struct export_options){.most_bytes = MOST_BYTES, .n_small = &n_small});
	assert_in_range(pprof.gzip_len, MOST_BYTES / 4, MOST_BYTES);
	assert_in_range(n_small, 100, STACKS - 1);
	assert_int_equal(sum_of(pprof.profile, 0), all);
	assert_int_equal(sum_of(pprof.profile, 1), STACKS * (STACKS + 1) / 2);
	assert_int_equal(sum_at(pprof.profile, "leaf_0"), at_first);
	assert_int_equal(sum_at(pprof.profile, "(smaller stacks)"), 0);
	free(pprof.gzip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_of_every_type_add_up),
	    cmocka_unit_test(an_inlined_call_shares_the_location_of_its_caller),
	    cmocka_unit_test(a_location_is_in_the_mapping_of_its_object),
	    cmocka_unit_test(the_program_is_the_first_mapping),
	    cmocka_unit_test(a_failure_is_in_no_mapping),
	    cmocka_unit_test(a_function_has_the_linkers_name_too),
	    cmocka_unit_test(a_sample_is_labelled_with_its_thread),
	    cmocka_unit_test(the_head_tells_time_period_command_and_type),
	    cmocka_unit_test(what_is_not_known_is_left_out),
	    cmocka_unit_test(the_same_profile_is_the_same_file),
	    cmocka_unit_test(too_many_stacks_are_put_together_by_who_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
