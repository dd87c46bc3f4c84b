/* Makes hyperfine's JSON of the runs. */
#include "cpu/stat/hyperfine.h"

#include "cpu/stat/runs.h"

#include "core/alloc.h"
#include "core/json_text.h"
#include "core/metrics.h"
#include "core/options.h"
#include "core/stats/describe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *times_to_json(const double *times, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_real(times[i]));
	return array;
}

/* One a run, or none at all: a list with gaps could not be matched with the times. */
static json_t *memory_to_json(const struct stat_facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; i < facts->n_runs; i++) {
		if (!facts->runs[i].max_rss_bytes) {
			json_decref(array);
			return NULL;
		}
		json_array_append_new(array,
		                      json_integer((json_int_t)facts->runs[i].max_rss_bytes));
	}
	return array;
}

static json_t *codes_to_json(const struct stat_facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; i < facts->n_runs; i++)
		json_array_append_new(array, json_integer(stat_run_code(&facts->runs[i])));
	return array;
}

static json_t *parameters_to_json(const struct text_list *parameters)
{
	json_t *object = json_object();

	for (size_t i = 0; i < parameters->n_texts; i++) {
		const char *text = parameters->texts[i];
		char *name = xstrndup(text, strcspn(text, "="));

		json_set_named(object, name, json_text(text + strlen(name) + 1));
		free(name);
	}
	return object;
}

json_t *hyperfine_to_json(const struct stat_facts *facts, const struct text_list *parameters)
{
	json_t *result = json_object();
	json_t *memory = memory_to_json(facts);
	size_t n;
	double *times = stat_samples(facts, stat_wall_s, 0, &n);

	json_object_set_new(result, "command", json_text(facts->command ? facts->command : ""));
	json_object_set_new(result, "mean", number_or_null(describe_mean(times, n)));
	json_object_set_new(result, "stddev", number_or_null(describe_deviation(times, n)));
	json_object_set_new(result, "median", number_or_null(describe_median(times, n)));
	json_object_set_new(result, "user", number_or_null(stat_centre(facts, STAT_MEAN, stat_user_s, 0)));
	json_object_set_new(result, "system", number_or_null(stat_centre(facts, STAT_MEAN, stat_system_s, 0)));
	json_object_set_new(result, "min", number_or_null(describe_quantile(times, n, 0)));
	json_object_set_new(result, "max", number_or_null(describe_quantile(times, n, 1)));
	json_object_set_new(result, "times", times_to_json(times, n));
	if (memory)
		json_object_set_new(result, "memory_usage_byte", memory);
	json_object_set_new(result, "exit_codes", codes_to_json(facts));
	if (parameters && parameters->n_texts)
		json_object_set_new(result, "parameters", parameters_to_json(parameters));
	free(times);
	return json_pack("{s:[o]}", "results", result);
}
