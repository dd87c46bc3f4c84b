/* A run's metrics as a table: a row for each sample (docs/formats.md). */
#include "core/export/exporter.h"

#include "core/csv_field.h"

#include <jansson.h>

/* A stored manifest may have anything in a text's place. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void write_number(const json_t *number, FILE *out)
{
	if (json_is_integer(number))
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
	else if (json_is_real(number))
		fprintf(out, "%.15g", json_real_value(number));
}

static int write_manifest(json_t *manifest, FILE *out, struct diag *diag)
{
	json_t *metrics = json_object_get(manifest, "metrics");
	const char *name;
	json_t *metric;

	(void)diag;
	fputs("metric,unit,run,value\n", out);
	json_object_foreach (metrics, name, metric) {
		json_t *samples = json_object_get(metric, "samples");

		for (size_t i = 0; i < json_array_size(samples); i++) {
			csv_field_write(out, name);
			fputc(',', out);
			csv_field_write(out, text_of(metric, "unit"));
			fprintf(out, ",%zu,", i + 1);
			write_number(json_array_get(samples, i), out);
			fputc('\n', out);
		}
	}
	return 0;
}

const struct exporter csv_exporter = {
    .name = "csv",
    .help = "metrics: a row for each metric and run",
    .write_manifest = write_manifest,
};
