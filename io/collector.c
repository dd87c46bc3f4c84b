/* The io collector: counts every system call of the target and its descendants, and writes what
 * they moved. */
#include "core/collector.h"

#include "core/alloc.h"
#include "core/target/binary.h"
#include "core/diag.h"
#include "core/export/picture.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "core/quality.h"
#include "core/results/results.h"
#include "io/backend.h"
#include "io/batching.h"
#include "io/bpf/meter.h"
#include "io/detail/files.h"
#include "io/call_tables.h"
#include "io/metrics.h"
#include "io/site_report.h"
#include "io/sites.h"
#include "io/summary.h"
#include "io/tables.h"
#include "io/timeline.h"
#include "io/trace_paths.h"
#include "io/trace_set.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TABLE_ROWS = 5 };

struct io_options {
	char *trace; /* NULL: all */
	struct text_list paths;
	bool successful_only;
	bool failed_only;
	bool detail;
	int sort; /* index of the word */
	char *columns;
	int backend; /* likewise */
	bool cpu_time;
	bool stacks;
	uint64_t small_bytes;
};

enum { BACKEND_AUTO, BACKEND_BPF, BACKEND_PTRACE };
static const char *const backend_words[] = {
    [BACKEND_AUTO] = "auto", [BACKEND_BPF] = "bpf", [BACKEND_PTRACE] = "ptrace", NULL};

static const struct option_row option_rows[] = {
    {.name = "trace",
     .letter = 'e',
     .kind = OPTION_TEXT,
     .field = offsetof(struct io_options, trace),
     .argument = "SET",
     .help = "count these system calls alone: names, /regex, %file %desc %network ..., ! for all "
             "others, as for strace -e trace",
     .check = trace_set_check},
    {.name = "trace-path",
     .letter = 'P',
     .kind = OPTION_LIST,
     .field = offsetof(struct io_options, paths),
     .argument = "PATH",
     .help = "count calls alone that name this path, or use a descriptor that is open there; "
             "again: one more path"},
    {.name = "successful-only",
     .letter = 'z',
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, successful_only),
     .help = "count calls alone that returned without an error"},
    {.name = "failed-only",
     .letter = 'Z',
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, failed_only),
     .help = "count calls alone that returned with an error"},
    {.name = "detail",
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, detail),
     .help = "write each call with its arguments to detail.txt, as strace does; takes ptrace",
     .with_output_dir = true},
    {.name = "summary-sort-by",
     .letter = 'S',
     .kind = OPTION_CHOICE,
     .field = offsetof(struct io_options, sort),
     .argument = "ORDER",
     .fallback = "time",
     .choices = io_column_words,
     .help = "order of summary.txt, in strace's words"},
    {.name = "summary-columns",
     .letter = 'U',
     .kind = OPTION_TEXT,
     .field = offsetof(struct io_options, columns),
     .argument = "COLUMNS",
     .fallback = IO_DEFAULT_COLUMNS,
     .help = "columns of summary.txt's first table, in strace's words: time-percent, total-time, "
             "min-time, max-time, avg-time, calls, errors, name",
     .check = io_columns_check},
    {.name = "wall-clock",
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, cpu_time),
     .is_opposite = true,
     .fallback = "yes",
     .help = "time a call from its start to its end"},
    {.name = "cpu-time",
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, cpu_time),
     .help = "time a call by the system time that its process used, as strace -c does"},
    {.name = "stacks",
     .kind = OPTION_SWITCH,
     .field = offsetof(struct io_options, stacks),
     .help = "from where: the stack of every call, as flame graphs and call sites; takes ptrace"},
    {.name = "small-io",
     .kind = OPTION_BYTES,
     .field = offsetof(struct io_options, small_bytes),
     .argument = "BYTES",
     .fallback = "512",
     .help = "reads and writes that ask for less are small"},
    {.name = "backend",
     .kind = OPTION_CHOICE,
     .field = offsetof(struct io_options, backend),
     .argument = "HOW",
     .fallback = "auto",
     .choices = backend_words,
     .help = "what watches the calls: programs in the kernel (bpf), or a tracer that stops each "
             "thread (ptrace); auto: bpf where it may"},
    {.name = NULL},
};

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
	struct profile *sites;     /* of the repeat that is written; NULL: not wanted */
	struct io_counts *current; /* the running repeat's */
	struct io_counts **repeats;
	size_t n_repeats;
	size_t repeats_capacity;
	bool counts_part; /* only some threads, or not all of their time */
};

/* The value that the target will find, or "". */
static const char *variable_of(const struct target *target, const char *name)
{
	const char *value = getenv(name);
	size_t len = strlen(name);

	for (size_t i = 0; target->variables && i < target->variables->n_texts; i++) {
		const char *text = target->variables->texts[i];

		if (!strncmp(text, name, len) && text[len] == '=')
			value = text + len + 1;
	}
	return value ? value : "";
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
		if (strstr(variable_of(target, options[i]), off))
			return 0;
	return diag_fail(diag, EOPNOTSUPP,
	                 "%s is built with the %s sanitizer, whose leak check fails in a traced "
	                 "program; set %s=%s",
	                 binary->path, binary->sanitizer, options[is_leak], off);
}

/* What bpf cannot measure: it sees no system time of a call, of paths only those of descriptors,
 * of the arguments' memory what is counted, and follows no stacks without frame pointers. NULL: it
 * can do all that is asked. */
static const char *beyond_bpf(const struct io_options *options)
{
	if (options->cpu_time)
		return "--cpu-time";
	if (options->paths.n_texts)
		return "--trace-path";
	if (options->detail)
		return "--detail";
	return options->stacks ? "--stacks" : NULL;
}

static bool may_trace(const struct io_options *options)
{
	struct diag why;

	return options->backend == BACKEND_PTRACE || beyond_bpf(options) || bpf_meter_check(&why);
}

static int io_check(const struct target *target, const void *context, struct diag *diag)
{
	const struct io_options *options = context;
	const struct binary *binary = target->binary;

	if (options->backend == BACKEND_BPF || !may_trace(options))
		return 0;
	/* Under a tracer without rights over it, the kernel runs such a program without its own. */
	if (geteuid() != 0 && (binary->is_setuid || binary->has_file_capabilities))
		return diag_fail(
		    diag, EPERM,
		    "%s has set-user-id or file capabilities, which a traced program does not get; "
		    "run as root with --user NAME, and --ambient-cap NAME for its capability",
		    binary->path);
	return check_sanitizer(target, diag);
}

static void stop(struct io_state *io)
{
	if (io->backend)
		io->backend->stop(io->backend_state);
	io->backend_state = NULL;
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
	if (io->backend)
		io->backend->plan_free(io->plan);
	free(io->fallback);
	trace_set_free(io->set);
	trace_paths_free(io->paths);
	detail_files_free(io->detail);
	free(io->choice);
	free(io);
}

static int io_check_options(const void *context, const void *typed, struct diag *diag)
{
	const struct io_options *options = context;

	(void)typed;
	if (options->backend == BACKEND_BPF && beyond_bpf(options))
		return diag_fail(diag, EINVAL, "%s is measured by --backend ptrace alone",
		                 beyond_bpf(options));
	if (options->successful_only && options->failed_only)
		return diag_fail(diag, EINVAL,
		                 "--successful-only and --failed-only leave no call to count");
	return 0;
}

static int plan_bpf(struct io_state *io, struct diag *diag)
{
	int err = io_backend_bpf.plan(&io->plan, io->set, false, diag);

	if (!err)
		io->backend = &io_backend_bpf;
	return err;
}

static int plan_ptrace(struct io_state *io, struct diag *diag)
{
	int err = io_backend_ptrace.plan(&io->plan, io->set, io->options->stacks, diag);

	if (!err)
		io->backend = &io_backend_ptrace;
	return err;
}

/* bpf where it may load, else ptrace, and why. */
static int plan_any(struct io_state *io, struct diag *diag)
{
	const char *beyond = beyond_bpf(io->options);
	struct diag why;

	if (beyond)
		snprintf(why.text, sizeof(why.text), "%s takes ptrace", beyond);
	else if (!plan_bpf(io, &why))
		return 0;
	io->fallback = xasprintf("ptrace: %s", why.text);
	return plan_ptrace(io, diag);
}

static int plan_backend(struct io_state *io, struct diag *diag)
{
	if (io->options->backend == BACKEND_BPF)
		return plan_bpf(io, diag);
	return io->options->backend == BACKEND_PTRACE ? plan_ptrace(io, diag) : plan_any(io, diag);
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
		io->detail = io->options->detail ? detail_files_new() : NULL;
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
	    .plan = io->plan,
	    .cpu_time = io->options->cpu_time,
	};
	int err = 0;

	if (!repeat->pid && io->options->stacks)
		return diag_fail(diag, EINVAL,
		                 "--stacks follows programs from their start, and --pid is of what "
		                 "runs already; leave one of them out");
	io->counts_part = repeat->begins_later || repeat->only;
	spec.counts = io->current = io_counts_new(io->options->small_bytes);
	io->current->status = status_of(io->options);
	io->current->leaves_out_moves = io->current->status != IO_ANY || io->paths ||
	                                !trace_set_has_all(io->set, syscall_moves_data);
	if (io->options->stacks)
		io->current->sites = io_sites_new();
	if (io->detail)
		err = detail_files_begin(io->detail, repeat->results, &spec.detail, diag);
	return err ? err : io->backend->start(&io->backend_state, &spec, diag);
}

static int io_in_child(void *state)
{
	const struct io_state *io = state;

	return io->backend->in_child ? io->backend->in_child(io->plan) : 0;
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

static int io_ended(void *state, const struct target_end *end, struct diag *diag)
{
	struct io_state *io = state;

	(void)end;
	(void)diag;
	stop(io);
	if (io->detail)
		detail_files_end(io->detail);
	io_counts_end_runs(io->current);
	*ARRAY_APPEND(io->repeats, io->n_repeats, io->repeats_capacity) = io->current;
	io->current = NULL;
	return 0;
}

static int by_calls(const void *left, const void *right)
{
	const struct io_counts *a = *(const struct io_counts *const *)left;
	const struct io_counts *b = *(const struct io_counts *const *)right;

	return (a->totals.calls > b->totals.calls) - (a->totals.calls < b->totals.calls);
}

/* The repeat with the median number of calls: its files are the run's (CONTRACT 1). */
static const struct io_counts *median_repeat(const struct io_state *io)
{
	struct io_counts **sorted = xcalloc(io->n_repeats, sizeof(*sorted));
	const struct io_counts *median;

	memcpy(sorted, io->repeats, io->n_repeats * sizeof(*sorted));
	qsort(sorted, io->n_repeats, sizeof(*sorted), by_calls);
	median = sorted[(io->n_repeats - 1) / 2];
	free(sorted);
	return median;
}

/* Calls without a beginning, an end, or both. */
static void write_uncounted(FILE *out, const struct io_counts *counts)
{
	const struct {
		uint64_t count;
		const char *which;
	} rows[] = {
	    {counts->unfinished, "that never returned (exit, or cut short by a signal)"},
	    {counts->already_in, "that were in progress when measuring began"},
	    {counts->still_in, "that were in progress when measuring ended"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].count)
			fprintf(out, "Calls %s, not counted above: %" PRIu64 ".\n", rows[i].which,
			        rows[i].count);
}

static void write_summary(FILE *out, const struct io_state *io, const struct io_counts *counts)
{
	enum io_column sort = io_column_of_word(io->options->sort);

	io_summary_write(out, counts, &io->columns, sort);
	io_latency_write(out, counts, sort);
	io_bytes_write(out, counts, sort);
	io_errors_write(out, counts);
	if (io->options->cpu_time)
		fputs("\nTimes are system time of the calling process, in the kernel's estimate.\n",
		      out);
	else
		fprintf(out, "\n%s\n", io->backend->time_note);
	write_uncounted(out, counts);
	if (io->sites)
		io_site_table_write(out, io->sites);
}

static void write_threads(FILE *out, const struct io_state *io, const struct io_counts *counts)
{
	io_threads_write(out, counts, !io->counts_part);
}

static void write_files(FILE *out, const struct io_state *io, const struct io_counts *counts)
{
	(void)io;
	io_files_write(out, counts);
}

static void write_batching(FILE *out, const struct io_state *io, const struct io_counts *counts)
{
	io_batching_write(out, counts, io->options->small_bytes);
}

static const struct {
	const char *name;
	void (*write)(FILE *out, const struct io_state *io, const struct io_counts *counts);
} artifacts[] = {
    {"summary.txt", write_summary},
    {"threads.txt", write_threads},
    {"batching.txt", write_batching},
    {"files.txt", write_files},
};

static int write_artifacts(const struct io_state *io, const struct io_counts *counts,
                           struct results_run *run, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(artifacts) && !err; i++) {
		FILE *out = results_create(run, artifacts[i].name, diag);

		if (!out)
			return -EIO;
		artifacts[i].write(out, io, counts);
		if (io->choice)
			fprintf(out, "\nOnly the calls of %s are counted.\n", io->choice);
		err = results_close(run, out, diag);
	}
	return err;
}

/* What a reader of the numbers has to know, when there is any of it. */
static void add_quality(json_t *quality, const struct io_counts *counts)
{
	const struct {
		uint64_t count;
		const char *noun;
		const char *what;
	} notes[] = {
	    {counts->unreadable, "call",
	     "whose memory could not be read: messages or bytes are missing"},
	    {counts->foreign_memory, "32-bit or x32 call",
	     "whose structures are not decoded: messages are missing"},
	    {counts->lost_events, "fork, exec or end",
	     "that was missed: calls of those threads may be missing"},
	    {counts->lost_details, "record",
	     "of memory, names or descriptors that was missed: names may be wrong"},
	    {counts->guessed_fds, "descriptor",
	     "in use whose opening was not seen: the name is a guess"},
	    {counts->left_out, "call", "of other commands, left out (--only)"},
	    {counts->refused_ptraces, "ptrace call",
	     "of the target that failed: a thread has one tracer, and that was us"},
	    {counts->trace.refused_stricts, "call",
	     "for strict seccomp that failed: our filter was there (without --trace it is not)"},
	};

	quality_set_samples(quality, counts->totals.calls, counts->lost, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		if (notes[i].count)
			quality_add_note(quality, "%s %s",
			                 counted_text_of(notes[i].count, notes[i].noun).text,
			                 notes[i].what);
	trace_facts_note(&counts->trace, "those outside the set", quality);
}

/* The driver has added those that it was told to attach to. */
static struct observed_process *find_given(const struct result *result, size_t n_given,
                                           const struct process_row *row)
{
	for (size_t i = 0; i < n_given && !row->exec_number; i++)
		if (result->processes[i].pid == row->pid)
			return &result->processes[i];
	return NULL;
}

static void add_processes(struct result *result, const struct io_counts *counts)
{
	size_t n_given = result->n_processes;

	for (size_t i = 0; i < counts->n_processes; i++) {
		const struct process_row *row = &counts->processes[i];
		struct observed_process *process = find_given(result, n_given, row);

		if (!process)
			process = result_add_process(result);
		else
			free(process->command);
		process->pid = row->pid;
		process->parent_pid = row->parent_pid;
		process->exec_number = row->exec_number;
		process->command = xstrdup(row->command);
		process->has_exit = row->has_exit;
		process->wait_status = row->wait_status;
		process->observed = true;
	}
}

static char *make_headline(const struct io_state *io, const struct io_counts *counts)
{
	return xasprintf(
	    "%s%s%s, %s, %.3f s %s in calls; lost %s",
	    counted_text_of(counts->totals.calls, "call").text, io->choice ? " of " : "",
	    io->choice ? io->choice : "", counted_text_of(counts->totals.errors, "error").text,
	    (double)counts->totals.time_ns / 1e9, io->options->cpu_time ? "system time" : "wall",
	    count_text_of(counts->lost).text);
}

/* The five calls with the most time, for the summary on the terminal. */
static void add_table(struct text_list *table, const struct io_counts *counts)
{
	size_t n_rows;
	const struct call_row **rows = io_sorted_calls(counts, ABI_X86_64, IO_TIME, &n_rows);

	text_list_add(table, "   TIME   USECS/CALL      CALLS     ERRORS  SYSCALL");
	for (size_t i = 0; i < n_rows && i < TABLE_ROWS; i++) {
		const struct call_row *row = rows[i];
		char *line = xasprintf("%5.1f %% %12.1f %10s %10s  %s",
		                       counts->totals.time_ns ? 100.0 * (double)row->time_ns /
		                                                    (double)counts->totals.time_ns
		                                              : 0,
		                       (double)row->time_ns / 1e3 / (double)row->calls,
		                       count_text_of(row->calls).text,
		                       count_text_of(row->errors).text, row->info->name);

		text_list_add(table, line);
		free(line);
	}
	free(rows);
}

static int write_timeline(const struct io_state *io, const struct io_counts *counts,
                          struct results_run *run, const struct result *result, struct diag *diag)
{
	const struct picture_options *picture = result->picture;
	char *title = xasprintf("%s/%s", result->scenario, result->type);
	const struct io_timeline_words words = {
	    .title = picture && picture->title ? picture->title : title,
	    .subtitle = picture && picture->subtitle ? picture->subtitle : result->headline,
	    .of_time = io->options->cpu_time ? "Times are system time, drawn up to each call's end."
	                                     : io->backend->time_note,
	    .width = picture ? (double)picture->width : 0,
	};
	FILE *out = results_create(run, "timeline.svg", diag);
	int err = out ? 0 : -EIO;

	if (out) {
		io_timeline_write(out, counts, &words);
		err = results_close(run, out, diag);
	}
	free(title);
	return err;
}

/* The pictures say of quality what all else has said by then. */
static int write_all(struct io_state *io, const struct io_counts *counts, struct results_run *run,
                     struct result *result, struct diag *diag)
{
	int err;

	if (counts->sites) {
		io_sites_close(counts->sites);
		io->sites = io_site_profile_new(counts->sites, result);
	}
	err = write_artifacts(io, counts, run, diag);
	if (!err)
		err = write_timeline(io, counts, run, result, diag);
	if (io->sites && !err)
		err = io_site_files_write(io->sites, run, result, diag);
	profile_free(io->sites);
	io->sites = NULL;
	return err;
}

/* Of the repeat that the other files are of. */
static int keep_detail(const struct io_state *io, struct results_run *run,
                       const struct result *result, struct diag *diag)
{
	size_t kept = 0;

	if (!io->detail)
		return 0;
	while (io->n_repeats && io->repeats[kept] != median_repeat(io))
		kept++;
	return detail_files_keep(io->detail, kept, run, result->quality, diag);
}

static int io_finish(void *state, struct results_run *run, struct result *result, struct diag *diag)
{
	struct io_state *io = state;
	const struct io_counts *counts;
	int err = keep_detail(io, run, result, diag);

	if (err)
		return err;
	if (!io->n_repeats) {
		result->backend = xstrdup(io->backend->name);
		result->unusable = xstrdup("the target was never run");
		return 0;
	}
	counts = median_repeat(io);
	result->backend =
	    xasprintf("%s%s", io->backend->name, counts->trace.is_filtered ? "+seccomp" : "");
	if (io->fallback)
		result->fallback = xstrdup(io->fallback);
	else if (counts->trace.why_unfiltered)
		result->fallback = xasprintf("every call stops: %s", counts->trace.why_unfiltered);
	if (counts->left_out && !counts->totals.calls) {
		result->unusable = xstrdup("no calls of the commands that --only names");
		return 0;
	}
	io_metrics_add(result->metrics, io->set, io->repeats, io->n_repeats);
	io_findings_judge(result->findings, counts);
	add_quality(result->quality, counts);
	if (io->choice)
		quality_add_note(result->quality, "only the calls of %s were counted", io->choice);
	add_processes(result, counts);
	result->headline = make_headline(io, counts);
	add_table(&result->table, counts);
	result->page = counts->sites ? IO_SITE_PAGE : "summary.txt";
	return write_all(io, counts, run, result, diag);
}

static const char *const aliases[] = {"syscalls", NULL};

const struct collector io_collector = {
    .name = "io",
    .aliases = aliases,
    .help = "every system call: counts, errors, times, bytes, batches, by thread and descriptor",
    .slows_target = true,
    .attaches = true,
    .chooses_names = true,
    .options = {option_rows, sizeof(struct io_options)},
    .metrics = io_metric_rows,
    .findings = io_finding_rows,
    .check_options = io_check_options,
    .check = io_check,
    .create = io_create,
    .prepare = io_prepare,
    .in_child = io_in_child,
    .begin = io_begin,
    .fd = io_fd,
    .step = io_step,
    .reaps_target = io_reaps_target,
    .target_ended = io_target_ended,
    .ended = io_ended,
    .finish = io_finish,
    .destroy = io_destroy,
};
