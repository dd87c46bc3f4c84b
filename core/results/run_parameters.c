/* Compares parameters of runs. */
#include "core/results/run_parameters.h"

#include "core/alloc.h"

#include <string.h>

bool run_parameter_is_place(const char *name, size_t len_bytes)
{
	static const char *const places[] = {"workloads", "scratch"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strlen(places[i]) == len_bytes && !memcmp(places[i], name, len_bytes))
			return true;
	return false;
}

/* A member of `a` that `b` has otherwise or not at all. */
static const char *find_other(const json_t *a, const json_t *b)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)a, name,
	                    value) if (!run_parameter_is_place(name, strlen(name)) &&
	                               !json_equal(value, json_object_get(b, name))) return name;
	return NULL;
}

const char *run_parameters_differ(const json_t *a, const json_t *b)
{
	const char *name = find_other(a, b);

	return name ? name : find_other(b, a);
}
