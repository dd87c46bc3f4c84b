/* Puts into numbers and sentences what was lost, cut short, completed and left without a name. */
#include "cpu/quality.h"

#include "cpu/event.h"
#include "cpu/frame_pointers.h"
#include "cpu/options.h"
#include "cpu/sampler.h"
#include "cpu/summary.h"

#include "core/alloc.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "core/quality.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

/* Nothing of the processor time is left out by the event itself. */
static bool sees_all(const struct cpu_event *event)
{
	return event->sees_kernel && !event->attr.exclude_user;
}

/* What there was to sample, as the scheduler charged it: counters and timers of perf run on while a
 * virtual machine's CPU is taken away. Of processes that go on only counters tell. 0: not known. */
static uint64_t used_ns(const struct cpu_facts *facts)
{
	if (!sees_all(facts->event))
		return 0;
	return facts->used_ns ? facts->used_ns : facts->totals->counted_ns;
}

/* Samples a second of that time. 0: it is not known. */
static double effective_rate_hz(const struct cpu_facts *facts)
{
	uint64_t time_ns = facts->totals->time_unknown ? 0 : facts->totals->cpu_time_ns;
	uint64_t used = used_ns(facts);

	if (used > time_ns || (used && !facts->event->periods_are_ns))
		time_ns = used;
	return time_ns ? (double)facts->totals->n_samples * 1e9 / (double)time_ns : 0;
}

char *cpu_event_text(const struct cpu_facts *facts)
{
	const struct cpu_event *event = facts->event;
	static const char *const call_graphs[] = {
	    [CALL_GRAPH_DWARF] = "",
	    [CALL_GRAPH_FP] = ", stacks by frame pointers",
	    [CALL_GRAPH_NONE] = ", without stacks",
	};
	double rate_hz = effective_rate_hz(facts);
	bool is_missed = rate_hz > 0 && rate_hz < 0.99 * (double)event->freq_hz;
	char *missed = is_missed ? xasprintf("%.0f of ", rate_hz) : xstrdup("");
	char *rate = event->freq_hz ? xasprintf("%s%" PRIu64 " Hz ", missed, event->freq_hz)
	                            : xstrdup("one for each of ");
	char *text = xasprintf("%s%s%s%s%s%s%s", rate, event->name,
	                       event->sees_kernel ? "" : ", user code only",
	                       call_graphs[event->call_graph], event->fallback ? " (" : "",
	                       event->fallback ? event->fallback : "", event->fallback ? ")" : "");

	free(rate);
	free(missed);
	return text;
}

static const char *remedy_of_losses(const struct cpu_event *event)
{
	if (!event->attr.sample_stack_user)
		return "raise ulimit -l or kernel.perf_event_mlock_kb";
	return event->freq_hz ? "raise ulimit -l or kernel.perf_event_mlock_kb, or lower --freq or "
	                        "--stack-size"
	                      : "raise ulimit -l or kernel.perf_event_mlock_kb, or lower "
	                        "--stack-size";
}

static void note_losses(const struct cpu_facts *facts, json_t *quality)
{
	const struct sampler_totals *totals = facts->totals;

	if (totals->n_lost)
		quality_add_note(quality, "%s found the perf ring of %zu KB full; %s",
		                 counted_text_of(totals->n_lost, "record").text,
		                 totals->ring_bytes / 1024, remedy_of_losses(facts->event));
	if (totals->n_malformed)
		quality_add_note(
		    quality, "%s left out",
		    counted_text_of(totals->n_malformed, "malformed perf record").text);
	if (totals->ring_bytes < totals->wanted_ring_bytes)
		quality_add_note(quality,
		                 "the perf ring of a CPU has %zu KB instead of %zu KB, for want of "
		                 "memory that may be locked; raise ulimit -l or, as root, "
		                 "kernel.perf_event_mlock_kb",
		                 totals->ring_bytes / 1024, totals->wanted_ring_bytes / 1024);
	if (totals->n_throttled)
		quality_add_note(quality,
		                 "the kernel paused sampling %s to save time; lower --freq",
		                 counted_text_of(totals->n_throttled, "time").text);
	if (totals->n_repeats > 1)
		quality_add_note(quality, "%u runs of the command are merged", totals->n_repeats);
}

/* What the periods leave out: lost samples, timer ticks that came too late, and whole processes,
 * for the clock of a sampling event starts anew in each: one that ends within its first period
 * gives no sample. */
static void note_coverage(const struct cpu_facts *facts, json_t *quality)
{
	enum { WORTH_SAYING_PERCENT = 95, SHORTEST_NS = 50000000 };
	uint64_t used = used_ns(facts);
	double covered = share_percent(facts->totals->cpu_time_ns, used);

	if (facts->event->periods_are_ns && used > SHORTEST_NS && covered < WORTH_SAYING_PERCENT)
		quality_add_note(
		    quality,
		    "samples stand for %.0f %% of the processor time: what was lost, and "
		    "processes that live less than %.4g ms, are not in them",
		    covered, 1000.0 / (double)facts->event->freq_hz);
}

/* What is not among the samples, and was not to be. */
static void note_left_out(const struct cpu_facts *facts, json_t *quality)
{
	const struct sampler_totals *totals = facts->totals;

	if (totals->n_left_out)
		quality_add_note(quality, "%s of other commands left out (--only)",
		                 counted_text_of(totals->n_left_out, "sample").text);
	if (totals->n_idle)
		quality_add_note(quality, "%s of idle CPUs left out",
		                 counted_text_of(totals->n_idle, "sample").text);
	if (totals->all_cpus && totals->only_some)
		quality_add_note(quality,
		                 "measured by events of all CPUs, since an event for each of "
		                 "so many threads would slow the process");
	if (totals->n_closed)
		quality_add_note(quality,
		                 "processes whose mappings are not for us to read, so that their "
		                 "code has no names: %zu%s",
		                 totals->n_closed, geteuid() ? "; run as root" : "");
}

static void note_ends(const struct walk_counts *walks, json_t *quality)
{
	for (unsigned end = 0; end < UNWIND_N_ENDS; end++)
		if (walks->n_ends[end])
			quality_add_note(quality, "stacks cut short by: %s: %s%s",
			                 unwind_end_text((enum unwind_end)end),
			                 count_text_of(walks->n_ends[end]).text,
			                 end == UNWIND_UNREADABLE ? "; raise --stack-size" : "");
}

static void add_walks(const struct cpu_facts *facts, json_t *quality)
{
	const struct walk_counts *walks = &facts->totals->walks;
	uint64_t n_samples = facts->totals->n_samples;

	note_ends(walks, quality);
	if (facts->totals->n_larger)
		quality_add_note(
		    quality,
		    "%s with a stack copy of %zu KB, since more than that of %u KB was "
		    "needed and memory had changed",
		    counted_text_of(facts->totals->n_larger, "sample").text,
		    facts->totals->larger_bytes / 1024,
		    facts->event->attr.sample_stack_user / 1024);
	if (walks->n_guessed)
		quality_add_note(quality,
		                 "code without unwind tables was stepped over by its frame "
		                 "pointers in %s: a caller may be missing",
		                 counted_text_of(walks->n_guessed, "stack").text);
	quality_set_flaw(quality, QUALITY_TRUNCATED, share_percent(walks->n_truncated, n_samples),
	                 walks->n_ends[UNWIND_UNREADABLE] * 2 > walks->n_truncated
	                     ? "raise --stack-size"
	                     : NULL);
	quality_set_completed(quality, share_percent(walks->n_completed, n_samples));
}

static void add_frame_pointers(const struct cpu_facts *facts, json_t *quality)
{
	const struct walk_counts *walks = &facts->totals->walks;
	struct chain_ends ends = chain_ends_of(facts->profile, SAMPLER_SAMPLES);

	note_ends(walks, quality);
	quality_add_note(quality, "frame pointers believed: stacks are not verified, and a caller "
	                          "is missing where code keeps none");
	if (ends.n_broken)
		quality_add_note(quality,
		                 "no start of a program or thread is at the end of %s: build with "
		                 "-fno-omit-frame-pointer, or use --call-graph dwarf",
		                 counted_text_of(ends.n_broken, "stack").text);
	if (ends.n_unknown)
		quality_add_note(
		    quality,
		    "code without a name is at the end of %s: whether they are whole is "
		    "not known",
		    counted_text_of(ends.n_unknown, "stack").text);
	quality_set_flaw(
	    quality, QUALITY_TRUNCATED,
	    share_percent(walks->n_truncated + ends.n_broken, facts->totals->n_samples),
	    "build with -fno-omit-frame-pointer, or use --call-graph dwarf");
}

static void add_stacks(const struct cpu_facts *facts, json_t *quality)
{
	switch (facts->event->call_graph) {
	case CALL_GRAPH_DWARF:
		add_walks(facts, quality);
		return;
	case CALL_GRAPH_FP:
		add_frame_pointers(facts, quality);
		return;
	case CALL_GRAPH_NONE:
		return;
	}
}

const char *cpu_add_quality(const struct cpu_facts *facts, json_t *quality)
{
	const struct sampler_totals *totals = facts->totals;
	double rate_hz = effective_rate_hz(facts);
	const char *remedy;

	for (size_t i = 0; i < facts->event->notes.n_texts; i++)
		quality_add_note(quality, "%s", facts->event->notes.texts[i]);
	if (!facts->event->periods_are_ns)
		quality_add_note(
		    quality, "%s",
		    totals->time_unknown
		        ? "cpu.time_ns is not known: the counter of processor time could not "
		          "be read, or counted twice a thread that was made while we attached"
		    : totals->all_cpus
		        ? "cpu.time_ns is the time that /proc/stat does not count as idle"
		        : "cpu.time_ns comes from the kernel's task-clock counter, which runs "
		          "on while a virtual machine's CPU is taken away");
	note_losses(facts, quality);
	note_left_out(facts, quality);
	note_coverage(facts, quality);
	if (rate_hz > 0)
		json_object_set_new(quality, "rate_hz", json_real(rate_hz));
	quality_set_samples(quality, totals->n_samples, totals->n_lost,
	                    remedy_of_losses(facts->event));
	add_stacks(facts, quality);
	quality_add_unresolved(quality, facts->profile, NULL, facts->recording, facts->symbolizer,
	                       &remedy);
	return remedy;
}
