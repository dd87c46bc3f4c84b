/* A row log gives back its rows from memory and from a file, and tells when the file fails. */
#include "core/row_log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Not a divisor of the block, as 16 bytes and three values are not one. */
struct row {
	uint64_t number;
	uint64_t values[4];
};

enum { ROWS_OF_BLOCK = ROW_LOG_BLOCK_BYTES / sizeof(struct row), MANY = 3 * ROWS_OF_BLOCK + 7 };

static int unnamed_file(void)
{
	int fd = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void fill(struct row_log *log, uint64_t first, uint64_t n)
{
	for (uint64_t i = first; i < first + n; i++) {
		struct row *row = row_log_add(log);

		assert_int_equal(row->values[3], 0);
		row->number = i;
		row->values[0] = i * i;
	}
}

static void expect(struct row_log *log, uint64_t i)
{
	const struct row *row = row_log_get(log, i);

	assert_true(row->number == i && row->values[0] == i * i);
}

static void rows_in_memory_come_back(void **state)
{
	struct row_log *log = row_log_new(sizeof(struct row));

	(void)state;
	fill(log, 0, MANY);
	assert_int_equal(row_log_count(log), MANY);
	for (uint64_t i = 0; i < MANY; i++)
		expect(log, i);
	assert_int_equal(row_log_error(log), 0);
	row_log_free(log);
}

static void rows_in_a_file_come_back_in_any_order(void **state)
{
	struct row_log *log = row_log_new(sizeof(struct row));
	int fd = unnamed_file();

	(void)state;
	row_log_spill(log, fd);
	fill(log, 0, MANY);
	for (uint64_t i = 0; i < MANY; i++)
		expect(log, i);
	for (uint64_t i = MANY; i-- > 0;)
		expect(log, i);
	fill(log, MANY, MANY); /* reading disturbs no adding */
	for (uint64_t i = 0; i < 2 * MANY; i += 101)
		expect(log, i);
	assert_int_equal(row_log_error(log), 0);
	row_log_free(log);
	assert_true(fcntl(fd, F_GETFD) < 0); /* it was taken over */
}

static void all_but_a_block_is_in_the_file(void **state)
{
	struct row_log *log = row_log_new(sizeof(struct row));
	int fd = unnamed_file();
	struct stat status;

	(void)state;
	row_log_spill(log, fd);
	fill(log, 0, MANY);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_size, 3 * ROWS_OF_BLOCK * sizeof(struct row));
	row_log_free(log);
}

static void rows_from_before_the_file_go_there_too(void **state)
{
	struct row_log *log = row_log_new(sizeof(struct row));

	(void)state;
	fill(log, 0, MANY);
	row_log_spill(log, unnamed_file());
	fill(log, MANY, 1);
	for (uint64_t i = 0; i <= MANY; i++)
		expect(log, i);
	row_log_free(log);
}

static void a_full_disk_is_told_and_reads_as_zeros(void **state)
{
	struct row_log *log = row_log_new(sizeof(struct row));
	const struct row *row;

	(void)state;
	row_log_spill(log, open("/dev/full", O_RDWR | O_CLOEXEC));
	fill(log, 1, ROWS_OF_BLOCK);
	assert_int_equal(row_log_error(log), 0);
	fill(log, 1, 1);
	assert_int_equal(row_log_error(log), -ENOSPC);
	row = row_log_get(log, 0);
	assert_int_equal(row->number, 0);
	fill(log, 1, ROWS_OF_BLOCK);
	assert_int_equal(row_log_count(log), 2 * ROWS_OF_BLOCK + 1);
	row_log_free(log);
}

static void a_file_that_was_cut_short_is_told(void **state)
{
	struct row_log *log = row_log_new(sizeof(struct row));
	int fd = unnamed_file();
	const struct row *row;

	(void)state;
	row_log_spill(log, fd);
	fill(log, 1, MANY);
	assert_int_equal(ftruncate(fd, ROW_LOG_BLOCK_BYTES + 1000), 0);
	row = row_log_get(log, 2 * ROWS_OF_BLOCK);
	assert_int_equal(row->number, 0);
	assert_int_equal(row_log_error(log), -EIO);
	row_log_free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_in_memory_come_back),
	    cmocka_unit_test(rows_in_a_file_come_back_in_any_order),
	    cmocka_unit_test(all_but_a_block_is_in_the_file),
	    cmocka_unit_test(rows_from_before_the_file_go_there_too),
	    cmocka_unit_test(a_full_disk_is_told_and_reads_as_zeros),
	    cmocka_unit_test(a_file_that_was_cut_short_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
