/* leaks.txt and leaks.xml: the shapes are memcheck's, and what has no room is counted. */
#include "mem/leaks/leaks_text.h"

#include "core/diag.h"
#include "core/options.h"
#include "mem/leaks/kinds.h"
#include "mem/leaks/leak_document.h"
#include "mem/leaks/leaks_xml.h"
#include "mem/leaks/suppression.h"
#include "mem/leaks/suppressions_text.h"
#include "tests/unit/leak_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct text_list nothing;
static char *program[] = {(char *)"./prog", (char *)"a & b", NULL};
static const struct text_list command = {.texts = program, .n_texts = 2};

/* Two processes: a clique, a block with an interior pointer and one that is reachable; a child that
 * inherited the latter. */
struct leaks {
	struct leak_fixture fixture;
	struct suppressions *suppressions;
	struct loss_list losses[2];
	struct leak_process processes[2];
	struct leak_document document;
};

static struct leak_row row(uint32_t stack, enum leak_kind kind, uint64_t n_blocks, uint64_t bytes)
{
	return (struct leak_row){
	    .stack = stack, .kind = kind, .n_blocks = n_blocks, .bytes = bytes};
}

static void leaks_init(struct leaks *leaks, const char *rules)
{
	struct leak_row rows[5];

	leak_fixture_init(&leaks->fixture);
	leaks->suppressions = suppressions_new();
	assert_int_equal(suppressions_parse(leaks->suppressions, "test", rules, strlen(rules),
	                                    &(struct diag){""}),
	                 0);
	rows[0] = row(leak_fixture_stack(&leaks->fixture, "wrap@20 main@30 start@31"),
	              LEAK_DEFINITE, 1, 16);
	rows[0].indirect_bytes = 1024;
	rows[1] =
	    row(leak_fixture_stack(&leaks->fixture, "in+fill@27 main@36"), LEAK_INDIRECT, 1, 1024);
	rows[1].function = LEAK_CALLOC;
	rows[2] = row(leak_fixture_stack(&leaks->fixture, "?@28 main:@37"), LEAK_POSSIBLE, 2, 200);
	rows[3] =
	    row(leak_fixture_stack(&leaks->fixture, "keep@29 main@38"), LEAK_REACHABLE, 3, 72);
	rows[3].heuristic = LEAK_NEWARRAY;
	rows[4] = rows[3];
	rows[4].kind = LEAK_DEFINITE;
	rows[4].is_inherited = true;
	leak_fixture_name(&leaks->fixture);
	const struct loss_settings settings = {LEAK_RESOLUTION_HIGH, 12, leaks->suppressions, NULL,
	                                       NULL};
	loss_list_make(&leaks->losses[0], rows, 4, leaks->fixture.recording, leaks->fixture.profile,
	               &settings);
	loss_list_make(&leaks->losses[1], rows + 4, 1, leaks->fixture.recording,
	               leaks->fixture.profile, &settings);
	leaks->processes[0] = (struct leak_process){
	    .pid = 7,
	    .parent_pid = 5,
	    .command = "./prog a & b",
	    .is_first = true,
	    .losses = &leaks->losses[0],
	    .notes = &nothing,
	    .allocations = 1008,
	    .frees = 1001,
	    .allocated_bytes = 54321,
	    .in_use = {1312, 7},
	};
	leaks->processes[1] = (struct leak_process){
	    .pid = 8,
	    .parent_pid = 7,
	    .command = "./prog a & b",
	    .losses = &leaks->losses[1],
	    .notes = &nothing,
	    .in_use = {72, 3},
	    .inherited = {72, 3},
	};
	leaks->document = (struct leak_document){
	    .processes = leaks->processes,
	    .n_processes = 1,
	    .recording = leaks->fixture.recording,
	    .profile = leaks->fixture.profile,
	    .suppressions = leaks->suppressions,
	    .shown_kinds = 1 << LEAK_DEFINITE | 1 << LEAK_POSSIBLE,
	    .error_kinds = 1 << LEAK_DEFINITE | 1 << LEAK_POSSIBLE,
	    .num_callers = 12,
	    .notes = &nothing,
	    .command = &command,
	    .wall_ns = UINT64_C(3723004000000),
	};
}

static void leaks_fini(struct leaks *leaks)
{
	loss_list_fini(&leaks->losses[0]);
	loss_list_fini(&leaks->losses[1]);
	suppressions_free(leaks->suppressions);
	leak_fixture_fini(&leaks->fixture);
}

static char *written(const struct leaks *leaks,
                     void (*write)(const struct leak_document *document, FILE *out))
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	write(&leaks->document, out);
	fclose(out);
	return text;
}

static void write_text(const struct leak_document *document, FILE *out)
{
	struct leaks_text *text = leaks_text_new(document);

	leaks_text_write(text, out);
	leaks_text_free(text);
}

static char *left_out_of(const struct leak_document *document)
{
	struct leaks_text *text = leaks_text_new(document);
	char *left_out = leaks_text_left_out(text);

	leaks_text_free(text);
	return left_out;
}

static void assert_has(const struct leaks *leaks,
                       void (*write)(const struct leak_document *document, FILE *out),
                       const char *expected, bool is_there)
{
	char *text = written(leaks, write);

	if (!strstr(text, expected) == is_there)
		fail_msg("%s '%s' in:\n%s", is_there ? "no" : "there is", expected, text);
	free(text);
}

static void a_process_is_written_as_memcheck_writes_it(void **state)
{
	struct leaks leaks;

	(void)state;
	leaks_init(&leaks, "");
	/* From here on memcheck's text and ours agree. */
	assert_has(&leaks, write_text,
	           "==7== HEAP SUMMARY:\n"
	           "==7==     in use at exit: 1,312 bytes in 7 blocks\n"
	           "==7==   total heap usage: 1,008 allocs, 1,001 frees, 54,321 bytes allocated\n"
	           "==7== \n"
	           "==7== 200 bytes in 2 blocks are possibly lost in loss record 2 of 4\n"
	           "==7==    at 0x0: malloc (in libprofile-scenario-preload.so)\n"
	           "==7==    by 0x1C: ??? (in /opt/bin/app)\n"
	           "==7==    by 0x25: main (in /opt/bin/app)\n"
	           "==7== \n"
	           "==7== 1,040 (16 direct, 1,024 indirect) bytes in 1 blocks are definitely lost "
	           "in loss record 4 of 4\n"
	           "==7==    at 0x0: malloc (in libprofile-scenario-preload.so)\n"
	           "==7==    by 0x14: wrap (wrap.c:20)\n"
	           "==7==    by 0x1E: main (main.c:30)\n"
	           "==7== \n"
	           "==7== LEAK SUMMARY:\n"
	           "==7==    definitely lost: 16 bytes in 1 blocks\n"
	           "==7==    indirectly lost: 1,024 bytes in 1 blocks\n"
	           "==7==      possibly lost: 200 bytes in 2 blocks\n"
	           "==7==    still reachable: 72 bytes in 3 blocks\n"
	           "==7==                       of which reachable via heuristic:\n"
	           "==7==                         newarray           : 72 bytes in 3 blocks\n"
	           "==7==         suppressed: 0 bytes in 0 blocks\n"
	           "==7== Reachable blocks (those to which a pointer was found) are not shown.\n"
	           "==7== To see them, rerun with: --leak-check=full --show-leak-kinds=all\n"
	           "==7== \n"
	           "==7== ERROR SUMMARY: 2 errors from 2 contexts (suppressed: 0 from 0)\n",
	           true);
	leaks_fini(&leaks);
}

static void kinds_choose_what_is_shown_and_what_is_an_error(void **state)
{
	struct leaks leaks;

	(void)state;
	leaks_init(&leaks, "");
	leaks.document.shown_kinds = LEAK_ALL_KINDS;
	leaks.document.error_kinds = 1 << LEAK_REACHABLE;
	assert_has(&leaks, write_text,
	           "are still reachable in loss record 1 of 4\n"
	           "==7==    at 0x0: malloc",
	           true);
	/* An inlined call has the address that it is at. */
	assert_has(&leaks, write_text,
	           "indirectly lost in loss record 3 of 4\n"
	           "==7==    at 0x0: calloc (in libprofile-scenario-preload.so)\n"
	           "==7==    by 0x1B: in (in.c:27)\n"
	           "==7==    by 0x1B: fill (fill.c:27)\n"
	           "==7==    by 0x24: main (main.c:36)\n",
	           true);
	assert_has(&leaks, write_text, "Reachable blocks", false);
	assert_has(&leaks, write_text, "ERROR SUMMARY: 1 errors from 1 contexts", true);
	leaks_fini(&leaks);
}

static void a_summary_has_sums_alone_and_no_errors(void **state)
{
	struct leaks leaks;

	(void)state;
	leaks_init(&leaks, "");
	leaks.document.is_summary = true;
	assert_has(&leaks, write_text, "loss record", false);
	assert_has(&leaks, write_text,
	           "==7==         suppressed: 0 bytes in 0 blocks\n"
	           "==7== Rerun with --leak-check=full to see details of leaked memory\n"
	           "==7== \n"
	           "==7== ERROR SUMMARY: 0 errors from 0 contexts (suppressed: 0 from 0)\n",
	           true);
	assert_has(&leaks, leaks_xml_write, "<error>", false);
	leaks_fini(&leaks);
}

static void what_is_suppressed_is_counted_and_not_shown(void **state)
{
	struct leaks leaks;

	(void)state;
	leaks_init(&leaks, "{\n a < b\n Memcheck:Leak\n ...\n fun:wrap\n}\n"
	                   "{\n never\n Memcheck:Leak\n fun:never\n}\n");
	assert_has(&leaks, write_text, "definitely lost: 0 bytes in 0 blocks", true);
	assert_has(&leaks, write_text, "     suppressed: 16 bytes in 1 blocks", true);
	assert_has(&leaks, write_text, "loss record 4", false);
	assert_has(
	    &leaks, write_text,
	    "--7-- used_suppression:      1 a < b test:2 suppressed: 1,040 bytes in 1 blocks\n"
	    "==7== \n==7== ERROR SUMMARY",
	    true);
	assert_has(&leaks, write_text, "--7-- unused_suppression:     - never test:8\n", true);
	assert_has(&leaks, write_text,
	           "ERROR SUMMARY: 1 errors from 1 contexts (suppressed: 1 from 1)", true);
	assert_has(&leaks, leaks_xml_write,
	           "<suppcounts>\n  <pair>\n    <count>1</count>\n    <name>a &lt; b</name>\n"
	           "  </pair>\n</suppcounts>\n",
	           true);
	leaks_fini(&leaks);
}

static void a_rule_follows_each_record_when_asked_for(void **state)
{
	struct leaks leaks;

	(void)state;
	leaks_init(&leaks, "");
	assert_has(&leaks, write_text, "Memcheck:Leak", false);
	leaks.document.makes_suppressions = true;
	assert_has(&leaks, write_text, "==7== \n{\n   definite in wrap, ", true);
	assert_has(&leaks, write_text,
	           "   Memcheck:Leak\n   match-leak-kinds: definite\n   fun:malloc\n   fun:wrap\n"
	           "   fun:main\n}\n==7== ",
	           true);
	assert_has(&leaks, leaks_xml_write, "  <suppression>\n    <sname>definite in wrap, ", true);
	assert_has(&leaks, leaks_xml_write,
	           "    <skind>Memcheck:Leak</skind>\n"
	           "    <skaux>match-leak-kinds: definite</skaux>\n"
	           "    <sframe> <fun>malloc</fun> </sframe>\n"
	           "    <sframe> <fun>wrap</fun> </sframe>\n"
	           "    <sframe> <fun>main</fun> </sframe>\n"
	           "    <rawtext>{\n",
	           true);
	leaks_fini(&leaks);
}

static void rules_that_were_made_suppress_all_that_was_shown(void **state)
{
	struct leaks leaks;
	char *rules;

	(void)state;
	leaks_init(&leaks, "");
	leaks.document.n_processes = 2;
	rules = written(&leaks, suppressions_write_rules);
	leaks_fini(&leaks);
	leaks_init(&leaks, rules);
	leaks.document.n_processes = 2;
	assert_int_equal(suppressions_count(leaks.suppressions), 3);
	assert_has(&leaks, write_text, "in loss record", false);
	assert_has(&leaks, write_text, "unused_suppression", false);
	assert_has(&leaks, write_text, "definitely lost: 0 bytes", true);
	assert_has(&leaks, write_text, "indirectly lost: 1,024 bytes", true);
	assert_has(&leaks, write_text, "possibly lost: 0 bytes", true);
	assert_has(&leaks, write_text, "still reachable: 72 bytes", true);
	leaks_fini(&leaks);
	free(rules);
}

static void a_heap_that_was_freed_has_no_leaks(void **state)
{
	struct leaks leaks;
	struct loss_list none = {.n_records = 0};

	(void)state;
	leaks_init(&leaks, "");
	leaks.processes[0].losses = &none;
	leaks.processes[0].in_use = (struct loss_sum){0, 0};
	assert_has(&leaks, write_text,
	           "bytes allocated\n"
	           "==7== \n"
	           "==7== All heap blocks were freed -- no leaks are possible\n"
	           "==7== \n"
	           "==7== ERROR SUMMARY: 0 errors from 0 contexts (suppressed: 0 from 0)\n",
	           true);
	leaks_fini(&leaks);
}

static void limits_and_missing_verdicts_are_said(void **state)
{
	struct leaks leaks;
	struct text_list notes = {0}, heads = {0};

	(void)state;
	leaks_init(&leaks, "");
	text_list_add(&notes, "its registers could not be read");
	text_list_add(&heads, "3 forks were not observed");
	leaks.document.n_processes = 2;
	leaks.document.notes = &heads;
	leaks.processes[0].notes = &notes;
	leaks.processes[1].losses = NULL;
	leaks.processes[1].missing = "it is <gone>";
	assert_has(&leaks, write_text,
	           "==7== Note: 3 forks were not observed\n"
	           "==7== profile-scenario " VERSION ", a leak check as memcheck's\n"
	           "==7== Command: ./prog a & b\n"
	           "==7== Parent PID: 5\n"
	           "==7== Note: its registers could not be read\n"
	           "==7== \n==7== \n",
	           true);
	assert_has(&leaks, write_text, "==8== Not checked for leaks: it is <gone>\n", true);
	assert_has(&leaks, leaks_xml_write,
	           "  <line>3 forks were not observed</line>\n"
	           "  <line>its registers could not be read</line>\n"
	           "  <line>Process 8 (./prog a &amp; b) was not checked for leaks: it is "
	           "&lt;gone&gt;</line>\n",
	           true);
	text_list_fini(&notes);
	text_list_fini(&heads);
	leaks_fini(&leaks);
}

static void a_child_says_what_it_inherited(void **state)
{
	struct leaks leaks;

	(void)state;
	leaks_init(&leaks, "");
	leaks.document.n_processes = 2;
	assert_has(&leaks, write_text,
	           "==8==     in use at exit: 72 bytes in 3 blocks\n"
	           "==8==   total heap usage: 0 allocs, 0 frees, 0 bytes allocated\n"
	           "==8==  of which inherited: 72 bytes in 3 blocks; metrics and gates count these "
	           "in the process that made them\n"
	           "==8== \n"
	           "==8== 72 bytes in 3 blocks are definitely lost in loss record 1 of 1\n",
	           true);
	leaks_fini(&leaks);
}

static void errors_in_xml_are_those_of_the_protocol(void **state)
{
	struct leaks leaks;

	(void)state;
	leaks_init(&leaks, "");
	leaks.document.n_processes = 2;
	assert_has(&leaks, leaks_xml_write,
	           "<pid>7</pid>\n<ppid>5</ppid>\n<tool>memcheck</tool>\n\n"
	           "<args>\n  <vargv>\n    <exe>profile-scenario</exe>\n  </vargv>\n  <argv>\n"
	           "    <exe>./prog</exe>\n    <arg>a &amp; b</arg>\n  </argv>\n</args>\n",
	           true);
	assert_has(&leaks, leaks_xml_write, "<time>00:01:02:03.004 </time>", true);
	assert_has(&leaks, leaks_xml_write,
	           "<error>\n"
	           "  <unique>0x1</unique>\n"
	           "  <tid>1</tid>\n"
	           "  <kind>Leak_DefinitelyLost</kind>\n"
	           "  <xwhat>\n"
	           "    <text>1,040 (16 direct, 1,024 indirect) bytes in 1 blocks are definitely "
	           "lost in loss record 4 of 4</text>\n"
	           "    <leakedbytes>1040</leakedbytes>\n"
	           "    <leakedblocks>1</leakedblocks>\n"
	           "  </xwhat>\n"
	           "  <stack>\n"
	           "    <frame>\n"
	           "      <ip>0x0</ip>\n"
	           "      <obj>libprofile-scenario-preload.so</obj>\n"
	           "      <fn>malloc</fn>\n"
	           "    </frame>\n"
	           "    <frame>\n"
	           "      <ip>0x14</ip>\n"
	           "      <obj>/opt/bin/app</obj>\n"
	           "      <fn>wrap</fn>\n"
	           "      <dir>/src</dir>\n"
	           "      <file>wrap.c</file>\n"
	           "      <line>20</line>\n"
	           "    </frame>\n",
	           true);
	assert_has(&leaks, leaks_xml_write,
	           "  </stack>\n"
	           "  <auxwhat>in process 8: ./prog a &amp; b</auxwhat>\n"
	           "</error>\n",
	           true);
	leaks_fini(&leaks);
}

/* A record takes some 210 bytes of text, the rest some 700: of 40 there is room for the largest
 * few. */
static void smaller_records_without_room_are_counted(void **state)
{
	enum { N = 40 };
	const struct loss_settings settings = {LEAK_RESOLUTION_HIGH, 12, NULL, NULL, NULL};
	struct leaks leaks;
	struct leak_fixture fixture;
	struct leak_row rows[N];
	struct loss_list list;

	(void)state;
	leaks_init(&leaks, "");
	leak_fixture_init(&fixture);
	for (size_t i = 0; i < N; i++) {
		char *words = xasprintf("wrap@%zu main@500", 100 + i);

		rows[i] = row(leak_fixture_stack(&fixture, words), LEAK_DEFINITE, 1, 1000 + i);
		free(words);
	}
	leak_fixture_name(&fixture);
	loss_list_make(&list, rows, N, fixture.recording, fixture.profile, &settings);
	leaks.processes[0].losses = &list;
	leaks.document.recording = fixture.recording;
	leaks.document.profile = fixture.profile;
	leaks.document.most_bytes = 2200;
	assert_has(&leaks, write_text, "loss record 40 of 40", true);
	assert_has(&leaks, write_text, "loss record 34 of 40", true);
	assert_has(&leaks, write_text, "loss record 33 of 40", false);
	assert_has(
	    &leaks, write_text,
	    "==7== Note: 33 loss records (33 of them errors), 33,528 bytes in 33 blocks, left "
	    "out to stay below 2.15 KB\n",
	    true);
	assert_has(&leaks, write_text, "ERROR SUMMARY: 40 errors from 40 contexts", true);
	loss_list_fini(&list);
	leak_fixture_fini(&fixture);
	leaks_fini(&leaks);
}

/* There is room for some six of them. */
static void errors_come_before_what_is_larger(void **state)
{
	enum { N = 40, N_ERRORS = 4 };
	const struct loss_settings settings = {LEAK_RESOLUTION_HIGH, 12, NULL, NULL, NULL};
	struct leaks leaks;
	struct leak_fixture fixture;
	struct leak_row rows[N];
	struct loss_list list;
	char *left_out;

	(void)state;
	leaks_init(&leaks, "");
	leak_fixture_init(&fixture);
	for (size_t i = 0; i < N; i++) {
		char *words = xasprintf("wrap@%zu main@500", 100 + i);

		rows[i] = row(leak_fixture_stack(&fixture, words),
		              i < N_ERRORS ? LEAK_DEFINITE : LEAK_REACHABLE, 1, 1000 + i);
		free(words);
	}
	leak_fixture_name(&fixture);
	loss_list_make(&list, rows, N, fixture.recording, fixture.profile, &settings);
	leaks.processes[0].losses = &list;
	leaks.document.recording = fixture.recording;
	leaks.document.profile = fixture.profile;
	leaks.document.shown_kinds |= 1 << LEAK_REACHABLE;
	left_out = left_out_of(&leaks.document);
	assert_null(left_out);
	leaks.document.most_bytes = 2200;
	for (unsigned i = 1; i <= N_ERRORS; i++) {
		char *words = xasprintf("definitely lost in loss record %u of 40\n", i);

		assert_has(&leaks, write_text, words, true);
		free(words);
	}
	assert_has(&leaks, write_text, "still reachable in loss record 40 of 40", true);
	assert_has(&leaks, write_text, "in loss record 5 of 40", false);
	left_out = left_out_of(&leaks.document);
	assert_non_null(strstr(left_out, " loss records (0 of them errors), "));
	assert_has(&leaks, write_text, left_out, true);
	free(left_out);
	loss_list_fini(&list);
	leak_fixture_fini(&fixture);
	leaks_fini(&leaks);
}

/* The largest record takes 900 bytes of XML. */
static void what_has_no_room_is_counted(void **state)
{
	struct leaks leaks;

	(void)state;
	leaks_init(&leaks, "");
	leaks.document.most_bytes = 1200;
	assert_has(&leaks, leaks_xml_write, "loss record 4 of 4", true);
	assert_has(&leaks, leaks_xml_write, "loss record 2 of 4", false);
	assert_has(&leaks, leaks_xml_write, "<line>1 loss record (1 of them errors), 200 bytes",
	           true);
	/* Of processes the one that was launched stays. */
	leaks.document.n_processes = 2;
	leaks.document.most_bytes = 2200;
	assert_has(&leaks, write_text, "==8== HEAP SUMMARY", false);
	assert_has(&leaks, write_text,
	           "==7== Note: processes left out to stay below 2.15 KB: 1, with 72 bytes lost\n",
	           true);
	leaks_fini(&leaks);
}

static void sets_are_read_as_memcheck_reads_them(void **state)
{
	struct diag diag;
	unsigned set = 0;

	(void)state;
	assert_int_equal(leak_heuristics_parse("newarray,stdstring", &set, &diag), 0);
	assert_int_equal(set, 1 << LEAK_NEWARRAY | 1 << LEAK_STDSTRING);
	assert_int_equal(leak_heuristics_parse("all", &set, &diag), 0);
	assert_int_equal(set, LEAK_ALL_HEURISTICS);
	assert_int_equal(leak_heuristics_parse("none", &set, &diag), 0);
	assert_int_equal(set, 0);
	assert_true(leak_heuristics_parse("newarray,", &set, &diag) < 0);
	assert_non_null(strstr(diag.text, "multipleinheritance with commas between"));
	assert_true(leak_heuristics_parse("", &set, &diag) < 0);
	assert_int_equal(leak_kinds_parse("all", &set, &diag), 0);
	assert_int_equal(set, LEAK_ALL_KINDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_process_is_written_as_memcheck_writes_it),
	    cmocka_unit_test(kinds_choose_what_is_shown_and_what_is_an_error),
	    cmocka_unit_test(a_summary_has_sums_alone_and_no_errors),
	    cmocka_unit_test(what_is_suppressed_is_counted_and_not_shown),
	    cmocka_unit_test(a_rule_follows_each_record_when_asked_for),
	    cmocka_unit_test(rules_that_were_made_suppress_all_that_was_shown),
	    cmocka_unit_test(a_heap_that_was_freed_has_no_leaks),
	    cmocka_unit_test(limits_and_missing_verdicts_are_said),
	    cmocka_unit_test(a_child_says_what_it_inherited),
	    cmocka_unit_test(errors_in_xml_are_those_of_the_protocol),
	    cmocka_unit_test(smaller_records_without_room_are_counted),
	    cmocka_unit_test(errors_come_before_what_is_larger),
	    cmocka_unit_test(what_has_no_room_is_counted),
	    cmocka_unit_test(sets_are_read_as_memcheck_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
