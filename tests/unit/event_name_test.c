/* Names of events are perf's, with :u and :k; what is none of them is refused with the nearest. */
#include "cpu/event_name.h"

#include "core/diag.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct event_wish parse(const char *text)
{
	struct event_wish wish;
	struct diag diag = {""};

	assert_int_equal(event_wish_parse(&wish, text, &diag), 0);
	return wish;
}

static void names_and_their_aliases_are_perfs(void **state)
{
	static const struct {
		const char *text;
		enum event_kind kind;
		uint32_t type;
		uint64_t config;
	} events[] = {
	    {"cycles", EVENT_HARDWARE, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
	    {"cpu-cycles", EVENT_HARDWARE, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
	    {"task-clock", EVENT_CLOCK, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
	    {"faults", EVENT_FAULT, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
	    {"cs", EVENT_SWITCH, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES},
	    {"LLC-load-misses", EVENT_HARDWARE, PERF_TYPE_HW_CACHE, 0x10002},
	    {"dTLB-loads", EVENT_HARDWARE, PERF_TYPE_HW_CACHE, 3},
	    {"r1a8", EVENT_HARDWARE, PERF_TYPE_RAW, 0x1a8},
	    {"rFFFFFFFFFFFFFFFF", EVENT_HARDWARE, PERF_TYPE_RAW, UINT64_MAX},
	    {"sched:sched_switch", EVENT_TRACEPOINT, PERF_TYPE_TRACEPOINT, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		struct event_wish wish = parse(events[i].text);

		assert_string_equal(wish.name, events[i].text);
		assert_int_equal(wish.row.kind, events[i].kind);
		assert_int_equal(wish.row.type, events[i].type);
		assert_true(wish.row.config == events[i].config);
		assert_false(wish.user_only || wish.kernel_only);
		event_wish_fini(&wish);
	}
}

static void modifiers_leave_out_a_side(void **state)
{
	struct event_wish user = parse("page-faults:u");
	struct event_wish kernel = parse("r3c:k");
	struct event_wish both = parse("cpu-clock:uk");
	struct event_wish traced = parse("sched:sched_switch:k");

	(void)state;
	assert_true(user.user_only && !user.kernel_only);
	assert_string_equal(user.name, "page-faults");
	assert_true(kernel.kernel_only && !kernel.user_only);
	assert_false(both.user_only || both.kernel_only);
	assert_true(traced.kernel_only);
	assert_string_equal(traced.name, "sched:sched_switch");
	event_wish_fini(&user);
	event_wish_fini(&kernel);
	event_wish_fini(&both);
	event_wish_fini(&traced);
}

static void what_is_no_event_is_refused(void **state)
{
	static const char *const texts[] = {
	    "",         ":",         ":u",   "r", "rxyz", "r0x1a8", "r12345678901234567",
	    "cycles:p", "cycles,cs", "{cs}", "k",
	};
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		diag.text[0] = '\0';
		assert_int_equal(event_check(texts[i], &diag), -EINVAL);
		assert_true(strlen(diag.text) > 10);
	}
}

static void a_slip_is_answered_with_the_name_that_was_meant(void **state)
{
	struct diag diag = {""};

	(void)state;
	assert_int_equal(event_check("instuctions:u", &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "did you mean 'instructions'?"));
	assert_int_equal(event_check("migration", &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "did you mean 'migrations'?"));
	assert_int_equal(event_check("something else", &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "perf list"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_and_their_aliases_are_perfs),
	    cmocka_unit_test(modifiers_leave_out_a_side),
	    cmocka_unit_test(what_is_no_event_is_refused),
	    cmocka_unit_test(a_slip_is_answered_with_the_name_that_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
