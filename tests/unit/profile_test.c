/* A recording becomes a profile: frames with names, samples summed, functions counted. */
#include "core/alloc.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"
#include "core/unwind/unwind.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const struct value_type types[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};

/* Code with names of our choice: a perf map of this process. */
struct map_entry {
	uint64_t start;
	const char *name;
};

static const struct map_entry jit_code[] = {
    {0x10000, "root"},  {0x11000, "recursive"},  {0x12000, "left"},
    {0x13000, "right"}, {0x14000, "A;b c(int)"},
};

enum { ROOT = 0x10000, RECURSIVE = 0x11000, LEFT = 0x12000, RIGHT = 0x13000, ODD = 0x14000 };
enum { NOWHERE = 0x90000 };

static char *map_path(void)
{
	return xasprintf("/tmp/perf-%d.map", (int)getpid());
}

static int write_map(void **state)
{
	char *path = map_path();
	FILE *map;

	(void)state;
	unlink(path);
	map = fopen(path, "wx");
	free(path);
	if (!map)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(jit_code); i++)
		fprintf(map, "%lx 1000 %s\n", (unsigned long)jit_code[i].start, jit_code[i].name);
	return fclose(map);
}

static int remove_map(void **state)
{
	char *path = map_path();

	(void)state;
	unlink(path);
	free(path);
	return 0;
}

struct fixture {
	struct recording *recording;
	uint32_t jit;
	uint32_t failed;
	uint32_t threads[2];
};

static struct fixture start_recording(void)
{
	struct fixture fixture = {.recording = recording_new(types, ARRAY_SIZE(types))};
	struct object jit = {.kind = OBJECT_ANONYMOUS, .path = "", .fd = -1, .pid = getpid()};
	struct object failed = {.kind = OBJECT_FAILED, .path = "", .fd = -1};

	fixture.jit = recording_add_object(fixture.recording, &jit);
	fixture.failed = recording_add_object(fixture.recording, &failed);
	fixture.threads[0] = recording_add_thread(fixture.recording, 7, 7, "main");
	fixture.threads[1] = recording_add_thread(fixture.recording, 7, 8, "worker");
	return fixture;
}

/* Adds `count` samples of 10 ns each; addresses leaf first, ended by 0. */
static void add_samples(struct fixture *fixture, uint32_t thread, uint64_t count, ...)
{
	struct recorded_frame frames[16];
	const uint64_t values[] = {1, 10};
	size_t n = 0;
	uint64_t address;
	uint32_t stack;
	va_list args;

	va_start(args, count);
	while ((address = va_arg(args, uint64_t))) {
		/* A return address points behind the call: at the end of a range, into the next
		 * one. */
		frames[n] = (struct recorded_frame){fixture->jit, n > 0, address};
		n++;
	}
	va_end(args);
	stack = recording_add_stack(fixture->recording, frames, n);
	while (count--)
		recording_add_sample(fixture->recording, (struct sample){0, thread, stack}, values);
}

/* The profile has to stand without what it was made from. */
static struct profile *finish_profile(struct fixture *fixture)
{
	struct symbolizer *symbolizer = symbolizer_new();
	struct profile *profile = profile_new(fixture->recording, symbolizer);

	symbolizer_free(symbolizer);
	recording_free(fixture->recording);
	return profile;
}

/* "thread root;...;leaf samples/ns", a line a sample. */
static char *describe(const struct profile *profile)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		struct profile_sample sample = profile_sample(profile, i);
		uint32_t frames[64];
		size_t n = profile_stack_frames(profile, sample.stack, frames, ARRAY_SIZE(frames));

		assert_true(n <= ARRAY_SIZE(frames));
		fprintf(out, "%s ", profile_thread(profile, sample.thread)->comm);
		while (n--)
			fprintf(out, "%s%s", profile_folded_name(profile, frames[n]), n ? ";" : "");
		fprintf(out, " %lu/%lu\n", (unsigned long)sample.values[0],
		        (unsigned long)sample.values[1]);
	}
	fclose(out);
	return text;
}

static void expect_profile(const struct profile *profile, const char *expected)
{
	char *text = describe(profile);

	assert_string_equal(text, expected);
	free(text);
}

static void samples_of_one_thread_and_stack_are_summed(void **state)
{
	struct fixture fixture = start_recording();
	struct profile *profile;

	(void)state;
	add_samples(&fixture, fixture.threads[1], 2ul, LEFT + 1ul, ROOT + 5ul, 0ul);
	add_samples(&fixture, fixture.threads[0], 3ul, LEFT + 1ul, ROOT + 5ul, 0ul);
	/* another address of the same function and line */
	add_samples(&fixture, fixture.threads[0], 4ul, LEFT + 2ul, ROOT + 5ul, 0ul);
	add_samples(&fixture, fixture.threads[0], 5ul, RIGHT + 1ul, ROOT + 5ul, 0ul);
	profile = finish_profile(&fixture);
	expect_profile(profile, "main root_[j];left_[j] 7/70\n"
	                        "main root_[j];right_[j] 5/50\n"
	                        "worker root_[j];left_[j] 2/20\n");
	assert_int_equal(profile_total(profile, 0), 14);
	assert_int_equal(profile_total(profile, 1), 140);
	assert_int_equal(profile_find_type(profile, "cpu"), 1);
	assert_int_equal(profile_find_type(profile, "bytes"), -1);
	assert_string_equal(profile_type(profile, 1)->unit, "nanoseconds");
	profile_free(profile);
}

/* The call at the very end of a function, as before noreturn: its return address is the next one's
 * start. */
static void callers_are_named_by_the_call_not_by_what_follows(void **state)
{
	struct fixture fixture = start_recording();
	struct profile *profile;

	(void)state;
	add_samples(&fixture, fixture.threads[0], 1ul, (uint64_t)LEFT, (uint64_t)RECURSIVE, 0ul);
	profile = finish_profile(&fixture);
	expect_profile(profile, "main root_[j];left_[j] 1/10\n");
	profile_free(profile);
}

static void separators_in_names_do_not_break_the_format(void **state)
{
	struct fixture fixture = start_recording();
	struct profile *profile;

	(void)state;
	add_samples(&fixture, fixture.threads[0], 1ul, ODD + 1ul, 0ul);
	profile = finish_profile(&fixture);
	expect_profile(profile, "main A:b c(int)_[j] 1/10\n");
	profile_free(profile);
}

static void a_function_counts_once_a_stack_in_its_total(void **state)
{
	struct fixture fixture = start_recording();
	struct function_value *functions;
	struct profile *profile;
	size_t n;

	(void)state;
	add_samples(&fixture, fixture.threads[0], 3ul, RECURSIVE + 1ul, RECURSIVE + 9ul,
	            RECURSIVE + 9ul, ROOT + 5ul, 0ul);
	add_samples(&fixture, fixture.threads[1], 2ul, LEFT + 1ul, RECURSIVE + 9ul, ROOT + 5ul,
	            0ul);
	profile = finish_profile(&fixture);
	functions = profile_functions(profile, 1, &n);
	assert_int_equal(n, 3);
	assert_string_equal(profile_folded_name(profile, functions[0].frame), "recursive_[j]");
	assert_int_equal(functions[0].self, 30);
	assert_int_equal(functions[0].total, 50);
	assert_string_equal(profile_folded_name(profile, functions[1].frame), "left_[j]");
	assert_int_equal(functions[1].self, 20);
	assert_int_equal(functions[1].total, 20);
	assert_string_equal(profile_folded_name(profile, functions[2].frame), "root_[j]");
	assert_int_equal(functions[2].self, 0);
	assert_int_equal(functions[2].total, 50);
	free(functions);
	profile_free(profile);
}

/* Adds a sample of one frame in an object without names. */
static void add_nameless(struct fixture *fixture, uint64_t vaddr, bool is_return)
{
	struct object missing = {.kind = OBJECT_FILE, .path = "/nowhere/prog", .fd = -1};
	struct recorded_frame frame = {.is_return = is_return, .vaddr = vaddr};
	const uint64_t values[] = {1, 10};
	struct sample sample = {.thread = fixture->threads[0]};

	frame.object = recording_add_object(fixture->recording, &missing);
	sample.stack = recording_add_stack(fixture->recording, &frame, 1);
	recording_add_sample(fixture->recording, sample, values);
}

static void what_has_no_name_keeps_its_address(void **state)
{
	static const uint64_t expected[] = {0x1234, 0x2000, 0};
	struct fixture fixture = start_recording();
	struct profile *profile;
	size_t n_functions;

	(void)state;
	add_nameless(&fixture, 0x1234, false);
	add_nameless(&fixture, 0x1235, true);
	add_nameless(&fixture, 0x2000, false);
	add_nameless(&fixture, recorded_no_address(1), false);
	add_nameless(&fixture, recorded_no_address(2), false);
	profile = finish_profile(&fixture);
	assert_int_equal(profile_n_frames(profile), 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(profile_frame(profile, i)->vaddr, expected[i]);
		assert_string_equal(profile_folded_name(profile, i), "[prog]");
	}
	free(profile_functions(profile, 0, &n_functions));
	assert_int_equal(n_functions, 1);
	profile_free(profile);
}

static void what_has_no_name_is_counted_by_object(void **state)
{
	struct fixture fixture = start_recording();
	struct object missing = {.kind = OBJECT_FILE, .path = "/nowhere/prog (deleted)", .fd = -1};
	struct recorded_frame in_missing = {.vaddr = 0x1234};
	const uint64_t values[] = {5, 50};
	struct object_value *objects;
	struct profile *profile;
	uint32_t stack;
	size_t n;

	(void)state;
	in_missing.object = recording_add_object(fixture.recording, &missing);
	stack = recording_add_stack(fixture.recording, &in_missing, 1);
	recording_add_sample(fixture.recording, (struct sample){0, fixture.threads[0], stack},
	                     values);
	add_samples(&fixture, fixture.threads[0], 2ul, NOWHERE + 1ul, ROOT + 5ul, 0ul);
	add_samples(&fixture, fixture.threads[1], 1ul, NOWHERE + 77ul, 0ul);
	/* A caller without a name does not make its sample unresolved. */
	add_samples(&fixture, fixture.threads[1], 1ul, LEFT + 1ul, NOWHERE + 77ul, 0ul);
	profile = finish_profile(&fixture);
	expect_profile(profile, "main [prog] 5/50\n"
	                        "main root_[j];[anon] 2/20\n"
	                        "worker [anon] 1/10\n"
	                        "worker [anon];left_[j] 1/10\n");
	objects = profile_unresolved(profile, NULL, &n);
	assert_int_equal(n, 2);
	assert_string_equal(profile_text(profile, objects[0].object), "prog");
	assert_int_equal(objects[0].value, 5);
	assert_string_equal(profile_text(profile, objects[1].object), "[anon]");
	assert_int_equal(objects[1].value, 3);
	free(objects);
	profile_free(profile);
}

/* As an allocator would be. */
static bool passes_on(const struct profile *profile, uint32_t frame)
{
	return !strcmp(profile_text(profile, profile_frame(profile, frame)->function), "left");
}

static void the_caller_is_judged_where_a_function_asks_for_it(void **state)
{
	struct fixture fixture = start_recording();
	struct object_value *objects;
	struct profile *profile;
	size_t n;

	(void)state;
	add_samples(&fixture, fixture.threads[0], 1ul, LEFT + 1ul, NOWHERE + 77ul, 0ul);
	add_samples(&fixture, fixture.threads[0], 2ul, LEFT + 1ul, LEFT + 1ul, NOWHERE + 77ul, 0ul);
	/* Behind a function with a name, with no caller, and below the function itself. */
	add_samples(&fixture, fixture.threads[0], 4ul, LEFT + 1ul, ROOT + 1ul, NOWHERE + 77ul, 0ul);
	add_samples(&fixture, fixture.threads[0], 8ul, LEFT + 1ul, 0ul);
	add_samples(&fixture, fixture.threads[0], 16ul, NOWHERE + 1ul, LEFT + 1ul, 0ul);
	profile = finish_profile(&fixture);
	objects = profile_unresolved(profile, passes_on, &n);
	assert_int_equal(n, 1);
	assert_int_equal(objects[0].value, 1 + 2 + 16);
	free(objects);
	profile_free(profile);
}

static void a_stack_that_ends_early_says_why(void **state)
{
	struct fixture fixture = start_recording();
	const uint64_t values[] = {1, 10};
	struct recorded_frame frames[2] = {
	    {.object = fixture.jit, .vaddr = LEFT},
	    {.object = fixture.failed, .vaddr = UNWIND_NO_TABLE},
	};
	struct profile *profile;
	struct function_value *functions;
	char *expected =
	    xasprintf("main [unwind failed: %s];left_[j] 1/10\n", unwind_end_text(UNWIND_NO_TABLE));
	size_t n;

	(void)state;
	recording_add_sample(fixture.recording,
	                     (struct sample){0, fixture.threads[0],
	                                     recording_add_stack(fixture.recording, frames, 2)},
	                     values);
	profile = finish_profile(&fixture);
	expect_profile(profile, expected);
	functions = profile_functions(profile, 0, &n);
	assert_int_equal(n, 2);
	assert_int_equal(profile_frame(profile, functions[1].frame)->kind, FRAME_FAILED);
	free(functions);
	free(expected);
	profile_free(profile);
}

/* An address of tests/programs/inlines.c at which `depth` frames end in the function. */
static uint64_t find_address(struct symbolizer *symbolizer, const struct object *object,
                             const char *function, size_t depth, const struct symbol_frame **frames)
{
	for (uint64_t vaddr = 0x1000; vaddr < 0x3000; vaddr++) {
		size_t n = symbolizer_look_up(symbolizer, object, vaddr, false, frames);
		const char *name = (*frames)[n - 1].function;

		if (n == depth && name && !strcmp(name, function))
			return vaddr;
	}
	fail_msg("no address in %s with %zu frames", function, depth);
	return 0;
}

static void inlined_calls_are_frames_of_their_own(void **state)
{
	struct fixture fixture = start_recording();
	const char *build = getenv("BUILD");
	struct object program = {.kind = OBJECT_FILE, .fd = -1};
	struct symbolizer *symbolizer = symbolizer_new();
	const struct symbol_frame *symbols;
	const uint64_t values[] = {2, 20};
	struct recorded_frame recorded = {0};
	struct function_value *functions;
	struct profile *profile;
	uint32_t frames[4];
	char *shown;
	uint32_t stack;
	size_t n;

	(void)state;
	program.path = xasprintf("%s/tests/programs/inlines", build ? build : "build");
	recorded.object = recording_add_object(fixture.recording, &program);
	recorded.vaddr = find_address(symbolizer, &program, "chain", 4, &symbols);
	stack = recording_add_stack(fixture.recording, &recorded, 1);
	recording_add_sample(fixture.recording, (struct sample){0, fixture.threads[0], stack},
	                     values);
	profile = finish_profile(&fixture);
	expect_profile(profile, "main chain;outermost_[i];middle_[i];innermost_[i] 2/20\n");
	stack = profile_sample(profile, 0).stack;
	assert_int_equal(profile_stack_frames(profile, stack, NULL, 0), 4);
	assert_int_equal(profile_stack_frames(profile, stack, frames, 4), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct frame *frame = profile_frame(profile, frames[i]);

		assert_string_equal(profile_text(profile, frame->file), symbols[i].file);
		assert_int_equal(frame->line, symbols[i].line);
		assert_string_equal(profile_text(profile, frame->object), "inlines");
		assert_int_equal(frame->kind, i < 3 ? FRAME_INLINED : FRAME_USER);
		assert_int_equal(frame->vaddr, i < 3 ? 0 : recorded.vaddr);
	}
	functions = profile_functions(profile, 0, &n);
	assert_int_equal(n, 4);
	assert_string_equal(profile_folded_name(profile, functions[0].frame), "innermost_[i]");
	shown = profile_shown_name(profile, functions[0].frame);
	assert_string_equal(shown, "innermost (inlined)");
	free(shown);
	assert_int_equal(functions[0].line, symbols[0].line);
	free(functions);
	profile_free(profile);
	symbolizer_free(symbolizer);
	free(program.path);
}

static void a_view_has_the_first_types_alone(void **state)
{
	struct fixture fixture = start_recording();
	struct profile *profile, *view;

	(void)state;
	add_samples(&fixture, fixture.threads[0], 3, (uint64_t)LEFT, (uint64_t)ROOT, (uint64_t)0);
	profile = finish_profile(&fixture);
	view = profile_view_new(profile, 1);
	assert_int_equal(profile_n_types(view), 1);
	assert_int_equal(profile_n_samples(view), profile_n_samples(profile));
	assert_int_equal(profile_total(view, 0), 3);
	assert_ptr_equal(profile_sample(view, 0).values, profile_sample(profile, 0).values);
	profile_free(view);
	assert_int_equal(profile_n_types(profile), 2);
	assert_int_equal(profile_total(profile, 0), 3);
	profile_free(profile);
}

static void samples_may_be_added_between_names_and_sums(void **state)
{
	struct fixture fixture = start_recording();
	struct symbolizer *symbolizer = symbolizer_new();
	struct profile *profile;
	const uint64_t values[] = {2, 20}, *old;
	struct sample later;

	(void)state;
	add_samples(&fixture, fixture.threads[0], 3, (uint64_t)LEFT, (uint64_t)ROOT, (uint64_t)0);
	profile = profile_of_stacks_new(fixture.recording, symbolizer);
	later = recording_sample(fixture.recording, 0, &old);
	assert_int_equal(profile_n_samples(profile), 0);
	assert_int_not_equal(profile_stack_of(profile, later.stack), 0);
	recording_add_sample(fixture.recording, later, values);
	later.thread = recording_add_thread(fixture.recording, 9, 9, "later");
	recording_add_sample(fixture.recording, later, values);
	profile_sum(profile, fixture.recording);
	recording_free(fixture.recording);
	symbolizer_free(symbolizer);
	assert_int_equal(profile_total(profile, 0), 7);
	assert_int_equal(profile_n_samples(profile), 2);
	assert_int_equal(profile_sample(profile, 0).values[1], 50);
	assert_string_equal(profile_thread(profile, profile_sample(profile, 1).thread)->comm,
	                    "later");
	profile_free(profile);
}

static void a_recording_without_samples_is_an_empty_profile(void **state)
{
	struct fixture fixture = start_recording();
	struct profile *profile = finish_profile(&fixture);
	size_t n;

	(void)state;
	assert_int_equal(profile_n_samples(profile), 0);
	assert_int_equal(profile_n_frames(profile), 0);
	assert_int_equal(profile_n_threads(profile), 2);
	free(profile_functions(profile, 0, &n));
	assert_int_equal(n, 0);
	free(profile_unresolved(profile, NULL, &n));
	assert_int_equal(n, 0);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(samples_of_one_thread_and_stack_are_summed),
	    cmocka_unit_test(callers_are_named_by_the_call_not_by_what_follows),
	    cmocka_unit_test(separators_in_names_do_not_break_the_format),
	    cmocka_unit_test(a_function_counts_once_a_stack_in_its_total),
	    cmocka_unit_test(what_has_no_name_keeps_its_address),
	    cmocka_unit_test(what_has_no_name_is_counted_by_object),
	    cmocka_unit_test(the_caller_is_judged_where_a_function_asks_for_it),
	    cmocka_unit_test(a_stack_that_ends_early_says_why),
	    cmocka_unit_test(inlined_calls_are_frames_of_their_own),
	    cmocka_unit_test(a_view_has_the_first_types_alone),
	    cmocka_unit_test(samples_may_be_added_between_names_and_sums),
	    cmocka_unit_test(a_recording_without_samples_is_an_empty_profile),
	};

	return cmocka_run_group_tests_name("profile", tests, write_map, remove_map);
}
