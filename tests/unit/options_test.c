/* Options: values are read by their rows, bad ones are refused with a sentence. */
#include "core/options.h"

#include "core/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct sample_options {
	bool kernel;
	bool slow;
	bool loud, quiet, mute;
	uint64_t freq_hz;
	uint64_t limit_ns;
	uint64_t stack_bytes;
	double threshold;
	char *user;
	struct text_list notes;
	int unit;
	char *json;
	struct option_extent narrow;
};

static const char *const units[] = {"ms", "B", NULL};

#define FIELD(name) offsetof(struct sample_options, name)

static const struct option_row rows[] = {
    {.name = "kernel", .kind = OPTION_SWITCH, .field = FIELD(kernel), .fallback = "yes"},
    {.name = "fast",
     .kind = OPTION_SWITCH,
     .field = FIELD(slow),
     .fallback = "yes",
     .is_opposite = true},
    {.name = "loud",
     .kind = OPTION_SWITCH,
     .field = FIELD(loud),
     .effect = OPTION_TURNS_OFF,
     .effect_field = FIELD(quiet)},
    {.name = "quiet",
     .kind = OPTION_SWITCH,
     .field = FIELD(quiet),
     .effect = OPTION_TURNS_OFF,
     .effect_field = FIELD(loud)},
    {.name = "mute",
     .kind = OPTION_SWITCH,
     .field = FIELD(mute),
     .effect = OPTION_TURNS_ON,
     .effect_field = FIELD(quiet)},
    {.name = "slow", .kind = OPTION_SWITCH, .field = FIELD(slow)},
    {.name = "freq",
     .letter = 'F',
     .kind = OPTION_HZ,
     .field = FIELD(freq_hz),
     .argument = "HZ",
     .fallback = "997",
     .min = 1,
     .max = 1000000,
     .alias = "sampling-rate"},
    {.name = "timeout", .kind = OPTION_SECONDS, .field = FIELD(limit_ns), .argument = "SECONDS"},
    {.name = "stack-size", .kind = OPTION_BYTES, .field = FIELD(stack_bytes), .argument = "BYTES"},
    {.name = "threshold", .kind = OPTION_PERCENT, .field = FIELD(threshold), .argument = "PERCENT"},
    {.name = "user", .kind = OPTION_TEXT, .field = FIELD(user), .argument = "NAME"},
    {.name = "note", .kind = OPTION_LIST, .field = FIELD(notes), .argument = "TEXT"},
    {.name = "time-unit",
     .kind = OPTION_CHOICE,
     .field = FIELD(unit),
     .argument = "UNIT",
     .choices = units,
     .fallback = "ms"},
    {.name = "json", .kind = OPTION_MAYBE, .field = FIELD(json), .argument = "FILE"},
    {.name = "minwidth", .kind = OPTION_EXTENT, .field = FIELD(narrow), .argument = "PIXELS|P%"},
    {0},
};
static const struct option_table table = {rows, sizeof(struct sample_options)};

static int set(void *options, const char *name, const char *value, struct diag *diag)
{
	return options_set(options_find(&table, name), options, value, diag);
}

static void defaults_come_from_the_table(void **state)
{
	struct sample_options *options = options_new(&table);

	(void)state;
	assert_true(options->kernel);
	assert_int_equal(options->freq_hz, 997);
	assert_int_equal(options->unit, 0);
	assert_null(options->user);
	options_free(&table, options);
}

static void values_are_read_in_their_units(void **state)
{
	struct sample_options *options = options_new(&table);
	struct diag diag;

	(void)state;
	assert_int_equal(set(options, "sampling-rate", "2kHz", &diag), 0);
	assert_int_equal(options->freq_hz, 2000);
	assert_int_equal(set(options, "timeout", "2.5", &diag), 0);
	assert_int_equal(options->limit_ns, 2500000000);
	assert_int_equal(set(options, "stack-size", "64K", &diag), 0);
	assert_int_equal(options->stack_bytes, 65536);
	assert_int_equal(set(options, "threshold", "1.5%", &diag), 0);
	assert_true(options->threshold == 1.5);
	assert_int_equal(set(options, "kernel", "no", &diag), 0);
	assert_false(options->kernel);
	assert_int_equal(set(options, "time-unit", "B", &diag), 0);
	assert_int_equal(options->unit, 1);
	assert_int_equal(set(options, "note", "a", &diag), 0);
	assert_int_equal(set(options, "note", "b", &diag), 0);
	assert_int_equal(options->notes.n_texts, 2);
	assert_int_equal(set(options, "json", NULL, &diag), 0);
	assert_string_equal(options->json, "");
	options_free(&table, options);
}

static void a_switch_turns_others(void **state)
{
	struct sample_options *options = options_new(&table);
	struct diag diag;

	(void)state;
	assert_int_equal(set(options, "loud", NULL, &diag), 0);
	assert_int_equal(set(options, "quiet", "yes", &diag), 0);
	assert_true(options->quiet && !options->loud);
	assert_int_equal(set(options, "loud", "no", &diag), 0);
	assert_true(options->quiet && !options->loud);
	assert_int_equal(set(options, "loud", NULL, &diag), 0);
	assert_true(options->loud && !options->quiet);
	assert_int_equal(set(options, "mute", NULL, &diag), 0);
	assert_true(options->mute && options->quiet);
	assert_int_equal(set(options, "quiet", "no", &diag), 0);
	assert_true(options->mute && !options->quiet);
	options_free(&table, options);
}

static void bad_values_are_refused_with_a_sentence(void **state)
{
	static const char *const bad[][2] = {
	    {"freq", "0"},        {"freq", "2000000"},    {"freq", "9.5"},     {"freq", "fast"},
	    {"freq", ""},         {"freq", "-1"},         {"freq", "nan"},     {"freq", "1e99"},
	    {"timeout", "2x"},    {"stack-size", "64Q"},  {"kernel", "maybe"}, {"time-unit", "s"},
	    {"threshold", "101"}, {"threshold", "1.5.2"},
	};
	struct sample_options *options = options_new(&table);
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(set(options, bad[i][0], bad[i][1], &diag), -22);
		assert_non_null(strstr(diag.text, bad[i][0]));
	}
	assert_int_equal(set(options, "user", NULL, &diag), -22);
	options_free(&table, options);
}

static void what_may_be_typed_is_said(void **state)
{
	struct sample_options *options = options_new(&table);
	struct diag diag;

	(void)state;
	assert_int_equal(set(options, "freq", "2000000", &diag), -22);
	assert_string_equal(diag.text, "option 'freq' is at most 1000000, not '2000000'");
	assert_int_equal(set(options, "time-unit", "mss", &diag), -22);
	assert_string_equal(diag.text,
	                    "option 'time-unit' does not know 'mss'; did you mean 'ms'?");
	assert_int_equal(set(options, "time-unit", "years", &diag), -22);
	assert_string_equal(diag.text, "option 'time-unit' does not know 'years'; it takes ms, B");
	options_free(&table, options);
}

static void the_nearest_word_is_found_or_none(void **state)
{
	static const char *const words[] = {"cpu", "memory", "io", "frequency", NULL};

	(void)state;
	assert_string_equal(nearest_word("memroy", words), "memory");
	assert_string_equal(nearest_word("cpus", words), "cpu");
	assert_string_equal(nearest_word("freqency", words), "frequency");
	assert_null(nearest_word("zebra", words));
	/* Half the letters differ: no slip, but another word. */
	assert_null(nearest_word("memxyz", words));
}

static void an_extent_is_pixels_or_a_share(void **state)
{
	static const char *const wrong[] = {"", "x", "1px", "-1", "101%", "1%%", "nan"};
	struct sample_options *options = options_new(&table);
	struct diag diag;
	json_t *json;

	(void)state;
	assert_int_equal(set(options, "minwidth", "0.5", &diag), 0);
	assert_true(options->narrow.number == 0.5 && !options->narrow.is_percent);
	assert_int_equal(set(options, "minwidth", "2.5%", &diag), 0);
	assert_true(options->narrow.number == 2.5 && options->narrow.is_percent);
	json = options_to_json(&table, options);
	assert_string_equal(json_string_value(json_object_get(json, "minwidth")), "2.5%");
	json_decref(json);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_true(set(options, "minwidth", wrong[i], &diag) < 0);
	assert_true(options->narrow.number == 2.5);
	options_free(&table, options);
}

static void of_two_names_for_one_choice_the_later_wins(void **state)
{
	struct sample_options *options = options_new(&table);
	struct diag diag;
	json_t *json;

	(void)state;
	assert_false(options->slow);
	assert_int_equal(set(options, "slow", NULL, &diag), 0);
	assert_true(options->slow);
	json = options_to_json(&table, options);
	assert_true(json_is_true(json_object_get(json, "slow")));
	assert_true(json_is_false(json_object_get(json, "fast")));
	json_decref(json);
	assert_int_equal(set(options, "fast", NULL, &diag), 0);
	assert_false(options->slow);
	assert_int_equal(set(options, "fast", "no", &diag), 0);
	assert_true(options->slow);
	options_free(&table, options);
}

static void a_field_is_told_to_be_as_in_another_struct(void **state)
{
	struct sample_options *options = options_new(&table), *defaults = options_new(&table);
	struct diag diag = {0};
	static const char *const values[][2] = {
	    {"kernel", "no"}, {"freq", "1"},    {"timeout", "2"},   {"threshold", "2.5"},
	    {"user", "x"},    {"note", "once"}, {"time-unit", "B"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		const struct option_row *row = options_find(&table, values[i][0]);

		assert_true(options_are_alike(row, options, defaults));
		assert_int_equal(options_set(row, options, values[i][1], &diag), 0);
		assert_false(options_are_alike(row, options, defaults));
		options_copy(row, defaults, options);
		assert_true(options_are_alike(row, options, defaults));
	}
	options_free(&table, options);
	options_free(&table, defaults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_extent_is_pixels_or_a_share),
	    cmocka_unit_test(a_field_is_told_to_be_as_in_another_struct),
	    cmocka_unit_test(defaults_come_from_the_table),
	    cmocka_unit_test(values_are_read_in_their_units),
	    cmocka_unit_test(a_switch_turns_others),
	    cmocka_unit_test(bad_values_are_refused_with_a_sentence),
	    cmocka_unit_test(of_two_names_for_one_choice_the_later_wins),
	    cmocka_unit_test(what_may_be_typed_is_said),
	    cmocka_unit_test(the_nearest_word_is_found_or_none),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
