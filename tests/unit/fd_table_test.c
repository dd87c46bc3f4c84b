/* The fd_table module: what a number means after any order of open, dup, fork, exec and close. */
#include "io/fd_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static int set_up(void **state)
{
	*state = fd_table_new();
	return 0;
}

static int tear_down(void **state)
{
	fd_table_free(*state);
	return 0;
}

static void open_file(struct fd_table *table, uint32_t group, int fd, const char *name)
{
	fd_table_open(table, group, fd, name, false, FD_OPENED, 10);
}

/* The name of what a number means, or "" when it is not known to be open. */
static const char *name_of(struct fd_table *table, uint32_t group, int fd)
{
	uint32_t description = fd_table_description(table, group, fd);

	return description ? fd_table_name(table, description) : "";
}

static void a_closed_number_means_nothing(void **state)
{
	uint32_t group = fd_table_group_new(*state, 1);

	open_file(*state, group, 3, "/a");
	assert_string_equal(name_of(*state, group, 3), "/a");
	fd_table_close(*state, group, 3, 20);
	assert_false(fd_table_knows(*state, group, 3));
	assert_int_equal(fd_table_use(*state, group, 3), 0);
	assert_int_equal(fd_table_use(*state, group, 4000), 0);
	assert_int_equal(fd_table_use(*state, group, -1), 0);
}

static void a_reused_number_is_another_descriptor(void **state)
{
	uint32_t group = fd_table_group_new(*state, 1), first, second;

	open_file(*state, group, 3, "/a");
	first = fd_table_use(*state, group, 3);
	assert_int_equal(fd_table_use(*state, group, 3), first);
	fd_table_close(*state, group, 3, 20);
	open_file(*state, group, 3, "/b");
	second = fd_table_use(*state, group, 3);
	assert_int_not_equal(first, second);
	assert_int_equal(fd_table_descriptor(*state, first)->generation, 1);
	assert_int_equal(fd_table_descriptor(*state, second)->generation, 2);
	assert_int_equal(fd_table_descriptor(*state, first)->closed_ns, 20);
	assert_int_equal(fd_table_descriptor(*state, second)->closed_ns, 0);
}

static void opening_over_an_open_number_closes_it(void **state)
{
	uint32_t group = fd_table_group_new(*state, 1), first;

	open_file(*state, group, 3, "/a");
	first = fd_table_use(*state, group, 3);
	fd_table_open(*state, group, 3, "/b", false, FD_OPENED, 30);
	assert_int_equal(fd_table_descriptor(*state, first)->closed_ns, 30);
	assert_string_equal(name_of(*state, group, 3), "/b");
}

static void duplicates_share_name_and_addresses(void **state)
{
	uint32_t group = fd_table_group_new(*state, 1), three, seven;

	open_file(*state, group, 3, "tcp");
	assert_true(fd_table_dup(*state, group, 3, 7, false, 11));
	fd_table_set_address(*state, group, 7, FD_PEER, "127.0.0.1:80");
	three = fd_table_description(*state, group, 3);
	seven = fd_table_description(*state, group, 7);
	assert_int_equal(three, seven);
	assert_string_equal(fd_table_address(*state, three, FD_PEER), "127.0.0.1:80");
	assert_null(fd_table_address(*state, three, FD_LOCAL));
	fd_table_close(*state, group, 3, 20);
	assert_string_equal(name_of(*state, group, 7), "tcp");
	assert_int_not_equal(fd_table_use(*state, group, 7), 0);
}

static void a_number_duplicated_onto_itself_stays(void **state)
{
	uint32_t group = fd_table_group_new(*state, 1), id;

	open_file(*state, group, 3, "/a");
	id = fd_table_use(*state, group, 3);
	assert_true(fd_table_dup(*state, group, 3, 3, false, 11));
	assert_int_equal(fd_table_use(*state, group, 3), id);
	assert_false(fd_table_dup(*state, group, 9, 10, false, 11));
	assert_false(fd_table_knows(*state, group, 10));
}

static void fork_gives_a_table_of_its_own(void **state)
{
	uint32_t parent = fd_table_group_new(*state, 1), child, id;

	open_file(*state, parent, 3, "/a");
	open_file(*state, parent, 5, "/b");
	child = fd_table_group_copy(*state, parent, 2, 15);
	fd_table_close(*state, parent, 3, 20);
	assert_string_equal(name_of(*state, child, 3), "/a");
	assert_string_equal(name_of(*state, child, 5), "/b");
	id = fd_table_use(*state, child, 5);
	assert_int_equal(fd_table_descriptor(*state, id)->pid, 2);
	assert_int_not_equal(id, fd_table_use(*state, parent, 5));
	assert_int_equal(fd_table_description(*state, child, 5),
	                 fd_table_description(*state, parent, 5));
}

static void sharers_see_each_others_changes(void **state)
{
	uint32_t group = fd_table_group_new(*state, 1), own;

	fd_table_group_hold(*state, group);
	open_file(*state, group, 3, "/a");
	own = fd_table_group_unshare(*state, group, 1, 12);
	assert_int_not_equal(own, group);
	open_file(*state, group, 4, "/b");
	assert_false(fd_table_knows(*state, own, 4));
	assert_true(fd_table_knows(*state, own, 3));
	/* Nobody shares it any more. */
	assert_int_equal(fd_table_group_unshare(*state, group, 1, 13), group);
}

static void the_last_holder_closes_all(void **state)
{
	uint32_t group = fd_table_group_new(*state, 1), id, again;

	fd_table_group_hold(*state, group);
	open_file(*state, group, 3, "/a");
	id = fd_table_use(*state, group, 3);
	fd_table_group_drop(*state, group, 40);
	assert_int_equal(fd_table_descriptor(*state, id)->closed_ns, 0);
	fd_table_group_drop(*state, group, 50);
	assert_int_equal(fd_table_descriptor(*state, id)->closed_ns, 50);
	fd_table_group_drop(*state, 0, 60);
	again = fd_table_group_new(*state, 2);
	assert_false(fd_table_knows(*state, again, 3));
}

static void exec_keeps_what_is_not_marked(void **state)
{
	uint32_t group = fd_table_group_new(*state, 1);

	fd_table_open(*state, group, 3, "/kept", false, FD_OPENED, 1);
	fd_table_open(*state, group, 4, "/marked", true, FD_OPENED, 1);
	fd_table_open(*state, group, 5, "/marked later", false, FD_OPENED, 1);
	fd_table_set_cloexec(*state, group, 5, true);
	fd_table_open(*state, group, 6, "/unmarked", true, FD_OPENED, 1);
	fd_table_set_cloexec(*state, group, 6, false);
	fd_table_dup(*state, group, 4, 7, false, 2);
	fd_table_exec(*state, group, 9);
	assert_true(fd_table_knows(*state, group, 3));
	assert_false(fd_table_knows(*state, group, 4));
	assert_false(fd_table_knows(*state, group, 5));
	assert_true(fd_table_knows(*state, group, 6));
	assert_string_equal(name_of(*state, group, 7), "/marked");
}

static void a_range_closes_or_marks_its_numbers_only(void **state)
{
	uint32_t group = fd_table_group_new(*state, 1);

	for (int fd = 2; fd <= 8; fd++)
		open_file(*state, group, fd, "/x");
	fd_table_close_range(*state, group, 3, 4, 9);
	fd_table_range_set_cloexec(*state, group, 6, UINT32_MAX);
	fd_table_exec(*state, group, 10);
	assert_true(fd_table_knows(*state, group, 2));
	assert_false(fd_table_knows(*state, group, 3));
	assert_false(fd_table_knows(*state, group, 4));
	assert_true(fd_table_knows(*state, group, 5));
	for (int fd = 6; fd <= 8; fd++)
		assert_false(fd_table_knows(*state, group, fd));
}

/* Whoever reads a number in the target's memory reads what the target likes. */
static void a_number_costs_the_same_however_large(void **state)
{
	enum { LARGE = 1 << 24, LARGER = INT_MAX, MOST_KB = 65536 };
	uint32_t group = fd_table_group_new(*state, 1), copy;
	struct rusage before, after;

	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	open_file(*state, group, LARGE, "/large");
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_true(after.ru_maxrss - before.ru_maxrss < MOST_KB);
	assert_true(fd_table_dup(*state, group, LARGE, LARGER, true, 2));
	assert_string_equal(name_of(*state, group, LARGER), "/large");
	copy = fd_table_group_copy(*state, group, 2, 3);
	fd_table_exec(*state, copy, 4);
	assert_true(fd_table_knows(*state, copy, LARGE));
	assert_false(fd_table_knows(*state, copy, LARGER));
	assert_true(fd_table_knows(*state, group, LARGER));
	fd_table_close_range(*state, group, LARGE + 1, UINT_MAX, 5);
	assert_true(fd_table_knows(*state, group, LARGE));
	assert_false(fd_table_knows(*state, group, LARGER));
	assert_false(fd_table_knows(*state, group, LARGER - 1));
	open_file(*state, group, LARGER, "/again");
	assert_string_equal(name_of(*state, group, LARGER), "/again");
	assert_int_equal(
	    fd_table_descriptor(*state, fd_table_use(*state, group, LARGER))->generation, 2);
	fd_table_group_drop(*state, copy, 6);
	copy = fd_table_group_new(*state, 3);
	assert_false(fd_table_knows(*state, copy, LARGE));
}

static void what_nobody_uses_costs_no_row(void **state)
{
	uint32_t group = fd_table_group_new(*state, 1);

	for (int fd = 0; fd < 100; fd++)
		open_file(*state, group, fd, "/x");
	assert_int_equal(fd_table_count(*state), 0);
	fd_table_use(*state, group, 50);
	assert_int_equal(fd_table_count(*state), 1);
}

/* A second model of the same rules: for each process an array of names. 100,000 random steps must
 * agree. */
static void random_histories_agree_with_a_plain_model(void **state)
{
	enum { PROCESSES = 8, FDS = 16, STEPS = 100000 };
	struct {
		int name;
		bool cloexec;
	} model[PROCESSES][FDS] = {{{0}}};
	uint32_t groups[PROCESSES];
	char name[16];

	srand(1);
	for (int i = 0; i < PROCESSES; i++)
		groups[i] = fd_table_group_new(*state, i + 1);
	for (int step = 1; step <= STEPS; step++) {
		int p = rand() % PROCESSES, q = rand() % PROCESSES, a = rand() % FDS,
		    b = rand() % FDS;
		bool cloexec = rand() % 2;

		switch (rand() % 5) {
		case 0:
			snprintf(name, sizeof(name), "%d", step);
			fd_table_open(*state, groups[p], a, name, cloexec, FD_OPENED, 1);
			model[p][a].name = step;
			model[p][a].cloexec = cloexec;
			break;
		case 1:
			fd_table_close(*state, groups[p], a, 1);
			model[p][a].name = 0;
			break;
		case 2:
			fd_table_dup(*state, groups[p], a, b, cloexec, 1);
			if (a != b && model[p][a].name) {
				model[p][b].name = model[p][a].name;
				model[p][b].cloexec = cloexec;
			}
			break;
		case 3: /* q ends, and p forks into its place */
			if (p == q)
				break;
			fd_table_group_drop(*state, groups[q], 1);
			groups[q] = fd_table_group_copy(*state, groups[p], q + 1, 1);
			memcpy(model[q], model[p], sizeof(model[p]));
			break;
		default:
			if (rand() % 10)
				break;
			fd_table_exec(*state, groups[p], 1);
			for (int fd = 0; fd < FDS; fd++)
				if (model[p][fd].cloexec)
					model[p][fd].name = 0;
		}
		snprintf(name, sizeof(name), "%d", model[p][b].name);
		assert_string_equal(name_of(*state, groups[p], b), model[p][b].name ? name : "");
		if (model[p][b].name)
			assert_int_not_equal(fd_table_use(*state, groups[p], b), 0);
	}
}

#define PROMISE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(a_closed_number_means_nothing),
	    PROMISE(a_reused_number_is_another_descriptor),
	    PROMISE(opening_over_an_open_number_closes_it),
	    PROMISE(duplicates_share_name_and_addresses),
	    PROMISE(a_number_duplicated_onto_itself_stays),
	    PROMISE(fork_gives_a_table_of_its_own),
	    PROMISE(sharers_see_each_others_changes),
	    PROMISE(the_last_holder_closes_all),
	    PROMISE(exec_keeps_what_is_not_marked),
	    PROMISE(a_range_closes_or_marks_its_numbers_only),
	    PROMISE(a_number_costs_the_same_however_large),
	    PROMISE(what_nobody_uses_costs_no_row),
	    PROMISE(random_histories_agree_with_a_plain_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
