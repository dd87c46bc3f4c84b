/* Plans a stream of allocations and frees out of sums by stack and a timeline: which blocks there
 * are, in which order, and how much is in use when. */
#include "core/export/heaptrack_plan.h"

#include "core/alloc.h"
#include "core/export/heaptrack_events.h"

#include <stdlib.h>
#include <string.h>

static uint32_t add_block(struct heaptrack_plan *plan, size_t site, uint64_t size)
{
	*ARRAY_APPEND(plan->blocks, plan->n_blocks, plan->blocks_capacity) =
	    (struct heaptrack_block){.site = (uint32_t)site, .size = size};
	return (uint32_t)plan->n_blocks;
}

/* No block may make a peak before the peak, but one that was as large may come after it, when all
 * else is gone. Where something stays, its size gives way. */
static void limit_short(struct heaptrack_plan *plan)
{
	uint64_t at_exit = less(plan_peak_bytes(plan), plan_exit_bytes(plan));
	uint64_t before = less(plan_peak_bytes(plan), 1);

	for (size_t i = 0; i < plan->n_sites; i++) {
		for (size_t kind = SHORT; kind <= TEMPORARY; kind++) {
			struct part *part = &plan->sites[i].parts[kind];
			uint64_t bytes = part_bytes(part, part->n), size = part_largest(part);

			if (size <= at_exit || size <= before)
				continue;
			part->size = before;
			part->n_large = 0;
			plan->lack.bytes += less(bytes, part_bytes(part, part->n));
		}
	}
}

/* Finds the last moment with room for blocks of this size. */
static size_t last_with_room(const struct heaptrack_plan *plan, uint64_t size)
{
	for (size_t i = plan->n_moments; i-- > 0;)
		if (plan->rooms[i] >= size)
			return i;
	return NO_MOMENT;
}

static void place_short(struct heaptrack_plan *plan)
{
	for (size_t i = 0; i < plan->n_sites; i++) {
		for (size_t kind = SHORT; kind <= TEMPORARY; kind++) {
			struct part *part = &plan->sites[i].parts[kind];

			part->last_moment = last_with_room(plan, part_largest(part));
		}
	}
}

static void list_blocks(struct heaptrack_plan *plan)
{
	for (size_t i = 0; i < plan->n_sites; i++) {
		for (size_t kind = 0; kind < N_PARTS; kind++) {
			struct part *part = &plan->sites[i].parts[kind];

			if (part->n_large)
				part->large = add_block(plan, i, part->size + 1);
			if (part->n > part->n_large)
				part->small = add_block(plan, i, part->size);
		}
	}
}

static uint64_t lasting_size(const struct site *site)
{
	uint64_t kept = part_largest(&site->parts[KEPT]);
	uint64_t falling = part_largest(&site->parts[FALLING]);

	return kept > falling ? kept : falling;
}

static int by_size(uint64_t x_size, uint64_t y_size, uint32_t x, uint32_t y)
{
	if (x_size != y_size)
		return x_size > y_size ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int by_lasting_size(const void *a, const void *b, void *context)
{
	const struct site *sites = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return by_size(lasting_size(&sites[x]), lasting_size(&sites[y]), x, y);
}

static int by_short_size(const void *a, const void *b, void *context)
{
	const struct site *sites = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return by_size(sites[x].parts[SHORT].size, sites[y].parts[SHORT].size, x, y);
}

/* The peak's last allocation may be one that is freed at once. */
static void put_temporary_last(struct heaptrack_plan *plan, const struct heaptrack_site *from)
{
	size_t n = 0, last = plan->n_sites;

	while (n < plan->n_sites && last == plan->n_sites) {
		uint32_t i = plan->order[n++];

		if (from[i].temporary > plan->sites[i].parts[TEMPORARY].n &&
		    plan->sites[i].parts[FALLING].n)
			last = i;
	}
	plan->peak_is_temporary = last < plan->n_sites;
	if (!plan->peak_is_temporary)
		return;
	memmove(plan->order + n - 1, plan->order + n, (plan->n_sites - n) * sizeof(*plan->order));
	plan->order[plan->n_sites - 1] = (uint32_t)last;
	plan->lack.temporary--;
}

static void order_sites(struct heaptrack_plan *plan, const struct heaptrack_site *from)
{
	for (size_t i = 0; i < plan->n_sites; i++)
		plan->order[i] = plan->by_short[i] = (uint32_t)i;
	if (!plan->n_sites)
		return;
	qsort_r(plan->order, plan->n_sites, sizeof(*plan->order), by_lasting_size, plan->sites);
	qsort_r(plan->by_short, plan->n_sites, sizeof(*plan->by_short), by_short_size, plan->sites);
	put_temporary_last(plan, from);
}

/* Copies them, with the end behind, and keeps all below the peak or, after it, at it. */
static void copy_moments(struct heaptrack_plan *plan, const struct heaptrack_moment *moments,
                         size_t n_moments, uint64_t end_ms)
{
	plan->moments = xcalloc(n_moments + 2, sizeof(*plan->moments));
	if (n_moments)
		memcpy(plan->moments, moments, n_moments * sizeof(*moments));
	plan->n_moments = n_moments ? n_moments : 1; /* the peak has to be somewhere */
	for (size_t i = 1; i < plan->n_moments; i++) {
		const struct heaptrack_moment *best = &plan->moments[plan->peak];
		const struct heaptrack_moment *moment = &plan->moments[i];

		if (best->is_peak ? false : moment->is_peak || moment->bytes > best->bytes)
			plan->peak = i;
	}
	if (end_ms < plan->moments[plan->n_moments - 1].time_ms)
		end_ms = plan->moments[plan->n_moments - 1].time_ms;
	plan->moments[plan->n_moments++] = (struct heaptrack_moment){.time_ms = end_ms};
}

static void fit_moments(struct heaptrack_plan *plan, const struct heaptrack_site *from)
{
	struct heaptrack_moment *moments = plan->moments;
	uint64_t at_peak = 0, at_exit = 0;

	for (size_t i = 0; i < plan->n_sites; i++) {
		at_peak += from[i].peak_bytes;
		at_exit += from[i].exit_bytes;
	}
	moments[plan->n_moments - 1].bytes = at_exit;
	plan->lack.peak_bytes = less(at_exit, at_peak);
	moments[plan->peak].bytes = at_peak;
	for (size_t i = 0; i + 1 < plan->n_moments; i++)
		if (i != plan->peak)
			moments[i].bytes =
			    smaller(moments[i].bytes, i < plan->peak ? less(at_peak, 1) : at_peak);
}

struct heaptrack_plan *heaptrack_plan_new(const struct heaptrack_site *sites, size_t n_sites,
                                          const struct heaptrack_moment *moments, size_t n_moments,
                                          uint64_t end_ms)
{
	struct heaptrack_plan *plan = xcalloc(1, sizeof(*plan));

	plan->n_sites = n_sites;
	plan->sites = xcalloc(n_sites, sizeof(*plan->sites));
	plan->order = xcalloc(n_sites, sizeof(*plan->order));
	plan->by_short = xcalloc(n_sites, sizeof(*plan->by_short));
	copy_moments(plan, moments, n_moments, end_ms);
	fit_moments(plan, sites);
	plan->rooms = xcalloc(plan->n_moments, sizeof(*plan->rooms));
	parts_fill(plan->sites, sites, n_sites,
	           plan_least(plan, plan->peak + 1, plan->n_moments - 1), plan->sums, &plan->lack);
	limit_short(plan);
	list_blocks(plan);
	order_sites(plan, sites);
	/* What will be held, and the room that is left, have to be known before the rest passes. */
	heaptrack_plan_tell(plan, NULL, NULL);
	place_short(plan);
	return plan;
}

void heaptrack_plan_free(struct heaptrack_plan *plan)
{
	if (!plan)
		return;
	free(plan->sites);
	free(plan->order);
	free(plan->by_short);
	free(plan->moments);
	free(plan->rooms);
	free(plan->blocks);
	free(plan->holds);
	free(plan);
}

const struct heaptrack_block *heaptrack_plan_blocks(const struct heaptrack_plan *plan,
                                                    size_t *n_blocks)
{
	*n_blocks = plan->n_blocks;
	return plan->blocks;
}

const struct heaptrack_lack *heaptrack_plan_lack(const struct heaptrack_plan *plan)
{
	return &plan->lack;
}
