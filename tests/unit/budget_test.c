/* Budgets: split at the last sign outside brackets, in the units that the metric takes. */
#include "core/budget.h"

#include "core/diag.h"
#include "core/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_budget_is_metric_sign_and_value(void **state)
{
	static const struct {
		const char *text, *metric;
		enum gate_comparison comparison;
		double number;
		const char *unit;
	} cases[] = {
	    {"io.calls <= 20", "io.calls", GATE_AT_MOST, 20, ""},
	    {"io.calls<=20", "io.calls", GATE_AT_MOST, 20, ""},
	    {"  io.calls\t>=  2.5e1k ", "io.calls", GATE_AT_LEAST, 25, "k"},
	    {"run.wall_ns < 1.5 ms", "run.wall_ns", GATE_BELOW, 1.5, "ms"},
	    {"mem.peak_bytes>64MiB", "mem.peak_bytes", GATE_ABOVE, 64, "MiB"},
	    {"user.x == -0.5", "user.x", GATE_EQUAL, -0.5, ""},
	    {"cpu.self_percent(f) <= 20%", "cpu.self_percent(f)", GATE_AT_MOST, 20, "%"},
	    /* The last sign, and none of those in brackets. */
	    {"a < b <= 3", "a < b", GATE_AT_MOST, 3, ""},
	    {"cpu.self_percent(std::less<int>::operator<=) < 5",
	     "cpu.self_percent(std::less<int>::operator<=)", GATE_BELOW, 5, ""},
	    {"cpu.total_percent((anonymous namespace)::operator()) >= 1",
	     "cpu.total_percent((anonymous namespace)::operator())", GATE_AT_LEAST, 1, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct budget budget;
		struct diag diag;

		if (budget_parse(&budget, cases[i].text, &diag))
			fail_msg("%s: %s", cases[i].text, diag.text);
		assert_string_equal(budget.metric, cases[i].metric);
		assert_int_equal(budget.comparison, cases[i].comparison);
		assert_float_equal(budget.number, cases[i].number, 0);
		assert_string_equal(budget.unit, cases[i].unit);
		budget_fini(&budget);
	}
}

static void what_is_none_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
	    {"", "METRIC OP VALUE is expected"},
	    {"io.calls", "METRIC OP VALUE is expected"},
	    {"io.calls = 20", "OP is one of <= >= < > =="},
	    {"io.calls =< 20", "OP is one of <= >= < > =="},
	    {"io.calls => 20", "OP is one of <= >= < > =="},
	    {"<= 20", "METRIC OP VALUE is expected"},
	    {"io.calls <=", "'' is no number"},
	    {"io.calls <= many", "'many' is no number"},
	    {"io.calls <= 0x10", "'0x10' is no number"},
	    {"io.calls <= inf", "'inf' is no number"},
	    {"io.calls <= nan", "'nan' is no number"},
	    {"io.calls <= 1e999", "'1e999' is no number"},
	    {"cpu.self_percent(f <= 20", "is not closed"},
	    {"cpu.self_percent(f)) <= 20", "closed twice"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct budget budget;
		struct diag diag;

		if (!budget_parse(&budget, cases[i].text, &diag))
			fail_msg("'%s' was taken", cases[i].text);
		if (!strstr(diag.text, cases[i].sentence))
			fail_msg("'%s': no '%s' in '%s'", cases[i].text, cases[i].sentence,
			         diag.text);
	}
}

/* The factor, or 0: the unit is refused. */
static double factor_of(const char *of, const char *unit, struct diag *diag)
{
	struct metric_row row = {"x.y", of, METRIC_LOWER, ""};
	struct budget budget = {.metric = (char *)"x.y", .unit = (char *)unit};
	double factor;

	return budget_factor(&budget, &row, &factor, diag) ? 0 : factor;
}

static void units_are_those_of_the_metric(void **state)
{
	static const struct {
		const char *of, *unit;
		double factor;
	} cases[] = {
	    {"ns", "", 1},          {"ns", "ns", 1},
	    {"ns", "us", 1e3},      {"ns", "ms", 1e6},
	    {"ns", "s", 1e9},       {"ns", "B", 0},
	    {"ns", "k", 0},         {"bytes", "B", 1},
	    {"bytes", "KiB", 1024}, {"bytes", "MiB", 1048576},
	    {"bytes", "kB", 1000},  {"bytes", "GiB", 1073741824},
	    {"bytes", "MB", 1e6},   {"bytes", "GB", 1e9},
	    {"bytes", "KB", 0},     {"bytes", "%", 0},
	    {"percent", "%", 1},    {"percent", "s", 0},
	    {"count", "k", 1e3},    {"count", "M", 1e6},
	    {"count", "G", 1e9},    {"count", "%", 0},
	    {"count", "ms", 0},     {"1/s", "k", 1e3},
	    {"", "M", 1e6},         {"", "ns", 0},
	};
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (factor_of(cases[i].of, cases[i].unit, &diag) != cases[i].factor)
			fail_msg("%s of %s is not %g", cases[i].unit, cases[i].of, cases[i].factor);
	factor_of("bytes", "ms", &diag);
	assert_string_equal(diag.text,
	                    "'ms' is no unit of x.y, which takes B, KiB, MiB, GiB, kB, MB, GB");
}

static void a_function_stands_in_the_brackets(void **state)
{
	static const struct {
		const char *metric, *function;
	} cases[] = {
	    {"cpu.self_percent(f)", "f"},
	    {"cpu.self_percent( ns::*::operator() )", "ns::*::operator()"},
	    {"cpu.self_percent()", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *function = budget_function(cases[i].metric);

		assert_non_null(function);
		assert_string_equal(function, cases[i].function);
		free(function);
	}
	assert_null(budget_function("io.calls"));
	assert_null(budget_function("io.calls)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_budget_is_metric_sign_and_value),
	    cmocka_unit_test(what_is_none_is_refused_with_a_sentence),
	    cmocka_unit_test(units_are_those_of_the_metric),
	    cmocka_unit_test(a_function_stands_in_the_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
