/* Derives metrics, quality, headline, table and findings from waits and their profile. */
#include "cpu/offcpu_summary.h"

#include "cpu/offcpu.h"
#include "cpu/waiters.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "core/quality.h"
#include "core/walk/stackwalk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct metric_row offcpu_metrics[] = {
    {"offcpu.blocked_ns", "ns", METRIC_LOWER,
     "time that threads waited, until they ran again, of all threads and children"},
    {"offcpu.switches", "count", METRIC_LOWER, "times that a thread left its CPU, by any cause"},
    {"offcpu.preempted_ns", "ns", METRIC_LOWER, "time that threads could have run and did not"},
    {"offcpu.running_ns", "ns", METRIC_NEUTRAL, "time that threads ran, by the same records"},
    {0},
};

const struct finding_row offcpu_findings[] = {
    {"preempted-percent", FINDING_ABOVE, 20, "info",
     "time that runnable threads waited for a CPU, in percent of that and running time"},
    {"stack-lost-percent", FINDING_ABOVE, 10, "warning",
     "blocked time whose stack was lost, in percent"},
    {"unresolved-percent", FINDING_ABOVE, 10, "warning",
     "blocked time whose function has no name, in percent"},
    {0},
};

enum {
	TABLE_ROWS = 5,
	WIDEST_NAME = 40, /* a wider one pushes its own place aside, not those of all rows */
};

/* "2.310 s", "0.4 ms", "12.1 us" */
struct duration_text {
	char text[24];
};

static struct duration_text duration_text_of(uint64_t ns)
{
	struct duration_text text;

	if (ns >= 10000000)
		snprintf(text.text, sizeof(text.text), "%.3f s", (double)ns / 1e9);
	else if (ns >= 100000)
		snprintf(text.text, sizeof(text.text), "%.2f ms", (double)ns / 1e6);
	else
		snprintf(text.text, sizeof(text.text), "%.1f us", (double)ns / 1e3);
	return text;
}

static uint64_t n_switches(const struct thread_time *time)
{
	return time->n_waits[WAIT_BLOCKED] + time->n_waits[WAIT_PREEMPTED];
}

static void add_metrics(const struct offcpu_facts *facts, struct metrics *metrics)
{
	for (size_t i = 0; i < facts->n_repeats; i++) {
		const struct thread_time *time = &facts->repeats[i];

		metrics_add(metrics, offcpu_metrics, "offcpu.blocked_ns",
		            (double)time->wait_ns[WAIT_BLOCKED]);
		metrics_add(metrics, offcpu_metrics, "offcpu.switches", (double)n_switches(time));
		metrics_add(metrics, offcpu_metrics, "offcpu.preempted_ns",
		            (double)time->wait_ns[WAIT_PREEMPTED]);
		metrics_add(metrics, offcpu_metrics, "offcpu.running_ns", (double)time->running_ns);
	}
	for (const struct metric_row *row = offcpu_metrics; row->name; row++)
		metrics_sum(metrics, row->name);
}

static bool is_kernel(const struct profile *profile, uint32_t frame)
{
	return profile_frame(profile, frame)->kind == FRAME_KERNEL;
}

/* Blocked time whose stack ends before its outermost frame; where all of it was lost is another
 * matter: such a stack is one frame. */
static uint64_t truncated_ns(const struct profile *profile)
{
	uint64_t sum_ns = 0;

	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		struct profile_sample sample = profile_sample(profile, i);
		uint32_t frames[WALK_MAX_FRAMES];
		size_t n_frames =
		    profile_stack_frames(profile, sample.stack, frames, ARRAY_SIZE(frames));

		if (n_frames > 1 && n_frames <= ARRAY_SIZE(frames) &&
		    profile_frame(profile, frames[n_frames - 1])->kind == FRAME_FAILED)
			sum_ns += sample.values[OFFCPU_BLOCKED_NS];
	}
	return sum_ns;
}

static void note_rings(const struct offcpu_facts *facts, json_t *quality)
{
	static const char *const whats[OFFCPU_N_EVENTS] = {
	    [OFFCPU_SWITCHES] = "switch records",
	    [OFFCPU_CLOCK] = "samples of what runs",
	    [OFFCPU_STACKS] = "stacks of waits",
	};
	const struct offcpu_totals *totals = facts->totals;

	for (unsigned i = 0; i < facts->events->n_events; i++)
		if (totals->n_lost[i])
			quality_add_note(
			    quality,
			    "%s %s found the perf ring of %zu KB full; raise ulimit -l "
			    "or kernel.perf_event_mlock_kb",
			    count_text_of(totals->n_lost[i]).text, whats[i],
			    totals->ring_bytes[i] / 1024);
	if (totals->ring_bytes[OFFCPU_SWITCHES] < offcpu_events_wanted_ring_bytes(OFFCPU_SWITCHES))
		quality_add_note(
		    quality,
		    "a CPU's perf ring for switch records has %zu KB instead of %zu KB, "
		    "and the others less in proportion, for want of memory that may be "
		    "locked; raise ulimit -l or, as root, kernel.perf_event_mlock_kb",
		    totals->ring_bytes[OFFCPU_SWITCHES] / 1024,
		    offcpu_events_wanted_ring_bytes(OFFCPU_SWITCHES) / 1024);
	if (totals->n_malformed)
		quality_add_note(
		    quality, "%s left out",
		    counted_text_of(totals->n_malformed, "malformed perf record").text);
}

static void note_times(const struct offcpu_facts *facts, json_t *quality)
{
	struct thread_time sum = waits_sum(facts->waits);

	if (sum.unknown_ns)
		quality_add_note(
		    quality,
		    "%s of the threads' time, %.2f %%, is neither running nor waiting: "
		    "switch records were lost in it, and waits that began or ended "
		    "there may be too long",
		    duration_text_of(sum.unknown_ns).text,
		    share_percent(sum.unknown_ns, sum.unknown_ns + sum.running_ns +
		                                      sum.wait_ns[WAIT_BLOCKED] +
		                                      sum.wait_ns[WAIT_PREEMPTED]));
	if (facts->totals->n_refused)
		quality_add_note(quality,
		                 "stacks of waiting threads could not be read from their memory: "
		                 "ptrace is not allowed here (kernel.yama.ptrace_scope, or a "
		                 "container without CAP_SYS_PTRACE)");
	if (facts->n_repeats > 1)
		quality_add_note(quality, "%zu runs of the command are merged", facts->n_repeats);
}

static void note_walks(const struct offcpu_facts *facts, json_t *quality)
{
	const struct walk_counts *walks = &facts->totals->wait_walks;

	for (unsigned end = 0; end < UNWIND_N_ENDS; end++)
		if (walks->n_ends[end])
			quality_add_note(quality, "stacks of waits cut short by: %s: %s%s",
			                 unwind_end_text((enum unwind_end)end),
			                 count_text_of(walks->n_ends[end]).text,
			                 end == UNWIND_UNREADABLE ? "; raise --stack-size" : "");
	if (walks->n_guessed)
		quality_add_note(quality,
		                 "waits whose stacks owe a caller to a frame pointer, of code "
		                 "without unwind tables or looked for on the stack: %s; one may be "
		                 "missing in each",
		                 count_text_of(walks->n_guessed).text);
}

/* The shares of a run are of its blocked time: what they leave out is said here. */
static void note_preempted(const struct offcpu_facts *facts, json_t *quality)
{
	uint64_t without_ns = facts->totals->without_stack_ns[WAIT_PREEMPTED];
	struct thread_time sum = waits_sum(facts->waits);

	if (without_ns)
		quality_add_note(quality, "%.1f %% of the preempted time, %s, has no stack%s",
		                 share_percent(without_ns, sum.wait_ns[WAIT_PREEMPTED]),
		                 duration_text_of(without_ns).text,
		                 facts->events->fallback
		                     ? ": memory is read of threads that are blocked alone"
		                     : "");
}

/* Shares of the blocked time. */
struct shares {
	double lost;
	double truncated;
	double unresolved;
	const char *remedy; /* for most of what is unresolved, or NULL */
};

static struct shares add_quality(const struct offcpu_facts *facts, json_t *quality)
{
	const struct offcpu_totals *totals = facts->totals;
	struct thread_time sum = waits_sum(facts->waits);
	uint64_t blocked_ns = sum.wait_ns[WAIT_BLOCKED];
	struct shares shares = {
	    .lost = share_percent(totals->without_stack_ns[WAIT_BLOCKED], blocked_ns),
	    .truncated = share_percent(truncated_ns(facts->profile), blocked_ns),
	};

	for (size_t i = 0; i < facts->events->notes.n_texts; i++)
		quality_add_note(quality, "%s", facts->events->notes.texts[i]);
	note_rings(facts, quality);
	note_times(facts, quality);
	note_walks(facts, quality);
	note_preempted(facts, quality);
	json_object_set_new(quality, "samples", json_integer((json_int_t)n_switches(&sum)));
	json_object_set_new(quality, "lost_samples",
	                    json_integer((json_int_t)totals->n_without_stack[WAIT_BLOCKED]));
	quality_set_flaw(quality, QUALITY_LOST, shares.lost,
	                 facts->events->fallback ? NULL
	                                         : "raise ulimit -l or kernel.perf_event_mlock_kb");
	quality_set_flaw(quality, QUALITY_TRUNCATED, shares.truncated, NULL);
	quality_set_completed(quality,
	                      share_percent(totals->wait_walks.n_completed, n_switches(&sum)));
	shares.unresolved = share_percent(quality_add_unresolved(quality, facts->profile, is_kernel,
	                                                         facts->recording,
	                                                         facts->symbolizer, &shares.remedy),
	                                  blocked_ns);
	return shares;
}

/* "; most: worker in consume 45.0 %", or nothing. The caller frees it. */
static char *most_text(const struct profile *profile, const struct waiter *most,
                       uint64_t blocked_ns)
{
	char *site, *text;

	if (!most || !most->blocked_ns)
		return xstrdup("");
	site = profile_shown_name(profile, most->site);
	text = xasprintf("; most: %s in %s, %.1f %%", most->comm, site,
	                 share_percent(most->blocked_ns, blocked_ns));
	free(site);
	return text;
}

static char *headline(const struct offcpu_facts *facts, const struct shares *shares,
                      const struct waiter *most)
{
	struct thread_time sum = waits_sum(facts->waits);
	char *who = most_text(facts->profile, most, sum.wait_ns[WAIT_BLOCKED]);
	const char *fallback = facts->events->fallback;
	char *text = xasprintf(
	    "%s blocked in %s of %s, %s preempted%s%s%s%s; stacks lost %.1f %%, truncated %.1f %%, "
	    "unresolved %.1f %%",
	    duration_text_of(sum.wait_ns[WAIT_BLOCKED]).text,
	    counted_text_of(sum.n_waits[WAIT_BLOCKED], "wait").text,
	    counted_text_of(waits_n_threads(facts->waits), "thread").text,
	    duration_text_of(sum.wait_ns[WAIT_PREEMPTED]).text, fallback ? " (" : "",
	    fallback ? fallback : "", fallback ? ")" : "", who, shares->lost, shares->truncated,
	    shares->unresolved);

	free(who);
	return text;
}

/* "consume (pthread_cond_wait)": the function, and the call by which it waits. The caller frees it.
 */
static char *where_text(const struct profile *profile, const struct waiter *waiter)
{
	char *site = profile_shown_name(profile, waiter->site);
	char *call, *text;

	if (waiter->site == waiter->call)
		return site;
	call = profile_shown_name(profile, waiter->call);
	text = xasprintf("%s (%s)", site, call);
	free(site);
	free(call);
	return text;
}

static void add_row(const struct offcpu_facts *facts, const struct waiter *waiter,
                    const char *where, int width, struct text_list *table)
{
	const struct frame *frame = profile_frame(facts->profile, waiter->site);
	char *place = profile_shown_place(facts->profile, frame->object, frame->file, frame->line);
	char *line = xasprintf(
	    "%10s %5.1f %%  %9s  %-15s  %-*s  %s", duration_text_of(waiter->blocked_ns).text,
	    share_percent(waiter->blocked_ns, profile_total(facts->profile, OFFCPU_BLOCKED_NS)),
	    count_text_of(waiter->n_waits).text, waiter->comm, width, where, place);

	text_list_add(table, line);
	free(line);
	free(place);
}

static void add_table(const struct offcpu_facts *facts, const struct waiter *waiters,
                      size_t n_waiters, struct text_list *table)
{
	size_t n_rows = n_waiters < TABLE_ROWS ? n_waiters : TABLE_ROWS;
	char *wheres[TABLE_ROWS];
	int width = 0;

	if (!n_rows)
		return;
	for (size_t i = 0; i < n_rows; i++) {
		int length;

		wheres[i] = where_text(facts->profile, &waiters[i]);
		length = (int)strlen(wheres[i]);
		if (length > width && length <= WIDEST_NAME)
			width = length;
	}
	text_list_add(table, "   BLOCKED   SHARE      WAITS  THREAD           WHERE");
	for (size_t i = 0; i < n_rows; i++) {
		add_row(facts, &waiters[i], wheres[i], width, table);
		free(wheres[i]);
	}
}

static void judge(const struct offcpu_facts *facts, const struct shares *shares,
                  struct findings *findings)
{
	struct thread_time sum = waits_sum(facts->waits);
	double preempted = share_percent(sum.wait_ns[WAIT_PREEMPTED],
	                                 sum.wait_ns[WAIT_PREEMPTED] + sum.running_ns);

	findings_judge(findings, offcpu_findings, "preempted-percent", preempted,
	               "offcpu.preempted_ns",
	               "runnable threads waited for a CPU for %s, %.0f %% of the time they wanted "
	               "one: more threads run than there are CPUs",
	               duration_text_of(sum.wait_ns[WAIT_PREEMPTED]).text, preempted);
	findings_judge(findings, offcpu_findings, "stack-lost-percent", shares->lost, NULL,
	               "the stacks of %.1f %% of the blocked time are not known: the notes of "
	               "run.json say why",
	               shares->lost);
	if (shares->remedy)
		findings_judge(findings, offcpu_findings, "unresolved-percent", shares->unresolved,
		               NULL, "%.1f %% of the blocked time has no name: %s",
		               shares->unresolved, shares->remedy);
}

void offcpu_summarize(const struct offcpu_facts *facts, struct result *result)
{
	struct shares shares = add_quality(facts, result->quality);
	size_t n_waiters;
	struct waiter *waiters = waiters_of(facts->profile, &n_waiters);

	add_metrics(facts, result->metrics);
	result->headline = headline(facts, &shares, n_waiters ? &waiters[0] : NULL);
	add_table(facts, waiters, n_waiters, &result->table);
	judge(facts, &shares, result->findings);
	free(waiters);
}
