/* Reads runs in several threads and puts what they measured in series. */
#include "core/trend/trend.h"

#include "core/alloc.h"
#include "core/parallel.h"
#include "core/results/names.h"
#include "core/string_pool.h"
#include "core/trend/manifest_read.h"
#include "core/u64map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Runs that one thread reads at a time: enough to know most metrics' names already. */
#define CHUNK_RUNS 128

/* A run as a chunk has read it; ids are of the chunk's pool. */
struct chunk_run {
	enum trend_lack lack;
	uint32_t started, commit, verdict, host, parameters, command, options;
	bool is_dirty;
	size_t end_metric; /* of the chunk's metrics */
};

struct chunk {
	size_t first, n_runs;
	struct manifest_reading reading;
	struct chunk_run *runs;
};

struct work {
	const struct run_list *list;
	struct chunk *chunks;
};

struct trend_inside {
	struct string_pool *pool;
	struct u64map *series; /* (group, metric) to index + 1 */
};

static enum trend_lack lack_of(int err)
{
	return err == -ENOENT || err == -ENOTDIR ? TREND_UNFINISHED
	       : err == -EIO                     ? TREND_DAMAGED
	                                         : TREND_UNREADABLE;
}

static void read_run(const struct run_list *list, struct chunk *chunk, size_t i)
{
	const char *type = list->folders[list->runs[chunk->first + i].folder].type;
	struct manifest_reading *reading = &chunk->reading;
	struct chunk_run *run = &chunk->runs[i];
	size_t len_bytes;
	char *text;
	int err;

	if (!strcmp(type, RESULTS_GROWTH)) {
		run->lack = TREND_NO_RUN;
		run->end_metric = reading->n_metrics;
		return;
	}
	err = run_list_manifest(list, chunk->first + i, &text, &len_bytes);
	run->lack = err ? lack_of(err) : manifest_read(reading, type, text, len_bytes);
	if (!run->lack) {
		run->started = reading->started;
		run->commit = reading->commit;
		run->verdict = reading->verdict;
		run->host = reading->host;
		run->parameters = reading->parameters;
		run->command = reading->command;
		run->options = reading->options;
		run->is_dirty = reading->is_dirty;
	}
	run->end_metric = reading->n_metrics;
	free(text);
}

static void read_chunk(void *context, size_t number)
{
	const struct work *work = context;
	struct chunk *chunk = &work->chunks[number];

	chunk->reading.pool = string_pool_new();
	chunk->runs = xcalloc(chunk->n_runs, sizeof(*chunk->runs));
	for (size_t i = 0; i < chunk->n_runs; i++)
		read_run(work->list, chunk, i);
}

/* The text of a chunk's id, which lives as long as the trend. */
static const char *keep(struct trend *trend, const struct chunk *chunk, uint32_t id)
{
	uint32_t kept =
	    string_pool_add(trend->inside->pool, string_pool_text(chunk->reading.pool, id));

	return string_pool_text(trend->inside->pool, kept);
}

/* Texts of one pool are the same when their addresses are. */
static size_t find_group(struct trend *trend, const struct run_folder *folder, const char *host,
                         const char *parameters)
{
	struct string_pool *pool = trend->inside->pool;
	const char *scenario = string_pool_text(pool, string_pool_add(pool, folder->scenario));
	const char *type = string_pool_text(pool, string_pool_add(pool, folder->type));
	struct trend_group *group;

	for (size_t i = trend->n_groups; i > 0; i--) {
		group = &trend->groups[i - 1];
		if (group->parameters == parameters && group->type == type && group->host == host &&
		    group->scenario == scenario)
			return i - 1;
	}
	group = ARRAY_APPEND(trend->groups, trend->n_groups, trend->groups_capacity);
	*group = (struct trend_group){
	    .scenario = scenario, .type = type, .host = host, .parameters = parameters};
	return trend->n_groups - 1;
}

static struct trend_series *find_series(struct trend *trend, size_t group,
                                        const struct chunk *chunk,
                                        const struct manifest_metric *metric)
{
	struct string_pool *pool = trend->inside->pool;
	uint32_t name = string_pool_add(pool, string_pool_text(chunk->reading.pool, metric->name));
	uint64_t *index = u64map_put(trend->inside->series, (uint64_t)group << 32 | name, NULL);
	struct trend_series *series;

	if (*index)
		return &trend->series[*index - 1];
	series = ARRAY_APPEND(trend->series, trend->n_series, trend->series_capacity);
	*index = trend->n_series;
	series->group = group;
	series->number = trend->n_series;
	series->metric = string_pool_text(pool, name);
	series->unit = keep(trend, chunk, metric->unit);
	series->better = metric->better;
	return series;
}

static void add_metric(struct trend *trend, size_t run, const struct chunk *chunk,
                       const struct manifest_metric *metric)
{
	struct trend_series *series = find_series(trend, trend->runs[run].group, chunk, metric);
	struct trend_value *value =
	    ARRAY_APPEND(series->values, series->n_values, series->capacity);

	*value = (struct trend_value){run, metric->value, trend->n_samples, metric->n_samples};
	for (size_t i = 0; i < metric->n_samples; i++)
		*ARRAY_APPEND(trend->samples, trend->n_samples, trend->samples_capacity) =
		    chunk->reading.samples[metric->first_sample + i];
}

static bool is_good(const char *verdict)
{
	return strcmp(verdict, "unusable") != 0 && strcmp(verdict, "target_failed") != 0;
}

static void compare_with_last(const struct trend *trend, struct trend_group *group,
                              const struct trend_run *run)
{
	const struct trend_run *before = &trend->runs[group->last];

	group->n_new_commands += before->command != run->command;
	group->n_new_options += before->options != run->options;
}

/* Are there two copies of it? Runs of one start are neighbours. */
static bool is_copy(const struct trend *trend, const struct trend_group *group, size_t number)
{
	return group->n_runs &&
	       !strcmp(trend->list->runs[group->newest].id, trend->list->runs[number].id);
}

/* False: it is no part of any series. */
static bool add_run(struct trend *trend, const struct chunk *chunk, size_t i)
{
	const struct chunk_run *from = &chunk->runs[i];
	size_t number = chunk->first + i;
	struct trend_run *run = &trend->runs[number];
	struct trend_group *group;

	run->lack = from->lack;
	run->started = run->commit = run->verdict = "";
	if (run->lack) {
		trend->n_lacking += run->lack != TREND_NO_RUN;
		return false;
	}
	run->started = keep(trend, chunk, from->started);
	run->commit = keep(trend, chunk, from->commit);
	run->verdict = keep(trend, chunk, from->verdict);
	run->command = keep(trend, chunk, from->command);
	run->options = keep(trend, chunk, from->options);
	run->is_dirty = from->is_dirty;
	run->is_good = is_good(run->verdict);
	run->group =
	    find_group(trend, &trend->list->folders[trend->list->runs[number].folder],
	               keep(trend, chunk, from->host), keep(trend, chunk, from->parameters));
	group = &trend->groups[run->group];
	if (is_copy(trend, group, number)) {
		run->lack = TREND_COPY;
		trend->n_copies++;
		return false;
	}
	group->n_runs++;
	group->newest = number;
	if (!run->is_good)
		return true;
	if (!group->n_good++)
		group->first = number;
	else
		compare_with_last(trend, group, run);
	group->last = number;
	return true;
}

static void add_chunk(struct trend *trend, const struct chunk *chunk)
{
	size_t metric = 0;

	for (size_t i = 0; i < chunk->n_runs; i++) {
		bool is_part = add_run(trend, chunk, i);

		for (; metric < chunk->runs[i].end_metric; metric++)
			if (is_part)
				add_metric(trend, chunk->first + i, chunk,
				           &chunk->reading.metrics[metric]);
	}
}

/* For sorting: a group and where it was. */
struct ranked {
	struct trend_group group;
	size_t place;
};

static int by_words(const void *a, const void *b)
{
	const struct trend_group *group_a = &((const struct ranked *)a)->group;
	const struct trend_group *group_b = &((const struct ranked *)b)->group;
	int order = strcmp(group_a->scenario, group_b->scenario);

	if (!order)
		order = strcmp(group_a->type, group_b->type);
	if (!order)
		order = strcmp(group_a->host, group_b->host);
	if (order)
		return order;
	/* Sizes of a scan in the order in which they were run. */
	return ((const struct ranked *)a)->place < ((const struct ranked *)b)->place ? -1 : 1;
}

static int by_group(const void *a, const void *b)
{
	const struct trend_series *series_a = a, *series_b = b;

	if (series_a->group != series_b->group)
		return series_a->group < series_b->group ? -1 : 1;
	return series_a->number < series_b->number ? -1 : 1;
}

/* Sorts groups by name, and series by group, in which they keep their order. */
static void sort(struct trend *trend)
{
	struct ranked *ranked = xcalloc(trend->n_groups + 1, sizeof(*ranked));
	size_t *rank = xcalloc(trend->n_groups + 1, sizeof(*rank));

	for (size_t i = 0; i < trend->n_groups; i++)
		ranked[i] = (struct ranked){trend->groups[i], i};
	qsort(ranked, trend->n_groups, sizeof(*ranked), by_words);
	for (size_t i = 0; i < trend->n_groups; i++) {
		trend->groups[i] = ranked[i].group;
		rank[ranked[i].place] = i;
	}
	for (size_t i = 0; i < trend->list->n_runs; i++)
		if (!trend->runs[i].lack)
			trend->runs[i].group = rank[trend->runs[i].group];
	for (size_t i = 0; i < trend->n_series; i++)
		trend->series[i].group = rank[trend->series[i].group];
	if (trend->n_series)
		qsort(trend->series, trend->n_series, sizeof(*trend->series), by_group);
	free(ranked);
	free(rank);
}

struct trend *trend_new(const struct run_list *list, const struct trend_wish *wish)
{
	struct trend *trend = xcalloc(1, sizeof(*trend));
	size_t n_chunks = (list->n_runs + CHUNK_RUNS - 1) / CHUNK_RUNS;
	struct work work = {list, xcalloc(n_chunks + 1, sizeof(*work.chunks))};

	trend->list = list;
	trend->runs = xcalloc(list->n_runs + 1, sizeof(*trend->runs));
	trend->inside = xcalloc(1, sizeof(*trend->inside));
	trend->inside->pool = string_pool_new();
	trend->inside->series = u64map_new();
	for (size_t i = 0; i < n_chunks; i++) {
		struct chunk *chunk = &work.chunks[i];

		chunk->first = i * CHUNK_RUNS;
		chunk->n_runs = list->n_runs - chunk->first < CHUNK_RUNS
		                    ? list->n_runs - chunk->first
		                    : CHUNK_RUNS;
		chunk->reading.wish = wish;
	}
	parallel_do(read_chunk, &work, n_chunks);
	for (size_t i = 0; i < n_chunks; i++) {
		add_chunk(trend, &work.chunks[i]);
		manifest_reading_fini(&work.chunks[i].reading);
		string_pool_free(work.chunks[i].reading.pool);
		free(work.chunks[i].runs);
	}
	free(work.chunks);
	sort(trend);
	return trend;
}

void trend_free(struct trend *trend)
{
	if (!trend)
		return;
	for (size_t i = 0; i < trend->n_series; i++)
		free(trend->series[i].values);
	free(trend->series);
	free(trend->groups);
	free(trend->runs);
	free(trend->samples);
	string_pool_free(trend->inside->pool);
	u64map_free(trend->inside->series);
	free(trend->inside);
	free(trend);
}

const char *trend_lack_text(enum trend_lack lack)
{
	static const char *const texts[] = {
	    [TREND_READ] = "read",
	    [TREND_DAMAGED] = "cut short or damaged",
	    [TREND_NEWER] = "of another schema",
	    [TREND_UNFINISHED] = "without run.json",
	    [TREND_UNREADABLE] = "not to be read",
	    [TREND_NO_RUN] = "no run",
	    [TREND_COPY] = "in another tree, too",
	};

	return texts[lack];
}
