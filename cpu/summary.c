/* Derives metrics, quality, headline, table and findings from a sampled profile. */
#include "cpu/summary.h"

#include "cpu/event.h"
#include "cpu/sampler.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "core/quality.h"

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

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void add_metrics(const struct cpu_facts *facts, uint64_t n_unresolved,
                        struct metrics *metrics)
{
	const struct sampler_totals *totals = facts->totals;

	for (size_t i = 0; i < facts->n_repeats; i++) {
		metrics_add(metrics, cpu_metrics, "cpu.samples",
		            (double)facts->repeats[i].n_samples);
		metrics_add(metrics, cpu_metrics, "cpu.lost", (double)facts->repeats[i].n_lost);
		metrics_add(metrics, cpu_metrics, "cpu.time_ns",
		            (double)facts->repeats[i].cpu_time_ns);
	}
	metrics_sum(metrics, "cpu.samples");
	metrics_sum(metrics, "cpu.lost");
	metrics_sum(metrics, "cpu.time_ns");
	metrics_add(metrics, cpu_metrics, "cpu.truncated_percent",
	            percent(totals->walks.n_truncated, totals->n_samples));
	metrics_add(metrics, cpu_metrics, "cpu.unresolved_percent",
	            percent(n_unresolved, totals->n_samples));
}

static void note_losses(const struct cpu_facts *facts, json_t *quality)
{
	const struct sampler_totals *totals = facts->totals;

	if (totals->n_lost)
		quality_add_note(quality,
		                 "%s found the perf ring of %zu KB full; raise ulimit -l or "
		                 "kernel.perf_event_mlock_kb, or lower --freq or --stack-size",
		                 counted_text_of(totals->n_lost, "record").text,
		                 totals->ring_bytes / 1024);
	if (totals->n_throttled)
		quality_add_note(quality,
		                 "the kernel paused sampling %s to save time; lower --freq",
		                 counted_text_of(totals->n_throttled, "time").text);
	for (unsigned end = 0; end < UNWIND_N_ENDS; end++)
		if (totals->walks.n_ends[end])
			quality_add_note(quality, "stacks cut short by: %s: %s%s",
			                 unwind_end_text((enum unwind_end)end),
			                 count_text_of(totals->walks.n_ends[end]).text,
			                 end == UNWIND_UNREADABLE ? "; raise --stack-size" : "");
	if (totals->walks.n_guessed)
		quality_add_note(quality,
		                 "code without unwind tables was stepped over by its frame "
		                 "pointers in %s: a caller may be missing",
		                 counted_text_of(totals->walks.n_guessed, "stack").text);
	if (totals->n_repeats > 1)
		quality_add_note(quality, "%u runs of the command are merged", totals->n_repeats);
}

/* What the periods leave out: lost samples, timer ticks that came too late, and whole processes,
 * for the clock of a sampling event starts anew in each: one that ends within its first period
 * gives no sample. */
static void note_coverage(const struct cpu_facts *facts, json_t *quality)
{
	enum { WORTH_SAYING_PERCENT = 95, SHORTEST_NS = 50000000 };
	double covered = percent(facts->totals->cpu_time_ns, facts->used_ns);

	if (facts->event->periods_are_ns && facts->event->sees_kernel &&
	    facts->used_ns > SHORTEST_NS && covered < WORTH_SAYING_PERCENT)
		quality_add_note(
		    quality,
		    "samples stand for %.0f %% of the processor time: what was lost, and "
		    "processes that live less than %.2g ms, are not in them",
		    covered, 1000.0 / (double)facts->event->freq_hz);
}

/* Samples without a name, and the sentence that helps most of them to one, or NULL. */
struct unresolved {
	uint64_t n_samples;
	const char *remedy;
};

static struct unresolved add_quality(const struct cpu_facts *facts, json_t *quality)
{
	const struct sampler_totals *totals = facts->totals;
	struct unresolved unresolved;

	for (size_t i = 0; i < facts->event->notes.n_texts; i++)
		quality_add_note(quality, "%s", facts->event->notes.texts[i]);
	if (!facts->event->periods_are_ns)
		quality_add_note(quality, "cpu.time_ns comes from the kernel's task-clock counter");
	note_losses(facts, quality);
	note_coverage(facts, quality);
	json_object_set_new(quality, "samples", json_integer((json_int_t)totals->n_samples));
	json_object_set_new(quality, "rate_hz",
	                    json_real(totals->cpu_time_ns ? (double)totals->n_samples * 1e9 /
	                                                        (double)totals->cpu_time_ns
	                                                  : 0));
	json_object_set_new(quality, "lost_samples", json_integer((json_int_t)totals->n_lost));
	json_object_set_new(quality, "lost_percent",
	                    json_real(percent(totals->n_lost, totals->n_samples + totals->n_lost)));
	json_object_set_new(quality, "truncated_percent",
	                    json_real(percent(totals->walks.n_truncated, totals->n_samples)));
	json_object_set_new(quality, "completed_percent",
	                    json_real(percent(totals->walks.n_completed, totals->n_samples)));
	unresolved.n_samples = quality_add_unresolved(
	    quality, facts->profile, NULL, facts->recording, facts->symbolizer, &unresolved.remedy);
	return unresolved;
}

static char *event_text(const struct cpu_event *event)
{
	const char *user_only = event->sees_kernel ? "" : ", user code only";

	if (!event->freq_hz)
		return xasprintf("one for each of %s%s", event->name, user_only);
	if (event->fallback)
		return xasprintf("%" PRIu64 " Hz %s%s (%s)", event->freq_hz, event->name, user_only,
		                 event->fallback);
	return xasprintf("%" PRIu64 " Hz %s%s", event->freq_hz, event->name, user_only);
}

static char *headline(const struct cpu_facts *facts, uint64_t n_unresolved)
{
	const struct sampler_totals *totals = facts->totals;
	char *event = event_text(facts->event);
	char *text =
	    xasprintf("%s, %.2f s, %s; lost %s, truncated %.1f %%, unresolved %.1f %%",
	              counted_text_of(totals->n_samples, "sample").text,
	              (double)totals->cpu_time_ns / 1e9, event, count_text_of(totals->n_lost).text,
	              percent(totals->walks.n_truncated, totals->n_samples),
	              percent(n_unresolved, totals->n_samples));

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
		char *line =
		    xasprintf("%5.1f %% %5.1f %%  %-*s  %s", percent(functions[i].self, total),
		              percent(functions[i].total, total), width, names[i], place);

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
		double share = percent(top->self, facts->totals->n_samples);
		char *name = profile_shown_name(facts->profile, top->frame);

		findings_judge(
		    findings, cpu_findings, "self-percent", share, NULL,
		    "%.1f %% of the samples are in %s itself: the place to look at first", share,
		    name);
		free(name);
	}
	free(functions);
}

static void judge(const struct cpu_facts *facts, struct unresolved unresolved,
                  struct findings *findings)
{
	enum { ENOUGH_FOR_SHARES = 100 }; /* a quarter of them is 25 +- 4.3 */
	uint64_t n_samples = facts->totals->n_samples;
	double share = percent(unresolved.n_samples, n_samples);

	findings_judge(findings, cpu_findings, "samples", (double)n_samples, "cpu.samples",
	               "few samples (%" PRIu64 ") leave shares uncertain; add --min-samples 1000, "
	               "and the command is run until there are so many",
	               n_samples);
	if (unresolved.remedy)
		findings_judge(findings, cpu_findings, "unresolved-percent", share,
		               "cpu.unresolved_percent", "%.1f %% of the samples have no name: %s",
		               share, unresolved.remedy);
	if (n_samples >= ENOUGH_FOR_SHARES)
		judge_hottest(facts, findings);
}

void cpu_summarize(const struct cpu_facts *facts, struct result *result)
{
	struct unresolved unresolved = add_quality(facts, result->quality);

	add_metrics(facts, unresolved.n_samples, result->metrics);
	result->headline = headline(facts, unresolved.n_samples);
	add_table(facts, &result->table);
	judge(facts, unresolved, result->findings);
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
	    "command is run until there are so many",
	    n_repeats, n_repeats == 1 ? "" : "s", (double)used_ns / 1e6);
}

char *cpu_why_no_samples_of_part(uint64_t sampled_ns)
{
	return xasprintf("no samples in %.3f s: nothing that was sampled ran on a processor then",
	                 (double)sampled_ns / 1e9);
}
