/* Lists of CPUs are read whole or not at all, and a target is bound to what exists. */
#include "core/cpu_list.h"
#include "core/diag.h"
#include "core/target/placement.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_list_of_numbers_and_ranges_is_read_in_its_order(void **state)
{
	const int expected[] = {5, 0, 1, 2, 3, 3};
	int *cpus;

	(void)state;
	assert_int_equal(cpu_list_parse("5,0-3,3\n", &cpus), 6);
	assert_memory_equal(cpus, expected, sizeof(expected));
	free(cpus);
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const wrong[] = {"",
	                                    ",",
	                                    "1,",
	                                    "1-",
	                                    "-1",
	                                    "3-1",
	                                    "1 2",
	                                    "0x1",
	                                    "1--2",
	                                    "1,,2",
	                                    "all",
	                                    " 1",
	                                    "1;",
	                                    "+1",
	                                    "65536",
	                                    "1\n2",
	                                    "99999999999999999999"};
	int *cpus;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(cpu_list_parse(wrong[i], &cpus), -EINVAL);
		assert_null(cpus);
	}
}

/* Runs in a child, since the binding stays. */
static int apply_in_child(const struct placement *placement)
{
	pid_t child = fork();
	int status = 0;

	if (!child)
		_exit(-placement_apply(placement));
	waitpid(child, &status, 0);
	return -WEXITSTATUS(status);
}

static void a_cpu_that_is_not_there_is_refused_with_those_that_are(void **state)
{
	struct placement placement;
	struct diag diag = {0};

	(void)state;
	assert_int_equal(placement_init(&placement, "0,60000", NULL, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "there is no CPU 60000; this machine has 0"));
	placement_fini(&placement);
	assert_int_equal(placement_init(&placement, NULL, "999", &diag), -EINVAL);
	assert_int_equal(placement_init(&placement, NULL, "0,1", &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "the number of one node, not '0,1'"));
	placement_fini(&placement);
}

/* A CPU that this process may not use stands for one that a cpuset forbids: the highest possible
 * number is accepted by the kernel as long as another one is there. */
static void a_cpu_that_the_kernel_drops_is_an_error(void **state)
{
	struct placement placement = {.memory_node = -1};

	(void)state;
	placement.cpus = CPU_ALLOC(4096);
	placement.cpus_bytes = CPU_ALLOC_SIZE(4096);
	CPU_ZERO_S(placement.cpus_bytes, placement.cpus);
	CPU_SET_S(0, placement.cpus_bytes, placement.cpus);
	assert_int_equal(apply_in_child(&placement), 0);
	CPU_SET_S(4095, placement.cpus_bytes, placement.cpus);
	assert_int_equal(apply_in_child(&placement), -EINVAL);
	placement_fini(&placement);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_list_of_numbers_and_ranges_is_read_in_its_order),
	    cmocka_unit_test(what_is_no_list_is_refused),
	    cmocka_unit_test(a_cpu_that_is_not_there_is_refused_with_those_that_are),
	    cmocka_unit_test(a_cpu_that_the_kernel_drops_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
