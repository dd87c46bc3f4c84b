/* Derives metrics, headline, table and findings from a sampled profile. */
#include "cpu/summary.h"

#include "cpu/event.h"
#include "cpu/function_metrics.h"
#include "cpu/quality.h"
#include "cpu/sampler.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "core/quality.h"
#include "core/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct metric_row cpu_metrics[] = {
    {"cpu.samples", "count", METRIC_NEUTRAL, "stacks sampled"},
    {"cpu.lost", "count", METRIC_LOWER, "records that found the kernel's ring full"},
    {"cpu.time_ns", "ns", METRIC_LOWER, "processor time of all threads and children"},
    {"cpu.truncated_percent", "percent", METRIC_LOWER,
     "samples whose stack ends before its outermost frame"},
    {"cpu.unresolved_percent", "percent", METRIC_LOWER,
     "samples whose innermost frame has no name"},
    CPU_FUNCTION_METRIC_ROWS,
    {0},
};

const struct finding_row cpu_findings[] = {
    {"samples", FINDING_BELOW, 1000, "warning", "samples, fewer make shares uncertain"},
    {"unresolved-percent", FINDING_ABOVE, 10, "warning",
     "samples whose function has no name, in percent"},
    {"self-percent", FINDING_ABOVE, 25, "info",
     "the share of the samples in one function outside the kernel itself, in percent"},
    {0},
};

enum {
	TABLE_ROWS = 5,
	WIDEST_NAME = 50, /* a wider one pushes its own place aside, not those of all rows */
};

/* A share that quality has is a metric, too. */
static void add_share(struct metrics *metrics, const char *metric, const json_t *quality,
                      const char *key)
{
	const json_t *share = json_object_get(quality, key);

	if (share)
		metrics_add(metrics, cpu_metrics, metric, json_number_value(share));
}

static void add_metrics(const struct cpu_facts *facts, const json_t *quality,
                        struct metrics *metrics)
{
	for (size_t i = 0; i < facts->n_repeats; i++) {
		metrics_add(metrics, cpu_metrics, "cpu.samples",
		            (double)facts->repeats[i].n_samples);
		metrics_add(metrics, cpu_metrics, "cpu.lost", (double)facts->repeats[i].n_lost);
		if (!facts->totals->time_unknown)
			metrics_add(metrics, cpu_metrics, "cpu.time_ns",
			            (double)facts->repeats[i].cpu_time_ns);
	}
	metrics_sum(metrics, "cpu.samples");
	metrics_sum(metrics, "cpu.lost");
	metrics_sum(metrics, "cpu.time_ns");
	add_share(metrics, "cpu.truncated_percent", quality, "truncated_percent");
	add_share(metrics, "cpu.unresolved_percent", quality, "unresolved_percent");
}

static char *headline(const struct cpu_facts *facts, const json_t *quality)
{
	char *event = cpu_event_text(facts);
	char *limits = quality_text(quality);
	char *time = facts->totals->time_unknown
	                 ? xstrdup("")
	                 : xasprintf("%.2f s, ", (double)facts->totals->cpu_time_ns / 1e9);
	char *text =
	    xasprintf("%s, %s%s; %s", counted_text_of(facts->totals->n_samples, "sample").text,
	              time, event, limits);

	free(time);
	free(limits);
	free(event);
	return text;
}

static void add_table(const struct cpu_facts *facts, struct text_list *table)
{
	uint64_t total = profile_total(facts->profile, SAMPLER_SAMPLES);
	size_t n_functions;
	struct function_value *functions =
	    profile_functions(facts->profile, SAMPLER_SAMPLES, &n_functions);
	char *names[TABLE_ROWS];
	int width = 0;

	if (n_functions > TABLE_ROWS)
		n_functions = TABLE_ROWS;
	for (size_t i = 0; i < n_functions; i++) {
		int length;

		names[i] = profile_shown_name(facts->profile, functions[i].frame);
		length = (int)strlen(names[i]);
		if (length > width && length <= WIDEST_NAME)
			width = length;
	}
	text_list_add(table, "   SELF   TOTAL  FUNCTION");
	for (size_t i = 0; i < n_functions; i++) {
		char *place = profile_shown_place(
		    facts->profile, profile_frame(facts->profile, functions[i].frame)->object,
		    functions[i].file, functions[i].line);
		char *line = xasprintf(
		    "%5.1f %% %5.1f %%  %-*s  %s", share_percent(functions[i].self, total),
		    share_percent(functions[i].total, total), width, names[i], place);

		text_list_add(table, line);
		free(line);
		free(place);
		free(names[i]);
	}
	free(functions);
}

/* The function with the largest self value that a reader can look at, or NULL. The kernel's are not
 * theirs to change; and a clock's tick waits while interrupts are off, so that the functions that
 * let them in again (finish_task_switch, _raw_spin_unlock_irqrestore) get the samples of what ran
 * before. The table and the flame graph show them, with who called them. */
static const struct function_value *
hottest(const struct profile *profile, const struct function_value *functions, size_t n_functions)
{
	for (size_t i = 0; i < n_functions; i++) {
		enum frame_kind kind = profile_frame(profile, functions[i].frame)->kind;

		if (kind != FRAME_UNRESOLVED && kind != FRAME_FAILED && kind != FRAME_KERNEL)
			return &functions[i];
	}
	return NULL;
}

/* Where to look first, if one function stands out. */
static void judge_hottest(const struct cpu_facts *facts, struct findings *findings)
{
	size_t n_functions;
	struct function_value *functions =
	    profile_functions(facts->profile, SAMPLER_SAMPLES, &n_functions);
	const struct function_value *top = hottest(facts->profile, functions, n_functions);

	if (top) {
		double share = share_percent(top->self, facts->totals->n_samples);
		char *name = profile_shown_name(facts->profile, top->frame);

		findings_judge(
		    findings, cpu_findings, "self-percent", share, NULL,
		    "%.1f %% of the samples are in %s itself: the place to look at first", share,
		    name);
		free(name);
	}
	free(functions);
}

static void judge(const struct cpu_facts *facts, const json_t *quality, const char *remedy,
                  struct findings *findings)
{
	enum { ENOUGH_FOR_SHARES = 100 }; /* a quarter of them is 25 +- 4.3 */
	uint64_t n_samples = facts->totals->n_samples;
	double share = json_number_value(json_object_get(quality, "unresolved_percent"));

	findings_judge(
	    findings, cpu_findings, "samples", (double)n_samples, "cpu.samples",
	    "few samples (%" PRIu64 ") leave shares uncertain; %s", n_samples,
	    facts->runs_command
	        ? "add --min-samples 1000, and the command is run until there are so many"
	        : "measure for longer: --duration SECONDS");
	if (remedy)
		findings_judge(findings, cpu_findings, "unresolved-percent", share,
		               "cpu.unresolved_percent", "%.1f %% of the samples have no name: %s",
		               share, remedy);
	if (n_samples >= ENOUGH_FOR_SHARES)
		judge_hottest(facts, findings);
}

/* The function whose lines are worth a look, as it is typed; NULL: none with code of its own. */
static char *next_command(const struct cpu_facts *facts, const char *show)
{
	size_t n_functions;
	struct function_value *functions =
	    profile_functions(facts->profile, SAMPLER_SAMPLES, &n_functions);
	const struct function_value *top = hottest(facts->profile, functions, n_functions);
	char *next = NULL;

	if (top && top->self && profile_frame(facts->profile, top->frame)->kind != FRAME_JIT) {
		enum frame_kind kind = profile_frame(facts->profile, top->frame)->kind;
		const char *folded = profile_folded_name(facts->profile, top->frame);
		char *name = xstrndup(folded, strlen(folded) - strlen(frame_kind_mark(kind)));
		char *word = words_join(&name, 1);

		next = xasprintf("%s --annotate %s", show, word);
		free(word);
		free(name);
	}
	free(functions);
	return next;
}

void cpu_summarize(const struct cpu_facts *facts, struct result *result)
{
	const char *remedy = cpu_add_quality(facts, result->quality);

	add_metrics(facts, result->quality, result->metrics);
	cpu_function_metrics_add(facts, result);
	result->headline = headline(facts, result->quality);
	add_table(facts, &result->table);
	judge(facts, result->quality, remedy, result->findings);
	result->next = next_command(facts, result->show);
}

char *cpu_why_no_samples(const struct cpu_event *event, uint64_t used_ns, size_t n_repeats)
{
	if (!event->freq_hz)
		return xasprintf("no samples: %s did not happen in %.3f s of processor time",
		                 event->name, (double)used_ns / 1e9);
	/* Ten periods: to miss all of them by chance has odds of 1 to 22,000. */
	if (used_ns > 10 * 1000000000ull / event->freq_hz)
		return xasprintf("no samples in %.3f s of processor time: the kernel ends sampling "
		                 "when a program gains rights (set-user-id, file capabilities); "
		                 "run this as root",
		                 (double)used_ns / 1e9);
	return xasprintf(
	    "no samples: %zu run%s took %.1f ms of processor time; add --min-samples 1000, and the "
	    "command is run until there are so many; --type offcpu shows where one waits",
	    n_repeats, n_repeats == 1 ? "" : "s", (double)used_ns / 1e6);
}

char *cpu_why_no_samples_of_part(const struct cpu_event *event, const struct sampler_totals *totals,
                                 uint64_t sampled_ns)
{
	if (totals->n_left_out)
		return xasprintf("no samples of the commands that --only names; %s of others",
		                 counted_text_of(totals->n_left_out, "sample").text);
	if (!event->freq_hz)
		return xasprintf("no samples: %s did not happen in %.3f s there", event->name,
		                 (double)sampled_ns / 1e9);
	return xasprintf("no samples in %.3f s: nothing that was sampled ran on a processor then",
	                 (double)sampled_ns / 1e9);
}
