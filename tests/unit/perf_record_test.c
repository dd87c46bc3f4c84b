/* Perf records: fields are found where the kernel puts them, and damaged records are refused
 * without an access outside them. */
#include "core/perf/record.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

/* A record under construction. It is placed so that it ends where unreadable memory begins. */
struct builder {
	uint64_t words[64];
	size_t n_words;
};

static const struct perf_event_attr sampling = {
    .sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_PERIOD |
                   PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
    .sample_regs_user = 0xff01ff,
    .sample_stack_user = 32,
    .sample_id_all = 1,
};

static const uint8_t *guarded_end; /* the byte after the last readable one */

static int make_guard(void **state)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *pages =
	    mmap(NULL, 17 * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (pages == MAP_FAILED)
		return -1;
	guarded_end = pages + 16 * page_bytes;
	return mprotect(pages + 16 * page_bytes, page_bytes, PROT_NONE);
}

static void put(struct builder *builder, uint64_t word)
{
	builder->words[builder->n_words++] = word;
}

static void put_pair(struct builder *builder, uint32_t first, uint32_t second)
{
	put(builder, first | (uint64_t)second << 32);
}

static void put_text(struct builder *builder, const char *text)
{
	strcpy((char *)&builder->words[builder->n_words], text);
	builder->n_words += strlen(text) / 8 + 1;
}

static void begin(struct builder *builder, uint32_t type, uint16_t misc)
{
	memset(builder, 0, sizeof(*builder));
	put(builder, type | (uint64_t)misc << 32);
}

/* The trailer of records other than samples: pid, tid, time. */
static void put_trailer(struct builder *builder, uint32_t pid, uint32_t tid, uint64_t time_ns)
{
	put_pair(builder, pid, tid);
	put(builder, time_ns);
}

/* Copies the first `size` bytes to the guarded place; the header says the same size. */
static const struct perf_event_header *place(const struct builder *builder, size_t size)
{
	uint8_t *start = (uint8_t *)guarded_end - size;
	struct perf_event_header header;

	memcpy(start, builder->words, size);
	memcpy(&header, start, sizeof(header));
	header.size = (uint16_t)size;
	memcpy(start, &header, sizeof(header));
	return (const struct perf_event_header *)start;
}

static int decode(const struct builder *builder, struct perf_record *record)
{
	return perf_record_decode(place(builder, builder->n_words * 8), &sampling, record);
}

static void build_sample(struct builder *builder)
{
	begin(builder, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER);
	put(builder, 0x401000);
	put_pair(builder, 11, 12);
	put(builder, 5000);
	put(builder, 1003009);
	put(builder, 3);
	put(builder, PERF_CONTEXT_KERNEL);
	put(builder, 0xffffffff81000001);
	put(builder, 0xffffffff81000002);
	put(builder, PERF_SAMPLE_REGS_ABI_64);
	for (uint64_t i = 0; i < PERF_REGS_X86_64; i++)
		put(builder, 100 + i);
	put(builder, 32);
	for (uint64_t i = 0; i < 4; i++)
		put(builder, 200 + i);
	put(builder, 24);
}

static void a_sample_gives_all_its_fields(void **state)
{
	const uint64_t copied[] = {200, 201, 202};
	struct builder builder;
	struct perf_record record;

	(void)state;
	build_sample(&builder);
	assert_int_equal(decode(&builder, &record), 0);
	assert_int_equal(record.type, PERF_RECORD_SAMPLE);
	assert_int_equal(record.ip, 0x401000);
	assert_int_equal(record.pid, 11);
	assert_int_equal(record.tid, 12);
	assert_int_equal(record.time_ns, 5000);
	assert_int_equal(record.period, 1003009);
	assert_int_equal(record.n_callchain, 3);
	assert_true(record.callchain[2] == 0xffffffff81000002);
	assert_int_equal(record.user_abi, PERF_SAMPLE_REGS_ABI_64);
	assert_int_equal(record.user_registers[16], 116);
	assert_int_equal(record.stack_bytes, 24);
	assert_memory_equal(record.stack, copied, sizeof(copied));
}

static void a_sample_of_a_kernel_thread_has_no_user_state(void **state)
{
	struct builder builder;
	struct perf_record record;

	(void)state;
	begin(&builder, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_KERNEL);
	put(&builder, 0xffffffff81000001);
	put_pair(&builder, 2, 2);
	put(&builder, 5000);
	put(&builder, 1);
	put(&builder, 0);
	put(&builder, PERF_SAMPLE_REGS_ABI_NONE);
	put(&builder, 0); /* no stack, hence no dyn_size */
	assert_int_equal(decode(&builder, &record), 0);
	assert_int_equal(record.user_abi, PERF_SAMPLE_REGS_ABI_NONE);
	assert_null(record.user_registers);
	assert_int_equal(record.stack_bytes, 0);
}

static void build_mmap2(struct builder *builder)
{
	begin(builder, PERF_RECORD_MMAP2, PERF_RECORD_MISC_USER);
	put_pair(builder, 21, 22);
	put(builder, 0x7f0000001000);
	put(builder, 0x2000);
	put(builder, 0x1000);
	put_pair(builder, 8, 1);
	put(builder, 4711);
	put(builder, 0);
	put_pair(builder, 5, 2);
	put_text(builder, "/usr/lib/libm.so.6");
	put_trailer(builder, 21, 22, 6000);
}

static void a_mapping_gives_file_and_place(void **state)
{
	struct builder builder;
	struct perf_record record;

	(void)state;
	build_mmap2(&builder);
	assert_int_equal(decode(&builder, &record), 0);
	assert_int_equal(record.pid, 21);
	assert_int_equal(record.addr, 0x7f0000001000);
	assert_int_equal(record.size_bytes, 0x2000);
	assert_int_equal(record.file_off, 0x1000);
	assert_int_equal(record.device, makedev(8, 1));
	assert_int_equal(record.inode, 4711);
	assert_true(record.executable);
	assert_string_equal(record.path, "/usr/lib/libm.so.6");
	assert_int_equal(record.time_ns, 6000);
}

static void a_fork_names_the_child_not_the_forker(void **state)
{
	struct builder builder;
	struct perf_record record;

	(void)state;
	begin(&builder, PERF_RECORD_FORK, 0);
	put_pair(&builder, 31, 30);
	put_pair(&builder, 33, 32);
	put(&builder, 7000);
	put_trailer(&builder, 30, 32, 7001);
	assert_int_equal(decode(&builder, &record), 0);
	assert_int_equal(record.pid, 31);
	assert_int_equal(record.parent_pid, 30);
	assert_int_equal(record.tid, 33);
	assert_int_equal(record.parent_tid, 32);
	assert_int_equal(record.time_ns, 7001);
}

static void a_name_tells_whether_it_comes_from_exec(void **state)
{
	struct builder builder;
	struct perf_record record;

	(void)state;
	begin(&builder, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC);
	put_pair(&builder, 41, 42);
	put_text(&builder, "sqlite3");
	put_trailer(&builder, 41, 42, 8000);
	assert_int_equal(decode(&builder, &record), 0);
	assert_true(record.is_exec);
	assert_string_equal(record.path, "sqlite3");
	assert_int_equal(record.tid, 42);
	begin(&builder, PERF_RECORD_COMM, 0);
	put_pair(&builder, 41, 42);
	put_text(&builder, "worker");
	put_trailer(&builder, 41, 42, 8001);
	assert_int_equal(decode(&builder, &record), 0);
	assert_false(record.is_exec);
}

static void losses_say_how_many(void **state)
{
	struct builder builder;
	struct perf_record record;

	(void)state;
	begin(&builder, PERF_RECORD_LOST, 0);
	put(&builder, 1);
	put(&builder, 17);
	put_trailer(&builder, 51, 52, 9000);
	assert_int_equal(decode(&builder, &record), 0);
	assert_int_equal(record.n_lost, 17);
	assert_int_equal(record.pid, 51);
	begin(&builder, PERF_RECORD_LOST_SAMPLES, 0);
	put(&builder, 18);
	put_trailer(&builder, 51, 52, 9001);
	assert_int_equal(decode(&builder, &record), 0);
	assert_int_equal(record.n_lost, 18);
}

static void every_shorter_record_is_refused(void **state)
{
	void (*const builders[])(struct builder *) = {build_sample, build_mmap2};
	struct builder builder;
	struct perf_record record;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		builders[i](&builder);
		for (size_t size = sizeof(struct perf_event_header); size < builder.n_words * 8;
		     size += 8)
			assert_int_equal(
			    perf_record_decode(place(&builder, size), &sampling, &record), -EINVAL);
	}
}

static bool within(const void *start, size_t size, const struct perf_event_header *header)
{
	const uint8_t *from = start;

	return from >= (const uint8_t *)header &&
	       from + size <= (const uint8_t *)header + header->size;
}

/* Whatever the bytes are: either -EINVAL, or all that is pointed to lies in the record. */
static void damaged_records_never_lead_outside_themselves(void **state)
{
	struct builder builder;
	struct perf_record record;
	size_t n_accepted = 0;

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 200000; i++) {
		const struct perf_event_header *header;

		(i & 1 ? build_sample : build_mmap2)(&builder);
		((uint8_t *)builder.words)[8 + (size_t)rand() % (builder.n_words * 8 - 8)] =
		    (uint8_t)rand();
		if (i & 2)
			builder.words[1 + (size_t)rand() % (builder.n_words - 1)] =
			    UINT64_MAX >> (rand() % 64);
		if (i % 5 == 0)
			builder.words[0] = (uint64_t)rand() % 24;
		header = place(&builder, builder.n_words * 8);
		if (perf_record_decode(header, &sampling, &record))
			continue;
		n_accepted++;
		if (record.n_callchain)
			assert_true(within(record.callchain, record.n_callchain * 8, header));
		if (record.stack_bytes)
			assert_true(within(record.stack, record.stack_bytes, header));
		if (record.user_registers)
			assert_true(within(record.user_registers, PERF_REGS_X86_64 * 8, header));
		if (*record.path)
			assert_true(within(record.path, strlen(record.path) + 1, header));
	}
	assert_true(n_accepted > 1000); /* else nothing was tried */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sample_gives_all_its_fields),
	    cmocka_unit_test(a_sample_of_a_kernel_thread_has_no_user_state),
	    cmocka_unit_test(a_mapping_gives_file_and_place),
	    cmocka_unit_test(a_fork_names_the_child_not_the_forker),
	    cmocka_unit_test(a_name_tells_whether_it_comes_from_exec),
	    cmocka_unit_test(losses_say_how_many),
	    cmocka_unit_test(every_shorter_record_is_refused),
	    cmocka_unit_test(damaged_records_never_lead_outside_themselves),
	};

	return cmocka_run_group_tests(tests, make_guard, NULL);
}
