/* Samples of one function by line, address and inlined call; its instructions. */
#include "core/annotate/annotation.h"
#include "core/annotate/annotation_text.h"
#include "core/annotate/code.h"
#include "core/annotate/disassembler.h"
#include "core/annotate/source_file.h"

#include "core/diag.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
	struct recording *recording;
	struct symbolizer *symbolizer;
	uint32_t program;
	uint32_t thread;
};

static void name(struct fixture *fixture, uint64_t address, const struct symbol_frame *frames,
                 size_t n)
{
	assert_true(symbolizer_remember(fixture->symbolizer,
	                                recording_object(fixture->recording, fixture->program),
	                                address, frames, n));
}

/* main (0x10) calls work (0x20 line 5, 0x21 line 6, 0x22 in step inlined at line 6), work calls
 * itself at 0x20 and leaf (0x30). */
static void set_up(struct fixture *fixture)
{
	static const struct value_type types[] = {{"samples", "count"}};
	struct object object = {.kind = OBJECT_FILE, .path = "/nowhere/prog", .fd = -1};

	fixture->recording = recording_new(types, 1);
	fixture->symbolizer = symbolizer_new();
	symbolizer_set_past(fixture->symbolizer);
	fixture->program = recording_add_object(fixture->recording, &object);
	fixture->thread = recording_add_thread(fixture->recording, 1, 1, "prog");
	name(fixture, 0x10, &(struct symbol_frame){.function = "main", .file = "/a.c", .line = 1},
	     1);
	name(fixture, 0x20,
	     &(struct symbol_frame){.function = "ns::work(int)", .file = "/a.c", .line = 5}, 1);
	name(fixture, 0x21,
	     &(struct symbol_frame){.function = "ns::work(int)", .file = "/a.c", .line = 6}, 1);
	name(fixture, 0x22,
	     (struct symbol_frame[]){
	         {.function = "step", .file = "/a.h", .line = 40, .inlined = true},
	         {.function = "ns::work(int)", .file = "/a.c", .line = 6},
	     },
	     2);
	name(fixture, 0x30, &(struct symbol_frame){.function = "leaf"}, 1);
}

static void tear_down(struct fixture *fixture)
{
	symbolizer_free(fixture->symbolizer);
	recording_free(fixture->recording);
}

/* Addresses leaf first, ended by 0. Callers are return addresses: one more than what is named. */
static void add(struct fixture *fixture, const uint64_t *addresses, uint64_t value)
{
	struct recorded_frame frames[8];
	size_t n = 0;

	for (; addresses[n]; n++)
		frames[n] =
		    (struct recorded_frame){fixture->program, n > 0, addresses[n] + (n > 0)};
	recording_add_sample(fixture->recording,
	                     (struct sample){
	                         .thread = fixture->thread,
	                         .stack = recording_add_stack(fixture->recording, frames, n),
	                     },
	                     &value);
}

static void assert_line(const struct annotation *annotation, size_t i, uint32_t line, uint64_t self,
                        uint64_t total)
{
	assert_true(i < annotation->n_lines);
	assert_int_equal(annotation->lines[i].line, line);
	assert_int_equal(annotation->lines[i].self, self);
	assert_int_equal(annotation->lines[i].total, total);
}

static void lines_have_what_is_in_them_and_what_they_call(void **state)
{
	struct annotation annotation;
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	add(&fixture, (uint64_t[]){0x20, 0x10, 0}, 7);
	add(&fixture, (uint64_t[]){0x21, 0x10, 0}, 2);
	add(&fixture, (uint64_t[]){0x30, 0x21, 0x10, 0}, 10);
	add(&fixture, (uint64_t[]){0x30, 0x10, 0}, 100); /* not through it */
	annotation_init(&annotation, fixture.recording, fixture.symbolizer, "work", 0);
	assert_int_equal(annotation.self, 9);
	assert_int_equal(annotation.total, 19);
	assert_int_equal(annotation.n_lines, 2);
	assert_line(&annotation, 0, 5, 7, 7);
	assert_line(&annotation, 1, 6, 2, 12);
	assert_int_equal(annotation.n_addresses, 2);
	assert_int_equal(annotation.addresses[1].address, 0x21);
	assert_int_equal(annotation.addresses[1].total, 12);
	assert_string_equal(annotation.functions.items[0].function, "ns::work(int)");
	annotation_fini(&annotation);
	tear_down(&fixture);
}

static void a_recursion_counts_once_for_each_line(void **state)
{
	struct annotation annotation;
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	add(&fixture, (uint64_t[]){0x21, 0x20, 0x20, 0x10, 0}, 3);
	annotation_init(&annotation, fixture.recording, fixture.symbolizer, "ns::work", 0);
	assert_int_equal(annotation.total, 3);
	assert_line(&annotation, 0, 5, 0, 3);
	assert_line(&annotation, 1, 6, 3, 3);
	annotation_fini(&annotation);
	tear_down(&fixture);
}

static void inlined_code_is_told_from_both_sides(void **state)
{
	struct annotation annotation;
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	add(&fixture, (uint64_t[]){0x22, 0x10, 0}, 4);
	annotation_init(&annotation, fixture.recording, fixture.symbolizer, "work", 0);
	assert_int_equal(annotation.self, 0);
	assert_line(&annotation, 0, 6, 0, 4);
	assert_int_equal(annotation.addresses[0].self, 4); /* the instruction itself */
	assert_int_equal(annotation.inlined.n, 1);
	assert_string_equal(annotation.inlined.items[0].function, "step");
	assert_int_equal(annotation.holders.n, 0);
	annotation_fini(&annotation);
	annotation_init(&annotation, fixture.recording, fixture.symbolizer, "step", 0);
	assert_int_equal(annotation.self, 4);
	assert_line(&annotation, 0, 40, 4, 4);
	assert_string_equal(annotation.holders.items[0].function, "ns::work(int)");
	annotation_fini(&annotation);
	tear_down(&fixture);
}

static void a_function_that_is_not_there_has_nothing(void **state)
{
	struct annotation annotation;
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	add(&fixture, (uint64_t[]){0x20, 0x10, 0}, 1);
	annotation_init(&annotation, fixture.recording, fixture.symbolizer, "leaf", 0);
	assert_int_equal(annotation.total + annotation.n_lines + annotation.n_addresses, 0);
	annotation_fini(&annotation);
	tear_down(&fixture);
}

static char *written(struct fixture *fixture, const char *function)
{
	struct annotation annotation;
	struct code_list codes;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	annotation_init(&annotation, fixture->recording, fixture->symbolizer, function, 0);
	code_list_init(&codes, &annotation, fixture->recording, fixture->symbolizer);
	annotation_write(
	    &(struct annotation_text){
	        .annotation = &annotation,
	        .codes = &codes,
	        .recording = fixture->recording,
	        .title = "s/cpu",
	        .whole = 10,
	        .started_ns = 1,
	    },
	    out);
	fclose(out);
	code_list_fini(&codes);
	annotation_fini(&annotation);
	return text;
}

static void missing_source_and_program_are_said(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	set_up(&fixture);
	add(&fixture, (uint64_t[]){0x20, 0x10, 0}, 5);
	add(&fixture, (uint64_t[]){0x30, 0x10, 0}, 5);
	text = written(&fixture, "work");
	assert_non_null(strstr(text, "# /a.c: No such file or directory; only the numbers"));
	assert_non_null(strstr(text, "    50.00%    50.00%       5\n"));
	assert_non_null(strstr(text, "# no instructions: cannot open /nowhere/prog"));
	free(text);
	text = written(&fixture, "leaf");
	assert_non_null(strstr(text, "# 50.00 % is on lines that are not known"));
	free(text);
	tear_down(&fixture);
}

/* Code from a header that was never sampled. */
static void a_file_without_a_sample_is_left_out(void **state)
{
	struct code_list codes = {0};
	struct annotation annotation;
	struct fixture fixture;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	set_up(&fixture);
	add(&fixture, (uint64_t[]){0x20, 0x10, 0}, 5);
	annotation_init(&annotation, fixture.recording, fixture.symbolizer, "work", 0);
	annotation_add_line(&annotation, "/b.h", 3);
	annotation_add_line(&annotation, "/a.c", 9);
	annotation_sort(&annotation);
	annotation_write(
	    &(struct annotation_text){
	        .annotation = &annotation,
	        .codes = &codes,
	        .recording = fixture.recording,
	        .title = "s/cpu",
	        .whole = 5,
	    },
	    out);
	fclose(out);
	assert_non_null(strstr(text, "/a.c"));
	assert_null(strstr(text, "/b.h"));
	free(text);
	annotation_fini(&annotation);
	tear_down(&fixture);
}

static void a_damaged_line_number_costs_no_memory(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	set_up(&fixture);
	name(
	    &fixture, 0x23,
	    &(struct symbol_frame){.function = "ns::work(int)", .file = "/a.c", .line = UINT32_MAX},
	    1);
	add(&fixture, (uint64_t[]){0x20, 0x10, 0}, 5);
	add(&fixture, (uint64_t[]){0x23, 0x10, 0}, 5);
	text = written(&fixture, "work");
	assert_non_null(strstr(text, "    50.00%    50.00%       5\n"));
	assert_non_null(strstr(text, "    50.00%    50.00%  4294967295\n"));
	free(text);
	tear_down(&fixture);
}

static void instructions_are_objdumps(void **state)
{
	static const uint8_t bytes[] = {0x55, 0x48, 0x89, 0xe5, 0x06, 0xc3};
	static const char *const expected[] = {"pushq %rbp", "movq %rsp, %rbp", "(bad)", "retq"};
	struct disassembler *disassembler;
	struct instruction instruction;
	struct diag diag;
	size_t at = 0;

	(void)state;
	assert_int_equal(disassembler_open(&disassembler, &diag), 0);
	for (size_t i = 0; i < 4; i++) {
		disassemble(disassembler, bytes + at, sizeof(bytes) - at, 0x1000 + at,
		            &instruction);
		assert_string_equal(instruction.text, expected[i]);
		at += instruction.len_bytes;
	}
	assert_int_equal(at, sizeof(bytes));
	disassembler_free(disassembler);
}

static void a_source_file_is_cut_into_lines(void **state)
{
	char path[] = "/tmp/source_file_test.XXXXXX";
	struct source_file source;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "one\n\nthree", 10), 10);
	close(fd);
	source_file_read(&source, path);
	assert_int_equal(source.n_lines, 3);
	assert_string_equal(source_file_line(&source, 1), "one");
	assert_string_equal(source_file_line(&source, 2), "");
	assert_string_equal(source_file_line(&source, 3), "three");
	assert_null(source_file_line(&source, 0));
	assert_null(source_file_line(&source, 4));
	assert_true(source.changed_ns > 0);
	source_file_fini(&source);
	unlink(path);
	source_file_read(&source, "/dev/null"); /* no regular file: not read */
	assert_non_null(source.why_not);
	source_file_fini(&source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_have_what_is_in_them_and_what_they_call),
	    cmocka_unit_test(a_recursion_counts_once_for_each_line),
	    cmocka_unit_test(inlined_code_is_told_from_both_sides),
	    cmocka_unit_test(a_function_that_is_not_there_has_nothing),
	    cmocka_unit_test(missing_source_and_program_are_said),
	    cmocka_unit_test(a_file_without_a_sample_is_left_out),
	    cmocka_unit_test(a_damaged_line_number_costs_no_memory),
	    cmocka_unit_test(instructions_are_objdumps),
	    cmocka_unit_test(a_source_file_is_cut_into_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
