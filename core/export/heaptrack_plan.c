/* Makes a stream of allocations and frees out of sums by stack and a timeline. */
#include "core/export/heaptrack_plan.h"

#include "core/alloc.h"
#include "core/export/heaptrack_parts.h"

#include <stdlib.h>
#include <string.h>

#define NO_MOMENT SIZE_MAX

/* Short-lived blocks that are in use for some moments. */
struct hold {
	uint32_t site;
	uint64_t first;
	uint64_t n;
};

struct heaptrack_plan {
	struct site *sites;
	/* Sites with large lasting blocks first, so that small ones can make up for them; the one
	 * with a temporary block at the peak is last. */
	uint32_t *order;
	uint32_t *by_short; /* those with large short-lived blocks first */
	size_t n_sites;
	struct heaptrack_moment *moments; /* the end is the last */
	size_t n_moments;
	size_t peak;     /* index */
	uint64_t *rooms; /* by moment: below the peak */
	uint64_t sums[N_PARTS];
	bool peak_is_temporary;
	struct heaptrack_block *blocks; /* all kinds */
	size_t n_blocks;
	size_t blocks_capacity;
	struct heaptrack_lack lack;

	/* While it is told. */
	heaptrack_listener *listener; /* NULL: nobody listens */
	void *context;
	uint64_t live;
	uint64_t held_bytes;
	struct hold *holds;
	size_t n_holds;
	size_t holds_capacity;
};

static uint32_t add_block(struct heaptrack_plan *plan, size_t site, uint64_t size)
{
	*ARRAY_APPEND(plan->blocks, plan->n_blocks, plan->blocks_capacity) =
	    (struct heaptrack_block){.site = (uint32_t)site, .size = size};
	return (uint32_t)plan->n_blocks;
}

static uint64_t peak_bytes(const struct heaptrack_plan *plan)
{
	return plan->sums[KEPT] + plan->sums[FALLING];
}

static uint64_t exit_bytes(const struct heaptrack_plan *plan)
{
	return plan->sums[KEPT] + plan->sums[RISING];
}

/* No block may make a peak before the peak, but one that was as large may come after it, when all
 * else is gone. Where something stays, its size gives way. */
static void limit_short(struct heaptrack_plan *plan)
{
	uint64_t at_exit = less(peak_bytes(plan), exit_bytes(plan));
	uint64_t before = less(peak_bytes(plan), 1);

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

static void tell(struct heaptrack_plan *plan, enum heaptrack_event event, uint64_t number,
                 uint64_t count)
{
	if (plan->listener)
		plan->listener(plan->context, event, number, count);
}

/* The blocks [first, first + n) of a part, of both sizes. */
static void tell_blocks(struct heaptrack_plan *plan, enum heaptrack_event event,
                        const struct part *part, uint64_t first, uint64_t n)
{
	uint64_t n_large = smaller(n, less(part->n_large, first));

	if (n_large)
		tell(plan, event, part->large, n_large);
	if (n > n_large)
		tell(plan, event, part->small, n - n_large);
}

static void allocate(struct heaptrack_plan *plan, struct part *part, uint64_t n)
{
	tell_blocks(plan, HEAPTRACK_ALLOCATE, part, part->made, n);
	plan->live += part_bytes(part, part->made + n) - part_bytes(part, part->made);
	part->made += n;
}

/* The ones that were allocated last. */
static void release(struct heaptrack_plan *plan, struct part *part, uint64_t n)
{
	part->made -= n;
	tell_blocks(plan, HEAPTRACK_FREE, part, part->made, n);
	plan->live -= part_bytes(part, part->made + n) - part_bytes(part, part->made);
}

static uint64_t bytes_in_use(const struct heaptrack_plan *plan, enum part_kind kind)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < plan->n_sites; i++)
		bytes += part_bytes(&plan->sites[i].parts[kind], plan->sites[i].parts[kind].made);
	return bytes;
}

/* The part with the block that makes the peak, where that is a temporary one. */
static struct part *last_falling(const struct heaptrack_plan *plan)
{
	return &plan->sites[plan->order[plan->n_sites - 1]].parts[FALLING];
}

/* How many more blocks fit into the room. */
static uint64_t fitting(const struct part *part, uint64_t room)
{
	uint64_t size = part_largest(part);

	return size ? smaller(room / size, part->n - part->made) : 0;
}

/* As many more blocks of a part as fit into `room`. The last block of a peak that is temporary
 * waits for it. */
static uint64_t grow_part(struct heaptrack_plan *plan, struct part *part, uint64_t room)
{
	uint64_t had = part_bytes(part, part->made), n = fitting(part, room);

	if (plan->peak_is_temporary && part == last_falling(plan))
		n = smaller(n, less(part->n - part->made, 1));
	allocate(plan, part, n);
	return part_bytes(part, part->made) - had;
}

/* Allocates of the parts of these kinds until they have `target` bytes together, as far as blocks
 * can be that small: each in its share of the whole first, to the nearest block. */
static void grow(struct heaptrack_plan *plan, enum part_kind first, enum part_kind last,
                 uint64_t target)
{
	uint64_t whole = 0, have = 0, wanted = 0, passed = 0;

	for (size_t kind = first; kind <= last; kind++) {
		whole += plan->sums[kind];
		have += bytes_in_use(plan, kind);
	}
	for (size_t i = 0; i < plan->n_sites; i++) {
		for (size_t kind = first; kind <= last; kind++) {
			struct part *part = &plan->sites[plan->order[i]].parts[kind];
			uint64_t half = part_largest(part) / 2;

			wanted += scale(part_bytes(part, part->n), target, whole);
			have += grow_part(
			    plan, part,
			    smaller(less(wanted + half, passed + part_bytes(part, part->made)),
			            less(target, have)));
			passed += part_bytes(part, part->made);
		}
	}
	for (size_t i = 0; i < plan->n_sites && have < target; i++)
		for (size_t kind = first; kind <= last; kind++)
			have += grow_part(plan, &plan->sites[plan->order[i]].parts[kind],
			                  less(target, have));
}

static void grow_whole(struct heaptrack_plan *plan, enum part_kind first, enum part_kind last)
{
	for (size_t i = 0; i < plan->n_sites; i++) {
		for (size_t kind = first; kind <= last; kind++) {
			struct part *part = &plan->sites[plan->order[i]].parts[kind];

			allocate(plan, part, part->n - part->made);
		}
	}
}

/* Frees n blocks of a part, and returns their bytes. */
static uint64_t shrink_part(struct heaptrack_plan *plan, struct part *part, uint64_t n)
{
	uint64_t had = part_bytes(part, part->made);

	release(plan, part, smaller(n, part->made));
	return had - part_bytes(part, part->made);
}

/* Frees of the falling parts until they have `target` bytes together, to the nearest block: of each
 * what is above its share first. */
static void shrink(struct heaptrack_plan *plan, uint64_t target)
{
	uint64_t excess = less(bytes_in_use(plan, FALLING), target), wanted = 0, kept = 0;

	for (size_t i = plan->n_sites; i-- > 0;) {
		struct part *part = &plan->sites[plan->order[i]].parts[FALLING];
		uint64_t size = part_largest(part);

		wanted += scale(part_bytes(part, part->n), target, plan->sums[FALLING]);
		if (size)
			excess -= shrink_part(
			    plan, part,
			    smaller(less(part->made, less(wanted, kept) / size), excess / size));
		kept += part_bytes(part, part->made);
	}
	for (size_t i = plan->n_sites; i-- > 0 && excess;) {
		struct part *part = &plan->sites[plan->order[i]].parts[FALLING];
		uint64_t size = part_largest(part);

		if (size)
			excess = less(excess, shrink_part(plan, part, (excess + size / 2) / size));
	}
}

static void shrink_whole(struct heaptrack_plan *plan)
{
	for (size_t i = plan->n_sites; i-- > 0;) {
		struct part *part = &plan->sites[plan->order[i]].parts[FALLING];

		release(plan, part, part->made);
	}
}

static void release_hold(struct heaptrack_plan *plan)
{
	struct hold *hold = &plan->holds[--plan->n_holds];
	struct part *part = &plan->sites[hold->site].parts[SHORT];
	uint64_t bytes = part_bytes(part, hold->first + hold->n) - part_bytes(part, hold->first);

	tell_blocks(plan, HEAPTRACK_FREE, part, hold->first, hold->n);
	plan->live -= bytes;
	plan->held_bytes -= bytes;
}

/* Holds short-lived blocks where the others have less than was in use. In a first pass, in which
 * nobody listens, all may be held; in the second only those that were held in the first. */
static void hold(struct heaptrack_plan *plan, uint64_t bytes)
{
	for (size_t i = 0; i < plan->n_sites && plan->live < bytes; i++) {
		struct site *site = &plan->sites[plan->by_short[i]];
		struct part *part = &site->parts[SHORT];
		uint64_t before = plan->live;
		uint64_t n = fitting(part, bytes - plan->live);

		if (plan->listener)
			n = smaller(n, site->n_held - smaller(part->made, site->n_held));
		if (!n)
			continue;
		*ARRAY_APPEND(plan->holds, plan->n_holds, plan->holds_capacity) =
		    (struct hold){.site = plan->by_short[i], .first = part->made, .n = n};
		allocate(plan, part, n);
		plan->held_bytes += plan->live - before;
		if (!plan->listener)
			site->n_held = part->made;
	}
}

static void release_holds(struct heaptrack_plan *plan, uint64_t most_bytes)
{
	while (plan->n_holds && plan->held_bytes > most_bytes)
		release_hold(plan);
}

/* n of a part's blocks from `first` on, allocated and freed with so much room below the peak. */
static void tell_passing(struct heaptrack_plan *plan, enum part_kind kind, struct part *part,
                         uint64_t first, uint64_t n, uint64_t room)
{
	enum { MOST_AT_ONCE = 1000 };
	uint64_t size = part_largest(part), at_once = MOST_AT_ONCE;

	part->passed += n;
	if (kind == TEMPORARY) {
		tell_blocks(plan, HEAPTRACK_TEMPORARY, part, first, n);
		return;
	}
	if (size && room / size < at_once)
		at_once = room / size ? room / size : 1;
	for (uint64_t done = 0; done < n; done += smaller(at_once, n - done))
		tell_blocks(plan, HEAPTRACK_SHORT_LIVED, part, first + done,
		            smaller(at_once, n - done));
}

/* ms from the first moment to the one after this, or to the end. */
static uint64_t time_after(const struct heaptrack_plan *plan, size_t moment)
{
	size_t after = moment + 1 < plan->n_moments ? moment + 1 : moment;

	return plan->moments[after].time_ms - plan->moments[0].time_ms;
}

/* How many of n blocks have passed by the moment after this one: evenly spread over the time. */
static uint64_t passed_by(const struct heaptrack_plan *plan, const struct part *part, size_t moment,
                          uint64_t n)
{
	if (moment >= part->last_moment)
		return n;
	return scale(n, time_after(plan, moment), time_after(plan, part->last_moment));
}

/* The short-lived blocks that are not held and fit at this moment. */
static void pass_short(struct heaptrack_plan *plan, size_t moment)
{
	for (size_t i = 0; i < plan->n_sites; i++) {
		struct site *site = &plan->sites[i];

		for (size_t kind = SHORT; kind <= TEMPORARY; kind++) {
			struct part *part = &site->parts[kind];
			uint64_t n_held = kind == SHORT ? site->n_held : 0, n;

			if (part->last_moment == NO_MOMENT ||
			    part_largest(part) > plan->rooms[moment])
				continue;
			n = passed_by(plan, part, moment, part->n - n_held);
			tell_passing(plan, kind, part, n_held + part->passed, less(n, part->passed),
			             plan->rooms[moment]);
		}
	}
}

/* Those that fit at no moment come first of all, when nothing else is in use. */
static void pass_early(struct heaptrack_plan *plan)
{
	for (size_t i = 0; i < plan->n_sites; i++) {
		struct site *site = &plan->sites[i];

		for (size_t kind = SHORT; kind <= TEMPORARY; kind++) {
			struct part *part = &site->parts[kind];
			uint64_t n_held = kind == SHORT ? site->n_held : 0;

			if (part->last_moment == NO_MOMENT)
				tell_passing(plan, kind, part, n_held, part->n - n_held,
				             less(peak_bytes(plan), 1));
		}
	}
}

/* The least that is in use at the moments from `first` to `last`. */
static uint64_t least(const struct heaptrack_plan *plan, size_t first, size_t last)
{
	uint64_t bytes = UINT64_MAX;

	for (size_t i = first; i <= last; i++)
		bytes = smaller(bytes, plan->moments[i].bytes);
	return bytes;
}

static void reach_peak(struct heaptrack_plan *plan)
{
	struct part *last;

	release_holds(plan, 0);
	grow_whole(plan, KEPT, FALLING);
	if (!plan->peak_is_temporary)
		return;
	last = last_falling(plan);
	last->made--;
	tell_blocks(plan, HEAPTRACK_FREE_AT_ONCE, last, last->made, 1);
	plan->live -= part_bytes(last, last->made + 1) - part_bytes(last, last->made);
}

static void reach_end(struct heaptrack_plan *plan)
{
	release_holds(plan, 0);
	shrink_whole(plan);
	grow_whole(plan, RISING, RISING);
}

/* Before the peak: what lasts has the least that is in use from here to there. */
static void follow_rise(struct heaptrack_plan *plan, size_t moment)
{
	uint64_t bytes = plan->moments[moment].bytes, lasting = least(plan, moment, plan->peak);

	release_holds(plan, bytes - lasting);
	grow(plan, KEPT, FALLING, lasting);
	hold(plan, bytes);
}

/* After it: what falls goes with the least so far, what rises with the least from here on. */
static void follow_fall(struct heaptrack_plan *plan, size_t moment)
{
	uint64_t bytes = plan->moments[moment].bytes, risen, others;
	uint64_t fallen = less(least(plan, plan->peak, moment), plan->sums[KEPT]);

	shrink(plan, smaller(fallen, plan->sums[FALLING]));
	others = plan->live - plan->held_bytes - bytes_in_use(plan, RISING);
	risen = smaller(less(least(plan, moment, plan->n_moments - 1), others), plan->sums[RISING]);
	release_holds(plan, less(bytes, others + risen));
	grow(plan, RISING, RISING, risen);
	hold(plan, bytes);
}

static void reach(struct heaptrack_plan *plan, size_t moment)
{
	if (moment == plan->peak)
		reach_peak(plan);
	else if (moment + 1 == plan->n_moments)
		reach_end(plan);
	else if (moment < plan->peak)
		follow_rise(plan, moment);
	else
		follow_fall(plan, moment);
}

void heaptrack_plan_tell(struct heaptrack_plan *plan, heaptrack_listener *listener, void *context)
{
	plan->listener = listener;
	plan->context = context;
	plan->live = 0;
	for (size_t i = 0; i < plan->n_sites; i++)
		for (size_t kind = 0; kind < N_PARTS; kind++)
			plan->sites[i].parts[kind].made = plan->sites[i].parts[kind].passed = 0;
	for (size_t i = 0; i < plan->n_moments; i++) {
		if (!i || plan->moments[i].time_ms > plan->moments[i - 1].time_ms)
			tell(plan, HEAPTRACK_TIME, plan->moments[i].time_ms, 0);
		if (!i && listener)
			pass_early(plan);
		reach(plan, i);
		if (listener)
			pass_short(plan, i);
		else
			plan->rooms[i] = less(peak_bytes(plan), plan->live + (i < plan->peak));
	}
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
	parts_fill(plan->sites, sites, n_sites, least(plan, plan->peak + 1, plan->n_moments - 1),
	           plan->sums, &plan->lack);
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
