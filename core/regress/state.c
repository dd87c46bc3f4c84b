/* The rows of a sweep that is not over, kept as JSON. */
#include "core/regress/state.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/run_id.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA = 1 };

void regress_state_fini(struct regress_state *state)
{
	for (size_t i = 0; i < state->n_rows; i++)
		regress_row_fini(&state->rows[i]);
	free(state->rows);
	free(state->sweep_id);
	json_decref(state->key);
	*state = (struct regress_state){0};
}

struct regress_row *regress_state_add(struct regress_state *state)
{
	return ARRAY_APPEND(state->rows, state->n_rows, state->capacity);
}

const struct regress_row *regress_state_find(const struct regress_state *state,
                                             const char *scenario, const char *type)
{
	for (size_t i = 0; i < state->n_rows; i++)
		if (!strcmp(state->rows[i].scenario, scenario) &&
		    !strcmp(state->rows[i].type, type))
			return &state->rows[i];
	return NULL;
}

char *regress_key_difference(const json_t *before, const json_t *now)
{
	const char *part;
	json_t *value;

	json_object_foreach((json_t *)now, part, value)
	{
		if (!json_equal(value, json_object_get(before, part)))
			return xstrdup(part);
	}
	json_object_foreach((json_t *)before, part, value)
	{
		if (!json_object_get(now, part))
			return xstrdup(part);
	}
	return NULL;
}

json_t *regress_state_to_json(const struct regress_state *state)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < state->n_rows; i++)
		json_array_append_new(rows, regress_row_to_json(&state->rows[i]));
	return json_pack("{s:i, s:s, s:O, s:o}", "schema", SCHEMA, "sweep_id", state->sweep_id,
	                 "key", state->key, "rows", rows);
}

static int malformed(struct diag *diag)
{
	return diag_fail(diag, EINVAL, "it is not a sweep of schema %d", SCHEMA);
}

int regress_state_from_json(struct regress_state *state, json_t *object, struct diag *diag)
{
	json_t *key = json_object_get(object, "key");
	const json_t *rows = json_object_get(object, "rows");
	const char *id = json_string_value(json_object_get(object, "sweep_id"));

	if (json_integer_value(json_object_get(object, "schema")) != SCHEMA || !id ||
	    !run_id_is_valid(id) || !json_is_object(key) || !json_is_array(rows))
		return malformed(diag);
	state->sweep_id = xstrdup(id);
	state->key = json_incref(key);
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (regress_row_from_json(regress_state_add(state), json_array_get(rows, i)))
			return malformed(diag);
	return 0;
}
