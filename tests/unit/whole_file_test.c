/* A file is read whole or not at all, and never more of it than was expected. */
#include "core/results/whole_file.h"

#include "tests/unit/place.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char *text;
static size_t len_bytes;

static int read_at_most(const char *name, size_t max_bytes)
{
	int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC), err;

	assert_true(fd >= 0);
	err = whole_file_read(fd, max_bytes, &text, &len_bytes);
	close(fd);
	if (err) {
		assert_null(text);
		assert_int_equal(len_bytes, 0);
	}
	return err;
}

static void make(const char *name, const char *content, off_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void reads_what_is_there(void **state)
{
	(void)state;
	make("four", "text", 4);
	assert_int_equal(read_at_most("four", 4), 0);
	assert_string_equal(text, "text");
	assert_int_equal(len_bytes, 4);
	free(text);
	make("empty", "", 0);
	assert_int_equal(read_at_most("empty", 4), 0);
	assert_string_equal(text, "");
	assert_int_equal(len_bytes, 0);
	free(text);
}

static void refuses_more_than_was_expected(void **state)
{
	(void)state;
	make("five", "texts", 5);
	assert_int_equal(read_at_most("five", 4), -EFBIG);
	/* Takes no room on the disk, and would take all memory. */
	make("sparse", "{", (off_t)1 << 40);
	assert_int_equal(read_at_most("sparse", MANIFEST_MAX_BYTES), -EFBIG);
}

static void refuses_what_is_no_file(void **state)
{
	(void)state;
	assert_int_equal(mkdir("directory", 0700), 0);
	assert_int_equal(read_at_most("directory", 1 << 20), -EINVAL);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(read_at_most("pipe", 1 << 20), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_PLACE(reads_what_is_there),
	    IN_PLACE(refuses_more_than_was_expected),
	    IN_PLACE(refuses_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
