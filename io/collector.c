/* The io collector: counts every system call of the target and its descendants, and writes what
 * they moved. */
#include "core/collector.h"

#include "core/alloc.h"
#include "core/compare/side.h"
#include "core/target/binary.h"
#include "core/diag.h"
#include "core/perf/proc_scan.h"
#include "core/profile.h"
#include "core/quality.h"
#include "io/backend.h"
#include "io/bins.h"
#include "io/detail/files.h"
#include "io/metrics.h"
#include "io/options.h"
#include "io/pending.h"
#include "io/report.h"
#include "io/sites.h"
#include "io/summary.h"
#include "io/trace_paths.h"
#include "io/trace_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct io_state {
	const struct io_options *options;
	struct trace_set *set;
	struct trace_paths *paths;   /* NULL: all */
	struct detail_files *detail; /* NULL: not wanted */
	char *choice;                /* as it was typed; NULL: every call is counted */
	struct io_columns columns;
	const struct io_backend *backend;
	void *plan;                /* the backend's */
	char *fallback;            /* why it is not bpf; NULL: it is, or was not asked for */
	void *backend_state;       /* NULL between repeats */
	struct io_counts *current; /* the running repeat's */
	struct io_counts **repeats;
	size_t n_repeats;
	size_t repeats_capacity;
	uint64_t start_ns; /* of the repeat */
	bool begins_later; /* measuring, than the repeat */
	bool counts_part;  /* only some threads, or not all of their time */
	bool is_attached;  /* to processes that ran before */
};

/* The words behind "NAME=", or NULL. */
static const char *value_in(const char *text, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(text, name, len) && text[len] == '=' ? text + len + 1 : NULL;
}

/* Does the value that the target will find hold the words? */
static bool will_find(const struct target *target, const char *name, const char *words)
{
	const char *value = getenv(name);

	for (size_t i = 0; target->variables && i < target->variables->n_texts; i++) {
		const char *own = value_in(target->variables->texts[i], name);

		value = own ? own : value;
	}
	return value && strstr(value, words);
}

/* Did the value hold them that it was started with? */
static bool has_found(const struct target *target, const char *name, const char *words)
{
	char path[32], *text = NULL;
	size_t room = 0;
	bool has = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)target->pid);
	file = fopen(path, "re");
	while (file && !has && getdelim(&text, &room, 0, file) > 0) {
		const char *value = value_in(text, name);

		has = value && strstr(value, words);
	}
	free(text);
	if (file)
		fclose(file);
	return has;
}

/* LeakSanitizer, which AddressSanitizer brings along, stops the program's threads by ptrace at its
 * end, and fails the program when it cannot: a thread has one tracer, and that is us. */
static int check_sanitizer(const struct target *target, struct diag *diag)
{
	static const char *const options[] = {"ASAN_OPTIONS", "LSAN_OPTIONS"};
	static const char off[] = "detect_leaks=0";
	const struct binary *binary = target->binary;
	bool is_leak = !strcmp(binary->sanitizer, "leak");

	if (!is_leak && strcmp(binary->sanitizer, "address") != 0)
		return 0;
	/* AddressSanitizer reads both, LeakSanitizer by itself only its own. */
	for (size_t i = is_leak; i < ARRAY_SIZE(options); i++)
		if ((target->pid ? has_found : will_find)(target, options[i], off))
			return 0;
	return diag_fail(diag, EOPNOTSUPP,
	                 "%s is built with the %s sanitizer, whose leak check fails in a traced "
	                 "program; %s %s=%s",
	                 binary->path, binary->sanitizer, target->pid ? "start it with" : "set",
	                 options[is_leak], off);
}

/* Under a tracer without rights over it, the kernel runs such a program without its own. (One that
 * runs already keeps them: it is the tracer that the kernel refuses.) */
static int check_rights(const struct target *target, struct diag *diag)
{
	const struct binary *binary = target->binary;

	if (geteuid() == 0 || target->pid || !(binary->is_setuid || binary->has_file_capabilities))
		return 0;
	return diag_fail(diag, EPERM,
	                 "%s has set-user-id or file capabilities, which a traced program does "
	                 "not get; run as root with --user NAME, and --ambient-cap NAME for its "
	                 "capability",
	                 binary->path);
}

/* The kernel may refuse what nothing tells beforehand: so it is tried. */
static bool may_load_bpf(const struct io_options *options)
{
	struct trace_set *set;
	void *plan = NULL;
	struct diag why;
	bool loads;

	if (trace_set_new(&set, options->trace, &why))
		return true; /* making the run's own will say it */
	loads = !io_backend_bpf.plan(&plan, set, options->stacks, &why) &&
	        !io_backend_bpf.settle(plan, &why);
	io_backend_bpf.plan_free(plan);
	trace_set_free(set);
	return loads;
}

static bool will_trace(const struct io_options *options)
{
	if (options->backend != IO_BACKEND_AUTO)
		return options->backend == IO_BACKEND_PTRACE;
	return io_beyond_bpf(options) || !may_load_bpf(options);
}

static int check_kernel_thread(const struct target *target, struct diag *diag)
{
	struct proc_state state;

	if (!target->pid || !proc_scan_state(target->pid, &state) || !state.is_kernel_thread)
		return 0;
	return diag_fail(diag, EINVAL, "%d is a kernel thread: it makes no system calls",
	                 (int)target->pid);
}

/* A target that a tracer does not harm needs no look at which backend it will be. */
static int io_check(const struct target *target, const void *options, struct diag *diag)
{
	struct diag refusal;
	int err = check_kernel_thread(target, diag);

	if (err)
		return err;
	err = check_rights(target, &refusal);
	if (!err)
		err = check_sanitizer(target, &refusal);
	if (!err || !will_trace(options))
		return 0;
	*diag = refusal;
	return err;
}

static void stop(struct io_state *io)
{
	if (io->backend)
		io->backend->stop(io->backend_state);
	io->backend_state = NULL;
}

static void drop_plan(struct io_state *io)
{
	if (io->backend)
		io->backend->plan_free(io->plan);
	io->backend = NULL;
}

static void io_destroy(void *state)
{
	struct io_state *io = state;

	if (!io)
		return;
	stop(io);
	io_counts_free(io->current);
	for (size_t i = 0; i < io->n_repeats; i++)
		io_counts_free(io->repeats[i]);
	free(io->repeats);
	drop_plan(io);
	free(io->fallback);
	trace_set_free(io->set);
	trace_paths_free(io->paths);
	detail_files_free(io->detail);
	free(io->choice);
	free(io);
}

/* Of a choice of calls ptrace, which may have to take its place, has a filter that the child
 * installs: so what keeps bpf out must be known before there is a child. */
static int plan_bpf(struct io_state *io, struct diag *diag)
{
	int err = io_backend_bpf.plan(&io->plan, io->set, io->options->stacks, diag);

	if (err)
		return err;
	io->backend = &io_backend_bpf;
	err = trace_set_is_all(io->set) ? 0 : io->backend->settle(io->plan, diag);
	if (err)
		drop_plan(io);
	return err;
}

static int plan_ptrace(struct io_state *io, struct diag *diag)
{
	int err = io_backend_ptrace.plan(&io->plan, io->set, io->options->stacks, diag);

	if (!err)
		io->backend = &io_backend_ptrace;
	return err;
}

/* What bpf was kept from, and what that costs. */
static int fall_back(struct io_state *io, const struct diag *why, struct diag *diag)
{
	io->fallback = xasprintf("ptrace: %s (under ptrace each call costs more, and its time "
	                         "holds a switch to the tracer)",
	                         why->text);
	return plan_ptrace(io, diag);
}

/* bpf where it may load and can do what is asked, else ptrace, and why. */
static int plan_any(struct io_state *io, struct diag *diag)
{
	const char *beyond = io_beyond_bpf(io->options);
	struct diag why;

	if (beyond) {
		io->fallback = xasprintf("measured by ptrace, not BPF, since %s needs it", beyond);
		return plan_ptrace(io, diag);
	}
	return plan_bpf(io, &why) ? fall_back(io, &why, diag) : 0;
}

static int plan_backend(struct io_state *io, struct diag *diag)
{
	if (io->options->backend == IO_BACKEND_BPF)
		return plan_bpf(io, diag);
	return io->options->backend == IO_BACKEND_PTRACE ? plan_ptrace(io, diag)
	                                                 : plan_any(io, diag);
}

/* The backend's plan is there, or that of ptrace in its place. */
static int settle_backend(struct io_state *io, struct diag *diag)
{
	struct diag why;
	int err = io->backend->settle ? io->backend->settle(io->plan, &why) : 0;

	if (!err)
		return 0;
	drop_plan(io);
	if (io->options->backend == IO_BACKEND_AUTO)
		return fall_back(io, &why, diag);
	*diag = why;
	return err;
}

static enum io_status status_of(const struct io_options *options)
{
	if (options->successful_only)
		return IO_SUCCESSFUL;
	return options->failed_only ? IO_FAILED : IO_ANY;
}

static void add_words(char **text, const char *option, const char *value)
{
	char *longer = xasprintf("%s%s%s%s", *text ? *text : "", *text ? " " : "", option, value);

	free(*text);
	*text = longer;
}

/* "--trace=%file --trace-path=/etc --failed-only", for sentences; NULL: every call is counted. */
static char *describe_choice(const struct io_state *io)
{
	const struct io_options *options = io->options;
	char *text = NULL;

	if (!trace_set_is_all(io->set))
		add_words(&text, "--trace=", trace_set_text(io->set));
	for (size_t i = 0; i < options->paths.n_texts; i++)
		add_words(&text, "--trace-path=", options->paths.texts[i]);
	if (options->successful_only)
		add_words(&text, "--successful-only", "");
	if (options->failed_only)
		add_words(&text, "--failed-only", "");
	return text;
}

static int io_create(void **state, const void *options, struct diag *diag)
{
	struct io_state *io = xcalloc(1, sizeof(*io));
	int err;

	io->options = options;
	err = trace_set_new(&io->set, io->options->trace, diag);
	if (!err)
		err = io_columns_parse(&io->columns, io->options->columns, diag);
	if (!err) {
		io->paths = trace_paths_new(&io->options->paths);
		io->choice = describe_choice(io);
		io->detail =
		    io->options->detail ? detail_files_new(io->options->detail_zstd) : NULL;
		err = plan_backend(io, diag);
	}
	if (err)
		io_destroy(io);
	else
		*state = io;
	return err;
}

static int io_prepare(void *state, const struct repeat *repeat, struct diag *diag)
{
	struct io_state *io = state;
	struct io_backend_spec spec = {
	    .repeat = repeat,
	    .set = io->set,
	    .paths = io->paths,
	    .cpu_time = io->options->cpu_time,
	};
	int err = settle_backend(io, diag);

	if (err)
		return err;
	spec.plan = io->plan;
	io->start_ns = repeat->start_ns;
	io->begins_later = repeat->begins_later;
	io->counts_part = repeat->begins_later || repeat->only;
	io->is_attached = !repeat->pid;
	spec.counts = io->current = io_counts_new(io->options->small_bytes);
	io->current->status = status_of(io->options);
	io->current->leaves_out_moves = io->current->status != IO_ANY || io->paths ||
	                                !trace_set_has_all(io->set, syscall_moves_data);
	if (io->options->stacks)
		io->current->sites = io_sites_new(io_counts_has(io->current, IO_SUCCESSFUL));
	if (io->detail)
		err = detail_files_begin(io->detail, repeat->results, &spec.detail, diag);
	return err ? err : io->backend->start(&io->backend_state, &spec, diag);
}

static int io_in_child(void *state)
{
	const struct io_state *io = state;

	return io->backend->in_child ? io->backend->in_child(io->plan) : 0;
}

static int io_started(void *state, struct diag *diag)
{
	struct io_state *io = state;

	return io->backend->started ? io->backend->started(io->backend_state, diag) : 0;
}

static int io_begin(void *state, struct diag *diag)
{
	struct io_state *io = state;

	(void)diag;
	io->backend->begin(io->backend_state);
	return 0;
}

static int io_fd(void *state)
{
	struct io_state *io = state;

	return io->backend->fd(io->backend_state);
}

static int io_step(void *state, struct diag *diag)
{
	struct io_state *io = state;

	return io->backend->step(io->backend_state, diag);
}

static bool io_reaps_target(void *state)
{
	const struct io_state *io = state;

	return io->backend->target_ended != NULL;
}

static bool io_target_ended(void *state, struct target_end *end)
{
	struct io_state *io = state;

	return io->backend->target_ended(io->backend_state, end);
}

static void io_cease(void *state)
{
	struct io_state *io = state;

	if (io->backend->cease)
		io->backend->cease(io->backend_state);
}

static int io_ended(void *state, const struct target_end *end, struct diag *diag)
{
	struct io_state *io = state;
	/* Of a program that ran before us time counts since we came to it. */
	uint64_t end_ns = io->is_attached ? end->ended_ns - io->start_ns : end->wall_ns;

	(void)diag;
	stop(io);
	io_bins_end(io->current->bins, end_ns);
	if (io->begins_later)
		io->current->unmeasured_ns = end_ns - end->measured_ns;
	if (io->detail)
		detail_files_end(io->detail);
	io_counts_end_runs(io->current);
	io_pending_sort(io->current);
	*ARRAY_APPEND(io->repeats, io->n_repeats, io->repeats_capacity) = io->current;
	io->current = NULL;
	return 0;
}

/* Where programs make as many calls each time, by what these took. */
static int by_calls(const void *left, const void *right)
{
	const struct io_counts *a = **(struct io_counts *const *const *)left;
	const struct io_counts *b = **(struct io_counts *const *const *)right;

	if (a->totals.calls != b->totals.calls)
		return a->totals.calls < b->totals.calls ? -1 : 1;
	return (a->totals.time_ns > b->totals.time_ns) - (a->totals.time_ns < b->totals.time_ns);
}

/* The repeat with the median number of calls, by its index: its files are the run's (CONTRACT 1).
 */
static size_t median_repeat(const struct io_state *io)
{
	struct io_counts ***order = xcalloc(io->n_repeats, sizeof(*order));
	size_t median;

	for (size_t i = 0; i < io->n_repeats; i++)
		order[i] = &io->repeats[i];
	qsort(order, io->n_repeats, sizeof(*order), by_calls);
	median = (size_t)(order[(io->n_repeats - 1) / 2] - io->repeats);
	free(order);
	return median;
}

static int io_finish(void *state, struct results_run *run, struct result *result, struct diag *diag)
{
	struct io_state *io = state;
	const struct io_report report = {
	    .options = io->options,
	    .columns = &io->columns,
	    .time_note = io->backend->time_note,
	    .choice = io->choice,
	    .counts_part = io->counts_part,
	    .is_attached = io->is_attached,
	};
	const struct io_counts *counts;
	size_t median;
	int err;

	if (!io->n_repeats) {
		result->backend = xstrdup(io->backend->name);
		result->unusable = xstrdup("the target was never run");
		return 0;
	}
	median = median_repeat(io);
	counts = io->repeats[median];
	err = io->detail ? detail_files_keep(io->detail, median, run, result->quality, diag) : 0;
	if (err)
		return err;
	result->backend =
	    xasprintf("%s%s", io->backend->name, counts->trace.is_filtered ? "+seccomp" : "");
	if (io->fallback) {
		result->fallback = xstrdup(io->fallback);
		quality_add_note(result->quality, "%s", io->fallback);
	} else if (counts->trace.why_unfiltered)
		result->fallback = xasprintf("every call stops: %s", counts->trace.why_unfiltered);
	if (counts->gaps.left_out && !counts->totals.calls) {
		result->unusable = xstrdup("no calls of the commands that --only names");
		return 0;
	}
	if (io->n_repeats > 1)
		quality_add_note(result->quality,
		                 "the files are of run %zu of %zu, which has the median number of "
		                 "calls, and of as many the median time",
		                 median + 1, io->n_repeats);
	io_metrics_add(result->metrics, result->gates, io->set, io->repeats, io->n_repeats);
	io_findings_judge(result->findings, counts);
	return io_report_write(&report, counts, run, result, diag);
}

static const char *const aliases[] = {"syscalls", NULL};

/* With --stacks; the calls themselves are in the metrics. */
static const char *const compared_values[] = {"time", "calls", "bytes", NULL};
static const struct side_view io_view = {
    .kind = SIDE_SITE,
    .passes_on = profile_is_system_code,
    .values = compared_values,
};

const struct collector io_collector = {
    .name = "io",
    .aliases = aliases,
    .check_metric = io_metric_check,
    .help = "every system call: counts, errors, times, bytes, batches, by thread and descriptor",
    .slows_target = true,
    .attaches = true,
    .chooses_names = true,
    .options = {io_option_rows, sizeof(struct io_options)},
    .metrics = io_metric_rows,
    .findings = io_finding_rows,
    .compared = &io_view,
    .check_options = io_options_check,
    .flame_graphs_take = io_flame_graphs_take,
    .check = io_check,
    .create = io_create,
    .prepare = io_prepare,
    .in_child = io_in_child,
    .started = io_started,
    .begin = io_begin,
    .fd = io_fd,
    .step = io_step,
    .reaps_target = io_reaps_target,
    .target_ended = io_target_ended,
    .cease = io_cease,
    .ended = io_ended,
    .finish = io_finish,
    .destroy = io_destroy,
};
