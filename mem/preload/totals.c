/* The process's totals: what is done to them once in many events. */
#include "mem/preload/totals.h"

#include "mem/preload/section.h"
#include "mem/timeline.h"

uint64_t totals_churn(void)
{
	uint64_t churn = 0;

	for (unsigned i = 0; i < WIRE_N_SHARDS; i++)
		churn += shards[i].churn_bytes;
	return churn;
}

static void raise_peak_of_many(const struct shard *shard, int64_t live)
{
	struct wire_section *section = preload.section;
	int64_t peak = __atomic_load_n(&section->peak_bytes, __ATOMIC_RELAXED);

	while (live > peak) {
		if (!__atomic_compare_exchange_n(&section->peak_bytes, &peak, live, false,
		                                 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		section->peak_time = totals_peak_time(shard);
		section->peak_extra_bytes =
		    __atomic_load_n(&section->live_extra_bytes, __ATOMIC_RELAXED);
		__atomic_fetch_add(&section->peak_epoch, 1, __ATOMIC_ACQ_REL);
		break;
	}
}

void totals_flush_among_others(struct shard *shard)
{
	struct wire_section *section = preload.section;
	int64_t change = shard->unflushed_bytes, extra = shard->unflushed_extra;

	if (likely(totals_are_little(change, extra)))
		return;
	shard->unflushed_bytes = shard->unflushed_extra = 0;
	__atomic_fetch_add(&section->live_extra_bytes, extra, __ATOMIC_RELAXED);
	raise_peak_of_many(shard,
	                   __atomic_add_fetch(&section->live_bytes, change, __ATOMIC_ACQ_REL));
}

static uint64_t timeline_now(void)
{
	return preload.time_unit == WIRE_TIME_BYTES ? totals_churn() : preload_now_ns();
}

/* Of a tree in ns: to read a counter takes about as long. In time unit B, where every run is to
 * take the same trees, a byte stands for a ns. */
static uint64_t cost_of_tree(void)
{
	enum { COUNTER_NS = 4 };
	uint32_t n_shards = 0;

	for (unsigned i = 0; i < WIRE_N_SHARDS; i++)
		n_shards += shards[i].was_used;
	return (uint64_t)__atomic_load_n(&preload.image->n_stacks, __ATOMIC_RELAXED) * n_shards *
	       COUNTER_NS;
}

static void add_tree(struct timeline *timeline)
{
	uint32_t n_stacks = __atomic_load_n(&preload.image->n_stacks, __ATOMIC_RELAXED);
	struct wire_section *section = timeline->section;
	bool is_wanted =
	    timeline->all_trees || timeline->snapshots[section->n_snapshots - 1].is_detailed;
	const struct wire_counter *used[WIRE_N_SHARDS + 1];
	unsigned n_used = 0;

	for (unsigned i = 0; i <= WIRE_N_SHARDS; i++)
		if (i == WIRE_INHERITED_SHARD ? section->depth : shards[i].was_used)
			used[n_used++] = section_counters(section, i);
	for (uint32_t stack = 0; stack <= n_stacks && stack <= WIRE_MAX_STACKS; stack++) {
		int64_t live = 0;

		for (unsigned i = 0; i < n_used; i++)
			live += used[i][stack].live_bytes;
		if (live > 0 && !timeline_add_entry(timeline, stack, (uint64_t)live)) {
			if (is_wanted)
				preload_trouble(WIRE_NO_TREE);
			return;
		}
	}
}

/* How much may happen before the next look: an eighth of the interval by the pace since the last
 * one. */
static void grant_credit(struct shard *shard, uint64_t now, uint64_t interval)
{
	uint64_t passed = now - shard->last_look, wanted = interval / 8;
	int64_t most = shard->grant > 4096 ? 8192 : 2 * shard->grant + 1;

	if (preload.time_unit == WIRE_TIME_BYTES)
		shard->grant = preload_is_single_threaded() ? 0 : (int64_t)wanted;
	else if (passed <= wanted)
		shard->grant = most;
	else
		shard->grant = (int64_t)((uint64_t)shard->grant * wanted / passed);
	shard->credit = shard->grant;
	shard->last_look = now;
}

void totals_look_at_timeline(struct shard *shard)
{
	struct wire_section *section = preload.section;
	struct timeline timeline = section_timeline(section);
	struct wire_snapshot taken = {0};
	uint64_t now;
	int64_t live, extra;

	/* Another thread is at it: its snapshot is as good as ours. */
	if (__atomic_exchange_n(&section->timeline_busy, 1, __ATOMIC_ACQUIRE))
		return;
	now =
	    timeline_now(); /* not before, or it could be older than that of the snapshot before */
	live = __atomic_load_n(&section->live_bytes, __ATOMIC_RELAXED);
	extra = __atomic_load_n(&section->live_extra_bytes, __ATOMIC_RELAXED);
	taken.time = now;
	taken.live_bytes = live > 0 ? (uint64_t)live : 0;
	taken.extra_bytes = extra > 0 ? (uint64_t)extra : 0;
	if (timeline_is_due(&timeline, now) && timeline_add(&timeline, taken, cost_of_tree()))
		add_tree(&timeline);
	if (preload.time_unit == WIRE_TIME_BYTES)
		__atomic_store_n(&section->churn_bytes, now, __ATOMIC_RELAXED);
	grant_credit(shard, now, section->interval);
	__atomic_store_n(&section->timeline_busy, 0, __ATOMIC_RELEASE);
}

void totals_settle(struct shard *shard)
{
	totals_flush_among_others(shard);
	if (shard->credit < 0)
		totals_look_at_timeline(shard);
}
