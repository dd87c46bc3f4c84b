/* What is opened ahead leaves nothing behind, and is missed by nobody where it is refused. */
#include "core/perf/early.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/descriptors.h"

static void nothing_is_left(void **state)
{
	int n_descriptors = count_descriptors();

	(void)state;
	for (int i = 0; i < 3; i++)
		perf_early_end(perf_early_begin());
	assert_int_equal(count_descriptors(), n_descriptors);
	perf_early_end(NULL);
}

/* The status of a child that has opened and closed one under the limit. */
static int status_below(int resource, rlim_t most)
{
	const struct rlimit limit = {most, most};
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		if (setrlimit(resource, &limit))
			_exit(2);
		perf_early_end(perf_early_begin());
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void what_is_refused_is_no_trouble(void **state)
{
	(void)state;
	/* No room for a descriptor. */
	assert_int_equal(status_below(RLIMIT_NOFILE, 0), 0);
#ifndef __SANITIZE_ADDRESS__
	/* None for a thread's stack; the sanitizer itself ends a process that it gets no room in. */
	assert_int_equal(status_below(RLIMIT_AS, 1 << 20), 0);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_left),
	    cmocka_unit_test(what_is_refused_is_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
