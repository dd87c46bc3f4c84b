/* heaptrack's text of a small heap, row for row, and what is refused. */
#include "core/export/exporter.h"

#include "core/diag.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char massif[] = "cmd: prog -x\ntime_unit: ms\n"
                             "#-\nsnapshot=0\n#-\ntime=0\nmem_heap_B=0\nmem_heap_extra_B=0\n"
                             "mem_stacks_B=0\nheap_tree=empty\n"
                             "#-\nsnapshot=1\n#-\ntime=16\nmem_heap_B=300\nmem_heap_extra_B=0\n"
                             "mem_stacks_B=0\nheap_tree=peak\nn0: 300 malloc\n";

static const struct value_type heap_types[] = {
    {"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"},
    {"inuse_space", "bytes"},   {"peak_space", "bytes"},  {"temporary_objects", "count"},
};

static struct symbolizer *symbolizer;

/* main calls outer, into which inner was inlined, and an address without a name. */
static struct profile *make_profile(const struct value_type *types, size_t n_types,
                                    const uint64_t *inner, const uint64_t *nameless)
{
	static const struct symbol_frame frames[] = {
	    {.function = "inner;\n<a b>", .file = "/src/a.h", .line = 3, .inlined = true},
	    {.function = "outer(int)", .linkage = "_Z5outeri", .file = "/src/a.c", .line = 20},
	};
	static const struct symbol_frame caller = {
	    .function = "main", .file = "/src/a.c", .line = 31};
	struct recording *recording = recording_new(types, n_types);
	struct object program = {.kind = OBJECT_FILE, .path = "/bin/prog", .fd = -1};
	uint32_t id = recording_add_object(recording, &program);
	struct sample sample = {.thread = recording_add_thread(recording, 7, 7, "prog")};
	struct profile *profile;

	symbolizer = symbolizer_new();
	symbolizer_set_past(symbolizer);
	symbolizer_remember(symbolizer, recording_object(recording, id), 1, frames, 2);
	symbolizer_remember(symbolizer, recording_object(recording, id), 2, &caller, 1);
	sample.stack = recording_add_stack(
	    recording, (struct recorded_frame[]){{id, false, 1}, {id, false, 2}}, 2);
	recording_add_sample(recording, sample, inner);
	sample.stack = recording_add_stack(
	    recording, (struct recorded_frame[]){{id, false, 3}, {id, false, 2}}, 2);
	recording_add_sample(recording, sample, nameless);
	profile = profile_new(recording, symbolizer);
	recording_free(recording);
	return profile;
}

static int write_text(const struct profile *profile, const char *stored, char **text,
                      struct diag *diag)
{
	size_t len;
	FILE *out = open_memstream(text, &len), *in = fmemopen((void *)stored, strlen(stored), "r");
	struct export_options options = {.title = "small/memory",
	                                 .stored = in,
	                                 .memory_bytes = 8192000,
	                                 .resident_bytes = 40960,
	                                 .duration_ns = 255000000};
	int err = heaptrack_exporter.write(profile, &options, out, diag);

	fclose(out);
	fclose(in);
	return err;
}

static void the_rows_are_those_of_heaptrack(void **state)
{
	static const uint64_t inner[] = {3, 301, 1, 100, 200, 1},
	                      nameless[] = {1, 100, 0, 0, 100, 0};
	static const char expected[] =
	    "s /bin/prog\ns main\ns /src/a.c\ni 2 1 2 3 1f\nt 1 0\n"
	    "s inner; <a b>\ns /src/a.h\ns outer(int)\ni 1 1 4 5 3 6 3 14\nt 2 1\n"
	    "i 3 1\nt 3 1\n"
	    "a 0 2\na 64 2\na 64 2\na 65 2\na 64 3\n"
	    "c 0\nc 10\n+ 1\n+ 2\n+ 4\nc ff\n- 0\n- 4\n- 2\n+ 3\n- 3\nR a\n";
	struct profile *profile = make_profile(heap_types, 6, inner, nameless);
	struct diag diag;
	char *text;

	(void)state;
	assert_int_equal(write_text(profile, massif, &text, &diag), 0);
	assert_ptr_equal(strstr(text,
	                        "v 10200 2\nX prog -x\nI 1000 7d0\n# made by profile-scenario "
	                        "of small/memory"),
	                 text);
	assert_non_null(strstr(text, "\ns /bin/prog\n"));
	assert_string_equal(strstr(text, "s /bin/prog\n"), expected);
	free(text);
	profile_free(profile);
	symbolizer_free(symbolizer);
}

static void check_refusal(const struct value_type *types, size_t n_types, uint64_t allocations,
                          const char *stored, int err, const char *why)
{
	uint64_t values[] = {allocations, allocations, 0, 0, 1, 0};
	struct profile *profile = make_profile(types, n_types, values, values);
	struct diag diag;
	char *text;

	assert_int_equal(write_text(profile, stored, &text, &diag), -err);
	if (!strstr(diag.text, why))
		fail_msg("'%s' is not in '%s'", why, diag.text);
	free(text);
	profile_free(profile);
	symbolizer_free(symbolizer);
}

static void more_allocations_than_rows_are_written_for_are_refused(void **state)
{
	(void)state;
	check_refusal(heap_types, 6, 500000000, massif, EFBIG,
	              "two rows for each of 1,000,000,000 allocations");
	check_refusal(heap_types, 6, UINT64_MAX / 2 + 1, massif, EFBIG, "at most 100,000,000");
}

static void what_is_no_heap_or_has_no_timeline_is_refused(void **state)
{
	static const struct value_type others[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};

	(void)state;
	check_refusal(others, 2, 1, massif, EINVAL, "the profile has no alloc_objects");
	check_refusal(heap_types, 6, 1, "cmd: x\n", EINVAL, "not a usable massif.out");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_rows_are_those_of_heaptrack),
	    cmocka_unit_test(more_allocations_than_rows_are_written_for_are_refused),
	    cmocka_unit_test(what_is_no_heap_or_has_no_timeline_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
