/* Lines that are packed: what has been written can be read, wherever the file ends. */
#include "io/detail/log.h"

#include "core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zstd.h>

struct unpacked {
	char *text;
	size_t len, n_lines;
	bool is_whole; /* the packed bytes ended with a frame */
};

/* As zstd -d does: frame after frame. */
static struct unpacked unpack(const char *bytes, size_t len)
{
	struct unpacked unpacked = {.is_whole = true};
	size_t capacity = 0;

	while (len && unpacked.is_whole) {
		size_t frame = ZSTD_findFrameCompressedSize(bytes, len), n;

		unpacked.is_whole = !ZSTD_isError(frame);
		if (!unpacked.is_whole)
			break;
		n = (size_t)ZSTD_getFrameContentSize(bytes, frame);
		unpacked.text = array_reserve(unpacked.text, &capacity, unpacked.len + n, 1);
		assert_int_equal(ZSTD_decompress(unpacked.text + unpacked.len, n, bytes, frame), n);
		unpacked.len += n;
		bytes += frame;
		len -= frame;
	}
	for (size_t i = 0; i < unpacked.len; i++)
		unpacked.n_lines += unpacked.text[i] == '\n';
	assert_true(!unpacked.len || unpacked.text[unpacked.len - 1] == '\n');
	return unpacked;
}

static void write_lines(struct detail_log *log, size_t n)
{
	struct detail_line *line = detail_log_take_line(log);
	uint64_t bytes[4], args[6] = {1, (uintptr_t)bytes, sizeof(bytes)};
	const struct syscall_info *info = syscall_find_named(ABI_X86_64, "write");
	const struct detail_subject subject = {getpid(), info, info->number, args};

	srandom(1);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < 4; j++)
			bytes[j] = (uint64_t)random() << 32 | (uint64_t)random();
		detail_log_begin(log, line, &subject);
		detail_log_end(log, line, &subject, sizeof(bytes), i);
	}
	detail_log_take_back(log, line);
}

/* What a file without a name has; the caller frees it. */
static char *read_back(int fd, size_t *len)
{
	char *bytes;

	*len = (size_t)lseek(fd, 0, SEEK_END);
	bytes = xcalloc(*len + 1, 1);
	assert_int_equal(pread(fd, bytes, *len, 0), *len);
	return bytes;
}

static void packed_lines_are_all_there(void **state)
{
	enum { N = 5000 };
	int fd = memfd_create("log", 0);
	struct detail_log *log = detail_log_new(fd, true);
	struct unpacked unpacked;
	size_t len;
	char *bytes;

	(void)state;
	write_lines(log, N);
	assert_int_equal(detail_log_finish(log), 0);
	assert_int_equal(detail_log_lines(log), N);
	assert_int_equal(detail_log_written_lines(log), N);
	bytes = read_back(fd, &len);
	unpacked = unpack(bytes, len);
	assert_true(unpacked.is_whole);
	assert_int_equal(unpacked.n_lines, N);
	assert_true(len < unpacked.len);
	free(unpacked.text);
	free(bytes);
	detail_log_free(log);
	close(fd);
}

/* Who writes it may die between any two bytes. */
static void a_file_that_is_cut_anywhere_has_whole_lines_up_to_its_last_frame(void **state)
{
	int fd = memfd_create("log", 0);
	struct detail_log *log = detail_log_new(fd, true);
	struct unpacked whole, part;
	size_t len, n_before = 0;
	char *bytes;

	(void)state;
	write_lines(log, 3000);
	detail_log_finish(log);
	bytes = read_back(fd, &len);
	whole = unpack(bytes, len);
	for (size_t cut = 0; cut < len; cut += 997) {
		part = unpack(bytes, cut);
		assert_true(part.n_lines >= n_before && part.n_lines < whole.n_lines);
		assert_true(!part.len || !memcmp(part.text, whole.text, part.len));
		n_before = part.n_lines;
		free(part.text);
	}
	assert_true(n_before > 0);
	free(whole.text);
	free(bytes);
	detail_log_free(log);
	close(fd);
}

/* The limit of a file's size stands for a disk that has no more. */
static void a_full_disk_leaves_whole_frames_and_counts_what_is_missing(void **state)
{
	enum { N = 60000, MOST = 2 << 20, GIVEN_BACK = 1 << 20 };
	const struct rlimit small = {MOST, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	for (int packs = 0; packs < 2; packs++) {
		FILE *file = tmpfile();
		struct detail_log *log = detail_log_new(fileno(file), packs);
		struct unpacked unpacked = {.is_whole = true};
		size_t len;
		char *bytes;

		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		write_lines(log, N);
		assert_true(detail_log_finish(log) < 0);
		setrlimit(RLIMIT_FSIZE, &none);
		assert_int_equal(detail_log_lines(log), N);
		bytes = read_back(fileno(file), &len);
		assert_true(len > 0 && len <= MOST - GIVEN_BACK + (64 << 10));
		if (packs)
			unpacked = unpack(bytes, len);
		else
			for (size_t i = 0; i < len; i++)
				unpacked.n_lines += bytes[i] == '\n';
		assert_true(unpacked.is_whole);
		assert_int_equal(unpacked.n_lines, detail_log_written_lines(log));
		assert_true(unpacked.n_lines > 0 && unpacked.n_lines < N);
		free(unpacked.text);
		free(bytes);
		detail_log_free(log);
		fclose(file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(packed_lines_are_all_there),
	    cmocka_unit_test(a_file_that_is_cut_anywhere_has_whole_lines_up_to_its_last_frame),
	    cmocka_unit_test(a_full_disk_leaves_whole_frames_and_counts_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
