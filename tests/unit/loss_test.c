/* Loss records: rows of one kind are joined by the addresses they begin with, sorted and summed as
 * memcheck does, and shown with the allocation function on top. */
#include "mem/leaks/loss.h"

#include "core/diag.h"
#include "mem/leaks/library.h"
#include "mem/leaks/suppression.h"
#include "tests/unit/leak_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct loss_settings usual = {LEAK_RESOLUTION_HIGH, 12, NULL, NULL, NULL};

static struct leak_row row(uint32_t stack, enum leak_kind kind, uint64_t n_blocks, uint64_t bytes)
{
	return (struct leak_row){
	    .stack = stack, .kind = kind, .n_blocks = n_blocks, .bytes = bytes};
}

static void make(struct loss_list *list, const struct leak_fixture *fixture,
                 const struct leak_row *rows, size_t n_rows, struct loss_settings settings)
{
	loss_list_make(list, rows, n_rows, fixture->recording, fixture->profile, &settings);
}

/* Three stacks that differ in their fifth frame, in their second, and in an address alone. */
struct stacks {
	struct leak_fixture fixture;
	struct leak_row rows[4];
};

static void stacks_init(struct stacks *stacks)
{
	static const char *const words[] = {
	    "a@10 b@20 c@30 d@40 main@50",
	    "a@10 b@20 c@30 e@41 main@50",
	    "a@10 f@21 c@30 d@40 main@50",
	    "a@10 b@22 c@30 d@40 main@50",
	};

	leak_fixture_init(&stacks->fixture);
	for (size_t i = 0; i < 4; i++)
		stacks->rows[i] = row(leak_fixture_stack(&stacks->fixture, words[i]), LEAK_DEFINITE,
		                      1, (uint64_t)1 << (4 * i));
	leak_fixture_name(&stacks->fixture);
}

static size_t count_records(const struct stacks *stacks, enum leak_resolution resolution,
                            unsigned num_callers)
{
	struct loss_settings settings = {resolution, num_callers, NULL, NULL, NULL};
	struct loss_list list;
	size_t n;

	make(&list, &stacks->fixture, stacks->rows, 4, settings);
	n = list.n_records;
	loss_list_fini(&list);
	return n;
}

/* With malloc on top: high compares all that is shown, med malloc and three, low malloc and one. */
static void a_resolution_is_how_many_frames_are_compared(void **state)
{
	struct stacks stacks;

	(void)state;
	stacks_init(&stacks);
	assert_int_equal(count_records(&stacks, LEAK_RESOLUTION_HIGH, 12), 4);
	assert_int_equal(count_records(&stacks, LEAK_RESOLUTION_MED, 12), 3);
	assert_int_equal(count_records(&stacks, LEAK_RESOLUTION_LOW, 12), 1);
	assert_int_equal(count_records(&stacks, LEAK_RESOLUTION_HIGH, 5), 4);
	assert_int_equal(count_records(&stacks, LEAK_RESOLUTION_HIGH, 4), 3);
	assert_int_equal(count_records(&stacks, LEAK_RESOLUTION_HIGH, 2), 1);
	assert_int_equal(count_records(&stacks, LEAK_RESOLUTION_MED, 1), 1);
	leak_fixture_fini(&stacks.fixture);
}

static void kinds_and_allocation_functions_are_kept_apart_and_heuristics_are_not(void **state)
{
	struct leak_fixture fixture;
	struct leak_row rows[4];
	struct loss_list list;

	(void)state;
	leak_fixture_init(&fixture);
	rows[0] = row(leak_fixture_stack(&fixture, "a@10 main@20"), LEAK_REACHABLE, 1, 10);
	rows[1] = rows[2] = rows[3] = rows[0];
	rows[1].heuristic = LEAK_NEWARRAY;
	rows[2].function = LEAK_CALLOC;
	rows[3].kind = LEAK_POSSIBLE;
	leak_fixture_name(&fixture);
	make(&list, &fixture, rows, 4, usual);
	assert_int_equal(list.n_records, 3);
	assert_int_equal(list.record_of[0], list.record_of[1]);
	assert_int_equal(list.records[list.record_of[0]].n_blocks, 2);
	assert_string_equal(list.records[list.record_of[2]].allocator, "calloc");
	assert_int_equal(list.by_heuristic[LEAK_NEWARRAY].bytes, 10);
	assert_int_equal(list.by_heuristic[LEAK_NEWARRAY].n_blocks, 1);
	assert_int_equal(list.by_heuristic[LEAK_STDSTRING].n_blocks, 0);
	loss_list_fini(&list);
	leak_fixture_fini(&fixture);
}

/* By direct and indirect bytes, then by kind, then by blocks; the largest is the last. */
static void records_are_sorted_as_memcheck_sorts_them(void **state)
{
	static const struct {
		enum leak_kind kind;
		uint64_t n_blocks;
		uint64_t bytes;
		uint64_t indirect_bytes;
	} sorted[] = {
	    {LEAK_DEFINITE, 1, 9, 0},  {LEAK_REACHABLE, 5, 40, 0}, {LEAK_POSSIBLE, 1, 40, 0},
	    {LEAK_INDIRECT, 1, 40, 0}, {LEAK_DEFINITE, 1, 16, 24}, {LEAK_DEFINITE, 2, 40, 0},
	};
	enum { N = sizeof(sorted) / sizeof(sorted[0]) };
	struct leak_fixture fixture;
	struct leak_row rows[N];
	struct loss_list list;

	(void)state;
	leak_fixture_init(&fixture);
	for (size_t i = 0; i < N; i++) {
		size_t at = (i * 5 + 3) % N;
		char *words = xasprintf("a@%zu main@200", 100 + i);

		rows[i] = row(leak_fixture_stack(&fixture, words), sorted[at].kind,
		              sorted[at].n_blocks, sorted[at].bytes);
		rows[i].indirect_bytes = sorted[at].indirect_bytes;
		free(words);
	}
	leak_fixture_name(&fixture);
	make(&list, &fixture, rows, N, usual);
	assert_int_equal(list.n_records, N);
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(list.records[i].kind, sorted[i].kind);
		assert_int_equal(list.records[i].n_blocks, sorted[i].n_blocks);
		assert_int_equal(loss_record_total(&list.records[i]),
		                 sorted[i].bytes + sorted[i].indirect_bytes);
		assert_int_equal(list.record_of[i], (i * 5 + 3) % N);
	}
	loss_list_fini(&list);
	leak_fixture_fini(&fixture);
}

/* Cliques are in the indirect sum, where their blocks are, and not in the leaders'. */
static void sums_are_of_direct_bytes_and_own_ones_leave_out_what_was_inherited(void **state)
{
	struct leak_fixture fixture;
	struct leak_row rows[3];
	struct loss_list list;
	struct loss_sums twice = {.suppressed = {0, 0}};

	(void)state;
	leak_fixture_init(&fixture);
	rows[0] = row(leak_fixture_stack(&fixture, "a@10 main@20"), LEAK_DEFINITE, 2, 32);
	rows[0].indirect_bytes = 48;
	rows[1] = row(leak_fixture_stack(&fixture, "b@11 main@20"), LEAK_INDIRECT, 2, 48);
	rows[2] = rows[0];
	rows[2].is_inherited = true;
	leak_fixture_name(&fixture);
	make(&list, &fixture, rows, 3, usual);
	assert_int_equal(list.n_records, 2);
	assert_int_equal(list.sums.kinds[LEAK_DEFINITE].bytes, 64);
	assert_int_equal(list.sums.kinds[LEAK_DEFINITE].n_blocks, 4);
	assert_int_equal(list.sums.kinds[LEAK_INDIRECT].bytes, 48);
	assert_int_equal(list.own.kinds[LEAK_DEFINITE].bytes, 32);
	assert_int_equal(list.own.kinds[LEAK_DEFINITE].n_blocks, 2);
	assert_int_equal(loss_count(&list, 1 << LEAK_DEFINITE | 1 << LEAK_POSSIBLE, false), 1);
	assert_int_equal(loss_count(&list, ~0U, false), 2);
	loss_sums_add(&twice, &list.sums);
	loss_sums_add(&twice, &list.sums);
	assert_int_equal(twice.kinds[LEAK_INDIRECT].bytes, 96);
	loss_list_fini(&list);
	leak_fixture_fini(&fixture);
}

/* A leader that is suppressed leaves its clique as it is: each record by itself. */
static void what_is_suppressed_is_summed_apart(void **state)
{
	static const char text[] = "{\n one\n Memcheck:Leak\n fun:malloc\n fun:a\n}\n";
	struct suppressions *suppressions = suppressions_new();
	struct loss_settings settings = {LEAK_RESOLUTION_HIGH, 12, suppressions, NULL, NULL};
	struct leak_fixture fixture;
	struct leak_row rows[2];
	struct loss_list list;

	(void)state;
	assert_int_equal(
	    suppressions_parse(suppressions, "test", text, strlen(text), &(struct diag){""}), 0);
	leak_fixture_init(&fixture);
	rows[0] = row(leak_fixture_stack(&fixture, "a@10 main@20"), LEAK_DEFINITE, 1, 16);
	rows[0].indirect_bytes = 24;
	rows[1] = row(leak_fixture_stack(&fixture, "b@11 main@20"), LEAK_INDIRECT, 1, 24);
	leak_fixture_name(&fixture);
	make(&list, &fixture, rows, 2, settings);
	assert_int_equal(list.records[list.record_of[0]].suppression, 1);
	assert_int_equal(list.sums.kinds[LEAK_DEFINITE].n_blocks, 0);
	assert_int_equal(list.sums.kinds[LEAK_INDIRECT].n_blocks, 1);
	assert_int_equal(list.sums.suppressed.bytes, 16);
	assert_int_equal(list.own.suppressed.n_blocks, 1);
	assert_int_equal(loss_count(&list, 1 << LEAK_DEFINITE, false), 0);
	assert_int_equal(loss_count(&list, 1 << LEAK_DEFINITE, true), 1);
	loss_list_fini(&list);
	leak_fixture_fini(&fixture);
	suppressions_free(suppressions);
}

/* The frames of the only record of a stack, as "function:line" words. */
static void assert_frames(const char *stack, unsigned num_callers, const char *expected)
{
	struct leak_fixture fixture;
	struct leak_row only;
	struct loss_list list;
	const struct leak_library library = {.vaddr = {[LEAK_MALLOC] = 5}};
	struct loss_settings settings = {LEAK_RESOLUTION_HIGH, num_callers, NULL, NULL, &library};
	struct loss_frame *frames;
	char *text = xstrdup("");
	size_t n;

	leak_fixture_init(&fixture);
	only = row(leak_fixture_stack(&fixture, stack), LEAK_DEFINITE, 1, 1);
	leak_fixture_name(&fixture);
	make(&list, &fixture, &only, 1, settings);
	frames = loss_record_frames(&list.records[0], fixture.recording, fixture.profile,
	                            num_callers, &n);
	for (size_t i = 0; i < n; i++) {
		char *longer = xasprintf("%s%s%s:%lu", text, *text ? " " : "",
		                         frames[i].function ? frames[i].function : "???",
		                         (unsigned long)frames[i].vaddr);

		assert_true(frames[i].has_address == (frames[i].vaddr != 0));
		free(text);
		text = longer;
	}
	assert_string_equal(text, expected);
	free(text);
	free(frames);
	loss_list_fini(&list);
	leak_fixture_fini(&fixture);
}

static void frames_are_those_that_memcheck_shows(void **state)
{
	(void)state;
	assert_frames("a@10 main@20 start@30", 12, "malloc:5 a:10 main:20");
	assert_frames("a@10 b@15 main@20", 3, "malloc:5 a:10 b:15");
	/* Inlined calls are of the address that they are at. */
	assert_frames("in+a@10 b@15 main@20", 3, "malloc:5 in:10 a:10 b:15");
	assert_frames("call_init+start@10 _start@20 ?@30", 12,
	              "malloc:5 call_init:10 start:10 (below main):20");
	assert_frames("a@10 ?@15 __libc_start_call_main@20 _start@30", 12,
	              "malloc:5 a:10 ???:15 (below main):20");
	assert_frames("a@10 generic_start_main.isra.0@20 _start@30", 12,
	              "malloc:5 a:10 (below main):20");
	/* A stripped C library has a name for the outer of these two alone. */
	assert_frames("a@10 ?@15 __libc_start_main_impl@20 _start@30", 12,
	              "malloc:5 a:10 (below main):15");
	assert_frames("?@10 main@20", 12, "malloc:5 ???:10 main:20");
	assert_frames("", 12, "malloc:5");
}

/* It is libstdc++'s own, and of several the one that the program called. */
static void operator_new_is_its_own_allocation_function(void **state)
{
	(void)state;
	assert_frames("operator~new(long)@10 main@20", 12, "operator new(long):10 main:20");
	assert_frames("operator~new(long)@10 operator~new[](long)@15 main@20", 2,
	              "operator new[](long):15 main:20");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_resolution_is_how_many_frames_are_compared),
	    cmocka_unit_test(kinds_and_allocation_functions_are_kept_apart_and_heuristics_are_not),
	    cmocka_unit_test(records_are_sorted_as_memcheck_sorts_them),
	    cmocka_unit_test(sums_are_of_direct_bytes_and_own_ones_leave_out_what_was_inherited),
	    cmocka_unit_test(what_is_suppressed_is_summed_apart),
	    cmocka_unit_test(frames_are_those_that_memcheck_shows),
	    cmocka_unit_test(operator_new_is_its_own_allocation_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
