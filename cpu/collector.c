/* The cpu collector: options, steps of a run, results. */
#include "cpu/artifacts.h"
#include "cpu/escapes.h"
#include "cpu/event.h"
#include "cpu/event_name.h"
#include "cpu/followed.h"
#include "cpu/found_processes.h"
#include "cpu/function_metrics.h"
#include "cpu/options.h"
#include "cpu/sampler.h"
#include "cpu/summary.h"
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

#include <stdlib.h>
#include <unistd.h>

struct cpu_state {
	const struct cpu_options *options;
	struct cpu_event event;
	struct sampler *sampler;
	struct sampler_totals before; /* the present repeat */
	struct cpu_repeat *repeats;
	size_t n_repeats;
	size_t repeats_capacity;
	bool measures_part; /* not from the exec on, or not all: rusage is of more than was sampled
	                     */
	bool runs_command;

	uint64_t used_ns; /* processor time by rusage, of all repeats; 0: not known */
	uint64_t wall_ns; /* sampled */
};

#define FIELD(name) offsetof(struct cpu_options, name)

static const char *const call_graphs[] = {
    [CALL_GRAPH_DWARF] = "dwarf",
    [CALL_GRAPH_FP] = "fp",
    [CALL_GRAPH_NONE] = "none",
    NULL,
};

static const struct option_row option_rows[] = {
    {
        .name = "freq",
        .letter = 'F',
        .kind = OPTION_HZ,
        .field = FIELD(freq_hz),
        .argument = "HZ",
        .fallback = "997",
        .help = "samples a second of processor time",
        .min = 1,
        .max = 1000000,
        .alias = "sampling-rate",
    },
    {
        .name = "event",
        .letter = 'e',
        .kind = OPTION_TEXT,
        .field = FIELD(event),
        .argument = "EVENT",
        .help = "event of perf list to sample, tracepoint or rNNN (cycles, else cpu-clock)",
        .check = event_check,
    },
    {
        .name = "call-graph",
        .kind = OPTION_CHOICE,
        .field = FIELD(call_graph),
        .argument = "dwarf|fp|none",
        .fallback = "dwarf",
        .choices = call_graphs,
        .help = "callers by unwind tables, by frame pointers, or none",
    },
    {
        .name = "stack-size",
        .kind = OPTION_BYTES,
        .field = FIELD(stack_bytes),
        .argument = "BYTES",
        .fallback = "8192",
        .help = "bytes of user stack copied with a sample; what lies above is read from memory",
        .min = 256,
        .max = 65528, /* the kernel's limit: a multiple of 8 below 65,535 */
    },
    {
        .name = "kernel",
        .kind = OPTION_SWITCH,
        .field = FIELD(kernel),
        .fallback = "yes",
        .help = "sample kernel code too",
    },
    {
        .name = "inherit",
        .kind = OPTION_SWITCH,
        .field = FIELD(inherit),
        .fallback = "yes",
        .help = "sample threads and child processes too",
    },
    {
        .name = "min-samples",
        .kind = OPTION_COUNT,
        .field = FIELD(min_samples),
        .argument = "N",
        .help = "run the command again, and merge, until there are N samples",
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

static int cpu_create(void **state, const void *options, struct diag *diag)
{
	struct cpu_state *made = xcalloc(1, sizeof(*made));
	int err;

	made->options = options;
	err = cpu_event_choose(&made->event, made->options, diag);
	if (err) {
		free(made);
		return err;
	}
	made->sampler = sampler_new(&made->event);
	*state = made;
	return 0;
}

static int cpu_prepare(void *state, const struct repeat *repeat, struct diag *diag)
{
	struct cpu_state *cpu = state;
	const struct cpu_options *options = cpu->options;
	const char *repeats = options->min_samples   ? "min-samples"
	                      : options->min_time_ns ? "min-time"
	                                             : NULL;
	int err = perf_target_check_repeats(repeat, repeats, diag);

	if (err)
		return err;
	if (repeat->number == 0) {
		int fd = results_scratch(repeat->results, diag);

		if (fd < 0)
			return fd;
		sampler_spill(cpu->sampler, fd);
	}
	cpu->before = *sampler_totals(cpu->sampler);
	cpu->measures_part = repeat->begins_later || repeat->only;
	cpu->runs_command = repeat->pid > 0;
	return sampler_attach(cpu->sampler, repeat, diag);
}

static int cpu_started(void *state, struct diag *diag)
{
	(void)state;
	(void)diag;
	return 0; /* the events were enabled by exec itself */
}

static int cpu_begin(void *state, struct diag *diag)
{
	struct cpu_state *cpu = state;

	(void)diag;
	sampler_begin(cpu->sampler);
	return 0;
}

static int cpu_fd(void *state)
{
	const struct cpu_state *cpu = state;

	return sampler_fd(cpu->sampler);
}

static int cpu_step(void *state, struct diag *diag)
{
	struct cpu_state *cpu = state;

	return sampler_step(cpu->sampler, diag);
}

static uint64_t timeval_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

static int cpu_ended(void *state, const struct target_end *end, struct diag *diag)
{
	struct cpu_state *cpu = state;
	const struct sampler_totals *after = sampler_totals(cpu->sampler);
	struct cpu_repeat *repeat;
	int err;

	err = sampler_detach(cpu->sampler, end->measured_ns, diag);
	repeat = ARRAY_APPEND(cpu->repeats, cpu->n_repeats, cpu->repeats_capacity);
	repeat->n_samples = after->n_samples - cpu->before.n_samples;
	repeat->n_lost = after->n_lost - cpu->before.n_lost;
	repeat->cpu_time_ns = after->cpu_time_ns - cpu->before.cpu_time_ns;
	if (!cpu->measures_part && end->is_known)
		cpu->used_ns += timeval_ns(end->usage.ru_utime) + timeval_ns(end->usage.ru_stime);
	cpu->wall_ns += end->measured_ns;
	return err;
}

static bool cpu_wants_more(void *state)
{
	const struct cpu_state *cpu = state;
	uint64_t n_samples = sampler_totals(cpu->sampler)->n_samples;

	return n_samples < cpu->options->min_samples || cpu->wall_ns < cpu->options->min_time_ns;
}

static int write_results(struct cpu_state *cpu, struct results_run *run, struct result *result,
                         struct diag *diag)
{
	struct cpu_facts facts = {
	    .event = &cpu->event,
	    .totals = sampler_totals(cpu->sampler),
	    .repeats = cpu->repeats,
	    .n_repeats = cpu->n_repeats,
	    .runs_command = cpu->runs_command,
	    .used_ns = cpu->used_ns,
	    .recording = sampler_recording(cpu->sampler),
	    .symbolizer = symbolizer_new(),
	};
	struct profile *profile;
	char *notes;
	char *title = xasprintf("%s/%s", result->scenario, result->type);
	struct export_options options = {
	    .type = SAMPLER_SAMPLES,
	    .title = title,
	    .picture = result->picture,
	    .count_name = "samples",
	    .event = result->event,
	    .lost = &facts.totals->n_lost,
	    .command = result->command,
	    .percent_limit = cpu->options->percent_limit,
	    .started_ns = result->started_ns,
	    .duration_ns = cpu->wall_ns,
	    .period = cpu->event.periods_are_ns ? 1000000000u / cpu->event.freq_hz
	              : cpu->event.freq_hz      ? 0
	                                        : 1,
	};
	int err;

	symbolizer_set_target_uid(facts.symbolizer, result->target_uid);
	symbolizer_open(facts.symbolizer, facts.recording);
	facts.profile = profile = profile_new(facts.recording, facts.symbolizer);
	cpu_summarize(&facts, result);
	escapes_note(followed_escapes(sampler_followed(cpu->sampler)), result->quality);
	options.subtitle = result->headline;
	options.notes = notes = quality_lines(result->quality);
	err = cpu_artifacts_write(run, facts.recording, facts.symbolizer, profile, &options, diag);
	result->page = CPU_PAGE;
	free(notes);
	free(title);
	profile_free(profile);
	symbolizer_free(facts.symbolizer);
	return err;
}

static int cpu_finish(void *state, struct results_run *run, struct result *result,
                      struct diag *diag)
{
	struct cpu_state *cpu = state;
	const struct sampler_totals *totals = sampler_totals(cpu->sampler);

	result->backend = xstrdup("perf_event");
	result->event = cpu_event_marked_name(&cpu->event);
	result->fallback = xstrdup(cpu->event.fallback);
	if (!cpu->runs_command)
		found_processes_add(result, sampler_recording(cpu->sampler),
		                    sampler_followed(cpu->sampler));
	if (totals->n_samples == 0) {
		result->unusable =
		    cpu->measures_part || totals->n_left_out
		        ? cpu_why_no_samples_of_part(&cpu->event, totals, cpu->wall_ns)
		        : cpu_why_no_samples(&cpu->event, cpu->used_ns, cpu->n_repeats);
		return 0;
	}
	return write_results(cpu, run, result, diag);
}

static void cpu_destroy(void *state)
{
	struct cpu_state *cpu = state;

	if (!cpu)
		return;
	sampler_free(cpu->sampler);
	cpu_event_fini(&cpu->event);
	free(cpu->repeats);
	free(cpu);
}

/* "cpu" is there where the event is a clock. */
static const char *const compared_values[] = {"samples", "cpu", NULL};
static const struct side_view cpu_view = {.kind = SIDE_FUNCTION, .values = compared_values};

const struct collector cpu_collector = {
    .name = "cpu",
    .aliases = (const char *const[]){NULL},
    .help = "where processor time goes: sampled stacks and a flame graph",
    .merges_repeats = true,
    .slows_target = true,
    .attaches = true,
    .sees_all_cpus = true,
    .chooses_names = true,
    .options = {option_rows, sizeof(struct cpu_options)},
    .metrics = cpu_metrics,
    .findings = cpu_findings,
    .check_metric = cpu_function_metric_check,
    .compared = &cpu_view,
    .check = perf_target_check,
    .create = cpu_create,
    .prepare = cpu_prepare,
    .started = cpu_started,
    .begin = cpu_begin,
    .fd = cpu_fd,
    .step = cpu_step,
    .ended = cpu_ended,
    .wants_more = cpu_wants_more,
    .finish = cpu_finish,
    .destroy = cpu_destroy,
};
