/* The reader of the preload's memory file: sums, modules and generations, and any damage. */
#include "core/diag.h"
#include "mem/histogram.h"
#include "mem/wire_reader.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* The places that a small image fills. Mutations hit these, for the rest is zero. */
static const struct {
	uint64_t offset;
	size_t bytes;
} parts[] = {
    {0, sizeof(struct wire_image)},
    {WIRE_NODES_OFF, 8 * sizeof(struct wire_node)},
    {WIRE_STACKS_OFF, 4 * sizeof(uint32_t)},
    {WIRE_SECTIONS_OFF, sizeof(struct wire_section)},
    {WIRE_SECTIONS_OFF + WIRE_MODULES_OFF, 3 * sizeof(struct wire_module)},
    {WIRE_SECTIONS_OFF + WIRE_TEXT_OFF, 32},
    {WIRE_SECTIONS_OFF + WIRE_SNAPSHOTS_OFF, 3 * sizeof(struct wire_snapshot)},
    {WIRE_SECTIONS_OFF + WIRE_TREES_OFF, 3 * sizeof(struct wire_tree_entry)},
    {WIRE_SECTIONS_OFF + WIRE_THREADS_OFF, 2 * sizeof(struct wire_thread)},
    {WIRE_SECTIONS_OFF + WIRE_COUNTERS_OFF, 4 * sizeof(struct wire_counter)},
    {WIRE_SECTIONS_OFF + WIRE_COUNTERS_OFF + WIRE_SHARD_BYTES, 4 * sizeof(struct wire_counter)},
    {WIRE_SECTIONS_OFF + WIRE_COUNTERS_OFF + WIRE_INHERITED_SHARD * WIRE_SHARD_BYTES,
     4 * sizeof(struct wire_counter)},
};

static void put(int fd, const void *memory, size_t bytes, uint64_t offset)
{
	assert_int_equal(pwrite(fd, memory, bytes, (off_t)offset), bytes);
}

static void put_counters(int fd)
{
	uint64_t counters = WIRE_SECTIONS_OFF + WIRE_COUNTERS_OFF;
	/* Stack 1: 10 blocks in shard 0, of which shard 1 freed 4 after the peak of epoch 5. */
	struct wire_counter first = {
	    .allocations = 10, .allocated_bytes = 1000, .live_bytes = 1000, .peak_epoch = 4};
	struct wire_counter second = {
	    .frees = 4, .live_bytes = -400, .temporary = 2, .peak_epoch = 5, .lifetimes = 12};
	/* Stack 2: a forked child inherited 3 blocks and freed one of them before its peak. */
	struct wire_counter inherited = {
	    .allocations = 3, .frees = 1, .live_bytes = 200, .peak_epoch = 1};

	put(fd, &first, sizeof(first), counters + sizeof(first));
	put(fd, &second, sizeof(second), counters + WIRE_SHARD_BYTES + sizeof(second));
	put(fd, &inherited, sizeof(inherited),
	    counters + WIRE_INHERITED_SHARD * WIRE_SHARD_BYTES + 2 * sizeof(inherited));
}

/* Two threads of their own. */
static void put_threads(int fd)
{
	struct wire_thread threads[2] = {{.tid = 42}, {.tid = 43}};

	threads[0].sizes[3].allocations = 10;
	threads[0].sizes[3].bytes = 1000;
	threads[1].lifetimes[WIRE_TEMPORARY] = 2;
	threads[1].lifetimes[5] = 2;
	put(fd, threads, sizeof(threads), WIRE_SECTIONS_OFF + WIRE_THREADS_OFF);
}

static int make_image(void)
{
	struct wire_image head = {.magic = WIRE_MAGIC,
	                          .version = WIRE_VERSION,
	                          .n_sections = 2,
	                          .n_nodes = 5,
	                          .n_stacks = 2};
	struct wire_node nodes[] = {
	    {0},
	    {.ip = WIRE_IP_GENERATION},
	    {.ip = 0x1100, .parent = 1},
	    {.ip = 0x1200, .parent = 2, .stack = 1},
	    {.ip = 0x5100, .parent = 2, .stack = 2},
	};
	uint32_t stacks[] = {0, 3, 4};
	struct wire_section section = {.is_ready = 1,
	                               .pid = 42,
	                               .parent_section = -1,
	                               .n_modules = 3,
	                               .module_text_used = 7,
	                               .n_snapshots = 2,
	                               .n_tree_entries = 2,
	                               .n_threads = 2,
	                               .peak_epoch = 5};
	struct wire_module modules[] = {
	    {.start = 0x1000, .end = 0x2000, .load_bias = 0x1000},
	    {.start = 0x5000, .end = 0x6000, .path_len = 4},
	    {.start = 0x5000, .end = 0x6000, .generation = 2, .path_off = 4, .path_len = 3},
	};
	struct wire_snapshot snapshots[] = {
	    {.time = 100},
	    {.time = 200, .live_bytes = 600, .n_entries = 2, .is_detailed = 1},
	};
	struct wire_tree_entry entries[] = {{.live_bytes = 500, .stack = 1},
	                                    {.live_bytes = 100, .stack = 2}};
	int fd = memfd_create("wire-test", MFD_CLOEXEC);

	assert_true(fd >= 0 && ftruncate(fd, (off_t)WIRE_FILE_BYTES) == 0);
	put(fd, &head, sizeof(head), 0);
	put(fd, nodes, sizeof(nodes), WIRE_NODES_OFF);
	put(fd, stacks, sizeof(stacks), WIRE_STACKS_OFF);
	put(fd, &section, sizeof(section), WIRE_SECTIONS_OFF);
	put(fd, modules, sizeof(modules), WIRE_SECTIONS_OFF + WIRE_MODULES_OFF);
	put(fd, "lib1new", 7, WIRE_SECTIONS_OFF + WIRE_TEXT_OFF);
	put(fd, snapshots, sizeof(snapshots), WIRE_SECTIONS_OFF + WIRE_SNAPSHOTS_OFF);
	put(fd, entries, sizeof(entries), WIRE_SECTIONS_OFF + WIRE_TREES_OFF);
	put_counters(fd);
	put_threads(fd);
	return fd;
}

/* An image, and what is read of it. */
struct copy {
	int fd;
	struct wire_source source;
	struct wire_image_copy image;
	struct wire_section_copy section; /* the first one */
};

static void make_copy(struct copy *copy)
{
	copy->fd = make_image();
	copy->source = wire_source_of_fd(&copy->fd);
}

static void read_copy(struct copy *copy)
{
	struct diag diag;

	assert_int_equal(wire_read_image(&copy->image, copy->source, &diag), 0);
	assert_int_equal(wire_read_section(&copy->section, &copy->image, 0, copy->source, &diag),
	                 0);
}

static void close_copy(struct copy *copy)
{
	wire_section_copy_fini(&copy->section);
	wire_image_copy_fini(&copy->image);
	close(copy->fd);
}

static void sums_are_those_of_all_shards_and_the_peak_is_that_of_the_last_epoch(void **state)
{
	struct copy copy;

	(void)state;
	make_copy(&copy);
	read_copy(&copy);
	assert_int_equal(copy.section.n_sums, 2);
	assert_int_equal(copy.section.sums[0].stack, 1);
	assert_int_equal(copy.section.sums[0].allocations, 10);
	assert_int_equal(copy.section.sums[0].frees, 4);
	assert_int_equal(copy.section.sums[0].temporary, 2);
	assert_int_equal(copy.section.sums[0].lifetimes, 12);
	assert_int_equal(copy.section.sums[0].live_bytes, 600);
	assert_int_equal(copy.section.sums[0].live_blocks, 6);
	assert_int_equal(copy.section.sums[0].peak_bytes, 1000);
	assert_int_equal(copy.section.sums[0].peak_blocks, 10);
	close_copy(&copy);
}

static void inherited_blocks_are_no_allocations_of_the_child_but_count_in_its_peak(void **state)
{
	struct copy copy;

	(void)state;
	make_copy(&copy);
	read_copy(&copy);
	assert_int_equal(copy.section.sums[1].allocations, 0);
	assert_int_equal(copy.section.sums[1].frees, 0);
	assert_int_equal(copy.section.sums[1].live_bytes, 0);
	assert_int_equal(copy.section.sums[1].inherited_bytes, 200);
	assert_int_equal(copy.section.sums[1].inherited_blocks, 2);
	assert_int_equal(copy.section.sums[1].peak_bytes, 200);
	close_copy(&copy);
}

static void what_no_peak_had_yet_at_the_end_is_the_peak(void **state)
{
	struct copy copy;
	/* A thread's last 5 blocks, after its peak of nothing. */
	struct wire_counter last = {
	    .allocations = 5, .allocated_bytes = 900, .live_bytes = 900, .peak_epoch = 5};

	(void)state;
	make_copy(&copy);
	put(copy.fd, &last, sizeof(last),
	    WIRE_SECTIONS_OFF + WIRE_COUNTERS_OFF + 2 * WIRE_SHARD_BYTES + sizeof(last));
	read_copy(&copy);
	assert_int_equal(copy.section.sums[0].peak_bytes, 600 + 900);
	assert_int_equal(copy.section.sums[0].peak_blocks, 6 + 5);
	assert_int_equal(copy.section.sums[1].peak_bytes, 200);
	assert_int_equal(copy.section.head.peak_time, 200);
	close_copy(&copy);
}

static void a_section_that_was_claimed_and_never_used_is_not_there(void **state)
{
	int fd = make_image();
	struct wire_source source = wire_source_of_fd(&fd);
	struct wire_section_copy section;
	struct wire_image_copy image;
	struct diag diag;

	(void)state;
	assert_int_equal(wire_read_image(&image, source, &diag), 0);
	assert_int_equal(image.n_sections, 2);
	assert_int_equal(wire_read_section(&section, &image, 1, source, &diag), -ENOENT);
	wire_image_copy_fini(&image);
	close(fd);
}

static void an_address_belongs_to_the_module_of_its_generation(void **state)
{
	struct copy copy;

	(void)state;
	make_copy(&copy);
	read_copy(&copy);
	assert_int_equal(wire_find_module(&copy.section, 0x5100, 1)->path_off, 0);
	assert_int_equal(wire_find_module(&copy.section, 0x5100, 2)->path_off, 4);
	assert_int_equal(wire_find_module(&copy.section, 0x1fff, 7)->load_bias, 0x1000);
	assert_null(wire_find_module(&copy.section, 0x2000, 7));
	close_copy(&copy);
}

static void a_timeline_that_was_being_changed_is_not_used(void **state)
{
	struct copy copy;
	uint32_t busy = 1;

	(void)state;
	make_copy(&copy);
	put(copy.fd, &busy, sizeof(busy),
	    WIRE_SECTIONS_OFF + offsetof(struct wire_section, timeline_busy));
	read_copy(&copy);
	assert_true(copy.section.timeline_lost);
	assert_int_equal(copy.section.head.n_snapshots, 0);
	assert_int_equal(copy.section.n_sums, 2);
	close_copy(&copy);
}

static void sizes_fall_into_classes_that_end_at_powers_of_two(void **state)
{
	const struct {
		uint64_t size;
		unsigned class;
	} cases[] = {{0, WIRE_NO_BYTES},
	             {1, 0},
	             {8, 0},
	             {9, 1},
	             {16, 1},
	             {17, 2},
	             {32, 2},
	             {1024, 7},
	             {1025, 8},
	             {UINT64_C(1) << 47, 44},
	             {UINT64_MAX, 61}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(wire_size_class(cases[i].size), cases[i].class);
}

static void lifetimes_fall_into_classes_that_begin_at_powers_of_two(void **state)
{
	const struct {
		uint64_t age;
		unsigned class;
	} cases[] = {{0, 1}, {1, 2}, {2, 3}, {3, 3}, {4, 4}, {63, 7}, {64, 8}, {UINT64_MAX, 65}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(wire_lifetime_class(cases[i].age), cases[i].class);
}

static void threads_have_a_row_each(void **state)
{
	struct copy copy;

	(void)state;
	make_copy(&copy);
	read_copy(&copy);
	assert_int_equal(copy.section.n_threads, 2);
	assert_int_equal(copy.section.n_shared_rows, 0);
	assert_int_equal(copy.section.threads[0].tid, 42);
	assert_int_equal(copy.section.threads[0].sizes[3].bytes, 1000);
	assert_int_equal(copy.section.threads[1].lifetimes[WIRE_TEMPORARY], 2);
	close_copy(&copy);
}

static void threads_beyond_the_table_are_in_the_rows_behind_it(void **state)
{
	struct copy copy;
	struct wire_thread shared = {.lifetimes = {[3] = 9}};
	uint32_t n_threads = WIRE_MAX_THREADS + 5, shift = 77;

	(void)state;
	make_copy(&copy);
	put(copy.fd, &n_threads, sizeof(n_threads),
	    WIRE_SECTIONS_OFF + offsetof(struct wire_section, n_threads));
	put(copy.fd, &shift, sizeof(shift),
	    WIRE_SECTIONS_OFF + offsetof(struct wire_section, tick_shift));
	put(copy.fd, &shared, sizeof(shared),
	    WIRE_SECTIONS_OFF + WIRE_THREADS_OFF +
	        (WIRE_N_THREAD_ROWS - 1) * sizeof(struct wire_thread));
	read_copy(&copy);
	assert_int_equal(copy.section.n_threads, WIRE_MAX_THREADS);
	assert_int_equal(copy.section.n_shared_rows, WIRE_N_SHARDS);
	assert_int_equal(copy.section.threads[WIRE_N_THREAD_ROWS - 1].lifetimes[3], 9);
	assert_int_equal(copy.section.head.tick_shift, WIRE_MAX_TICK_SHIFT);
	close_copy(&copy);
}

static void another_file_is_refused_with_a_sentence(void **state)
{
	int fd = memfd_create("wire-test", MFD_CLOEXEC);
	struct wire_source source = wire_source_of_fd(&fd);
	struct wire_image_copy image;
	struct diag diag = {.text = ""};

	(void)state;
	assert_int_equal(wire_read_image(&image, source, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "damaged"));
	close(fd);
}

/* Uses everything that a copy holds, as its readers do. */
static void walk(const struct wire_image_copy *image, const struct wire_section_copy *section)
{
	struct histogram histogram = {0};

	for (uint32_t stack = 0; stack <= image->n_stacks; stack++)
		for (uint32_t node = image->stacks[stack]; node; node = image->nodes[node].parent)
			assert_true(image->nodes[node].parent < node);
	for (size_t i = 0; i < section->n_sums; i++)
		assert_true(section->sums[i].stack <= image->n_stacks);
	for (uint32_t i = 0; i < section->head.n_modules; i++)
		assert_true(section->modules[i].path_off + section->modules[i].path_len <=
		            section->head.module_text_used);
	assert_true(section->head.module_text_used <= WIRE_MODULE_TEXT);
	for (uint32_t i = 0; i < section->head.n_snapshots; i++)
		for (uint32_t j = 0; j < section->snapshots[i].n_entries; j++)
			assert_true(section->entries[section->snapshots[i].first_entry + j].stack <=
			            image->n_stacks);
	wire_find_module(section, 0x1100, 0);
	for (size_t i = 0; i < section->n_threads + section->n_shared_rows; i++)
		histogram_add_thread(&histogram, &section->threads[i]);
}

static void any_damage_is_refused_or_left_out(void **state)
{
	enum { ROUNDS = 2000 };
	unsigned seed = 1;
	int fd = make_image();
	struct wire_source source = wire_source_of_fd(&fd);

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t part = (size_t)rand_r(&seed) % (sizeof(parts) / sizeof(parts[0]));
		uint64_t offset =
		    parts[part].offset + (uint64_t)rand_r(&seed) % parts[part].bytes / 4 * 4;
		/* Counts near their limits, far over them, and noise. Large counts make the reader
		 * copy a whole table of zeros, so they are kept rare. */
		uint32_t values[] = {0, 1, 6, (uint32_t)rand_r(&seed) % 4096,
		                     round % 40 ? 7 : UINT32_MAX};
		uint32_t value = values[(unsigned)rand_r(&seed) % 5], before = 0;
		struct wire_section_copy section;
		struct wire_image_copy image;
		struct diag diag;

		assert_int_equal(pread(fd, &before, sizeof(before), (off_t)offset), sizeof(before));
		put(fd, &value, sizeof(value), offset);
		if (wire_read_image(&image, source, &diag) == 0) {
			if (wire_read_section(&section, &image, 0, source, &diag) == 0) {
				walk(&image, &section);
				wire_section_copy_fini(&section);
			}
			wire_image_copy_fini(&image);
		}
		/* Half of the damage stays for the next rounds. */
		if (round % 2)
			put(fd, &before, sizeof(before), offset);
		if (round % 50 == 49) {
			close(fd);
			fd = make_image();
		}
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sums_are_those_of_all_shards_and_the_peak_is_that_of_the_last_epoch),
	    cmocka_unit_test(
	        inherited_blocks_are_no_allocations_of_the_child_but_count_in_its_peak),
	    cmocka_unit_test(what_no_peak_had_yet_at_the_end_is_the_peak),
	    cmocka_unit_test(a_section_that_was_claimed_and_never_used_is_not_there),
	    cmocka_unit_test(an_address_belongs_to_the_module_of_its_generation),
	    cmocka_unit_test(a_timeline_that_was_being_changed_is_not_used),
	    cmocka_unit_test(sizes_fall_into_classes_that_end_at_powers_of_two),
	    cmocka_unit_test(lifetimes_fall_into_classes_that_begin_at_powers_of_two),
	    cmocka_unit_test(threads_have_a_row_each),
	    cmocka_unit_test(threads_beyond_the_table_are_in_the_rows_behind_it),
	    cmocka_unit_test(another_file_is_refused_with_a_sentence),
	    cmocka_unit_test(any_damage_is_refused_or_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
