/* The offcpu collector: options, steps of a run, results. */
#include "cpu/artifacts.h"
#include "cpu/escapes.h"
#include "cpu/followed.h"
#include "cpu/found_processes.h"
#include "cpu/offcpu.h"
#include "cpu/offcpu_events.h"
#include "cpu/offcpu_options.h"
#include "cpu/offcpu_summary.h"
#include "cpu/thread_table.h"
#include "cpu/perf_target.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/compare/side.h"
#include "core/diag.h"
#include "core/export/exporter.h"
#include "core/profile.h"
#include "core/quality.h"
#include "core/results/results.h"
#include "core/symbolize/symbolize.h"

#include <stdio.h>
#include <stdlib.h>

struct offcpu_state {
	const struct offcpu_options *options;
	struct offcpu_events events;
	struct offcpu *offcpu;
	bool runs_command;
	struct thread_time before; /* the present repeat */
	struct thread_time *repeats;
	size_t n_repeats;
	size_t repeats_capacity;
	uint64_t wall_ns;
};

#define FIELD(name) offsetof(struct offcpu_options, name)

static const struct option_row option_rows[] = {
    {
        .name = "freq",
        .letter = 'F',
        .kind = OPTION_HZ,
        .field = FIELD(freq_hz),
        .argument = "HZ",
        .fallback = "997",
        .help = "samples a second of processor time, of what runs between the waits",
        .min = 1,
        .max = 1000000,
        .alias = "sampling-rate",
    },
    {
        .name = "stack-size",
        .kind = OPTION_BYTES,
        .field = FIELD(stack_bytes),
        .argument = "BYTES",
        .fallback = "1024",
        .help = "bytes of user stack copied with a wait; what lies above is read from memory",
        .min = 256,
        .max = 65528, /* the kernel's limit: a multiple of 8 below 65,535 */
    },
    {
        .name = "kernel",
        .kind = OPTION_SWITCH,
        .field = FIELD(kernel),
        .fallback = "yes",
        .help = "show the kernel's frames in stacks",
    },
    {
        .name = "inherit",
        .kind = OPTION_SWITCH,
        .field = FIELD(inherit),
        .fallback = "yes",
        .help = "watch threads and child processes too",
    },
    {
        .name = "min-time",
        .kind = OPTION_SECONDS,
        .field = FIELD(min_time_ns),
        .argument = "SECONDS",
        .help = "run the command again, and merge, until it ran for SECONDS",
    },
    {
        .name = "percent-limit",
        .kind = OPTION_PERCENT,
        .field = FIELD(percent_limit),
        .argument = "P",
        .fallback = "0.5",
        .help = "leave functions under P percent out of report.txt",
    },
    {0},
};

static int offcpu_create(void **state, const void *options, struct diag *diag)
{
	struct offcpu_state *made = xcalloc(1, sizeof(*made));
	int err;

	made->options = options;
	err = offcpu_events_choose(&made->events, made->options, diag);
	if (err) {
		offcpu_events_fini(&made->events);
		free(made);
		return err;
	}
	made->offcpu = offcpu_new(&made->events);
	*state = made;
	return 0;
}

static int offcpu_prepare(void *state, const struct repeat *repeat, struct diag *diag)
{
	struct offcpu_state *offcpu = state;
	int err = perf_target_check_repeats(repeat,
	                                    offcpu->options->min_time_ns ? "min-time" : NULL, diag);

	if (err)
		return err;
	if (repeat->number == 0) {
		int fd = results_scratch(repeat->results, diag);

		if (fd < 0)
			return fd;
		offcpu_spill(offcpu->offcpu, fd);
	}
	offcpu->runs_command = repeat->pid > 0;
	offcpu->before = waits_sum(offcpu_waits(offcpu->offcpu));
	return offcpu_attach(offcpu->offcpu, repeat, diag);
}

static int offcpu_started(void *state, struct diag *diag)
{
	(void)state;
	(void)diag;
	return 0; /* the events were enabled by exec itself */
}

static int offcpu_begin_counting(void *state, struct diag *diag)
{
	struct offcpu_state *offcpu = state;

	(void)diag;
	offcpu_begin(offcpu->offcpu);
	return 0;
}

static int offcpu_poll_fd(void *state)
{
	const struct offcpu_state *offcpu = state;

	return offcpu_fd(offcpu->offcpu);
}

static int offcpu_poll_step(void *state, struct diag *diag)
{
	struct offcpu_state *offcpu = state;

	return offcpu_step(offcpu->offcpu, diag);
}

static struct thread_time difference(struct thread_time after, const struct thread_time *before)
{
	after.running_ns -= before->running_ns;
	after.starting_ns -= before->starting_ns;
	after.unknown_ns -= before->unknown_ns;
	for (int kind = 0; kind < WAIT_N_KINDS; kind++) {
		after.wait_ns[kind] -= before->wait_ns[kind];
		after.n_waits[kind] -= before->n_waits[kind];
	}
	return after;
}

static int offcpu_ended(void *state, const struct target_end *end, struct diag *diag)
{
	struct offcpu_state *offcpu = state;
	int err = offcpu_detach(offcpu->offcpu, diag);

	*ARRAY_APPEND(offcpu->repeats, offcpu->n_repeats, offcpu->repeats_capacity) =
	    difference(waits_sum(offcpu_waits(offcpu->offcpu)), &offcpu->before);
	offcpu->wall_ns += end->measured_ns;
	return err;
}

static bool offcpu_wants_more(void *state)
{
	const struct offcpu_state *offcpu = state;

	return offcpu->wall_ns < offcpu->options->min_time_ns;
}

/* The table of threads as a text; the caller frees it. */
static char *threads_text(const struct offcpu *offcpu)
{
	char *text = NULL;
	size_t len_bytes;
	FILE *out = open_memstream(&text, &len_bytes);

	BUG(!out);
	thread_table_write(offcpu_waits(offcpu), offcpu_recording(offcpu), offcpu_followed(offcpu),
	                   out);
	BUG(fclose(out) != 0);
	return text;
}

/* What waits and what runs in one picture, by colour. */
static int write_wall(struct results_run *run, const struct profile *profile,
                      const struct export_options *like, const char *title, struct diag *diag)
{
	static const struct export_part parts[] = {
	    {OFFCPU_RUNNING_NS, "on a CPU"},
	    {OFFCPU_BLOCKED_NS, "blocked"},
	    {OFFCPU_PREEMPTED_NS, "preempted"},
	};
	struct export_options options = *like;
	char *wall_title = xasprintf("%s: on and off the CPU", title);
	int err;

	options.title = wall_title;
	options.parts = parts;
	options.n_parts = ARRAY_SIZE(parts);
	err = cpu_artifact_write(run, "flamegraph-wall.svg", &flamegraph_exporter, profile,
	                         &options, diag);
	free(wall_title);
	return err;
}

static int write_results(struct offcpu_state *offcpu, struct results_run *run,
                         struct result *result, struct diag *diag)
{
	const struct recording *recording = offcpu_recording(offcpu->offcpu);
	struct offcpu_facts facts = {
	    .events = &offcpu->events,
	    .totals = offcpu_totals(offcpu->offcpu),
	    .waits = offcpu_waits(offcpu->offcpu),
	    .repeats = offcpu->repeats,
	    .n_repeats = offcpu->n_repeats,
	    .recording = recording,
	    .symbolizer = symbolizer_new(),
	};
	char *notes;
	char *title = xasprintf("%s/%s", result->scenario, result->type);
	char *threads = threads_text(offcpu->offcpu);
	struct export_options options = {
	    .type = OFFCPU_BLOCKED_NS,
	    .title = title,
	    .picture = result->picture,
	    .count_name = "ns",
	    .event = result->event,
	    .lost = &facts.totals->n_without_stack[WAIT_BLOCKED],
	    .command = result->command,
	    .percent_limit = offcpu->options->percent_limit,
	    .started_ns = result->started_ns,
	    .duration_ns = offcpu->wall_ns,
	    .foot = threads,
	};
	struct profile *profile;
	int err;

	symbolizer_set_target_uid(facts.symbolizer, result->target_uid);
	symbolizer_open(facts.symbolizer, recording);
	facts.profile = profile = profile_new(recording, facts.symbolizer);
	offcpu_summarize(&facts, result);
	escapes_note(followed_escapes(offcpu_followed(offcpu->offcpu)), result->quality);
	options.subtitle = result->headline;
	options.notes = notes = quality_lines(result->quality);
	err = cpu_artifacts_write(run, recording, facts.symbolizer, profile, &options, diag);
	if (!err)
		err = write_wall(run, profile, &options, title, diag);
	result->page = CPU_PAGE;
	free(notes);
	free(threads);
	free(title);
	profile_free(profile);
	symbolizer_free(facts.symbolizer);
	return err;
}

static int offcpu_finish(void *state, struct results_run *run, struct result *result,
                         struct diag *diag)
{
	struct offcpu_state *offcpu = state;

	result->backend = xstrdup("perf_event");
	result->event = xstrdup("context-switches");
	result->fallback = xstrdup(offcpu->events.fallback);
	if (!offcpu->runs_command)
		found_processes_add(result, offcpu_recording(offcpu->offcpu),
		                    offcpu_followed(offcpu->offcpu));
	return write_results(offcpu, run, result, diag);
}

static void offcpu_destroy(void *state)
{
	struct offcpu_state *offcpu = state;

	if (!offcpu)
		return;
	offcpu_free(offcpu->offcpu);
	offcpu_events_fini(&offcpu->events);
	free(offcpu->repeats);
	free(offcpu);
}

/* The leaf of every wait is the scheduler: a wait is that of who asked for it. */
static const char *const compared_values[] = {"blocked", "waits", "preempted", NULL};
static const struct side_view offcpu_view = {
    .kind = SIDE_FUNCTION,
    .passes_on = profile_is_system_code,
    .values = compared_values,
};

const struct collector offcpu_collector = {
    .name = "offcpu",
    .aliases = (const char *const[]){"off-cpu", NULL},
    .help = "where threads wait: blocked and preempted time by stack",
    .merges_repeats = true,
    .slows_target = true,
    .attaches = true,
    .options = {option_rows, sizeof(struct offcpu_options)},
    .metrics = offcpu_metrics,
    .findings = offcpu_findings,
    .compared = &offcpu_view,
    .check = perf_target_check,
    .create = offcpu_create,
    .prepare = offcpu_prepare,
    .started = offcpu_started,
    .begin = offcpu_begin_counting,
    .fd = offcpu_poll_fd,
    .step = offcpu_poll_step,
    .ended = offcpu_ended,
    .wants_more = offcpu_wants_more,
    .finish = offcpu_finish,
    .destroy = offcpu_destroy,
};
