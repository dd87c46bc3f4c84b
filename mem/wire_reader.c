/* Reads, checks and sums what the preload library wrote. */
#include "mem/wire_reader.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool read_fd(void *context, void *memory, size_t bytes, uint64_t offset)
{
	const int *fd = context;

	while (bytes > 0) {
		ssize_t got = pread(*fd, memory, bytes, (off_t)offset);

		if (got <= 0)
			return false;
		memory = (char *)memory + got;
		offset += (uint64_t)got;
		bytes -= (size_t)got;
	}
	return true;
}

static bool next_data_of_fd(void *context, uint64_t *start, uint64_t *end)
{
	const int *fd = context;
	off_t data = lseek(*fd, (off_t)*start, SEEK_DATA);
	off_t hole = data < 0 ? -1 : lseek(*fd, data, SEEK_HOLE);

	if (hole < 0)
		return false;
	*start = (uint64_t)data;
	*end = (uint64_t)hole;
	return true;
}

struct wire_source wire_source_of_fd(const int *fd)
{
	return (struct wire_source){
	    .read = read_fd, .next_data = next_data_of_fd, .context = (void *)fd};
}

/* An array copied in one go, or NULL with a sentence. */
static void *read_array(struct wire_source source, size_t count, size_t item_size, uint64_t offset,
                        struct diag *diag)
{
	void *items = xcalloc(count + 1, item_size);

	if (source.read(source.context, items, count * item_size, offset))
		return items;
	free(items);
	diag_fail(diag, EIO, "cannot read the memory file of a target");
	return NULL;
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

/* Parents come before their children, so that a walk to the root ends. */
static void check_nodes(struct wire_image_copy *copy)
{
	copy->nodes[0] = (struct wire_node){0};
	for (uint32_t i = 1; i <= copy->n_nodes; i++) {
		copy->nodes[i].parent &= ~WIRE_NODE_IS_PLACED;
		if (copy->nodes[i].parent >= i) {
			copy->nodes[i].parent = 0;
			copy->n_damaged++;
		}
	}
	copy->stacks[0] = 0;
	for (uint32_t i = 1; i <= copy->n_stacks; i++) {
		if (copy->stacks[i] > copy->n_nodes) {
			copy->stacks[i] = 0;
			copy->n_damaged++;
		}
	}
}

int wire_read_image(struct wire_image_copy *copy, struct wire_source source, struct diag *diag)
{
	struct wire_image head;

	*copy = (struct wire_image_copy){0};
	if (!source.read(source.context, &head, sizeof(head), 0) || head.magic != WIRE_MAGIC ||
	    head.version != WIRE_VERSION)
		return diag_fail(
		    diag, EINVAL,
		    "its memory file is damaged: it wrote over what it shares with the recorder");
	copy->n_sections = at_most(head.n_sections, WIRE_MAX_SECTIONS);
	copy->n_refused = head.n_unmapped_children;
	copy->n_nodes = at_most(head.n_nodes, WIRE_MAX_NODES);
	copy->n_stacks = at_most(head.n_stacks, WIRE_MAX_STACKS);
	copy->nodes = read_array(source, copy->n_nodes + (size_t)1, sizeof(*copy->nodes),
	                         WIRE_NODES_OFF, diag);
	copy->stacks = read_array(source, copy->n_stacks + (size_t)1, sizeof(*copy->stacks),
	                          WIRE_STACKS_OFF, diag);
	if (!copy->nodes || !copy->stacks) {
		wire_image_copy_fini(copy);
		return -EIO;
	}
	/* Whatever number it says. */
	while (copy->n_stacks && !copy->stacks[copy->n_stacks])
		copy->n_stacks--;
	check_nodes(copy);
	return 0;
}

void wire_image_copy_fini(struct wire_image_copy *copy)
{
	free(copy->nodes);
	free(copy->stacks);
	*copy = (struct wire_image_copy){0};
}

/* Sums of a stack while shards are added up. A shard alone may be below zero, and nonsense may
 * overflow: unsigned numbers bear both, and positive() looks at the result. */
struct sums {
	uint64_t allocations, frees, allocated_bytes, temporary, lifetimes;
	uint64_t live_bytes, peak_bytes, peak_blocks;
	uint64_t inherited_bytes, inherited_blocks;
};

static void add_counter(struct sums *sums, const struct wire_counter *counter, uint64_t epoch,
                        bool is_inherited)
{
	uint64_t blocks = counter->allocations - counter->frees;
	bool is_kept = counter->peak_epoch == (uint32_t)epoch;

	sums->peak_bytes += (uint64_t)(is_kept ? counter->peak_bytes : counter->live_bytes);
	sums->peak_blocks += is_kept ? (uint64_t)(int64_t)counter->peak_blocks : blocks;
	if (is_inherited) {
		sums->inherited_bytes += (uint64_t)counter->live_bytes;
		sums->inherited_blocks += blocks;
		return;
	}
	sums->allocations += counter->allocations;
	sums->frees += counter->frees;
	sums->allocated_bytes += counter->allocated_bytes;
	sums->temporary += counter->temporary;
	sums->lifetimes += counter->lifetimes;
	sums->live_bytes += (uint64_t)counter->live_bytes;
}

/* The next stretch of a table of counters that was written to, within *at .. end. */
static bool next_counters(struct wire_source source, uint64_t *at, uint64_t *stop, uint64_t end)
{
	uint64_t start = *at;

	if (start >= end || !source.next_data(source.context, &start, stop) || start >= end)
		return false;
	*at = start > *at ? start : *at;
	*stop = *stop < end ? *stop : end;
	return true;
}

static uint64_t counters_of(uint64_t section_off, unsigned shard)
{
	return section_off + WIRE_COUNTERS_OFF + shard * WIRE_SHARD_BYTES;
}

/* How many stacks have counters: no more than n_stacks. */
static uint32_t count_used_stacks(uint32_t n_stacks, uint64_t section_off,
                                  struct wire_source source)
{
	uint64_t used = 0;

	for (unsigned shard = 0; shard <= WIRE_N_SHARDS; shard++) {
		uint64_t begin = counters_of(section_off, shard), at = begin, stop;
		uint64_t end = begin + (n_stacks + UINT64_C(1)) * sizeof(struct wire_counter);

		for (; next_counters(source, &at, &stop, end); at = stop)
			if ((stop - begin) / sizeof(struct wire_counter) > used)
				used = (stop - begin) / sizeof(struct wire_counter);
	}
	return used > 0 ? (uint32_t)used - 1 : 0;
}

/* *is_used is set when any counter of it counted something, else left as it is. */
static bool add_shard(struct sums *sums, bool *is_used, uint32_t n_stacks,
                      const struct wire_section *head, uint64_t section_off, unsigned shard,
                      struct wire_source source)
{
	enum { AT_ONCE = 4096 };
	struct wire_counter *counters = xcalloc(AT_ONCE, sizeof(*counters));
	uint64_t begin = counters_of(section_off, shard), at = begin, stop;
	uint64_t end = begin + (n_stacks + UINT64_C(1)) * sizeof(*counters);
	bool ok = true;

	while (ok && next_counters(source, &at, &stop, end)) {
		size_t first = (at - begin) / sizeof(*counters);
		size_t n = (stop - at) / sizeof(*counters);

		n = n < AT_ONCE ? n : AT_ONCE;
		ok = n > 0 && source.read(source.context, counters, n * sizeof(*counters), at);
		for (size_t i = 0; ok && i < n; i++) {
			*is_used |= counters[i].allocations || counters[i].frees;
			add_counter(&sums[first + i], &counters[i], head->peak_epoch,
			            shard == WIRE_INHERITED_SHARD);
		}
		at += n * sizeof(*counters);
	}
	free(counters);
	return ok;
}

/* A sum that cannot be below zero, unless the target wrote nonsense or is in the middle of an
 * event. */
static uint64_t positive(uint64_t sum, uint64_t *n_damaged)
{
	if ((int64_t)sum >= 0)
		return sum;
	(*n_damaged)++;
	return 0;
}

/* Threads tell the section of their changes in steps, so that a peak within a step goes unseen.
 * What is live at the end is exact: where it is more than the peak that was seen, it is the peak.
 */
static void raise_peak_to_end(struct wire_section_copy *copy, struct sums *all, uint32_t n_stacks)
{
	uint32_t n_snapshots = copy->head.n_snapshots;
	uint64_t at_peak = 0, at_end = 0;

	for (uint32_t stack = 0; stack <= n_stacks; stack++) {
		at_peak += all[stack].peak_bytes;
		at_end += all[stack].live_bytes + all[stack].inherited_bytes;
	}
	if ((int64_t)at_end <= (int64_t)at_peak)
		return;
	for (uint32_t stack = 0; stack <= n_stacks; stack++) {
		struct sums *sums = &all[stack];

		sums->peak_bytes = sums->live_bytes + sums->inherited_bytes;
		sums->peak_blocks = sums->allocations - sums->frees + sums->inherited_blocks;
	}
	copy->head.peak_extra_bytes = copy->head.live_extra_bytes;
	if (n_snapshots && copy->snapshots[n_snapshots - 1].time > copy->head.peak_time)
		copy->head.peak_time = copy->snapshots[n_snapshots - 1].time;
}

static void keep_sums(struct wire_section_copy *copy, const struct sums *all, uint32_t n_stacks)
{
	static const struct sums nothing;
	uint64_t *damaged = &copy->n_damaged;

	copy->sums = xcalloc((size_t)n_stacks + 1, sizeof(*copy->sums));
	for (uint32_t stack = 0; stack <= n_stacks; stack++) {
		const struct sums *sums = &all[stack];

		if (!memcmp(sums, &nothing, sizeof(nothing)))
			continue;
		copy->sums[copy->n_sums++] = (struct wire_sums){
		    .stack = stack,
		    .allocations = sums->allocations,
		    .frees = sums->frees,
		    .allocated_bytes = sums->allocated_bytes,
		    .temporary = sums->temporary,
		    .lifetimes = sums->lifetimes,
		    .live_bytes = positive(sums->live_bytes, damaged),
		    .live_blocks = positive(sums->allocations - sums->frees, damaged),
		    .inherited_bytes = positive(sums->inherited_bytes, damaged),
		    .inherited_blocks = positive(sums->inherited_blocks, damaged),
		    .peak_bytes = positive(sums->peak_bytes, damaged),
		    .peak_blocks = positive(sums->peak_blocks, damaged),
		};
	}
}

static int read_counters(struct wire_section_copy *copy, uint32_t n_stacks, uint64_t section_off,
                         struct wire_source source, struct diag *diag)
{
	uint32_t n_used = count_used_stacks(n_stacks, section_off, source);
	struct sums *sums = xcalloc((size_t)n_used + 1, sizeof(*sums));
	int err = 0;

	for (unsigned shard = 0; shard <= WIRE_N_SHARDS && !err; shard++) {
		bool is_used = false;

		if (!add_shard(sums, &is_used, n_used, &copy->head, section_off, shard, source))
			err = diag_fail(diag, EIO, "cannot read the counters of a target");
		copy->n_used_shards += is_used && shard != WIRE_INHERITED_SHARD;
	}
	if (!err) {
		raise_peak_to_end(copy, sums, n_used);
		keep_sums(copy, sums, n_used);
	}
	free(sums);
	return err;
}

static int read_modules(struct wire_section_copy *copy, uint64_t section_off,
                        struct wire_source source, struct diag *diag)
{
	uint32_t n_kept = 0, text_bytes = copy->head.module_text_used;

	copy->modules = read_array(source, copy->head.n_modules, sizeof(*copy->modules),
	                           section_off + WIRE_MODULES_OFF, diag);
	copy->module_text = read_array(source, text_bytes, 1, section_off + WIRE_TEXT_OFF, diag);
	if (!copy->modules || !copy->module_text)
		return -EIO;
	for (uint32_t i = 0; i < copy->head.n_modules; i++) {
		const struct wire_module *module = &copy->modules[i];

		if (module->start >= module->end || module->path_off > text_bytes ||
		    module->path_len > text_bytes - module->path_off ||
		    module->build_id_len > sizeof(module->build_id))
			copy->n_damaged++;
		else
			copy->modules[n_kept++] = *module;
	}
	copy->head.n_modules = n_kept;
	return 0;
}

static int read_threads(struct wire_section_copy *copy, uint64_t section_off,
                        struct wire_source source, struct diag *diag)
{
	size_t n = at_most(copy->head.n_threads, WIRE_MAX_THREADS);

	copy->n_threads = n;
	copy->n_shared_rows = copy->head.n_threads > WIRE_MAX_THREADS ? WIRE_N_SHARDS : 0;
	/* Those that share come right behind the last one of their own. */
	copy->threads = read_array(source, n + copy->n_shared_rows, sizeof(*copy->threads),
	                           section_off + WIRE_THREADS_OFF, diag);
	return copy->threads ? 0 : -EIO;
}

static bool snapshot_holds(const struct wire_section_copy *copy, uint32_t i)
{
	const struct wire_snapshot *snapshot = &copy->snapshots[i];

	return snapshot->first_entry <= copy->head.n_tree_entries &&
	       snapshot->n_entries <= copy->head.n_tree_entries - snapshot->first_entry &&
	       (i == 0 || snapshot->time >= copy->snapshots[i - 1].time);
}

static int read_timeline(struct wire_section_copy *copy, uint32_t n_stacks, uint64_t section_off,
                         struct wire_source source, struct diag *diag)
{
	copy->snapshots = read_array(source, copy->head.n_snapshots, sizeof(*copy->snapshots),
	                             section_off + WIRE_SNAPSHOTS_OFF, diag);
	copy->entries = read_array(source, copy->head.n_tree_entries, sizeof(*copy->entries),
	                           section_off + WIRE_TREES_OFF, diag);
	if (!copy->snapshots || !copy->entries)
		return -EIO;
	copy->timeline_lost = copy->head.timeline_busy;
	for (uint32_t i = 0; i < copy->head.n_snapshots; i++)
		if (!snapshot_holds(copy, i))
			copy->timeline_lost = true;
	for (uint32_t i = 0; i < copy->head.n_tree_entries; i++)
		if (copy->entries[i].stack > n_stacks)
			copy->timeline_lost = true;
	if (copy->timeline_lost)
		copy->head.n_snapshots = copy->head.n_tree_entries = 0;
	return 0;
}

int wire_read_section(struct wire_section_copy *copy, const struct wire_image_copy *image,
                      uint32_t number, struct wire_source source, struct diag *diag)
{
	uint64_t offset = WIRE_SECTIONS_OFF + number * WIRE_SECTION_BYTES;
	int err;

	*copy = (struct wire_section_copy){0};
	if (!source.read(source.context, &copy->head, sizeof(copy->head), offset))
		return diag_fail(diag, EIO, "cannot read the memory file of a target");
	if (!copy->head.is_ready)
		return -ENOENT;
	copy->head.n_modules = at_most(copy->head.n_modules, WIRE_MAX_MODULES);
	copy->head.module_text_used = at_most(copy->head.module_text_used, WIRE_MODULE_TEXT);
	copy->head.n_snapshots = at_most(copy->head.n_snapshots, WIRE_MAX_SNAPSHOTS);
	copy->head.n_tree_entries = at_most(copy->head.n_tree_entries, WIRE_MAX_TREE_ENTRIES);
	copy->head.tick_shift = at_most(copy->head.tick_shift, WIRE_MAX_TICK_SHIFT);
	err = read_modules(copy, offset, source, diag);
	if (!err)
		err = read_timeline(copy, image->n_stacks, offset, source, diag);
	if (!err)
		err = read_counters(copy, image->n_stacks, offset, source, diag);
	if (!err)
		err = read_threads(copy, offset, source, diag);
	if (err)
		wire_section_copy_fini(copy);
	return err;
}

void wire_section_copy_fini(struct wire_section_copy *copy)
{
	free(copy->modules);
	free(copy->module_text);
	free(copy->sums);
	free(copy->threads);
	free(copy->snapshots);
	free(copy->entries);
	*copy = (struct wire_section_copy){0};
}

const struct wire_module *wire_find_module(const struct wire_section_copy *section, uint64_t addr,
                                           uint32_t generation)
{
	for (uint32_t i = section->head.n_modules; i-- > 0;) {
		const struct wire_module *module = &section->modules[i];

		if (addr >= module->start && addr < module->end && module->generation <= generation)
			return module;
	}
	return NULL;
}
