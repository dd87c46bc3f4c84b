/* Suppressions: both formats are read, what is malformed is refused with its line, rules apply to
 * the stacks that valgrind would apply them to, and a rule written for a stack applies to it. */
#include "mem/leaks/operators.h"
#include "mem/leaks/suppression.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"
#include "mem/leaks/kinds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NUM_CALLERS = 12 };

/* One stack, leaf first: malloc called by a constructor in which push_back was inlined, by code
 * without a name, by code in no file, by a C function, by main, by what calls it. */
static const struct object libapp = {
    .kind = OBJECT_FILE, .path = (char *)"/opt/lib/libapp.so.1", .fd = -1};
static const struct object stripped = {
    .kind = OBJECT_FILE, .path = (char *)"/opt/lib/libstripped.so", .fd = -1};
static const struct object program = {
    .kind = OBJECT_FILE, .path = (char *)"/opt/bin/app", .fd = -1};
static const struct object libc = {
    .kind = OBJECT_FILE, .path = (char *)"/usr/lib/libc.so.6", .fd = -1};
static const struct object nowhere = {.kind = OBJECT_ANONYMOUS, .pid = 7, .fd = -1};

static const struct symbol_frame push_back[] = {
    {.function = "int* std::construct<int, char const (&) [8]>(int*, char const (&) [8])",
     .linkage = "_ZSt9constructIiJRA8_KcEEPT_S4_DpOT0_",
     .file = "/usr/include/c++/12/bits/stl_construct.h",
     .line = 97,
     .inlined = true},
    {.function = "std::vector<int, std::allocator<int> >::push_back(int&&)",
     .linkage = "_ZNSt6vectorIiSaIiEE9push_backEOi",
     .file = "/usr/include/c++/12/bits/stl_vector.h",
     .line = 1294,
     .inlined = true},
    {.function = "app::Table::Table(int)",
     .linkage = "_ZN3app5TableC1Ei",
     .file = "/src/app/table.cc",
     .line = 40},
};
static const struct symbol_frame open_table = {
    .function = "open_table", .file = "/src/app/open.c", .line = 12};
static const struct symbol_frame main_function = {
    .function = "main", .file = "/src/app/main.c", .line = 5};
static const struct symbol_frame start_main = {.function = "__libc_start_main",
                                               .linkage = "__libc_start_main@@GLIBC_2.34"};

struct fixture {
	struct symbolizer *symbolizer;
	struct profile *profile;
	uint32_t frames[16];
	struct leak_stack stack;
};

static struct recorded_frame caller(struct recording *recording, struct symbolizer *symbolizer,
                                    const struct object *object, uint64_t vaddr,
                                    const struct symbol_frame *names, size_t n_names)
{
	if (n_names)
		symbolizer_remember(symbolizer, object, symbolizer_address(vaddr, true), names,
		                    n_names);
	return (struct recorded_frame){
	    .object = recording_add_object(recording, object), .is_return = true, .vaddr = vaddr};
}

/* Takes the recording. */
static void fixture_name(struct fixture *fixture, struct recording *recording,
                         const struct recorded_frame *frames, size_t n_frames)
{
	const uint64_t value = 1;
	struct sample sample = {.thread = recording_add_thread(recording, 7, 7, "app"),
	                        .stack = recording_add_stack(recording, frames, n_frames)};

	recording_add_sample(recording, sample, &value);
	fixture->profile = profile_new(recording, fixture->symbolizer);
	recording_free(recording);
	fixture->stack.frames = fixture->frames;
	fixture->stack.n_frames =
	    profile_stack_frames(fixture->profile, profile_sample(fixture->profile, 0).stack,
	                         fixture->frames, ARRAY_SIZE(fixture->frames));
}

static const struct value_type bytes_type = {"space", "bytes"};

static int set_up(void **state)
{
	struct fixture *fixture = xcalloc(1, sizeof(*fixture));
	struct recording *recording = recording_new(&bytes_type, 1);
	struct symbolizer *symbolizer = symbolizer_new();
	const struct recorded_frame frames[] = {
	    caller(recording, symbolizer, &libapp, 0x1000, push_back, ARRAY_SIZE(push_back)),
	    caller(recording, symbolizer, &stripped, 0x1000, NULL, 0),
	    caller(recording, symbolizer, &nowhere, 0x1000, NULL, 0),
	    caller(recording, symbolizer, &program, 0x1000, &open_table, 1),
	    caller(recording, symbolizer, &program, 0x2000, &main_function, 1),
	    caller(recording, symbolizer, &libc, 0x1000, &start_main, 1),
	};

	fixture->symbolizer = symbolizer;
	fixture->stack.allocator = "malloc";
	fixture_name(fixture, recording, frames, ARRAY_SIZE(frames));
	*state = fixture;
	return fixture->stack.n_frames == 8 ? 0 : -1;
}

static void fixture_fini(struct fixture *fixture)
{
	profile_free(fixture->profile);
	symbolizer_free(fixture->symbolizer);
}

static int tear_down(void **state)
{
	fixture_fini(*state);
	free(*state);
	return 0;
}

static int parse(struct suppressions *set, const char *text, struct diag *diag)
{
	return suppressions_parse(set, "x.supp", text, strlen(text), diag);
}

/* The id of the rule in the text that applies to the fixture's stack. */
static uint32_t find_in(const struct fixture *fixture, const char *text, enum leak_kind kind)
{
	struct suppressions *set = suppressions_new();
	struct suppression_finder *finder;
	struct diag diag = {""};
	uint32_t id;

	if (parse(set, text, &diag))
		fail_msg("%s", diag.text);
	finder = suppression_finder_new(set, fixture->profile, NUM_CALLERS);
	id = suppression_find(finder, kind, &fixture->stack);
	suppression_finder_free(finder);
	suppressions_free(set);
	return id;
}

static bool applies(const struct fixture *fixture, const char *frames)
{
	char *text = xasprintf("{\n name\n Memcheck:Leak\n%s}\n", frames);
	uint32_t id = find_in(fixture, text, LEAK_DEFINITE);

	free(text);
	return id == 1;
}

static void rules_apply_to_the_stacks_that_begin_so(void **state)
{
	static const char *const those[] = {
	    "fun:malloc\n",
	    "fun:mal*\n",
	    "fun:m?ll?c\n",
	    "...\nfun:main\n",
	    "fun:malloc\n...\nfun:open_table\nfun:main\n",
	    "fun:malloc\nfun:construct<int, char "
	    "const(&)[8]>\nfun:push_back\nfun:_ZN3app5TableC1Ei\n",
	    "fun:malloc\nfun:_ZSt9constructI*\nfun:_ZNSt6vector*\n",
	    "fun:malloc\nfun:UnknownInlinedFun\nfun:UnknownInlinedFun\nfun:_ZN3app*\n",
	    "fun:malloc\n...\nfun:open_table\n",
	    "fun:malloc\n...\n...\nfun:*\n",
	    "fun:malloc\nobj:*libapp.so*\nobj:*\nobj:/opt/lib/"
	    "libapp.so.1\nobj:*stripped*\nobj:*\nfun:open_*\n",
	    "...\nfun:main\nfun:(below main)\n",
	    "...\nfun:__libc_start_main@@GLIBC_2.34\n",
	    "fun:malloc\n...\nobj:*/libstripped.so\n",
	    "fun:malloc\nfun:*\nfun:*\nfun:*\nfun:\?\?\?\nfun:*\nfun:open_table\n",
	    "fun:malloc\nsrc:stl_construct.h\nsrc:stl_vector.h\nsrc:table.cc:40\n",
	    "fun:malloc\n...\nsrc:/src/app/o*.c:12\n",
	    "...\nfun:main\nfun:(below main)\nobj:*\nobj:*\n",
	    "obj:*vgpreload_memcheck*\nfun:construct<*\n",
	};
	static const char *const others[] = {
	    "fun:calloc\n",
	    "fun:mallo\n",
	    "fun:?malloc\n",
	    "fun:push_back\n",
	    "fun:malloc\nfun:main\n",
	    "fun:malloc\nfun:app::Table::Table*\n",
	    "fun:malloc\n...\nfun:main\nfun:open_table\n",
	    "...\nfun:main\nfun:*\nfun:*\n",
	    "fun:malloc\n...\nfun:nobody\n",
	    "fun:malloc\nfun:construct\n",
	    "fun:malloc\nfun:constructs<int>\n",
	    "fun:malloc\nsrc:stl_construct.h:96\n",
	    "fun:malloc\nsrc:c++/12/bits/stl_construct.h\n",
	    "fun:malloc\nobj:libapp*\n",
	    "fun:malloc\n...\nfun:push_back\nobj:*stripped*\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(those); i++)
		if (!applies(*state, those[i]))
			fail_msg("does not apply:\n%s", those[i]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (applies(*state, others[i]))
			fail_msg("applies:\n%s", others[i]);
}

static void lines_beyond_num_callers_do_not_count(void **state)
{
	assert_true(applies(*state,
	                    "fun:malloc\nfun:*\nfun:*\nfun:*\nfun:*\nfun:*\nfun:*\nfun:main\n"
	                    "...\n...\n...\n...\nfun:nobody\n"));
	assert_false(applies(*state,
	                     "fun:malloc\nfun:*\nfun:*\nfun:*\nfun:*\nfun:*\nfun:*\nfun:main"
	                     "\n...\n...\n...\nfun:nobody\n"));
}

static void a_rule_holds_for_its_kinds_alone(void **state)
{
	static const char rule[] =
	    "{\nn\nMemcheck:Leak\nmatch-leak-kinds: possible,indirect\nfun:malloc\n}\n";
	static const char all[] = "{\nn\nMemcheck:Leak\nmatch-leak-kinds:all\nfun:malloc\n}\n";
	static const char none[] = "{\nn\nMemcheck:Leak\nmatch-leak-kinds: none\nfun:malloc\n}\n";

	assert_int_equal(find_in(*state, rule, LEAK_POSSIBLE), 1);
	assert_int_equal(find_in(*state, rule, LEAK_INDIRECT), 1);
	assert_int_equal(find_in(*state, rule, LEAK_DEFINITE), 0);
	assert_int_equal(find_in(*state, rule, LEAK_REACHABLE), 0);
	assert_int_equal(find_in(*state, all, LEAK_REACHABLE), 1);
	assert_int_equal(find_in(*state, none, LEAK_DEFINITE), 0);
}

static void sanitizers_patterns_match_any_frame(void **state)
{
	static const char *const those[] = {
	    "leak:open_table", "leak:^main$",      "leak:libstripped",    "leak:/src/app/main.c",
	    "leak:*",          "leak:^open*ble$",  "leak:push_back(int",  "leak:app::Table",
	    "leak:^/opt/lib",  "leak:_ZN3app5Tab", "  leak:malloc  \t\r", "leak:open*",
	};
	static const char *const others[] = {"leak:^able",      "leak:main.cc",
	                                     "leak:open_tabl$", "leak:op?n_table",
	                                     "leak:libexec",    "leak:libapp.so.1.2"};

	for (size_t i = 0; i < ARRAY_SIZE(those); i++)
		if (find_in(*state, those[i], LEAK_DEFINITE) != 1)
			fail_msg("does not apply: %s", those[i]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (find_in(*state, others[i], LEAK_DEFINITE) != 0)
			fail_msg("applies: %s", others[i]);
}

static void what_is_not_for_leaks_is_passed_over(void **state)
{
	static const char text[] = "# comment\n\n"
	                           "{\n  one\n  Memcheck:Cond\n  fun:malloc\n}\n"
	                           "{\n  two\n  Helgrind:Race\n  whatever it is\n}\n"
	                           "{\n  three\n  Memcheck:Param\n  write(buf)\n  fun:malloc\n}\n"
	                           "{\n  four\n  CoreError:FdNotClosed\n  fun:malloc\n}\n"
	                           "  {\n\n# more\n  five: the one\n  Addrcheck,Memcheck:Leak\n"
	                           "  match-leak-kinds: definite\r\n  fun:malloc\n}\n"
	                           "{\n  six\n  Memcheck:Leak\n  fun:malloc\n}";
	struct suppressions *set = suppressions_new();
	struct diag diag = {""};
	struct suppression rule;

	assert_int_equal(parse(set, text, &diag), 0);
	assert_int_equal(suppressions_count(set), 2);
	rule = suppressions_get(set, 1);
	assert_string_equal(rule.name, "five: the one");
	assert_string_equal(rule.file, "x.supp");
	assert_int_equal(rule.line, 27);
	suppressions_free(set);
	assert_int_equal(find_in(*state, text, LEAK_DEFINITE), 1);
	assert_int_equal(find_in(*state, text, LEAK_POSSIBLE), 2);
}

static void an_empty_file_has_no_rules(void **state)
{
	assert_int_equal(find_in(*state, "", LEAK_DEFINITE), 0);
	assert_int_equal(find_in(*state, "# nothing yet\n\n", LEAK_DEFINITE), 0);
}

static void what_is_malformed_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *sentence;
	} cases[] = {
	    {"\nfun:malloc\n", "x.supp:2: expected '{' (valgrind's format) or leak:PATTERN"},
	    {"{\nn\nMemcheck:Leak\nfun:a\n}\nrest",
	     "x.supp:6: expected '{' or the end of the file, not 'rest'"},
	    {"{", "x.supp:1: expected a name, and the file ends"},
	    {"{\n}", "x.supp:2: expected a name"},
	    {"{\nn\nLeak\n", "x.supp:3: expected TOOL:KIND, as Memcheck:Leak, not 'Leak'"},
	    {"{\nn\nMemcheck:Leek\nfun:a\n}",
	     "x.supp:3: expected one of memcheck's kinds of errors after the colon, not 'Leek'; "
	     "did you mean Leak"},
	    {"{\nn\nMemcheck:Leak\n}", "x.supp:4: expected a frame other than ... before it"},
	    {"{\nn\nMemcheck:Leak\n...\n...\n}", "x.supp:6: expected a frame other than ..."},
	    {"{\nn\nMemcheck:Leak\nfn:a\n}",
	     "x.supp:4: expected fun:FUNCTION, obj:FILE, src:FILE, ... or '}', not 'fn:a'"},
	    {"{\nn\nMemcheck:Leak\nfun:a\n",
	     "x.supp:4: expected fun:FUNCTION, obj:FILE, src:FILE, ... or '}', and the file ends"},
	    {"{\nn\nMemcheck:Leak\nmatch-leak-kinds: definit\nfun:a\n}",
	     "x.supp:4: kinds of leaks are definite"},
	    {"{\nn\nMemcheck:Leak\nmatch-leak-kinds: definite,all\nfun:a\n}",
	     "x.supp:4: kinds of leaks are"},
	    {"{\nn\nMemcheck:Leak\nfun:a\nmatch-leak-kinds: all\n}", "x.supp:5: expected fun:"},
	    {"{\nn\nMemcheck:Leak\nfun:a\nsrc:a.c:x\n}",
	     "x.supp:5: expected src:FILE or src:FILE:LINE"},
	    {"{\nn\nMemcheck:Cond\nfun:a\n", "x.supp:4: expected '}', and the file ends"},
	    {"leak:a\nrace:b\n", "x.supp:2: expected leak:PATTERN, not 'race:b'"},
	    {"leak:a\nleak:\n", "x.supp:2: expected leak:PATTERN"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct suppressions *set = suppressions_new();
		struct diag diag = {""};

		assert_int_equal(parse(set, cases[i].text, &diag), -EINVAL);
		if (!strstr(diag.text, cases[i].sentence))
			fail_msg("said '%s', not '%s'", diag.text, cases[i].sentence);
		suppressions_free(set);
	}
}

static void files_that_cannot_be_read_are_said(void **state)
{
	struct suppressions *set = suppressions_new();
	struct diag diag = {""};

	(void)state;
	assert_int_equal(suppressions_read(set, "/nowhere/x.supp", &diag), -ENOENT);
	assert_non_null(
	    strstr(diag.text, "cannot open suppressions /nowhere/x.supp: No such file"));
	assert_int_equal(suppressions_read(set, "/", &diag), -EISDIR);
	assert_non_null(strstr(diag.text, "cannot read suppressions /: Is a directory"));
	assert_int_equal(suppressions_read(set, "/dev/zero", &diag), -EFBIG);
	assert_non_null(strstr(diag.text, "larger than 16 MB"));
	suppressions_free(set);
}

static char *written(const struct fixture *fixture, enum leak_kind kind)
{
	return suppression_text(kind, fixture->profile, &fixture->stack, NUM_CALLERS);
}

static void a_rule_written_for_a_stack_is_valgrinds_and_applies(void **state)
{
	static const char expected[] = "Memcheck:Leak\n"
	                               "   match-leak-kinds: indirect\n"
	                               "   fun:malloc\n"
	                               "   fun:construct<*\n"
	                               "   fun:push_back\n"
	                               "   fun:_ZN3app5TableC1Ei\n"
	                               "   obj:/opt/lib/libstripped.so\n"
	                               "   ...\n"
	                               "   fun:open_table\n"
	                               "   fun:main\n"
	                               "}\n";
	char *text = written(*state, LEAK_INDIRECT);

	unsigned hash;
	int n = 0;

	sscanf(text, "{\n   indirect in app::Table::Table, %8x\n%n", &hash, &n);
	assert_true(n > 0);
	assert_string_equal(text + n, expected);
	assert_int_equal(find_in(*state, text, LEAK_INDIRECT), 1);
	assert_int_equal(find_in(*state, text, LEAK_DEFINITE), 0);
	free(text);
}

static void frames_beyond_num_callers_do_not_count(void **state)
{
	static const char rule[] = "{\nn\nMemcheck:Leak\n...\nfun:main\n}\n";
	const struct fixture *fixture = *state;
	struct suppressions *set = suppressions_new();
	struct diag diag = {""};

	assert_int_equal(parse(set, rule, &diag), 0);
	/* The call of malloc, four addresses, and main. */
	for (unsigned num_callers = 5; num_callers <= 6; num_callers++) {
		struct suppression_finder *finder =
		    suppression_finder_new(set, fixture->profile, num_callers);

		assert_int_equal(suppression_find(finder, LEAK_DEFINITE, &fixture->stack),
		                 num_callers == 6);
		suppression_finder_free(finder);
	}
	suppressions_free(set);
}

static void sanitizers_patterns_see_the_whole_stack(void **state)
{
	const struct fixture *fixture = *state;
	struct suppressions *set = suppressions_new();
	struct suppression_finder *finder = suppression_finder_new(set, fixture->profile, 2);
	struct diag diag = {""};

	assert_int_equal(parse(set, "leak:open_table", &diag), 0);
	assert_int_equal(suppression_find(finder, LEAK_DEFINITE, &fixture->stack), 1);
	suppression_finder_free(finder);
	suppressions_free(set);
}

/* memcheck 3.19 has memalign for most of them. */
static void aligned_blocks_have_memchecks_names_too(void **state)
{
	static const char *const functions[] = {"memalign", "aligned_alloc", "valloc",
	                                        "posix_memalign"};
	struct fixture fixture = *(struct fixture *)*state;

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		char *text;

		fixture.stack.allocator = functions[i];
		assert_int_equal(applies(&fixture, "fun:memalign\n"), true);
		assert_int_equal(applies(&fixture, "fun:memalign\nfun:posix_memalign\n"), i == 3);
		assert_int_equal(applies(&fixture, "fun:malloc\n"), false);
		text = written(&fixture, LEAK_DEFINITE);
		assert_int_equal(find_in(&fixture, text, LEAK_DEFINITE), 1);
		free(text);
	}
}

/* Its operator new[] jumps to operator new. */
static void a_rule_for_arrays_does_not_hide_what_may_be_none(void **state)
{
	const struct symbol_frame operator_new = {.function = "operator new(unsigned long)",
	                                          .linkage = "_Znwm"};
	const struct called_operator called = {"_Znam", "operator new[](unsigned long)"};
	struct recording *recording = recording_new(&bytes_type, 1);
	struct fixture other = {.symbolizer = symbolizer_new()};
	const struct recorded_frame frames[] = {
	    caller(recording, other.symbolizer, &libc, 0x1000, &operator_new, 1),
	    caller(recording, other.symbolizer, &program, 0x1000, &main_function, 1),
	};
	char *text;

	(void)state;
	fixture_name(&other, recording, frames, ARRAY_SIZE(frames));
	assert_true(applies(&other, "fun:_Znwm\nfun:main\n"));
	assert_true(applies(&other, "fun:_Zn?m\nfun:main\n"));
	assert_false(applies(&other, "fun:_Znam\nfun:main\n"));
	assert_false(applies(&other, "fun:_ZnamRKSt9nothrow_t\n"));
	text = written(&other, LEAK_DEFINITE);
	assert_non_null(strstr(text, "   fun:_Zn?m\n   fun:main\n}\n"));
	assert_int_equal(find_in(&other, text, LEAK_DEFINITE), 1);
	free(text);
	other.stack.called = &called;
	assert_true(applies(&other, "fun:_Znam\nfun:main\n"));
	assert_false(applies(&other, "fun:_Znwm\nfun:main\n"));
	text = written(&other, LEAK_DEFINITE);
	assert_non_null(strstr(text, "   fun:_Znam\n   fun:main\n}\n"));
	assert_int_equal(find_in(&other, text, LEAK_DEFINITE), 1);
	free(text);
	fixture_fini(&other);
}

static void memchecks_own_setenv_is_no_hindrance(void **state)
{
	const struct symbol_frame set = {.function = "setenv", .linkage = "setenv"};
	const struct symbol_frame add = {.function = "__add_to_environ",
	                                 .linkage = "__add_to_environ"};
	struct fixture ours = {.symbolizer = symbolizer_new()};
	struct fixture memchecks = {.symbolizer = symbolizer_new()};
	struct recording *recording = recording_new(&bytes_type, 1);
	const struct recorded_frame our_frames[] = {
	    caller(recording, ours.symbolizer, &libc, 0x1000, &add, 1),
	    caller(recording, ours.symbolizer, &program, 0x1000, &main_function, 1),
	};
	struct recording *other = recording_new(&bytes_type, 1);
	const struct recorded_frame their_frames[] = {
	    caller(other, memchecks.symbolizer, &libc, 0x1000, &add, 1),
	    caller(other, memchecks.symbolizer, &libapp, 0x1000, &set, 1),
	    caller(other, memchecks.symbolizer, &program, 0x1000, &main_function, 1),
	};
	char *text;

	(void)state;
	fixture_name(&ours, recording, our_frames, ARRAY_SIZE(our_frames));
	fixture_name(&memchecks, other, their_frames, ARRAY_SIZE(their_frames));
	text = written(&ours, LEAK_DEFINITE);
	assert_non_null(strstr(text, "   fun:__add_to_environ\n   ...\n   fun:main\n}\n"));
	assert_int_equal(find_in(&ours, text, LEAK_DEFINITE), 1);
	assert_int_equal(find_in(&memchecks, text, LEAK_DEFINITE), 1);
	free(text);
	fixture_fini(&ours);
	fixture_fini(&memchecks);
}

static void the_default_file_is_well_formed(void **state)
{
	struct suppressions *set = suppressions_new();
	struct diag diag = {""};

	(void)state;
	assert_int_equal(suppressions_read(set, "mem/leaks/default.supp", &diag), 0);
	assert_int_equal(suppressions_count(set), 3);
	suppressions_free(set);
}

static void a_rule_that_begins_with_unknown_code_is_still_one(void **state)
{
	struct fixture fixture = *(struct fixture *)*state;
	char *text;

	fixture.stack = (struct leak_stack){.frames = &fixture.frames[4], .n_frames = 1};
	text = written(&fixture, LEAK_DEFINITE);
	assert_non_null(strstr(text, "definite\n   obj:*\n}"));
	assert_int_equal(find_in(&fixture, text, LEAK_DEFINITE), 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rules_apply_to_the_stacks_that_begin_so),
	    cmocka_unit_test(lines_beyond_num_callers_do_not_count),
	    cmocka_unit_test(a_rule_holds_for_its_kinds_alone),
	    cmocka_unit_test(sanitizers_patterns_match_any_frame),
	    cmocka_unit_test(what_is_not_for_leaks_is_passed_over),
	    cmocka_unit_test(an_empty_file_has_no_rules),
	    cmocka_unit_test(what_is_malformed_is_refused_with_its_line),
	    cmocka_unit_test(files_that_cannot_be_read_are_said),
	    cmocka_unit_test(a_rule_written_for_a_stack_is_valgrinds_and_applies),
	    cmocka_unit_test(frames_beyond_num_callers_do_not_count),
	    cmocka_unit_test(sanitizers_patterns_see_the_whole_stack),
	    cmocka_unit_test(aligned_blocks_have_memchecks_names_too),
	    cmocka_unit_test(memchecks_own_setenv_is_no_hindrance),
	    cmocka_unit_test(a_rule_for_arrays_does_not_hide_what_may_be_none),
	    cmocka_unit_test(the_default_file_is_well_formed),
	    cmocka_unit_test(a_rule_that_begins_with_unknown_code_is_still_one),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
