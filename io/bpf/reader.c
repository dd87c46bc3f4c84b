/* Maps the ring as Documentation/bpf/ringbuf.rst has it: a page with the consumer's position, one
 * with the producers', then the data. The kernel would map the data twice in a row, so that no
 * record is cut; that is 4096 pages more at each start and end, so what is cut is put together. */
#include "io/bpf/reader.h"

#include "core/alloc.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RECORDS_A_WORD = 64 }; /* taken before the kernel is told */

struct bpf_reader {
	size_t page_bytes;
	size_t ring_bytes;
	_Atomic unsigned long *consumer; /* bytes taken so far */
	const _Atomic unsigned long *producer;
	const uint8_t *data;
	uint8_t *whole; /* a record of which the end is at the ring's start */
	size_t whole_capacity;
};

/* What we fork has no use for it. */
static void *map_ring(int fd, size_t len_bytes, int protection, off_t offset)
{
	void *memory = mmap(NULL, len_bytes, protection, MAP_SHARED, fd, offset);

	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, len_bytes, MADV_DONTFORK);
	return memory;
}

int bpf_reader_new(struct bpf_reader **result, int map_fd, size_t ring_bytes)
{
	struct bpf_reader *reader = xcalloc(1, sizeof(*reader));
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *producer = NULL;
	int err;

	reader->page_bytes = page_bytes;
	reader->ring_bytes = ring_bytes;
	reader->consumer = map_ring(map_fd, page_bytes, PROT_READ | PROT_WRITE, 0);
	if (reader->consumer)
		producer = map_ring(map_fd, page_bytes + ring_bytes, PROT_READ, (off_t)page_bytes);
	if (!producer) {
		err = -errno;
		bpf_reader_free(reader);
		return err;
	}
	reader->producer = (const _Atomic unsigned long *)producer;
	reader->data = producer + page_bytes;
	*result = reader;
	return 0;
}

void bpf_reader_free(struct bpf_reader *reader)
{
	if (!reader)
		return;
	if (reader->producer)
		munmap((void *)(uintptr_t)reader->producer,
		       reader->page_bytes + reader->ring_bytes);
	if (reader->consumer)
		munmap((void *)(uintptr_t)reader->consumer, reader->page_bytes);
	free(reader->whole);
	free(reader);
}

/* A record that is being written ends what can be read. */
static const _Atomic uint32_t *next_record(const struct bpf_reader *reader, unsigned long at,
                                           uint32_t *head)
{
	const _Atomic uint32_t *record;

	if (at == atomic_load_explicit(reader->producer, memory_order_acquire))
		return NULL;
	record = (const void *)(reader->data + (at & (reader->ring_bytes - 1)));
	*head = atomic_load_explicit(record, memory_order_acquire);
	return *head & BPF_RINGBUF_BUSY_BIT ? NULL : record;
}

static const uint8_t *whole_record(struct bpf_reader *reader, unsigned long at, uint32_t len_bytes)
{
	size_t from = (at + BPF_RINGBUF_HDR_SZ) & (reader->ring_bytes - 1);
	size_t before_end = reader->ring_bytes - from;

	if (len_bytes <= before_end)
		return reader->data + from;
	reader->whole = array_reserve(reader->whole, &reader->whole_capacity, len_bytes,
	                              sizeof(*reader->whole));
	memcpy(reader->whole, reader->data + from, before_end);
	memcpy(reader->whole + before_end, reader->data, len_bytes - before_end);
	return reader->whole;
}

bool bpf_reader_read(struct bpf_reader *reader, size_t n_records, bpf_reader_take_fn *take,
                     void *context)
{
	unsigned long at = atomic_load_explicit(reader->consumer, memory_order_relaxed);
	const _Atomic uint32_t *record = NULL;
	uint32_t head, len_bytes;
	size_t n_taken = 0;

	while ((!n_records || n_taken < n_records) && (record = next_record(reader, at, &head))) {
		len_bytes = head & ~(uint32_t)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (!(head & BPF_RINGBUF_DISCARD_BIT))
			take(context, whole_record(reader, at, len_bytes), len_bytes);
		at += (len_bytes + BPF_RINGBUF_HDR_SZ + 7) & ~7ul;
		if (++n_taken % RECORDS_A_WORD == 0)
			atomic_store_explicit(reader->consumer, at, memory_order_release);
	}
	atomic_store_explicit(reader->consumer, at, memory_order_release);
	return record != NULL;
}
