/* Tells a plan: reaches the bytes of each moment, one after the other, by allocating and freeing.
 */
#include "core/export/heaptrack_events.h"

#include "core/alloc.h"

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
				             less(plan_peak_bytes(plan), 1));
		}
	}
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
	uint64_t bytes = plan->moments[moment].bytes,
	         lasting = plan_least(plan, moment, plan->peak);

	release_holds(plan, bytes - lasting);
	grow(plan, KEPT, FALLING, lasting);
	hold(plan, bytes);
}

/* After it: what falls goes with the least so far, what rises with the least from here on. */
static void follow_fall(struct heaptrack_plan *plan, size_t moment)
{
	uint64_t bytes = plan->moments[moment].bytes, risen, others;
	uint64_t fallen = less(plan_least(plan, plan->peak, moment), plan->sums[KEPT]);

	shrink(plan, smaller(fallen, plan->sums[FALLING]));
	others = plan->live - plan->held_bytes - bytes_in_use(plan, RISING);
	risen = smaller(less(plan_least(plan, moment, plan->n_moments - 1), others),
	                plan->sums[RISING]);
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
			plan->rooms[i] = less(plan_peak_bytes(plan), plan->live + (i < plan->peak));
	}
}
