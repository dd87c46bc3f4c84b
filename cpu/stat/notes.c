/* Says what is missing, estimated or suspicious. */
#include "cpu/stat/notes.h"

#include "cpu/stat/events.h"
#include "cpu/stat/runs.h"

#include "core/alloc.h"
#include "core/number_text.h"
#include "core/quality.h"
#include "core/stats/describe.h"
#include "core/stats/outliers.h"

#include <stdlib.h>
#include <string.h>

static void note_outliers(const struct stat_facts *facts, json_t *quality)
{
	size_t n;
	double *times = stat_samples(facts, stat_wall_s, 0, &n);
	struct outliers found = outliers_find(times, n);

	if (found.first_high)
		quality_add_note(quality,
		                 "the first run took %.2f times the median: caches were cold, "
		                 "perhaps; --warmup 3 fills them, --prepare CMD empties them "
		                 "before each run",
		                 times[0] / describe_median(times, n));
	else if (found.n)
		quality_add_note(quality,
		                 "%zu of %zu runs are outliers in time: something else ran; "
		                 "measure again on a quiet machine, or with --warmup or --prepare",
		                 found.n, n);
	free(times);
}

/* "cycles, instructions" of the events that `is_one` says. NULL: none. The caller frees it. */
static char *names_of(const struct stat_facts *facts,
                      bool (*is_one)(const struct stat_facts *facts, size_t event,
                                     const char *why),
                      const char *why)
{
	char *names = NULL;

	for (size_t i = 0; i < facts->events->n_events; i++) {
		char *longer;

		if (!is_one(facts, i, why))
			continue;
		longer = xasprintf("%s%s%s", names ? names : "", names ? ", " : "",
		                   facts->events->events[i].name);
		free(names);
		names = longer;
	}
	return names;
}

static bool is_counted(const struct stat_facts *facts, size_t event)
{
	for (size_t i = 0; i < facts->n_runs; i++)
		if (facts->runs[i].counts[event].is_known)
			return true;
	return false;
}

/* Not counted for this reason. */
static bool is_missing(const struct stat_facts *facts, size_t event, const char *why)
{
	const char *own = facts->events->events[event].why;

	return !is_counted(facts, event) && own && !strcmp(own, why);
}

static bool is_from_rusage(const struct stat_facts *facts, size_t event, const char *why)
{
	(void)why;
	return facts->events->events[event].source == SOURCE_RUSAGE && is_counted(facts, event);
}

static bool lacks_kernel(const struct stat_facts *facts, size_t event, const char *why)
{
	const struct counted_event *counted = &facts->events->events[event];

	(void)why;
	/* A clock is that of the whole time all the same. */
	return counted->lacks_kernel && !counted->is_time && is_counted(facts, event);
}

/* It had a counter, and gave nothing. */
static bool is_silent(const struct stat_facts *facts, size_t event, const char *why)
{
	(void)why;
	return facts->events->events[event].source == SOURCE_COUNTER && !is_counted(facts, event);
}

static bool is_scaled(const struct stat_facts *facts, size_t event, const char *why)
{
	(void)why;
	for (size_t i = 0; i < facts->n_runs; i++)
		if (facts->runs[i].counts[event].is_known &&
		    facts->runs[i].counts[event].counted_percent < 99.995)
			return true;
	return false;
}

/* "cycles, instructions" and what is said of them. Takes the names; NULL: there are none. */
static void note_names(json_t *quality, char *names, const char *what)
{
	if (names)
		quality_add_note(quality, "%s: %s", names, what);
	free(names);
}

static void note_missing(const struct stat_facts *facts, json_t *quality)
{
	const char *said[16];
	size_t n_said = 0;

	for (size_t i = 0; i < facts->events->n_events; i++) {
		const char *why = facts->events->events[i].why;
		bool is_new = why && is_missing(facts, i, why) && n_said < ARRAY_SIZE(said);
		char *names;

		for (size_t j = 0; j < n_said && is_new; j++)
			is_new = strcmp(said[j], why) != 0;
		if (!is_new)
			continue;
		said[n_said++] = why;
		names = names_of(facts, is_missing, why);
		quality_add_note(quality, "not counted: %s: %s", why, names);
		free(names);
	}
	note_names(quality, names_of(facts, is_silent, NULL),
	           "the kernel or the PMU gave no counter for it, so it is not measured");
}

/* What is known in another way than from the kernel's own counters of the whole. */
static void note_other_ways(const struct stat_facts *facts, json_t *quality)
{
	note_names(quality, names_of(facts, is_from_rusage, NULL),
	           "from wait4(2), so of children that were waited for alone: "
	           "perf_event_paranoid hides the kernel's side; as root run: sysctl "
	           "kernel.perf_event_paranoid=1");
	note_names(quality, names_of(facts, lacks_kernel, NULL),
	           "of user code alone: perf_event_paranoid hides the kernel's; as root run: "
	           "sysctl kernel.perf_event_paranoid=1");
	note_names(quality, names_of(facts, is_scaled, NULL),
	           "scaled, since the PMU has fewer counters than were asked for; runs.csv has how "
	           "much of the time each was counted; ask for fewer with --event");
}

static uint64_t used_ns(const struct stat_run *run)
{
	return run->user_ns + run->system_ns;
}

/* The kernel drops the events of a process that gains rights, children too, without a word. What it
 * does for a fork and an end is not counted either: 70 % were seen of a shell that did nothing but
 * fork, so only half of the time or less is a sign. */
static void note_unseen_time(const struct stat_facts *facts, json_t *quality)
{
	enum { SLACK_NS = 50000000 };
	size_t clock;

	if (!facts->runs_command || facts->all_cpus || facts->counts_part ||
	    !stat_find(facts, "task-clock", &clock))
		return;
	for (size_t i = 0; i < facts->n_runs; i++) {
		const struct stat_run *run = &facts->runs[i];
		double seen_ns = run->counts[clock].is_known ? run->counts[clock].value : 0;

		if ((double)used_ns(run) < 2 * seen_ns + SLACK_NS)
			continue;
		quality_add_note(quality,
		                 "the counters saw %.3f of %.3f s of processor time in run %zu: "
		                 "the kernel ends counting where a program gains rights "
		                 "(set-user-id, file capabilities)",
		                 seen_ns / 1e9, (double)used_ns(run) / 1e9, i + 1);
		return;
	}
}

static void note_memory(const struct stat_facts *facts, json_t *quality)
{
	size_t n;

	free(stat_samples(facts, stat_rss_bytes, 0, &n));
	if (n < facts->n_runs && facts->runs_command)
		quality_add_note(quality, "run.max_rss_bytes is absent%s: it was no higher than "
		                          "that of our own child before its exec, which the "
		                          "kernel's maximum includes",
		                 n ? " of some runs" : "");
}

void stat_notes_add(const struct stat_facts *facts, json_t *quality)
{
	note_outliers(facts, quality);
	if (facts->gains_rights)
		quality_add_note(quality,
		                 "nothing was counted: the kernel drops the events of a program "
		                 "that gains rights (set-user-id, file capabilities); run it as "
		                 "the user it becomes, or a copy without them");
	else
		note_missing(facts, quality);
	note_other_ways(facts, quality);
	note_unseen_time(facts, quality);
	if (facts->n_doubtful)
		quality_add_note(quality,
		                 "%s came while the others were being attached to, and may be "
		                 "counted twice",
		                 counted_text_of(facts->n_doubtful, "thread").text);
	note_memory(facts, quality);
}
