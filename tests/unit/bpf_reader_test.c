/* The reader of BPF's ring, on a file that is laid out like one. */
#include "io/bpf/reader.h"

#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { RING_BYTES = 4096, MAX_TAKEN = 512 };

static const char file_name[] = "ring-of-the-test";
static int fd;
static long page_bytes;
static unsigned long produced;
static struct bpf_reader *reader;

static struct {
	uint8_t first_byte, last_byte;
	size_t len_bytes;
} taken[MAX_TAKEN];
static size_t n_taken;

static void take(void *context, const void *record, size_t len_bytes)
{
	const uint8_t *bytes = record;

	assert_ptr_equal(context, &n_taken);
	assert_true(n_taken < MAX_TAKEN);
	taken[n_taken].first_byte = len_bytes ? bytes[0] : 0;
	taken[n_taken].last_byte = len_bytes ? bytes[len_bytes - 1] : 0;
	taken[n_taken++].len_bytes = len_bytes;
}

static bool read_records(size_t n_records)
{
	n_taken = 0;
	return bpf_reader_read(reader, n_records, take, &n_taken);
}

/* As the kernel maps the data twice, each byte stands at two places of the file. */
static void write_at(unsigned long at, const void *bytes, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes; i++)
		for (int copy = 0; copy < 2; copy++)
			assert_int_equal(pwrite(fd, (const uint8_t *)bytes + i, 1,
			                        2 * page_bytes + (long)((at + i) % RING_BYTES) +
			                            copy * RING_BYTES),
			                 1);
}

static void write_head(unsigned long at, uint32_t len_bytes, uint32_t flags)
{
	const uint32_t head[2] = {len_bytes | flags, 0};

	write_at(at, head, sizeof(head));
}

/* Returns where it stands. */
static unsigned long produce(uint8_t byte, uint32_t len_bytes, uint32_t flags)
{
	unsigned long at = produced;
	uint8_t bytes[RING_BYTES];

	memset(bytes, byte, len_bytes);
	write_head(at, len_bytes, flags);
	write_at(at + BPF_RINGBUF_HDR_SZ, bytes, len_bytes);
	produced += (len_bytes + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
	assert_int_equal(pwrite(fd, &produced, sizeof(produced), page_bytes), sizeof(produced));
	return at;
}

static unsigned long consumed(void)
{
	unsigned long at;

	assert_int_equal(pread(fd, &at, sizeof(at), 0), sizeof(at));
	return at;
}

static int set_up(void **state)
{
	(void)state;
	page_bytes = sysconf(_SC_PAGESIZE);
	produced = 0;
	fd = memfd_create(file_name, MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 2 * page_bytes + 2 * RING_BYTES))
		return 1;
	return bpf_reader_new(&reader, fd, RING_BYTES);
}

static int tear_down(void **state)
{
	(void)state;
	bpf_reader_free(reader);
	close(fd);
	return 0;
}

static void an_empty_ring_has_none(void **state)
{
	(void)state;
	assert_false(read_records(0));
	assert_int_equal(n_taken, 0);
	assert_int_equal(consumed(), 0);
}

static void records_come_in_order_with_their_lengths(void **state)
{
	static const uint32_t lengths[] = {8, 1, 7, 9, 64, 1000, 0};

	(void)state;
	for (uint8_t i = 0; i < 7; i++)
		produce(i + 1, lengths[i], 0);
	assert_false(read_records(0));
	assert_int_equal(n_taken, 7);
	for (uint8_t i = 0; i < 7; i++) {
		assert_int_equal(taken[i].len_bytes, lengths[i]);
		assert_int_equal(taken[i].first_byte, lengths[i] ? i + 1 : 0);
		assert_int_equal(taken[i].last_byte, lengths[i] ? i + 1 : 0);
	}
	assert_int_equal(consumed(), produced);
	assert_false(read_records(0));
	assert_int_equal(n_taken, 0);
}

static void discarded_ones_are_passed_over(void **state)
{
	(void)state;
	produce(1, 16, 0);
	produce(2, 32, BPF_RINGBUF_DISCARD_BIT);
	produce(3, 16, 0);
	assert_false(read_records(0));
	assert_int_equal(n_taken, 2);
	assert_int_equal(taken[1].first_byte, 3);
	assert_int_equal(consumed(), produced);
}

static void one_that_is_being_written_holds_back_those_behind_it(void **state)
{
	unsigned long busy;

	(void)state;
	produce(1, 16, 0);
	busy = produce(2, 16, BPF_RINGBUF_BUSY_BIT);
	produce(3, 16, 0);
	assert_false(read_records(0));
	assert_int_equal(n_taken, 1);
	assert_int_equal(consumed(), busy);
	write_head(busy, 16, 0);
	assert_false(read_records(0));
	assert_int_equal(n_taken, 2);
	assert_int_equal(taken[0].first_byte, 2);
	assert_int_equal(taken[1].first_byte, 3);
}

static void one_that_was_discarded_while_it_was_written_is_none(void **state)
{
	unsigned long busy = produce(1, 16, BPF_RINGBUF_BUSY_BIT);

	(void)state;
	read_records(0);
	write_head(busy, 16, BPF_RINGBUF_DISCARD_BIT);
	produce(2, 16, 0);
	read_records(0);
	assert_int_equal(n_taken, 1);
	assert_int_equal(taken[0].first_byte, 2);
}

static void a_limit_leaves_the_rest_for_later(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 5; i++)
		produce(i, 16, 0);
	assert_true(read_records(3));
	assert_int_equal(n_taken, 3);
	assert_int_equal(consumed(), 3 * 24);
	/* Just as many: whether there are more is not known before the next look. */
	read_records(2);
	assert_int_equal(n_taken, 2);
	assert_false(read_records(2));
	assert_int_equal(n_taken, 0);
}

/* 88 bytes a record: each second round of the ring has one that its end would cut. */
static void what_crosses_the_end_is_whole(void **state)
{
	size_t n_all = 0;
	uint8_t next = 0;

	(void)state;
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 30; i++)
			produce((uint8_t)(n_all + (size_t)i), 80, 0);
		assert_false(read_records(0));
		assert_int_equal(n_taken, 30);
		for (size_t i = 0; i < n_taken; i++, next++) {
			assert_int_equal(taken[i].len_bytes, 80);
			assert_int_equal(taken[i].first_byte, next);
			assert_int_equal(taken[i].last_byte, next);
		}
		n_all += 30;
	}
	assert_int_equal(consumed(), 50 * 30 * 88);
}

/* Its whole size is in use, so the positions are a ring apart. */
static void a_full_ring_is_not_an_empty_one(void **state)
{
	(void)state;
	for (int i = 0; i < RING_BYTES / 64; i++)
		produce((uint8_t)i, 56, 0);
	assert_int_equal(produced, RING_BYTES);
	assert_false(read_records(0));
	assert_int_equal(n_taken, RING_BYTES / 64);
	assert_int_equal(consumed(), RING_BYTES);
}

static bool is_mapped(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;
	char line[512];

	while (!found && fgets(line, sizeof(line), maps))
		found = strstr(line, file_name);
	fclose(maps);
	return found;
}

static void what_we_fork_does_not_inherit_it(void **state)
{
	int status = -1;
	pid_t pid;

	(void)state;
	assert_true(is_mapped());
	pid = fork();
	if (!pid)
		_exit(is_mapped());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void what_cannot_be_mapped_is_an_error(void **state)
{
	struct bpf_reader *none = NULL;
	int pair[2];

	(void)state;
	assert_int_equal(bpf_reader_new(&none, -1, RING_BYTES), -EBADF);
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(bpf_reader_new(&none, pair[0], RING_BYTES), -EACCES);
	assert_null(none);
	close(pair[0]);
	close(pair[1]);
	bpf_reader_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	    TEST(an_empty_ring_has_none),
	    TEST(records_come_in_order_with_their_lengths),
	    TEST(discarded_ones_are_passed_over),
	    TEST(one_that_is_being_written_holds_back_those_behind_it),
	    TEST(one_that_was_discarded_while_it_was_written_is_none),
	    TEST(a_limit_leaves_the_rest_for_later),
	    TEST(what_crosses_the_end_is_whole),
	    TEST(a_full_ring_is_not_an_empty_one),
	    TEST(what_we_fork_does_not_inherit_it),
	    TEST(what_cannot_be_mapped_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
