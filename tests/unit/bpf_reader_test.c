/* Reads a ring as the kernel lays it out, here in a file of memory: also records that its end cuts.
 */
#include "io/bpf/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING_BYTES = 4096, MAX_RECORD_BYTES = 1000 };

struct ring {
	int fd;
	unsigned long *consumer, *producer;
	uint8_t *data;
	struct bpf_reader *reader;
};

static int set_up(void **state)
{
	static struct ring ring;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *memory;

	ring.fd = memfd_create("ring", MFD_CLOEXEC);
	assert_int_equal(ftruncate(ring.fd, (off_t)(2 * page + RING_BYTES)), 0);
	memory = mmap(NULL, 2 * page + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	ring.consumer = (unsigned long *)memory;
	ring.producer = (unsigned long *)(memory + page);
	ring.data = memory + 2 * page;
	assert_int_equal(bpf_reader_new(&ring.reader, ring.fd, RING_BYTES), 0);
	*state = &ring;
	return 0;
}

static int tear_down(void **state)
{
	struct ring *ring = *state;

	bpf_reader_free(ring->reader);
	munmap(ring->consumer, 2 * (size_t)sysconf(_SC_PAGESIZE) + RING_BYTES);
	close(ring->fd);
	return 0;
}

static void put(struct ring *ring, uint32_t len_bytes, uint32_t bits, uint8_t first)
{
	unsigned long at = *ring->producer;
	uint32_t head = len_bytes | bits;

	memcpy(ring->data + at % RING_BYTES, &head, sizeof(head));
	at += BPF_RINGBUF_HDR_SZ;
	for (uint32_t i = 0; i < len_bytes; i++)
		ring->data[(at + i) % RING_BYTES] = (uint8_t)(first + i);
	*ring->producer = (at + len_bytes + 7) & ~7ul;
}

struct taken {
	uint8_t first;
	uint32_t len_bytes;
	size_t n_records;
};

static void take(void *context, const void *record, size_t len_bytes)
{
	const uint8_t *bytes = record;
	struct taken *taken = context;

	assert_int_equal(len_bytes, taken->len_bytes);
	for (size_t i = 0; i < len_bytes; i++)
		assert_int_equal(bytes[i], (uint8_t)(taken->first + i));
	taken->n_records++;
}

static void an_empty_ring_has_none(void **state)
{
	struct ring *ring = *state;
	struct taken taken = {.n_records = 0};

	assert_false(bpf_reader_read(ring->reader, 0, take, &taken));
	assert_int_equal(taken.n_records, 0);
	assert_int_equal(*ring->consumer, 0);
}

/* Lengths that are no multiple of eight, and none at all, among them. */
static const uint32_t lengths[] = {8, 1, 7, 9, 64, 1000, 0};

static void take_next(void *context, const void *record, size_t len_bytes)
{
	size_t *n_taken = context;
	const uint8_t *bytes = record;

	assert_in_range(*n_taken, 0, sizeof(lengths) / sizeof(lengths[0]) - 1);
	assert_int_equal(len_bytes, lengths[*n_taken]);
	for (size_t i = 0; i < len_bytes; i++)
		assert_int_equal(bytes[i], (uint8_t)(*n_taken + i));
	(*n_taken)++;
}

static void records_come_in_order_with_their_lengths(void **state)
{
	const size_t n_lengths = sizeof(lengths) / sizeof(lengths[0]);
	struct ring *ring = *state;
	size_t n_taken = 0;

	for (size_t i = 0; i < n_lengths; i++)
		put(ring, lengths[i], 0, (uint8_t)i);
	assert_false(bpf_reader_read(ring->reader, 0, take_next, &n_taken));
	assert_int_equal(n_taken, n_lengths);
	assert_int_equal(*ring->consumer, *ring->producer);
	assert_false(bpf_reader_read(ring->reader, 0, take_next, &n_taken));
	assert_int_equal(n_taken, n_lengths);
}

static void records_are_whole_wherever_the_ring_ends(void **state)
{
	struct ring *ring = *state;
	struct taken taken = {.n_records = 0};

	/* 500 KB in sizes that have no common measure with the ring's. */
	for (uint32_t size = 1; size <= MAX_RECORD_BYTES; size++) {
		taken.first = (uint8_t)size;
		taken.len_bytes = size;
		put(ring, size, 0, taken.first);
		assert_false(bpf_reader_read(ring->reader, 0, take, &taken));
		assert_int_equal(*ring->consumer, *ring->producer);
	}
	assert_int_equal(taken.n_records, MAX_RECORD_BYTES);
}

static void what_is_being_written_is_waited_for(void **state)
{
	struct ring *ring = *state;
	struct taken taken = {.first = 7, .len_bytes = 100};
	unsigned long second;

	put(ring, 100, 0, 7);
	second = *ring->producer;
	put(ring, 100, BPF_RINGBUF_BUSY_BIT, 7);
	put(ring, 100, 0, 7);
	bpf_reader_read(ring->reader, 0, take, &taken);
	assert_int_equal(taken.n_records, 1);
	assert_int_equal(*ring->consumer, second);
	memcpy(ring->data + second % RING_BYTES, &taken.len_bytes, sizeof(taken.len_bytes));
	bpf_reader_read(ring->reader, 0, take, &taken);
	assert_int_equal(taken.n_records, 3);
}

static void what_was_discarded_is_left_out(void **state)
{
	struct ring *ring = *state;
	struct taken taken = {.first = 7, .len_bytes = 100};

	put(ring, 50, BPF_RINGBUF_DISCARD_BIT, 1);
	put(ring, 100, 0, 7);
	bpf_reader_read(ring->reader, 0, take, &taken);
	assert_int_equal(taken.n_records, 1);
}

static void as_many_are_read_as_are_asked_for(void **state)
{
	struct ring *ring = *state;
	struct taken taken = {.first = 7, .len_bytes = 10};

	for (int i = 0; i < 5; i++)
		put(ring, 10, 0, 7);
	assert_true(bpf_reader_read(ring->reader, 2, take, &taken));
	assert_int_equal(taken.n_records, 2);
	assert_false(bpf_reader_read(ring->reader, 0, take, &taken));
	assert_int_equal(taken.n_records, 5);
}

static void what_was_discarded_while_it_was_written_is_left_out(void **state)
{
	struct ring *ring = *state;
	struct taken taken = {.first = 7, .len_bytes = 100};
	uint32_t head = 100 | BPF_RINGBUF_DISCARD_BIT;

	put(ring, 100, BPF_RINGBUF_BUSY_BIT, 1);
	put(ring, 100, 0, 7);
	assert_false(bpf_reader_read(ring->reader, 0, take, &taken));
	assert_int_equal(taken.n_records, 0);
	memcpy(ring->data, &head, sizeof(head));
	assert_false(bpf_reader_read(ring->reader, 0, take, &taken));
	assert_int_equal(taken.n_records, 1);
}

/* Its positions are a ring apart, and so not the same. */
static void a_full_ring_is_not_an_empty_one(void **state)
{
	struct ring *ring = *state;
	struct taken taken = {.first = 7, .len_bytes = 56};

	assert_false(bpf_reader_read(ring->reader, 0, take, &taken));
	assert_int_equal(taken.n_records, 0);
	for (int i = 0; i < RING_BYTES / 64; i++)
		put(ring, 56, 0, 7);
	assert_false(bpf_reader_read(ring->reader, 0, take, &taken));
	assert_int_equal(taken.n_records, RING_BYTES / 64);
	assert_int_equal(*ring->consumer, RING_BYTES);
}

static int count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int n_found = 0;

	while (fgets(line, sizeof(line), maps))
		n_found += strstr(line, "memfd:ring") != NULL;
	fclose(maps);
	return n_found;
}

static void what_we_fork_does_not_inherit_it(void **state)
{
	int status = -1;
	pid_t pid;

	(void)state;
	/* One is the test's own. */
	assert_true(count_mappings() > 1);
	pid = fork();
	if (!pid)
		_exit(count_mappings());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 1 << 8);
}

static void what_cannot_be_mapped_is_an_error(void **state)
{
	struct bpf_reader *none = NULL;
	int ends[2];

	(void)state;
	assert_int_equal(bpf_reader_new(&none, -1, RING_BYTES), -EBADF);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(bpf_reader_new(&none, ends[0], RING_BYTES), -EACCES);
	assert_null(none);
	close(ends[0]);
	close(ends[1]);
	bpf_reader_free(NULL);
}

#define PROMISE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(an_empty_ring_has_none),
	    PROMISE(records_come_in_order_with_their_lengths),
	    PROMISE(records_are_whole_wherever_the_ring_ends),
	    PROMISE(what_is_being_written_is_waited_for),
	    PROMISE(what_was_discarded_is_left_out),
	    PROMISE(as_many_are_read_as_are_asked_for),
	    PROMISE(what_was_discarded_while_it_was_written_is_left_out),
	    PROMISE(a_full_ring_is_not_an_empty_one),
	    PROMISE(what_we_fork_does_not_inherit_it),
	    PROMISE(what_cannot_be_mapped_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
