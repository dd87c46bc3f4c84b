/* The leak check of a run: processes stand in the order of their ends, sums are of their own
 * blocks, and who is missing is said. */
#include "mem/leaks/leak_run.h"

#include "core/metrics.h"
#include "core/options.h"
#include "mem/counts.h"
#include "mem/heap.h"
#include "mem/leaks/kinds.h"
#include "mem/leaks/leak_result.h"
#include "tests/unit/leak_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct leak_settings settings = {
    .loss = {LEAK_RESOLUTION_HIGH, 12, NULL, NULL, NULL},
    .shown_kinds = LEAK_ALL_KINDS,
    .error_kinds = LEAK_ALL_KINDS,
};

/* A shell (7) that ended last, a forked child of it (8), which inherited its lost block, and that
 * child's place taken by another program (8, exec 1). Each lost 10 bytes of its own in one block.
 */
struct family {
	struct leak_fixture fixture;
	struct leak_row rows[3];
	struct leak_verdict verdicts[3];
	struct heap_process processes[3];
	struct heap_run run;
	struct leak_run *leaks;
};

static void family_init(struct family *family)
{
	uint32_t stack;

	memset(family, 0, sizeof(*family));
	leak_fixture_init(&family->fixture);
	stack = leak_fixture_stack(&family->fixture, "lose@10 main@20");
	for (size_t i = 0; i < 3; i++) {
		family->rows[i] = (struct leak_row){
		    .stack = stack, .kind = LEAK_DEFINITE, .n_blocks = 1, .bytes = 10};
		family->verdicts[i].rows = &family->rows[i];
		family->verdicts[i].n_rows = 1;
		family->processes[i] = (struct heap_process){
		    .pid = i ? 8 : 7,
		    .parent_pid = i ? 7 : 0,
		    .exec_number = i == 2,
		    .command = (char *)(i == 2 ? "other" : "sh"),
		    .comm = "sh",
		    .end_ns = 100 - 10 * i,
		    .totals = {.in_use_bytes = 10, .in_use_blocks = 1},
		    .recording = family->fixture.recording,
		    .leaks = &family->verdicts[i],
		};
	}
	family->rows[1].is_inherited = true;
	family->processes[1].totals.in_use_bytes = family->processes[1].totals.in_use_blocks = 0;
	family->processes[1].totals.inherited_bytes = 10;
	family->processes[1].totals.inherited_blocks = 1;
	family->run = (struct heap_run){
	    .target = 7, .processes = family->processes, .n_processes = 3, .is_leak_checked = true};
}

static struct leak_document check(struct family *family)
{
	family->leaks = leak_run_new(&family->run, &settings, family->fixture.symbolizer);
	assert_non_null(family->leaks);
	return leak_run_document(family->leaks);
}

static void family_fini(struct family *family)
{
	leak_run_free(family->leaks);
	leak_fixture_fini(&family->fixture);
}

static bool has_metric(const struct family *family, const char *name, double *value)
{
	struct metrics *metrics = metrics_new();
	bool is_there;

	leak_result_add_metrics(metrics, family->leaks);
	is_there = metrics_value(metrics, name, value);
	metrics_free(metrics);
	return is_there;
}

static void processes_stand_in_the_order_of_their_ends(void **state)
{
	struct family family;
	struct leak_document document;

	(void)state;
	family_init(&family);
	document = check(&family);
	assert_int_equal(document.n_processes, 3);
	assert_string_equal(document.processes[0].command, "other");
	assert_int_equal(document.processes[1].pid, 8);
	assert_int_equal(document.processes[2].pid, 7);
	assert_true(document.processes[2].is_first);
	assert_false(document.processes[1].is_first);
	assert_int_equal(document.processes[1].inherited.n_blocks, 1);
	assert_int_equal(document.processes[0].notes->n_texts, 0);
	assert_null(leak_run_limit(family.leaks));
	/* Their records have names that are of no process's recording. */
	assert_null(leak_run_names(family.leaks, NULL));
	assert_null(leak_run_names(family.leaks, &family.processes[0]));
	family_fini(&family);
}

static void sums_and_metrics_are_of_own_blocks(void **state)
{
	struct family family;
	double value = -1;

	(void)state;
	family_init(&family);
	check(&family);
	assert_int_equal(leak_run_sums(family.leaks).kinds[LEAK_DEFINITE].bytes, 20);
	assert_null(leak_run_lack(family.leaks));
	assert_true(has_metric(&family, "mem.definitely_lost_bytes", &value));
	assert_true(value == 20);
	assert_true(has_metric(&family, "mem.suppressed_blocks", &value));
	assert_true(value == 0);
	family_fini(&family);
}

static void an_image_that_ended_by_exec_is_left_out(void **state)
{
	struct family family;
	struct leak_document document;

	(void)state;
	family_init(&family);
	family.processes[1].leaks = NULL;
	document = check(&family);
	assert_int_equal(document.n_processes, 2);
	assert_null(leak_run_lack(family.leaks));
	assert_false(leak_run_process_document(family.leaks, &family.processes[1], &document));
	assert_true(leak_run_process_document(family.leaks, &family.processes[2], &document));
	assert_int_equal(document.n_processes, 1);
	assert_string_equal(document.processes[0].command, "other");
	family_fini(&family);
}

static void without_one_verdict_there_are_no_metrics(void **state)
{
	struct family family;
	struct leak_document document;
	double value;

	(void)state;
	family_init(&family);
	family.processes[2].leaks = NULL;
	family.processes[2].why_no_leaks = (char *)"its memory\ncould not be read";
	document = check(&family);
	assert_string_equal(document.processes[0].missing, "its memory could not be read");
	assert_string_equal(leak_run_lack(family.leaks),
	                    "processes that were not checked for leaks: 1; first 8 (other): its "
	                    "memory could not be read");
	assert_false(has_metric(&family, "mem.definitely_lost_bytes", &value));
	/* What the others lost is known all the same. */
	assert_int_equal(leak_run_sums(family.leaks).kinds[LEAK_DEFINITE].bytes, 10);
	assert_true(leak_run_has_verdict(family.leaks));
	family_fini(&family);
}

/* Nothing went wrong, and no other program took its place. */
static void a_process_that_goes_on_is_missing(void **state)
{
	struct family family;

	(void)state;
	family_init(&family);
	family.processes[0].leaks = NULL;
	family.processes[0].end_ns = 0;
	assert_string_equal(check(&family).processes[2].missing,
	                    "it had not ended when the run did");
	assert_non_null(leak_run_lack(family.leaks));
	family_fini(&family);
}

static void an_image_that_was_not_observed_is_named_and_takes_no_metric(void **state)
{
	struct heap_refusal refusal = {.pid = 9,
	                               .parent_pid = 7,
	                               .command = (char *)"static",
	                               .reason = (char *)"it is static"};
	struct family family;
	struct leak_document document;
	double value;

	(void)state;
	family_init(&family);
	family.run.refusals = &refusal;
	family.run.n_refusals = 1;
	family.run.n_unobserved_forks = 2;
	document = check(&family);
	assert_int_equal(document.n_processes, 4);
	assert_int_equal(document.processes[3].pid, 9);
	assert_string_equal(document.processes[3].missing, "it is static");
	assert_null(document.processes[3].losses);
	assert_string_equal(document.notes->texts[0], "forked processes that were not observed: 2");
	assert_true(has_metric(&family, "mem.definitely_lost_bytes", &value));
	family_fini(&family);
}

static void what_limits_a_verdict_is_noted(void **state)
{
	struct family family;
	const struct text_list *notes;

	(void)state;
	family_init(&family);
	family.verdicts[0].trouble = (char *)"a stack could not be read";
	family.processes[0].troubles[0] = (struct heap_trouble){"free", "not counted", 1};
	family.processes[0].totals.in_use_blocks = 2;
	notes = check(&family).processes[2].notes;
	assert_int_equal(notes->n_texts, 3);
	assert_string_equal(notes->texts[0], "a stack could not be read");
	assert_string_equal(notes->texts[2], "1 free not counted");
	assert_string_equal(leak_run_limit(family.leaks), "7 (sh): a stack could not be read");
	assert_string_equal(notes->texts[1], "looked at 10 bytes in 1 block, while 10 bytes in 2 "
	                                     "blocks counted as in use");
	family_fini(&family);
}

/* With a stack of two frames, as the family's. */
static struct recording *heap_recording_of_two_frames(void)
{
	static const struct object program = {
	    .kind = OBJECT_FILE, .path = (char *)"/opt/bin/app", .fd = -1};
	struct recording *recording = heap_recording_new(0);
	uint32_t object = recording_add_object(recording, &program);
	struct recorded_frame frames[] = {{object, false, 10}, {object, true, 20}};

	recording_add_stack(recording, frames, 2);
	return recording;
}

/* All that a recording has of a type. */
static uint64_t sum_of(const struct recording *recording, enum heap_type type)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < recording_n_samples(recording); i++) {
		const uint64_t *values;

		recording_sample(recording, i, &values);
		sum += values[type];
	}
	return sum;
}

static void what_leaked_is_definite_own_and_with_its_clique(void **state)
{
	static const uint64_t bytes[] = {1010, 0, 0}, blocks[] = {6, 0, 0};
	struct family family;

	(void)state;
	family_init(&family);
	family.rows[0].indirect_bytes = 1000;
	family.rows[0].indirect_blocks = 5;
	family.rows[2].kind = LEAK_POSSIBLE;
	check(&family);
	for (size_t i = 0; i < 3; i++)
		family.processes[i].recording = heap_recording_of_two_frames();
	leak_run_enter(family.leaks, &family.run);
	for (size_t i = 0; i < 3; i++) {
		struct recording *recording = family.processes[i].recording;

		assert_int_equal(sum_of(recording, HEAP_LEAKED_SPACE), bytes[i]);
		assert_int_equal(sum_of(recording, HEAP_LEAKED_OBJECTS), blocks[i]);
		recording_free(recording);
	}
	family_fini(&family);
}

static void the_stacks_of_an_only_process_are_named_once(void **state)
{
	struct leak_settings with_files = settings;
	struct leak_document document;
	struct family family;

	(void)state;
	with_files.has_files = true;
	family_init(&family);
	family.run.n_processes = 1;
	family.leaks = leak_run_new(&family.run, &with_files, family.fixture.symbolizer);
	document = leak_run_document(family.leaks);
	assert_ptr_equal(document.recording, family.fixture.recording);
	assert_ptr_equal(document.profile, leak_run_names(family.leaks, family.processes));
	assert_int_equal(document.processes[0].losses->n_records, 1);
	leak_run_free(family.leaks);
	/* What was inherited may have stacks without a sample of its own. */
	family.rows[0].is_inherited = true;
	family.leaks = leak_run_new(&family.run, &with_files, family.fixture.symbolizer);
	assert_null(leak_run_names(family.leaks, family.processes));
	assert_int_equal(leak_run_document(family.leaks).processes[0].losses->n_records, 1);
	family_fini(&family);
}

static void a_run_that_was_not_checked_has_none(void **state)
{
	struct family family;

	(void)state;
	family_init(&family);
	family.run.is_leak_checked = false;
	assert_null(leak_run_new(&family.run, &settings, family.fixture.symbolizer));
	family_fini(&family);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(processes_stand_in_the_order_of_their_ends),
	    cmocka_unit_test(sums_and_metrics_are_of_own_blocks),
	    cmocka_unit_test(an_image_that_ended_by_exec_is_left_out),
	    cmocka_unit_test(without_one_verdict_there_are_no_metrics),
	    cmocka_unit_test(a_process_that_goes_on_is_missing),
	    cmocka_unit_test(an_image_that_was_not_observed_is_named_and_takes_no_metric),
	    cmocka_unit_test(what_limits_a_verdict_is_noted),
	    cmocka_unit_test(what_leaked_is_definite_own_and_with_its_clique),
	    cmocka_unit_test(the_stacks_of_an_only_process_are_named_once),
	    cmocka_unit_test(a_run_that_was_not_checked_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
