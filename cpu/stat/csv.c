/* Writes runs.csv. */
#include "cpu/stat/csv.h"

#include "cpu/stat/events.h"
#include "cpu/stat/runs.h"

#include <inttypes.h>
#include <string.h>

/* "stat.cycles" without what all metrics of this type begin with. */
void csv_write_name(const struct counted_event *event, FILE *out)
{
	fputs(event->metric + strlen("stat."), out);
}

void csv_write_count(const struct count *count, FILE *out)
{
	if (count->is_known)
		fprintf(out, "%.0f,%.2f", count->value, count->counted_percent);
	else
		fputc(',', out);
}

static void write_head(const struct event_list *events, FILE *out)
{
	fputs("run,wall_ns,user_ns,system_ns,max_rss_bytes,exit,counted_ns", out);
	for (size_t i = 0; i < events->n_events; i++) {
		fputc(',', out);
		csv_write_name(&events->events[i], out);
		fputc(',', out);
		csv_write_name(&events->events[i], out);
		fputs("_counted_percent", out);
	}
	fputc('\n', out);
}

static void write_run(const struct stat_run *run, size_t n_events, size_t number, FILE *out)
{
	fprintf(out, "%zu,", number);
	if (run->is_child) {
		fprintf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", run->wall_ns, run->user_ns,
		        run->system_ns);
		if (run->max_rss_bytes)
			fprintf(out, "%" PRIu64, run->max_rss_bytes);
		fprintf(out, ",%d,", stat_run_code(run));
	} else {
		fprintf(out, "%" PRIu64 ",,,,,", run->counted_ns);
	}
	fprintf(out, "%" PRIu64, run->counted_ns);
	for (size_t i = 0; i < n_events; i++) {
		fputc(',', out);
		csv_write_count(&run->counts[i], out);
	}
	fputc('\n', out);
}

void runs_csv_write(const struct stat_facts *facts, FILE *out)
{
	write_head(facts->events, out);
	for (size_t i = 0; i < facts->n_runs; i++)
		write_run(&facts->runs[i], facts->events->n_events, i + 1, out);
}
