/* Derives metrics, quality, headline, table and findings from a sampled profile. */
#include "cpu/summary.h"

#include "cpu/event.h"
#include "cpu/sampler.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/json_text.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

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
    {"self-percent", FINDING_ABOVE, 25, "info",
     "one function's own share of the samples, in percent"},
    {0},
};

enum { TABLE_ROWS = 5 };

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* "1,083": digits in groups of three. */
static char *grouped(uint64_t number)
{
	char digits[24];
	char text[32];
	int n_digits = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	size_t used = 0;

	for (int i = 0; i < n_digits; i++) {
		if (i && (n_digits - i) % 3 == 0)
			text[used++] = ',';
		text[used++] = digits[i];
	}
	text[used] = 0;
	return xstrdup(text);
}

static uint64_t count_unresolved(const struct profile *profile)
{
	size_t n_objects;
	struct object_value *objects = profile_unresolved(profile, &n_objects);
	uint64_t n_samples = 0;

	for (size_t i = 0; i < n_objects; i++)
		n_samples += objects[i].value;
	free(objects);
	return n_samples;
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
	            percent(totals->n_truncated, totals->n_samples));
	metrics_add(metrics, cpu_metrics, "cpu.unresolved_percent",
	            percent(n_unresolved, totals->n_samples));
}

static void add_note(json_t *notes, char *text)
{
	json_array_append_new(notes, json_text(text));
	free(text);
}

/* The sentence that helps an object to its names, from any recorded object of that base name. */
static void add_remedy(const struct cpu_facts *facts, const char *name, json_t *notes)
{
	for (uint32_t id = 0; id < recording_n_objects(facts->recording); id++) {
		const struct object *object = recording_object(facts->recording, id);
		const char *slash = object->path ? strrchr(object->path, '/') : NULL;
		const char *base = slash ? slash + 1 : object->path;
		const char *remedy;

		if (!base || strcmp(base, name) != 0)
			continue;
		remedy = symbolizer_remedy(facts->symbolizer, object);
		if (remedy) {
			json_array_append_new(notes, json_text(remedy));
			return;
		}
	}
}

static json_t *unresolved_by_object(const struct cpu_facts *facts, json_t *notes)
{
	json_t *by_object = json_object();
	size_t n_objects;
	struct object_value *objects = profile_unresolved(facts->profile, &n_objects);

	for (size_t i = 0; i < n_objects; i++) {
		const char *name = profile_text(facts->profile, objects[i].object);

		json_set_named(by_object, name, json_integer((json_int_t)objects[i].value));
		add_remedy(facts, name, notes);
	}
	free(objects);
	return by_object;
}

static void note_losses(const struct cpu_facts *facts, json_t *notes)
{
	const struct sampler_totals *totals = facts->totals;

	if (totals->n_lost)
		add_note(notes,
		         xasprintf("%" PRIu64
		                   " records found the perf ring of %zu KB full; raise ulimit -l "
		                   "or kernel.perf_event_mlock_kb, or lower --freq or --stack-size",
		                   totals->n_lost, totals->ring_bytes / 1024));
	if (totals->n_throttled)
		add_note(notes, xasprintf("the kernel paused sampling %" PRIu64
		                          " times to save time; lower --freq",
		                          totals->n_throttled));
	for (unsigned end = 0; end < UNWIND_N_ENDS; end++)
		if (totals->n_ends[end])
			add_note(notes, xasprintf("stacks cut short by: %s: %" PRIu64,
			                          unwind_end_text((enum unwind_end)end),
			                          totals->n_ends[end]));
	if (totals->n_repeats > 1)
		add_note(notes, xasprintf("%u runs of the command are merged", totals->n_repeats));
}

/* What the periods leave out: lost samples, timer ticks that came too late, and whole processes,
 * for the clock of a sampling event starts anew in each: one that ends within its first period
 * gives no sample. */
static void note_coverage(const struct cpu_facts *facts, json_t *notes)
{
	enum { WORTH_SAYING_PERCENT = 95, SHORTEST_NS = 50000000 };
	double covered = percent(facts->totals->cpu_time_ns, facts->used_ns);

	if (facts->event->periods_are_ns && facts->event->sees_kernel &&
	    facts->used_ns > SHORTEST_NS && covered < WORTH_SAYING_PERCENT)
		add_note(
		    notes,
		    xasprintf("samples stand for %.0f %% of the processor time: what was lost, and "
		              "processes that live less than %.2g ms, are not in them",
		              covered, 1000.0 / (double)facts->event->freq_hz));
}

static void add_quality(const struct cpu_facts *facts, uint64_t n_unresolved, json_t *quality)
{
	const struct sampler_totals *totals = facts->totals;
	json_t *notes = json_object_get(quality, "notes");

	if (!notes) {
		notes = json_array();
		json_object_set_new(quality, "notes", notes);
	}
	for (size_t i = 0; i < facts->event->notes.n_texts; i++)
		json_array_append_new(notes, json_text(facts->event->notes.texts[i]));
	if (!facts->event->periods_are_ns)
		add_note(notes, xstrdup("cpu.time_ns comes from the kernel's task-clock counter"));
	note_losses(facts, notes);
	note_coverage(facts, notes);
	json_object_set_new(quality, "samples", json_integer((json_int_t)totals->n_samples));
	json_object_set_new(quality, "rate_hz",
	                    json_real(totals->cpu_time_ns ? (double)totals->n_samples * 1e9 /
	                                                        (double)totals->cpu_time_ns
	                                                  : 0));
	json_object_set_new(quality, "lost_samples", json_integer((json_int_t)totals->n_lost));
	json_object_set_new(quality, "lost_percent",
	                    json_real(percent(totals->n_lost, totals->n_samples + totals->n_lost)));
	json_object_set_new(quality, "truncated_percent",
	                    json_real(percent(totals->n_truncated, totals->n_samples)));
	json_object_set_new(quality, "completed_percent",
	                    json_real(percent(totals->n_completed, totals->n_samples)));
	json_object_set_new(quality, "unresolved_percent",
	                    json_real(percent(n_unresolved, totals->n_samples)));
	json_object_set_new(quality, "unresolved_by_object", unresolved_by_object(facts, notes));
}

static char *event_text(const struct cpu_event *event)
{
	const char *user_only = event->sees_kernel ? "" : ", user code only";

	if (event->fallback)
		return xasprintf("%" PRIu64 " Hz %s%s (%s)", event->freq_hz, event->name, user_only,
		                 event->fallback);
	return xasprintf("%" PRIu64 " Hz %s%s", event->freq_hz, event->name, user_only);
}

static char *headline(const struct cpu_facts *facts, uint64_t n_unresolved)
{
	const struct sampler_totals *totals = facts->totals;
	char *samples = grouped(totals->n_samples);
	char *lost = grouped(totals->n_lost);
	char *event = event_text(facts->event);
	char *text =
	    xasprintf("%s sample%s, %.2f s, %s; lost %s, truncated %.1f %%, unresolved %.1f %%",
	              samples, totals->n_samples == 1 ? "" : "s", (double)totals->cpu_time_ns / 1e9,
	              event, lost, percent(totals->n_truncated, totals->n_samples),
	              percent(n_unresolved, totals->n_samples));

	free(samples);
	free(lost);
	free(event);
	return text;
}

/* "syn-scan.c:212", or the object where there is no line. The caller frees it. */
static char *place_of(const struct profile *profile, const struct function_value *function)
{
	const char *file = profile_text(profile, function->file);
	const char *slash = strrchr(file, '/');

	if (!*file)
		return xstrdup(
		    profile_text(profile, profile_frame(profile, function->frame)->object));
	if (!function->line)
		return xstrdup(slash ? slash + 1 : file);
	return xasprintf("%s:%u", slash ? slash + 1 : file, function->line);
}

static void add_table(const struct cpu_facts *facts, struct text_list *table)
{
	uint64_t total = profile_total(facts->profile, SAMPLER_SAMPLES);
	size_t n_functions;
	struct function_value *functions =
	    profile_functions(facts->profile, SAMPLER_SAMPLES, &n_functions);
	int width = 0;

	if (n_functions > TABLE_ROWS)
		n_functions = TABLE_ROWS;
	for (size_t i = 0; i < n_functions; i++) {
		int length = (int)strlen(profile_folded_name(facts->profile, functions[i].frame));

		if (length > width && length <= 50)
			width = length;
	}
	text_list_add(table, "   SELF   TOTAL  FUNCTION");
	for (size_t i = 0; i < n_functions; i++) {
		char *place = place_of(facts->profile, &functions[i]);
		char *line =
		    xasprintf("%5.1f %% %5.1f %%  %-*s  %s", percent(functions[i].self, total),
		              percent(functions[i].total, total), width,
		              profile_folded_name(facts->profile, functions[i].frame), place);

		text_list_add(table, line);
		free(line);
		free(place);
	}
	free(functions);
}

/* The function with the largest self value that has a name, or NULL. */
static const struct function_value *
hottest(const struct profile *profile, const struct function_value *functions, size_t n_functions)
{
	for (size_t i = 0; i < n_functions; i++) {
		enum frame_kind kind = profile_frame(profile, functions[i].frame)->kind;

		if (kind != FRAME_UNRESOLVED && kind != FRAME_FAILED)
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
	double share = top ? percent(top->self, facts->totals->n_samples) : 0;

	if (top)
		findings_judge(
		    findings, cpu_findings, "self-percent", share, NULL,
		    "%.1f %% of the samples are in %s itself: the place to look at first", share,
		    profile_folded_name(facts->profile, top->frame));
	free(functions);
}

static void judge(const struct cpu_facts *facts, struct findings *findings)
{
	enum { ENOUGH_FOR_SHARES = 100 }; /* a quarter of them is 25 +- 4.3 */
	uint64_t n_samples = facts->totals->n_samples;

	findings_judge(findings, cpu_findings, "samples", (double)n_samples, "cpu.samples",
	               "few samples (%" PRIu64 ") leave shares uncertain; add --min-samples 1000, "
	               "and the command is run until there are so many",
	               n_samples);
	if (n_samples >= ENOUGH_FOR_SHARES)
		judge_hottest(facts, findings);
}

void cpu_summarize(const struct cpu_facts *facts, struct result *result)
{
	uint64_t n_unresolved = count_unresolved(facts->profile);

	add_metrics(facts, n_unresolved, result->metrics);
	add_quality(facts, n_unresolved, result->quality);
	result->headline = headline(facts, n_unresolved);
	add_table(facts, &result->table);
	judge(facts, result->findings);
}

char *cpu_why_no_samples(const struct cpu_event *event, uint64_t used_ns, size_t n_repeats)
{
	/* Ten periods: to miss all of them by chance has odds of 1 to 22,000. */
	if (used_ns > 10 * 1000000000ull / event->freq_hz)
		return xasprintf("no samples in %.3f s of processor time: the kernel ends sampling "
		                 "when a program "
		                 "gains rights (set-user-id, file capabilities); run this as root",
		                 (double)used_ns / 1e9);
	return xasprintf(
	    "no samples: %zu run%s took %.1f ms of processor time; add --min-samples 1000, and the "
	    "command is run until there are so many",
	    n_repeats, n_repeats == 1 ? "" : "s", (double)used_ns / 1e6);
}
