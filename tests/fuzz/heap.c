/* The memory file that a target shares with us, in which it can write anything. The input is a list
 * of patches of an empty one: part, section, place in the part (in words of 4 bytes), length,
 * bytes. */
#include "tests/fuzz/fuzz.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/perf/process_tree.h"
#include "mem/heap.h"
#include "mem/server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECTION_PART UINT64_C(0x8000000000000000) /* once in each section */

static const uint64_t parts[] = {
    0,
    WIRE_NODES_OFF,
    WIRE_STACKS_OFF,
    SECTION_PART,
    SECTION_PART | WIRE_MODULES_OFF,
    SECTION_PART | WIRE_TEXT_OFF,
    SECTION_PART | WIRE_SNAPSHOTS_OFF,
    SECTION_PART | WIRE_TREES_OFF,
    SECTION_PART | WIRE_THREADS_OFF,
    SECTION_PART | WIRE_COUNTERS_OFF,
    SECTION_PART | (WIRE_COUNTERS_OFF + WIRE_SHARD_BYTES),
    SECTION_PART | (WIRE_COUNTERS_OFF + WIRE_INHERITED_SHARD * WIRE_SHARD_BYTES),
};
enum part {
	IMAGE,
	NODES,
	STACKS,
	SECTION,
	MODULES,
	TEXT,
	SNAPSHOTS,
	TREES,
	THREADS,
	COUNTERS,
	MORE_COUNTERS,
	INHERITED
};
enum { N_PARTS = sizeof(parts) / sizeof(parts[0]), HEAD_BYTES = 5 };

/* The file has two programs, so that one of them may be refused; the second one is empty. */
static struct server_image images[2];

size_t server_n_images(const struct server *server)
{
	(void)server;
	return ARRAY_SIZE(images);
}

const struct server_image *server_image(const struct server *server, size_t i)
{
	(void)server;
	return &images[i];
}

static struct seed {
	uint8_t bytes[4096];
	size_t len;
} seed;

static void patch(enum part part, unsigned section, size_t at, const void *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		size_t n = len - done < 128 ? len - done : 128;
		size_t word = (at + done) / 4;
		uint8_t head[HEAD_BYTES] = {(uint8_t)part, (uint8_t)section, (uint8_t)word,
		                            (uint8_t)(word >> 8), (uint8_t)n};

		if (seed.len + sizeof(head) + n > sizeof(seed.bytes))
			abort();
		memcpy(seed.bytes + seed.len, head, sizeof(head));
		memcpy(seed.bytes + seed.len + sizeof(head), (const char *)bytes + done, n);
		seed.len += sizeof(head) + n;
		done += n;
	}
}

static void patch_section(unsigned number)
{
	const struct wire_section section = {.is_ready = 1,
	                                     .pid = 42,
	                                     .parent_section = (int32_t)number - 1,
	                                     .depth = number,
	                                     .n_modules = 2,
	                                     .module_text_used = 10,
	                                     .n_snapshots = 2,
	                                     .n_tree_entries = 2,
	                                     .n_threads = 1,
	                                     .peak_epoch = 5};
	const struct wire_module modules[] = {
	    {.start = 0x1000, .end = 0x2000, .load_bias = 0x1000, .path_len = 4},
	    {.start = 0x5000,
	     .end = 0x6000,
	     .generation = 1,
	     .path_off = 4,
	     .path_len = 6,
	     .build_id_len = 20},
	};
	const struct wire_snapshot snapshots[] = {
	    {.time = 100, .live_bytes = 7},
	    {.time = 200, .live_bytes = 600, .n_entries = 2, .is_detailed = 1},
	};
	const struct wire_tree_entry entries[] = {{.live_bytes = 500, .stack = 1},
	                                          {.live_bytes = 100, .stack = 2}};
	const struct wire_counter counters[] = {
	    {.frees = 1, .live_bytes = -1},
	    {.allocations = 10, .allocated_bytes = 1000, .live_bytes = 1000, .peak_epoch = 4},
	    {.allocations = 3,
	     .frees = 1,
	     .temporary = 1,
	     .live_bytes = 60,
	     .peak_bytes = 90,
	     .peak_blocks = 3,
	     .peak_epoch = 5},
	};
	const uint64_t thread[8] = {7, 10, 1000, 3, 60, 1, 1, 2};

	patch(SECTION, number, 0, &section, sizeof(section));
	patch(MODULES, number, 0, modules, sizeof(modules));
	patch(TEXT, number, 0, "/bin../lib", 10);
	patch(SNAPSHOTS, number, 0, snapshots, sizeof(snapshots));
	patch(TREES, number, 0, entries, sizeof(entries));
	patch(THREADS, number, 0, thread, sizeof(thread));
	patch(COUNTERS, number, 0, counters, sizeof(counters));
	patch(MORE_COUNTERS, number, 64, &counters[2], sizeof(counters[2]));
	patch(INHERITED, number, 128, &counters[1], sizeof(counters[1]));
}

void fuzz_add_seeds(void)
{
	const struct wire_image head = {.magic = WIRE_MAGIC,
	                                .version = WIRE_VERSION,
	                                .n_sections = 2,
	                                .n_nodes = 5,
	                                .n_stacks = 2};
	const struct wire_node nodes[] = {
	    {0},
	    {.ip = WIRE_IP_GENERATION | 1},
	    {.ip = 0x1100, .parent = 1},
	    {.ip = 0x1200, .parent = 2, .stack = 1},
	    {.ip = 0x5100 | WIRE_IP_EXACT, .parent = 2, .stack = 2},
	    {.ip = WIRE_IP_FAILED | 3, .parent = 4},
	};
	const uint32_t stacks[] = {0, 3, 5};

	patch(IMAGE, 0, 0, &head, sizeof(head));
	patch(NODES, 0, 0, nodes, sizeof(nodes));
	patch(STACKS, 0, 0, stacks, sizeof(stacks));
	patch_section(0);
	fuzz_seed(seed.bytes, seed.len);
	patch_section(1);
	fuzz_seed(seed.bytes, seed.len);
}

static void apply(int fd, const uint8_t *bytes, size_t len)
{
	while (len > HEAD_BYTES) {
		uint64_t offset = parts[bytes[0] % N_PARTS];
		size_t n = bytes[4] < len - HEAD_BYTES ? bytes[4] : len - HEAD_BYTES;

		if (offset & SECTION_PART)
			offset = (offset & ~SECTION_PART) + WIRE_SECTIONS_OFF +
			         bytes[1] % 4 * WIRE_SECTION_BYTES;
		offset += 4 * (bytes[2] + UINT64_C(256) * bytes[3]);
		if (pwrite(fd, bytes + HEAD_BYTES, n, (off_t)offset) != (ssize_t)n)
			abort();
		bytes += HEAD_BYTES + n;
		len -= HEAD_BYTES + n;
	}
}

static int empty_file(void)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)WIRE_FILE_BYTES))
		abort();
	return fd;
}

volatile uint64_t fuzz_sink;

/* What is let through can be used. */
static void use(const struct heap_run *run)
{
	struct heap_totals totals = heap_run_totals(run);

	fuzz_sink = totals.peak_bytes;
	for (size_t i = 0; i < run->n_processes; i++) {
		const struct heap_process *process = &run->processes[i];

		for (size_t j = 0; j < process->n_snapshots; j++)
			fuzz_sink += process->snapshots[j].live_bytes;
		for (size_t j = 0; process->troubles[j].what; j++)
			fuzz_sink += strlen(process->troubles[j].what);
		for (size_t j = 0; j < process->n_threads; j++)
			fuzz_sink += (uint64_t)process->threads[j].tid;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct process_tree *tree;
	struct heap_run run = {0};
	struct diag diag;

	if (!tree && process_tree_new(&tree, getpid(), 0, &diag))
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(images); i++)
		images[i] = (struct server_image){
		    .pid = 7 + (pid_t)i, .comm = "fuzz", .memory_fd = empty_file()};
	apply(images[0].memory_fd, bytes, len);
	heap_run_read(&run, NULL, tree, 7, len % 2);
	use(&run);
	heap_run_fini(&run);
	for (size_t i = 0; i < ARRAY_SIZE(images); i++)
		close(images[i].memory_fd);
	return 0;
}
