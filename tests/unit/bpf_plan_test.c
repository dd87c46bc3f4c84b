/* What the kernel's side is to tell of a call: what is chosen, and what changes descriptors. */
#include "io/bpf/plan.h"

#include "core/diag.h"
#include "io/syscalls.h"
#include "io/trace_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct meter_plan plan_of(const char *name, const char *words)
{
	struct meter_plan plan;
	struct trace_set *set;
	struct diag diag;

	assert_int_equal(trace_set_new(&set, words, &diag), 0);
	plan = bpf_plan_of(syscall_find_named(ABI_X86_64, name), set);
	trace_set_free(set);
	return plan;
}

static void what_is_not_chosen_is_not_told(void **state)
{
	(void)state;
	assert_int_equal(plan_of("read", "write").tasks, 0);
	assert_int_equal(plan_of("getppid", "write").tasks, 0);
	assert_int_equal(plan_of("ptrace", "write").tasks, 0);
}

static void but_for_what_changes_descriptors(void **state)
{
	static const char *const names[] = {"openat", "socket",      "accept4", "pipe2",
	                                    "bind",   "connect",     "dup3",    "fcntl",
	                                    "close",  "close_range", "unshare"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unsigned tasks = plan_of(names[i], "write").tasks;

		assert_int_equal(tasks & (METER_TELL | METER_TRACKS | METER_IS_CHOSEN),
		                 METER_TELL | METER_TRACKS);
	}
}

static void what_is_chosen_is_told(void **state)
{
	const unsigned asked = METER_TELL | METER_IS_CHOSEN;

	(void)state;
	assert_int_equal(plan_of("write", "write").tasks, asked | METER_MAY_REPEAT | METER_WRITES);
	assert_int_equal(plan_of("read", "read").tasks, asked | METER_MAY_REPEAT);
	/* A run does not tell flags. */
	assert_int_equal(plan_of("recvfrom", "recvfrom").tasks, asked);
	assert_int_equal(plan_of("getppid", "getppid").tasks, asked | METER_IS_FREE);
	assert_int_equal(plan_of("ptrace", "ptrace").tasks, asked);
	assert_int_equal(plan_of("writev", "writev").tasks, asked | METER_COPY_BUFFERS);
	assert_int_equal(plan_of("close", "close").tasks, asked | METER_TRACKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_chosen_is_not_told),
	    cmocka_unit_test(but_for_what_changes_descriptors),
	    cmocka_unit_test(what_is_chosen_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
