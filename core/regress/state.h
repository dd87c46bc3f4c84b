/* What a sweep has done so far, so that the same command line goes on after an interrupt:
 * RESULTS/regress/state.json (docs/formats.md).
 *
 * A sweep is told by its key: options, commit, tool, scenario files and programs. Another key is
 * another sweep, which starts anew.
 */
#ifndef CORE_REGRESS_STATE_H
#define CORE_REGRESS_STATE_H

#include "core/regress/row.h"

struct diag;

struct regress_state {
	char *sweep_id; /* a run id: when the sweep began */
	json_t *key;    /* {PART: value}; values are compared as they are */
	struct regress_row *rows;
	size_t n_rows;
	size_t capacity;
};

void regress_state_fini(struct regress_state *state);

/* A new row, zeroed; lives until the next one is added. */
struct regress_row *regress_state_add(struct regress_state *state);
/* NULL: that has not been done. */
const struct regress_row *regress_state_find(const struct regress_state *state,
                                             const char *scenario, const char *type);

/* What is different in the other key: "the program of syn-1k", the name of a part. NULL: nothing.
 * The caller frees it. */
char *regress_key_difference(const json_t *before, const json_t *now);

/* New reference. */
json_t *regress_state_to_json(const struct regress_state *state);
/* Into a zeroed state, to be ended in any case; manifests are not read. -EINVAL with a sentence:
 * another schema, or not what regress_state_to_json() writes. */
int regress_state_from_json(struct regress_state *state, json_t *object, struct diag *diag);

#endif
