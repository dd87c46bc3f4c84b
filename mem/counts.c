/* Turns counts into metrics, findings and files. */
#include "mem/counts.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "mem/heap.h"
#include "mem/options.h"
#include "mem/part.h"
#include "mem/reports/files.h"
#include "mem/wire.h"

#include <stdlib.h>

const struct metric_row memory_metric_rows[] = {
    {"mem.allocations", "count", METRIC_LOWER, "successful allocations, as memcheck counts them"},
    {"mem.frees", "count", METRIC_NEUTRAL, "releases of blocks that were allocated in the process"},
    {"mem.allocated_bytes", "bytes", METRIC_LOWER, "bytes asked for by successful allocations"},
    {"mem.temporary_allocations", "count", METRIC_LOWER,
     "blocks freed by their thread before it allocated anything else"},
    {"mem.peak_bytes", "bytes", METRIC_LOWER, "most bytes in use at once, in one process"},
    {"mem.peak_blocks", "count", METRIC_LOWER, "blocks in use at that peak"},
    {"mem.peak_rss_bytes", "bytes", METRIC_LOWER, "largest resident set, our own tables included"},
    {"mem.in_use_at_exit_bytes", "bytes", METRIC_LOWER, "bytes never freed"},
    {"mem.in_use_at_exit_blocks", "count", METRIC_LOWER, "blocks never freed"},
    {"mem.definitely_lost_bytes", "bytes", METRIC_LOWER, "bytes that nothing points to at exit"},
    {"mem.definitely_lost_blocks", "count", METRIC_LOWER, "blocks that nothing points to at exit"},
    {"mem.indirectly_lost_bytes", "bytes", METRIC_LOWER, "bytes that only lost blocks point to"},
    {"mem.indirectly_lost_blocks", "count", METRIC_LOWER, "blocks that only lost ones point to"},
    {"mem.possibly_lost_bytes", "bytes", METRIC_LOWER, "bytes of blocks with pointers into them"},
    {"mem.possibly_lost_blocks", "count", METRIC_LOWER, "blocks with no pointer to their start"},
    {"mem.still_reachable_bytes", "bytes", METRIC_LOWER, "bytes that pointers lead to at exit"},
    {"mem.still_reachable_blocks", "count", METRIC_LOWER, "blocks that pointers lead to at exit"},
    {"mem.suppressed_bytes", "bytes", METRIC_NEUTRAL, "bytes that a suppression is for"},
    {"mem.suppressed_blocks", "count", METRIC_NEUTRAL, "blocks that a suppression is for"},
    {.name = NULL},
};

const struct finding_row memory_finding_rows[] = {
    {"temporary-percent", FINDING_ABOVE, 50, "warning",
     "percent of allocations freed before their thread allocated anything else"},
    {"definitely-lost-blocks", FINDING_ABOVE, 0, "warning", "blocks that nothing points to"},
    {.key = NULL},
};

void counts_add_metrics(struct metrics *metrics, const struct heap_run *run)
{
	struct heap_totals totals = heap_run_totals(run);
	const struct {
		const char *name;
		uint64_t value;
	} values[] = {
	    {"mem.allocations", totals.allocations},
	    {"mem.frees", totals.frees},
	    {"mem.allocated_bytes", totals.allocated_bytes},
	    {"mem.temporary_allocations", totals.temporary},
	    {"mem.peak_bytes", totals.peak_bytes},
	    {"mem.peak_blocks", totals.peak_blocks},
	    {"mem.in_use_at_exit_bytes", totals.in_use_bytes},
	    {"mem.in_use_at_exit_blocks", totals.in_use_blocks},
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		metrics_add(metrics, memory_metric_rows, values[i].name, (double)values[i].value);
	if (run->peak_rss_bytes) {
		metrics_add(metrics, memory_metric_rows, "mem.peak_rss_bytes",
		            (double)run->peak_rss_bytes);
		metrics_mark_instrumented(metrics, "mem.peak_rss_bytes");
	}
}

static void judge(struct findings *findings, const struct heap_run *run)
{
	struct heap_totals totals = heap_run_totals(run);

	if (totals.allocations)
		findings_judge(findings, memory_finding_rows, "temporary-percent",
		               100.0 * (double)totals.temporary / (double)totals.allocations,
		               "mem.temporary_allocations",
		               "%.0f %% of all allocations are temporary; report.txt shows where",
		               100.0 * (double)totals.temporary / (double)totals.allocations);
}

int counts_report(const struct memory_report *report, struct diag *diag)
{
	const struct memory_options *options = report->options;
	char *description = memory_options_describe(options);
	const struct files_options files = {
	    .description = description,
	    .time_is_bytes = options->time_unit == WIRE_TIME_BYTES,
	    .threshold = options->threshold,
	    .depth = options->depth,
	    .filter = {.alloc_fns = &options->alloc_fns, .ignore_fns = &options->ignore_fns},
	    .leaks = report->leaks,
	};
	int err;

	judge(report->result->findings, report->run);
	err = files_write(report->run, report->symbolizer, &files, report->results, report->result,
	                  diag);
	free(description);
	return err;
}
