/* The events that are made of a heap's sums: read as heaptrack reads them, they have those sums. */
#include "core/export/heaptrack_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_SITES = 40, MAX_LIVE = 300, MAX_MOMENTS = 100, STEPS = 2000 };

/* A heap that is really used, by one thread: what its sums are. */
struct world {
	struct heaptrack_site sites[MAX_SITES];
	size_t n_sites;
	struct heaptrack_moment moments[MAX_MOMENTS + 1];
	size_t n_moments;
	uint64_t live;
	uint64_t peak;
	size_t peak_at; /* the moment before it */
	uint64_t in_use[MAX_SITES];
	uint64_t in_use_blocks[MAX_SITES];
	struct {
		size_t site;
		uint64_t size;
	} blocks[MAX_LIVE];
	size_t n_blocks;
	bool last_is_new;
	uint64_t largest;
};

static unsigned random_state;

static unsigned random_below(unsigned n)
{
	random_state = random_state * 1103515245 + 12345;
	return (random_state >> 8) % n;
}

static void world_allocate(struct world *world, size_t site, uint64_t size)
{
	world->blocks[world->n_blocks].site = site;
	world->blocks[world->n_blocks++].size = size;
	world->sites[site].allocations++;
	world->sites[site].bytes += size;
	world->in_use[site] += size;
	world->in_use_blocks[site]++;
	world->live += size;
	world->last_is_new = true;
	if (size > world->largest)
		world->largest = size;
	if (world->live <= world->peak)
		return;
	world->peak = world->live;
	world->peak_at = world->n_moments;
	for (size_t i = 0; i < world->n_sites; i++) {
		world->sites[i].peak_bytes = world->in_use[i];
		world->sites[i].peak_blocks = world->in_use_blocks[i];
	}
}

static void world_free(struct world *world, size_t block)
{
	size_t site = world->blocks[block].site;
	uint64_t size = world->blocks[block].size;

	world->sites[site].temporary += world->last_is_new && block + 1 == world->n_blocks;
	world->last_is_new = false;
	world->in_use[site] -= size;
	world->in_use_blocks[site]--;
	world->live -= size;
	world->n_blocks--;
	memmove(&world->blocks[block], &world->blocks[block + 1],
	        (world->n_blocks - block) * sizeof(world->blocks[0]));
}

static void world_end(struct world *world)
{
	size_t at = world->peak_at;

	for (size_t i = 0; i < world->n_sites; i++) {
		world->sites[i].exit_bytes = world->in_use[i];
		world->sites[i].exit_blocks = world->in_use_blocks[i];
	}
	memmove(&world->moments[at + 1], &world->moments[at],
	        (world->n_moments - at) * sizeof(world->moments[0]));
	world->moments[at] =
	    (struct heaptrack_moment){.time_ms = at ? world->moments[at - 1].time_ms : 0,
	                              .bytes = world->peak,
	                              .is_peak = true};
	world->n_moments++;
}

/* Waves of allocating and of freeing; each site has a size of its own that varies by `spread`. */
static void world_live(struct world *world, unsigned seed, unsigned n_sites, unsigned spread)
{
	unsigned sizes[MAX_SITES], tendency = 50;

	memset(world, 0, sizeof(*world));
	random_state = seed;
	world->n_sites = n_sites;
	for (size_t i = 0; i < n_sites; i++)
		sizes[i] = random_below(4) ? random_below(100) : random_below(5000);
	for (unsigned step = 0; step < STEPS; step++) {
		if (step % (STEPS / MAX_MOMENTS) == 0) {
			world->moments[world->n_moments++] =
			    (struct heaptrack_moment){.time_ms = step / 40, .bytes = world->live};
			tendency = 20 + random_below(60);
		}
		if (world->n_blocks < MAX_LIVE && random_below(100) < tendency) {
			size_t site = random_below(n_sites);

			world_allocate(world, site, sizes[site] + random_below(spread));
			if (random_below(4) == 0)
				world_free(world, world->n_blocks - 1);
		} else if (world->n_blocks) {
			world_free(world, random_below((unsigned)world->n_blocks));
		}
	}
	world_end(world);
}

/* What a reader like heaptrack_print makes of the events. */
struct reader {
	const struct heaptrack_block *blocks;
	size_t n_sites;
	struct heaptrack_site seen[MAX_SITES];
	uint64_t in_use[MAX_SITES];
	uint64_t at_peak[MAX_SITES];
	uint64_t live;
	uint64_t peak;
	uint64_t last;
	uint64_t time_ms;
	uint64_t levels[60][2]; /* least and most in use in a ms */
};

static void note_level(struct reader *reader)
{
	uint64_t *level = reader->levels[reader->time_ms];

	if (reader->live < level[0])
		level[0] = reader->live;
	if (reader->live > level[1])
		level[1] = reader->live;
}

static void reader_allocate(struct reader *reader, uint64_t number)
{
	const struct heaptrack_block *block = &reader->blocks[number - 1];
	struct heaptrack_site *seen = &reader->seen[block->site];

	seen->allocations++;
	seen->exit_blocks++;
	seen->bytes += block->size;
	reader->in_use[block->site] += block->size;
	reader->live += block->size;
	reader->last = number;
	note_level(reader);
	if (reader->live <= reader->peak)
		return;
	reader->peak = reader->live;
	memcpy(reader->at_peak, reader->in_use, sizeof(reader->at_peak));
}

/* As the writer does it: something comes between where it is not to look temporary. */
static void reader_free(struct reader *reader, uint64_t number, bool at_once)
{
	const struct heaptrack_block *block = &reader->blocks[number - 1];
	struct heaptrack_site *seen = &reader->seen[block->site];

	if (at_once)
		assert_int_equal(reader->last, number);
	seen->temporary += at_once;
	reader->last = 0;
	assert_true(seen->exit_blocks > 0);
	assert_true(reader->in_use[block->site] >= block->size);
	seen->exit_blocks--;
	reader->in_use[block->site] -= block->size;
	reader->live -= block->size;
	note_level(reader);
}

static void hear(void *context, enum heaptrack_event event, uint64_t number, uint64_t count)
{
	struct reader *reader = context;

	if (event == HEAPTRACK_TIME) {
		assert_true(number >= reader->time_ms && number < 60);
		reader->time_ms = number;
		note_level(reader);
		return;
	}
	for (uint64_t i = 0; i < count; i++) {
		if (event == HEAPTRACK_ALLOCATE || event == HEAPTRACK_SHORT_LIVED ||
		    event == HEAPTRACK_TEMPORARY)
			reader_allocate(reader, number);
		if (event == HEAPTRACK_TEMPORARY || event == HEAPTRACK_FREE_AT_ONCE)
			reader_free(reader, number, true);
		if (event == HEAPTRACK_FREE)
			reader_free(reader, number, false);
	}
	for (uint64_t i = 0; event == HEAPTRACK_SHORT_LIVED && i < count; i++)
		reader_free(reader, number, false);
}

static void listen(struct reader *reader, struct heaptrack_plan *plan, size_t n_sites)
{
	size_t n_blocks;

	memset(reader, 0, sizeof(*reader));
	for (size_t i = 0; i < 60; i++)
		reader->levels[i][0] = UINT64_MAX;
	reader->blocks = heaptrack_plan_blocks(plan, &n_blocks);
	reader->n_sites = n_sites;
	heaptrack_plan_tell(plan, hear, reader);
	for (size_t i = 0; i < n_sites; i++) {
		reader->seen[i].peak_bytes = reader->at_peak[i];
		reader->seen[i].exit_bytes = reader->in_use[i];
	}
}

static struct heaptrack_plan *plan_of(const struct world *world)
{
	return heaptrack_plan_new(world->sites, world->n_sites, world->moments, world->n_moments,
	                          59);
}

static void check_world(const struct world *world)
{
	struct heaptrack_plan *plan = plan_of(world);
	const struct heaptrack_lack *lack = heaptrack_plan_lack(plan);
	struct reader reader;

	listen(&reader, plan, world->n_sites);
	assert_int_equal(lack->extra_calls, 0);
	assert_int_equal(lack->temporary, 0);
	assert_int_equal(lack->bytes, 0);
	assert_int_equal(lack->peak_bytes, 0);
	assert_int_equal(reader.peak, world->peak);
	for (size_t i = 0; i < world->n_sites; i++) {
		reader.seen[i].peak_blocks = world->sites[i].peak_blocks;
		assert_memory_equal(&reader.seen[i], &world->sites[i], sizeof(reader.seen[i]));
	}
	heaptrack_plan_free(plan);
}

static void a_heap_of_many_stacks_is_told_with_its_sums(void **state)
{
	static struct world world;

	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		world_live(&world, seed, 1 + seed % MAX_SITES, 1 + seed % 7 * 50);
		check_world(&world);
		for (size_t i = 0; i < world.n_sites; i++)
			world.sites[i].peak_blocks = 0;
		check_world(&world);
	}
}

static void each_moment_of_the_timeline_has_its_bytes_within_a_block(void **state)
{
	static struct world world;

	(void)state;
	for (unsigned seed = 1; seed <= 100; seed++) {
		struct heaptrack_plan *plan;
		struct reader reader;

		world_live(&world, seed, 20, 1);
		plan = plan_of(&world);
		listen(&reader, plan, world.n_sites);
		for (size_t i = 0; i < world.n_moments; i++) {
			const struct heaptrack_moment *moment = &world.moments[i];
			const uint64_t *level = reader.levels[moment->time_ms];

			assert_true(level[0] <= moment->bytes + world.largest);
			assert_true(level[1] + world.largest >= moment->bytes);
		}
		heaptrack_plan_free(plan);
	}
}

static void check_one(const struct heaptrack_site *site, const struct heaptrack_moment *moments,
                      size_t n_moments, const struct heaptrack_lack *lack)
{
	struct heaptrack_plan *plan = heaptrack_plan_new(site, 1, moments, n_moments, 59);
	struct reader reader;

	listen(&reader, plan, 1);
	assert_memory_equal(heaptrack_plan_lack(plan), lack, sizeof(*lack));
	assert_int_equal(reader.seen[0].allocations, site->allocations + lack->extra_calls);
	assert_int_equal(reader.seen[0].temporary, site->temporary - lack->temporary);
	assert_int_equal(reader.seen[0].peak_bytes, site->peak_bytes);
	assert_int_equal(reader.seen[0].exit_bytes, site->exit_bytes);
	assert_int_equal(reader.seen[0].exit_blocks, site->exit_blocks);
	heaptrack_plan_free(plan);
}

static void the_block_that_makes_the_peak_can_be_temporary(void **state)
{
	const struct heaptrack_site site = {
	    .allocations = 1, .bytes = 100, .temporary = 1, .peak_bytes = 100};
	const struct heaptrack_moment moments[] = {{.bytes = 100, .is_peak = true}};

	(void)state;
	check_one(&site, moments, 1, &(struct heaptrack_lack){0});
}

static void blocks_that_a_fork_inherited_are_calls_more_and_counted(void **state)
{
	const struct heaptrack_site site = {.peak_bytes = 5000};
	const struct heaptrack_moment moments[] = {{.bytes = 5000, .is_peak = true}};

	(void)state;
	check_one(&site, moments, 1, &(struct heaptrack_lack){.extra_calls = 1});
}

static void blocks_of_no_bytes_are_told(void **state)
{
	const struct heaptrack_site site = {.allocations = 9, .temporary = 3, .exit_blocks = 4};

	(void)state;
	check_one(&site, NULL, 0, &(struct heaptrack_lack){0});
}

static void a_heap_of_which_nobody_asked_anything_is_told_in_no_event(void **state)
{
	struct heaptrack_plan *plan = heaptrack_plan_new(NULL, 0, NULL, 0, 7);
	struct reader reader;
	size_t n_blocks;

	(void)state;
	listen(&reader, plan, 0);
	heaptrack_plan_blocks(plan, &n_blocks);
	assert_int_equal(n_blocks, 0);
	assert_int_equal(reader.time_ms, 7);
	heaptrack_plan_free(plan);
}

/* What a damaged file may claim has to end, too. */
static void sums_that_cannot_be_end_and_are_counted(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct heaptrack_site sites[8];
		struct heaptrack_moment moments[5];
		struct heaptrack_plan *plan;
		struct reader reader;

		random_state = seed;
		for (size_t i = 0; i < 8; i++)
			sites[i] = (struct heaptrack_site){
			    .allocations = random_below(50),
			    .bytes = random_below(1000),
			    .temporary = random_below(60),
			    .peak_bytes = random_below(1000),
			    .exit_blocks = random_below(60),
			    .exit_bytes = random_below(1000),
			};
		for (size_t i = 0; i < 5; i++)
			moments[i] =
			    (struct heaptrack_moment){.time_ms = i, .bytes = random_below(9000)};
		plan = heaptrack_plan_new(sites, 8, moments, 5, 59);
		listen(&reader, plan, 8);
		heaptrack_plan_free(plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_heap_of_many_stacks_is_told_with_its_sums),
	    cmocka_unit_test(each_moment_of_the_timeline_has_its_bytes_within_a_block),
	    cmocka_unit_test(the_block_that_makes_the_peak_can_be_temporary),
	    cmocka_unit_test(blocks_that_a_fork_inherited_are_calls_more_and_counted),
	    cmocka_unit_test(blocks_of_no_bytes_are_told),
	    cmocka_unit_test(a_heap_of_which_nobody_asked_anything_is_told_in_no_event),
	    cmocka_unit_test(sums_that_cannot_be_end_and_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
