/* Samples chosen by command, process, thread and time. */
#include "core/selection.h"

#include "core/diag.h"
#include "core/recording.h"
#include "core/stack_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Samples at 0, 1, ... 9 s, in turn of the threads 1/1 prog, 1/2 worker-1, 3/3 sh; values 1 and i.
 */
static struct recording *ten_seconds(void)
{
	static const struct value_type types[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};
	struct recording *recording = recording_new(types, 2);
	struct object object = {.kind = OBJECT_FILE, .path = "/bin/prog", .pid = 1, .fd = -1};
	uint32_t program = recording_add_object(recording, &object);
	uint32_t threads[] = {recording_add_thread(recording, 1, 1, "prog"),
	                      recording_add_thread(recording, 1, 2, "worker-1"),
	                      recording_add_thread(recording, 3, 3, "sh")};

	for (uint64_t i = 0; i < 10; i++) {
		struct recorded_frame frame = {program, false, 0x100 + i};

		recording_add_sample(recording,
		                     (struct sample){
		                         .time_ns = i * 1000000000,
		                         .thread = threads[i % 3],
		                         .stack = recording_add_stack(recording, &frame, 1),
		                     },
		                     (uint64_t[]){1, i});
	}
	recording_add_loss(recording, "lost", 5);
	return recording;
}

/* How many samples are chosen; in_span gets the values of the span. */
static size_t n_chosen(struct selection_options options, uint64_t *in_span)
{
	struct recording *all = ten_seconds();
	struct selection selection;
	struct diag diag = {""};
	struct recording *chosen;
	size_t n;

	assert_int_equal(selection_init(&selection, &options, &diag), 0);
	chosen = recording_select(all, &selection, in_span);
	n = recording_n_samples(chosen);
	assert_int_equal(recording_n_threads(chosen), 3);
	assert_int_equal(recording_n_objects(chosen), 1);
	assert_int_equal(stack_table_count(recording_stacks(chosen)), 10);
	assert_int_equal(recording_loss(chosen, 0).count, 5);
	selection_fini(&selection);
	recording_free(chosen);
	recording_free(all);
	return n;
}

static void nothing_asked_is_everything(void **state)
{
	struct selection_options options = {0};
	struct selection selection;
	struct diag diag;
	uint64_t in_span[2];

	(void)state;
	assert_int_equal(n_chosen(options, in_span), 10);
	assert_int_equal(in_span[0], 10);
	assert_int_equal(in_span[1], 45);
	assert_int_equal(selection_init(&selection, &options, &diag), 0);
	assert_true(selection_is_all(&selection));
	selection_fini(&selection);
}

static void threads_are_chosen_by_name_and_number(void **state)
{
	uint64_t in_span[2];

	(void)state;
	assert_int_equal(n_chosen((struct selection_options){.comms = "prog"}, in_span), 4);
	assert_int_equal(in_span[0], 10); /* shares stay those of the whole */
	assert_int_equal(n_chosen((struct selection_options){.comms = "worker-*,sh"}, in_span), 6);
	assert_int_equal(n_chosen((struct selection_options){.pids = "1"}, in_span), 7);
	assert_int_equal(n_chosen((struct selection_options){.tids = "1,3"}, in_span), 7);
	assert_int_equal(n_chosen((struct selection_options){.pids = "1", .comms = "sh"}, in_span),
	                 0);
}

static void a_span_holds_its_start_and_not_its_end(void **state)
{
	uint64_t in_span[2];

	(void)state;
	assert_int_equal(n_chosen((struct selection_options){.time = "2,5"}, in_span), 3);
	assert_int_equal(in_span[1], 2 + 3 + 4);
	assert_int_equal(n_chosen((struct selection_options){.time = "8.5,"}, in_span), 1);
	assert_int_equal(n_chosen((struct selection_options){.time = ",0.5"}, in_span), 1);
	assert_int_equal(n_chosen((struct selection_options){.time = "0,3", .tids = "2"}, in_span),
	                 1);
	assert_int_equal(in_span[0], 3);
}

static void what_is_no_choice_is_refused(void **state)
{
	static const struct selection_options wrong[] = {
	    {.tids = "x"},     {.tids = "1;2"},    {.pids = ","},     {.time = "1"},
	    {.time = "2,1"},   {.time = "1,1"},    {.time = "a,b"},   {.time = "-1,2"},
	    {.time = "0,nan"}, {.time = "0,1e99"}, {.time = "1,2,3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct selection selection;
		struct diag diag = {""};

		assert_int_equal(selection_init(&selection, &wrong[i], &diag), -EINVAL);
		assert_non_null(strstr(diag.text, "takes"));
		selection_fini(&selection);
	}
}

static void commas_in_brackets_do_not_split(void **state)
{
	struct text_list list = {0};

	(void)state;
	text_list_split(&list, "f<a, b>,g,,h(x, y),");
	assert_int_equal(list.n_texts, 3);
	assert_string_equal(list.texts[0], "f<a, b>");
	assert_string_equal(list.texts[2], "h(x, y)");
	text_list_fini(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_asked_is_everything),
	    cmocka_unit_test(threads_are_chosen_by_name_and_number),
	    cmocka_unit_test(a_span_holds_its_start_and_not_its_end),
	    cmocka_unit_test(what_is_no_choice_is_refused),
	    cmocka_unit_test(commas_in_brackets_do_not_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
