/* Sums functions, sites and calls over the runs of a side, and keeps the largest. */
#include "core/compare/side_rows.h"

#include "core/alloc.h"
#include "core/string_pool.h"
#include "core/u64map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const side_kind_words[] = {
    [SIDE_FUNCTION] = "function",
    [SIDE_SITE] = "site",
    [SIDE_CALL] = "call",
};

struct side_index {
	struct string_pool *texts;
	struct u64map *rows; /* by name, object and kind: index + 1 */
};

static struct side_index *index_of(struct side *side)
{
	if (!side->index) {
		side->index = xcalloc(1, sizeof(*side->index));
		side->index->texts = string_pool_new();
		side->index->rows = u64map_new();
	}
	return side->index;
}

static void forget_index(struct side *side)
{
	if (!side->index)
		return;
	string_pool_free(side->index->texts);
	u64map_free(side->index->rows);
	free(side->index);
	side->index = NULL;
}

static void row_fini(struct side_row *row)
{
	free(row->name);
	free(row->object);
	free(row->file);
}

void side_rows_fini(struct side *side)
{
	for (size_t i = 0; i < side->n_rows; i++)
		row_fini(&side->rows[i]);
	free(side->rows);
	for (size_t i = 0; i < side->n_values; i++) {
		free(side->values[i].name);
		free(side->values[i].unit);
	}
	forget_index(side);
}

int side_rows_column(struct side *side, const char *name, const char *unit)
{
	for (size_t i = 0; i < side->n_values; i++)
		if (!strcmp(side->values[i].name, name) && !strcmp(side->values[i].unit, unit))
			return (int)i;
	if (side->n_values == SIDE_MAX_VALUES)
		return -1;
	side->values[side->n_values].name = xstrdup(name);
	side->values[side->n_values].unit = xstrdup(unit);
	return (int)side->n_values++;
}

static size_t row_index(struct side *side, enum side_row_kind kind, const char *name,
                        const char *object)
{
	struct side_index *index = index_of(side);
	uint64_t name_id = string_pool_add(index->texts, name);
	uint64_t object_id = string_pool_add(index->texts, object);
	bool is_new;
	uint64_t *at =
	    u64map_put(index->rows, name_id << 32 | object_id << 2 | (uint64_t)kind, &is_new);

	if (is_new) {
		struct side_row *row = ARRAY_APPEND(side->rows, side->n_rows, side->rows_capacity);

		row->kind = kind;
		row->name = xstrdup(name);
		row->object = xstrdup(object);
		row->file = xstrdup("");
		*at = side->n_rows;
	}
	return *at - 1;
}

struct side_row *side_rows_add(struct side *side, enum side_row_kind kind, const char *name,
                               const char *object)
{
	size_t i = row_index(side, kind, name, object);

	return &side->rows[i];
}

/* A profile being summed. */
struct summing {
	struct side *side;
	const struct profile *profile;
	const struct side_view *view;
	int columns[SIDE_MAX_VALUES]; /* by index of view->values; -1: the profile has it not */
	int types[SIDE_MAX_VALUES];
	size_t n_columns;
	bool has_rows;
	size_t *row_of; /* by frame: index + 1; 0: not asked yet */
	size_t rows_capacity;
	size_t *seen;       /* by row: the last sample (index + 1) that counted it */
	double *frame_self; /* of the first column */
	uint32_t *stack;
	size_t stack_capacity;
};

static void choose_columns(struct summing *summing)
{
	for (size_t i = 0; summing->view->values[i]; i++) {
		int type = profile_find_type(summing->profile, summing->view->values[i]);
		const struct value_type *known =
		    type < 0 ? NULL : profile_type(summing->profile, (size_t)type);
		int column = known ? side_rows_column(summing->side, known->name, known->unit) : -1;

		if (column < 0)
			continue;
		summing->types[summing->n_columns] = type;
		summing->columns[summing->n_columns++] = column;
	}
}

/* An inlined copy of a function is the function. */
static char *name_of_frame(const struct profile *profile, const struct frame *frame, uint32_t id)
{
	const char *name = profile_folded_name(profile, id);
	size_t len = strlen(name);

	if (frame->kind == FRAME_INLINED)
		len -= strlen(frame_kind_mark(FRAME_INLINED));
	return xstrndup(name, len);
}

static size_t row_of_frame(struct summing *summing, uint32_t id)
{
	const struct frame *frame = profile_frame(summing->profile, id);
	char *name;

	if (summing->row_of[id])
		return summing->row_of[id] - 1;
	name = name_of_frame(summing->profile, frame, id);
	summing->row_of[id] = row_index(summing->side, summing->view->kind, name,
	                                profile_text(summing->profile, frame->object)) +
	                      1;
	free(name);
	if (summing->side->n_rows > summing->rows_capacity) {
		size_t before = summing->rows_capacity;

		summing->seen = array_reserve(summing->seen, &summing->rows_capacity,
		                              summing->side->n_rows, sizeof(*summing->seen));
		memset(summing->seen + before, 0,
		       (summing->rows_capacity - before) * sizeof(*summing->seen));
	}
	return summing->row_of[id] - 1;
}

static size_t read_stack(struct summing *summing, uint32_t stack)
{
	size_t n =
	    profile_stack_frames(summing->profile, stack, summing->stack, summing->stack_capacity);

	if (n <= summing->stack_capacity)
		return n;
	summing->stack =
	    array_reserve(summing->stack, &summing->stack_capacity, n, sizeof(*summing->stack));
	return profile_stack_frames(summing->profile, stack, summing->stack,
	                            summing->stack_capacity);
}

static void add_sample(struct summing *summing, size_t index)
{
	struct profile_sample sample = profile_sample(summing->profile, index);
	frame_filter *passes_on = summing->view->passes_on;
	size_t n = read_stack(summing, sample.stack), first = 0;

	while (passes_on && first < n && passes_on(summing->profile, summing->stack[first]))
		first++;
	if (first == n && summing->view->kind == SIDE_FUNCTION)
		first = 0;
	summing->has_rows |= first < n;
	for (size_t i = first; i < n; i++) {
		size_t at = row_of_frame(summing, summing->stack[i]);
		struct side_row *row = &summing->side->rows[at];
		bool counted = summing->seen[at] == index + 1;

		for (size_t j = 0; j < summing->n_columns; j++) {
			double value = (double)sample.values[summing->types[j]];
			int column = summing->columns[j];

			row->total[column] += counted ? 0 : value;
			row->self[column] += i == first ? value : 0;
			if (!j && i == first)
				summing->frame_self[summing->stack[i]] += value;
		}
		summing->seen[at] = index + 1;
	}
}

/* A row's line is that of its heaviest frame. */
static void place_rows(struct summing *summing)
{
	double *best = xcalloc(summing->side->n_rows, sizeof(*best));

	for (uint32_t i = 0; i < profile_n_frames(summing->profile); i++) {
		const struct frame *frame = profile_frame(summing->profile, i);
		size_t at = summing->row_of[i];
		struct side_row *row;

		if (!at || !frame->file)
			continue;
		row = &summing->side->rows[at - 1];
		if (*row->file && summing->frame_self[i] <= best[at - 1])
			continue;
		free(row->file);
		row->file = xstrdup(profile_text(summing->profile, frame->file));
		row->line = frame->line;
		best[at - 1] = summing->frame_self[i];
	}
	free(best);
}

void side_add_profile(struct side *side, const struct profile *profile,
                      const struct side_view *view, uint64_t n_repeats)
{
	uint32_t n_frames = profile_n_frames(profile);
	struct summing summing = {
	    .side = side,
	    .profile = profile,
	    .view = view,
	    .row_of = xcalloc(n_frames, sizeof(*summing.row_of)),
	    .frame_self = xcalloc(n_frames, sizeof(*summing.frame_self)),
	};

	choose_columns(&summing);
	for (size_t i = 0; i < profile_n_samples(profile); i++)
		add_sample(&summing, i);
	place_rows(&summing);
	/* Calls whose stacks were not taken have no sites. */
	for (size_t j = 0; summing.has_rows && j < summing.n_columns; j++)
		side->values[summing.columns[j]].whole[view->kind] +=
		    (double)profile_total(profile, (size_t)summing.types[j]);
	side->n_profiled[view->kind] += summing.has_rows ? n_repeats : 0;
	free(summing.row_of);
	free(summing.frame_self);
	free(summing.seen);
	free(summing.stack);
}

/* The last component of a metric of an item as a column. */
struct call_column {
	const char *what;
	const char *name;
	const char *unit;
};
static const struct call_column call_columns[] = {
    {".time_ns", "time", "nanoseconds"},
    {".calls", "calls", "count"},
    {".bytes", "bytes", "bytes"},
    {".errors", "errors", "count"},
};

static void add_call_value(struct side *side, const struct side_metric *metric)
{
	const char *last = strrchr(metric->name, '.'), *first = strchr(metric->name, '.') + 1;

	for (size_t i = 0; i < ARRAY_SIZE(call_columns); i++) {
		char *name;
		int column;
		double sum = 0;

		if (strcmp(last, call_columns[i].what) != 0)
			continue;
		column = side_rows_column(side, call_columns[i].name, call_columns[i].unit);
		for (size_t j = 0; j < metric->n_samples; j++)
			sum += metric->samples[j];
		if (column < 0 || sum == 0)
			return;
		name = xstrndup(first, (size_t)(last - first));
		struct side_row *row = side_rows_add(side, SIDE_CALL, name, "");

		row->self[column] = row->total[column] = sum;
		side->values[column].whole[SIDE_CALL] += sum;
		if (metric->n_samples > side->n_profiled[SIDE_CALL])
			side->n_profiled[SIDE_CALL] = metric->n_samples;
		free(name);
	}
}

static double largest_share(const struct side *side, const struct side_row *row,
                            const double *values)
{
	double largest = 0;

	for (size_t i = 0; i < side->n_values; i++) {
		double whole = side->values[i].whole[row->kind];

		if (whole > 0)
			largest = fmax(largest, values[i] / whole);
	}
	return largest;
}

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct side_row *a = left, *b = right;
	double a_self = largest_share(context, a, a->self);
	double b_self = largest_share(context, b, b->self);
	double a_total = largest_share(context, a, a->total);
	double b_total = largest_share(context, b, b->total);
	int order;

	if (a->kind != b->kind)
		return (int)a->kind - (int)b->kind;
	if (a_self != b_self)
		return a_self < b_self ? 1 : -1;
	if (a_total != b_total)
		return a_total < b_total ? 1 : -1;
	order = strcmp(a->name, b->name);
	return order ? order : strcmp(a->object, b->object);
}

/* Keeps the largest of each kind, in their order. */
static void cut_rows(struct side *side)
{
	size_t n_of_kind[SIDE_N_KINDS] = {0}, n_kept = 0;

	for (size_t i = 0; i < side->n_rows; i++) {
		struct side_row *row = &side->rows[i];

		if (n_of_kind[row->kind]++ < SIDE_MAX_ROWS) {
			side->rows[n_kept++] = *row;
			continue;
		}
		side->n_left_out[row->kind]++;
		row_fini(row);
	}
	side->n_rows = n_kept;
}

void side_rows_finish(struct side *side)
{
	for (size_t i = 0; i < side->n_metrics; i++)
		if (side_metric_is_of_item(side->metrics[i].name, side->metrics[i].unit))
			add_call_value(side, &side->metrics[i]);
	side_rows_sort(side);
}

void side_rows_sort(struct side *side)
{
	forget_index(side);
	if (side->n_rows)
		qsort_r(side->rows, side->n_rows, sizeof(*side->rows), compare_rows, side);
	cut_rows(side);
}
