/* For tests that each run in an empty directory of their own: IN_PLACE(test) instead of
 * cmocka_unit_test(test). *state is its path. */
#ifndef TESTS_UNIT_PLACE_H
#define TESTS_UNIT_PLACE_H

#include "core/alloc.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Others may look into it. */
static int enter_place(void **state)
{
	char *path = xstrdup("/tmp/unit-test.XXXXXX");

	*state = path;
	return !mkdtemp(path) || chmod(path, 0755) < 0 || chdir(path) < 0;
}

static int leave_place(void **state)
{
	char *command = xasprintf("chmod -R u+rwX %1$s; rm -rf %1$s", (char *)*state);
	int err = chdir("/") < 0 || system(command);

	free(command);
	free(*state);
	return err;
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, enter_place, leave_place)

#endif
