/* What a parameter scan runs: which variables take which values, and in which order. Pure.
 *
 * A scan has one range (--parameter-scan) at most, and lists (--parameter-list): their product. The
 * range is the outermost: at each of its sizes, ascending, all that the lists have is run side by
 * side, so that what is to be compared is measured at about the same time, and an end half-way
 * leaves whole sizes. The last list changes fastest.
 */
#ifndef CORE_GROWTH_SCAN_PLAN_H
#define CORE_GROWTH_SCAN_PLAN_H

#include "core/options.h"

struct diag;

/* Each is a run of every type: who has typed more has made a slip. */
enum { SCAN_MAX_POINTS = 1000 };

struct scan_variable {
	char *name;
	struct text_list values; /* at least one */
	double *numbers;         /* of the values; NULL: one of them is no number */
};

struct scan_plan {
	struct scan_variable *variables; /* in the order of nesting, the outermost first */
	size_t n_variables;
	size_t capacity;
	size_t n_points;
};

/* As they were typed; NULL, empty and false where they were not. */
struct scan_words {
	const struct text_list *ranges; /* "VAR MIN MAX" */
	const char *step;               /* of the range; NULL: 1, where it is whole numbers */
	bool doubles;                   /* MIN, 2 MIN, 4 MIN, ... and MAX */
	const struct text_list *lists;  /* "VAR a,b,c" */
};

/* -EINVAL with a sentence: what is no scan, or one of too many points. */
int scan_plan_make(struct scan_plan *plan, const struct scan_words *words, struct diag *diag);
void scan_plan_fini(struct scan_plan *plan);

/* Which of a variable's values it has at a point, from 0. */
size_t scan_plan_index(const struct scan_plan *plan, size_t point, size_t variable);
const char *scan_plan_value(const struct scan_plan *plan, size_t point, size_t variable);

/* The variable that growth is told over: the first one with nothing but different numbers. Its
 * index, or -1: there is none. */
int scan_plan_sized_by(const struct scan_plan *plan);

/* "n=8 algorithm=quick", or without the variable `but` (-1: all). The caller frees it. */
char *scan_plan_label(const struct scan_plan *plan, size_t point, int but);

#endif
