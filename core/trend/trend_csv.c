/* Writes a trend for spreadsheets and scripts. */
#include "core/trend/trend_write.h"

#include "core/csv_field.h"

#include <math.h>
#include <stdlib.h>

/* As run.json has it: a count stays a whole number, and nothing is rounded. */
static void write_number(double value, FILE *out)
{
	char text[32];

	if (value == floor(value) && fabs(value) < 9007199254740992.0) {
		fprintf(out, "%lld", (long long)value);
		return;
	}
	snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof(text), "%.17g", value);
	fputs(text, out);
}

static void write_field(const char *text, FILE *out)
{
	csv_field_write(out, text);
	fputc(',', out);
}

static void write_value(const struct trend *trend, const struct trend_series *series,
                        const struct trend_value *value, FILE *out)
{
	const struct trend_run *run = &trend->runs[value->run];
	const struct trend_group *group = &trend->groups[run->group];

	write_field(group->host, out);
	write_field(group->scenario, out);
	write_field(group->type, out);
	write_field(trend->list->runs[value->run].id, out);
	write_field(run->started, out);
	write_field(run->commit, out);
	write_field(*run->commit ? run->is_dirty ? "yes" : "no" : "", out);
	write_field(group->parameters, out);
	write_field(run->verdict, out);
	write_field(series->metric, out);
	write_number(value->value, out);
	fputc(',', out);
	write_field(series->unit, out);
	for (size_t i = 0; i < value->n_samples; i++) {
		fputs(i ? " " : "", out);
		write_number(trend->samples[value->first_sample + i], out);
	}
	fputc('\n', out);
}

void trend_write_csv(const struct trend *trend, bool is_latest, FILE *out)
{
	fputs("host,scenario,type,run_id,started,commit,dirty,parameters,verdict,metric,value,unit,"
	      "samples\n",
	      out);
	for (size_t i = 0; i < trend->n_series; i++) {
		const struct trend_series *series = &trend->series[i];
		const struct trend_group *group = &trend->groups[series->group];

		for (size_t v = 0; v < series->n_values; v++)
			if (!is_latest || (group->n_good && series->values[v].run == group->last))
				write_value(trend, series, &series->values[v], out);
	}
}
