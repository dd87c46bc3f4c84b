/* What a comparison says of a metric or mover, as texts for people: the same ones in the terminal
 * and in a merge request.
 */
#ifndef CORE_COMPARE_COMPARISON_CELLS_H
#define CORE_COMPARE_COMPARISON_CELLS_H

#include "core/compare/comparison.h"

struct cell {
	char text[48];
};

/* "1.23 s", "1.5 MB", "1,234", "12.5 %": three or four digits; counts whole. NAN is "?". */
struct cell cell_of_value(double value, const char *unit);
/* The same with a sign. */
struct cell cell_of_delta(double delta, const char *unit);

struct metric_cells {
	struct cell base, new;
	struct cell ratio;    /* "1.138"; of exact differences too; "from 0"; "-": too often 0 */
	struct cell interval; /* "1.131 .. 1.145", "exact", ""; "-": there is no ratio */
	struct cell noise;    /* "1.3 %": the noise floor; "" without a control; "-" as above */
	const char *verdict;  /* "worse", "changed", "not compared" */
	const char *why;      /* of what is inconclusive or does not gate; NULL */
};
struct metric_cells metric_cells_of(const struct comparison_metric *metric);

/* It has a row of its own: it differs, or it gates and may do so. */
bool metric_is_shown(const struct comparison_metric *metric);
/* The others by name, "same: a, b", but for what neither side has any of. Ended by NULL. */
struct metric_group {
	const char *label;
	bool (*has)(const struct comparison_metric *metric);
};
extern const struct metric_group metric_groups[];

struct mover_cells {
	struct cell base, new, self; /* self, and by how much it moved: of samples shares */
	struct cell total;           /* by how much the total moved */
	const char *verdict;         /* of shares: "more", "less"; "" where none is judged */
	char *place;                 /* "sort.c:12" or the object; owned by the caller */
};
struct mover_cells mover_cells_of(const struct comparison_movers *movers,
                                  const struct comparison_mover *mover);

/* A share that grew is not worse for that: others may have shrunk. */
const char *share_verdict_word(enum verdict verdict);
/* Does its row show that it moved? A share's may be 0 to all digits shown. JSON has all. */
bool mover_is_told(const struct comparison_movers *movers, const struct comparison_mover *mover);
size_t movers_n_told(const struct comparison_movers *movers);
/* Is this list worth a reader's time beside the others? JSON has all. */
bool movers_are_told(const struct comparison *comparison, const struct comparison_movers *movers);

/* "function", "site", "call". */
const char *mover_kind_word(const struct comparison_movers *movers);
/* "samples", "cpu in nanoseconds". The caller frees it. */
char *mover_value_words(const struct comparison_movers *movers);

/* "SAME", "WORSE" ... */
const char *verdict_capitals(enum verdict verdict);

#endif
