/* Pairs the rows of two sides by name and sorts them by what they moved. */
#include "core/compare/movers.h"

#include "core/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The rows of a kind that have one name, of both sides. */
struct pair {
	const struct side_row *base; /* the largest of the name; NULL: the side has none */
	const struct side_row *new;
	double base_self, new_self; /* sums over all of the name, of all runs */
	double base_total, new_total;
};

struct columns {
	const struct side *base;
	const struct side *new;
	size_t base_value;
	size_t new_value;
	enum side_row_kind kind;
};

static int compare_pairs(const void *a, const void *b)
{
	const struct side_row *left = *(const struct side_row *const *)a;
	const struct side_row *right = *(const struct side_row *const *)b;
	int order = strcmp(left->name, right->name);

	/* Rows of a side lie most first. */
	return order ? order : (left > right) - (left < right);
}

/* The rows of a kind by name. The caller frees the array. */
static const struct side_row **rows_by_name(const struct side *side, enum side_row_kind kind,
                                            size_t *n)
{
	const struct side_row **rows = xcalloc(side->n_rows + 1, sizeof(*rows));

	*n = 0;
	for (size_t i = 0; i < side->n_rows; i++)
		if (side->rows[i].kind == kind)
			rows[(*n)++] = &side->rows[i];
	qsort(rows, *n, sizeof(*rows), compare_pairs);
	return rows;
}

static void add_base(struct pair *pair, const struct side_row *row, size_t value)
{
	if (!pair->base)
		pair->base = row;
	pair->base_self += row->self[value];
	pair->base_total += row->total[value];
}

static void add_new(struct pair *pair, const struct side_row *row, size_t value)
{
	if (!pair->new)
		pair->new = row;
	pair->new_self += row->self[value];
	pair->new_total += row->total[value];
}

/* Merges two lists by name. The caller frees the array. */
static struct pair *find_pairs(const struct columns *columns, size_t *n_pairs)
{
	size_t n_base, n_new, i = 0, j = 0;
	const struct side_row **base = rows_by_name(columns->base, columns->kind, &n_base);
	const struct side_row **new = rows_by_name(columns->new, columns->kind, &n_new);
	struct pair *pairs = xcalloc(n_base + n_new + 1, sizeof(*pairs));

	*n_pairs = 0;
	while (i < n_base || j < n_new) {
		const char *name = i == n_base                               ? new[j]->name
		                   : j == n_new                              ? base[i]->name
		                   : strcmp(base[i]->name, new[j]->name) < 0 ? base[i]->name
		                                                             : new[j]->name;
		struct pair *pair = &pairs[(*n_pairs)++];

		while (i < n_base && !strcmp(base[i]->name, name))
			add_base(pair, base[i++], columns->base_value);
		while (j < n_new && !strcmp(new[j]->name, name))
			add_new(pair, new[j++], columns->new_value);
	}
	free(base);
	free(new);
	return pairs;
}

/* What a side does not have it has 0 of, unless it left rows out. */
static double value_of(const struct side *side, const struct columns *columns,
                       const struct side_row *row, double sum)
{
	if (!row && side->n_left_out[columns->kind])
		return NAN;
	return sum / (double)side->n_profiled[columns->kind];
}

static void fill_mover(struct comparison_mover *mover, const struct columns *columns,
                       const struct pair *pair)
{
	const struct side_row *known = pair->new ? pair->new : pair->base;

	mover->name = known->name;
	mover->object = known->object;
	mover->file = known->file;
	mover->line = known->line;
	mover->base_self = value_of(columns->base, columns, pair->base, pair->base_self);
	mover->base_total = value_of(columns->base, columns, pair->base, pair->base_total);
	mover->new_self = value_of(columns->new, columns, pair->new, pair->new_self);
	mover->new_total = value_of(columns->new, columns, pair->new, pair->new_total);
}

static double known(double value)
{
	return isnan(value) ? 0 : value;
}

/* How far it moved: of samples by its share, which two runs of different length have in common. */
static double distance(const struct comparison_mover *mover)
{
	if (mover->share)
		return fabs(known(mover->share->delta));
	return fabs(known(mover->new_self) - known(mover->base_self));
}

static double distance_of_total(const struct comparison_mover *mover)
{
	return fabs(known(mover->new_total) - known(mover->base_total));
}

static int compare_movers(const void *a, const void *b)
{
	const struct comparison_mover *left = a, *right = b;
	double x = distance(left), y = distance(right);

	if (x != y)
		return x > y ? -1 : 1;
	x = distance_of_total(left);
	y = distance_of_total(right);
	if (x != y)
		return x > y ? -1 : 1;
	return strcmp(left->name, right->name);
}

static void judge_shares(struct comparison_movers *movers, const struct columns *columns,
                         const struct pair *pairs, size_t n, double threshold)
{
	movers->shares = xcalloc(n + 1, sizeof(*movers->shares));
	for (size_t i = 0; i < n; i++)
		movers->shares[i] = (struct judged_share){
		    .name = movers->rows[i].name,
		    .base = (uint64_t)pairs[i].base_self,
		    .new = (uint64_t)pairs[i].new_self,
		};
	compare_judge_shares(
	    movers->shares, n,
	    (uint64_t)columns->base->values[columns->base_value].whole[columns->kind],
	    (uint64_t)columns->new->values[columns->new_value].whole[columns->kind], threshold);
	for (size_t i = 0; i < n; i++) {
		struct comparison_mover *mover = &movers->rows[i];

		mover->share = &movers->shares[i];
		if (isnan(mover->base_self) || isnan(mover->new_self)) {
			mover->share->verdict = VERDICT_INCONCLUSIVE;
			mover->share->why = "not among the functions that one side keeps";
		}
	}
}

static void drop_unmoved(struct comparison_movers *movers)
{
	size_t n_kept = 0;

	for (size_t i = 0; i < movers->n_rows; i++)
		if (distance(&movers->rows[i]) > 0 || distance_of_total(&movers->rows[i]) > 0)
			movers->rows[n_kept++] = movers->rows[i];
	movers->n_rows = n_kept;
}

static void fill_movers(struct comparison_movers *movers, const struct columns *columns,
                        double threshold)
{
	const struct side_value *base = &columns->base->values[columns->base_value];
	const struct side_value *new = &columns->new->values[columns->new_value];
	size_t n;
	struct pair *pairs = find_pairs(columns, &n);

	*movers = (struct comparison_movers){
	    .kind = columns->kind,
	    .value = new->name,
	    .unit = new->unit,
	    .base_whole =
	        base->whole[columns->kind] / (double)columns->base->n_profiled[columns->kind],
	    .new_whole =
	        new->whole[columns->kind] / (double)columns->new->n_profiled[columns->kind],
	    .rows = xcalloc(n + 1, sizeof(*movers->rows)),
	    .n_rows = n,
	};
	for (size_t i = 0; i < n; i++)
		fill_mover(&movers->rows[i], columns, &pairs[i]);
	/* Counted one by one, samples alone differ by chance. */
	if (!strcmp(new->name, "samples"))
		judge_shares(movers, columns, pairs, n, threshold);
	free(pairs);
	drop_unmoved(movers);
	if (movers->n_rows)
		qsort(movers->rows, movers->n_rows, sizeof(*movers->rows), compare_movers);
}

static int find_value(const struct side *side, const struct side_value *like)
{
	for (size_t i = 0; i < side->n_values; i++)
		if (!strcmp(side->values[i].name, like->name) &&
		    !strcmp(side->values[i].unit, like->unit))
			return (int)i;
	return -1;
}

struct comparison_movers *movers_find(const struct side *base, const struct side *new,
                                      double threshold, size_t *n)
{
	struct comparison_movers *movers = xcalloc(SIDE_N_KINDS * SIDE_MAX_VALUES, sizeof(*movers));

	*n = 0;
	for (int kind = 0; kind < SIDE_N_KINDS; kind++) {
		if (!base->n_profiled[kind] || !new->n_profiled[kind])
			continue;
		for (size_t i = 0; i < base->n_values; i++) {
			int value = find_value(new, &base->values[i]);
			struct columns columns = {
			    .base = base,
			    .new = new,
			    .base_value = i,
			    .new_value = (size_t)value,
			    .kind = (enum side_row_kind)kind,
			};

			if (value >= 0)
				fill_movers(&movers[(*n)++], &columns, threshold);
		}
	}
	return movers;
}

void movers_free(struct comparison_movers *movers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(movers[i].rows);
		free(movers[i].shares);
	}
	free(movers);
}
