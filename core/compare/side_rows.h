/* The rows of a side: functions, sites and calls, pooled over its runs. Only for core/compare and
 * core/baseline; who compares reads struct side.
 */
#ifndef CORE_COMPARE_SIDE_ROWS_H
#define CORE_COMPARE_SIDE_ROWS_H

#include "core/compare/side.h"

/* Parts of side.c that a baseline's reader needs, too. Sentences begin with `name`. */
int side_check_schema(const json_t *document, int schema, const char *name, struct diag *diag);
int side_add_metrics(struct side *side, json_t *metrics, const char *name, struct diag *diag);
void side_add_quality(struct side *side, const json_t *quality);
void side_add_run(struct side *side, const char *run_id, const char *started, const json_t *git);
uint64_t side_repeats_of(const json_t *metrics);
/* Is this member of run.json another one in what matters of it? */
bool side_member_differs(const char *what, const json_t *a, const json_t *b);

/* The index of a column, made when it is new; -1: there are too many. */
int side_rows_column(struct side *side, const char *name, const char *unit);
/* The row of this kind, name and object, made when it is new. Valid until the next one is made. */
struct side_row *side_rows_add(struct side *side, enum side_row_kind kind, const char *name,
                               const char *object);
/* Adds the calls that metrics tell of, sums each column, sorts and cuts. */
void side_rows_finish(struct side *side);
/* Sorts and cuts rows that are complete. */
void side_rows_sort(struct side *side);
void side_rows_fini(struct side *side);

#endif
