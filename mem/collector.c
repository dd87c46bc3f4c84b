/* The memory collector: a preload library in the target counts blocks, or a tracer counts pages;
 * what was counted becomes metrics and files. */
#include "core/collector.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/findings.h"
#include "core/metrics.h"
#include "core/perf/process_tree.h"
#include "core/quality.h"
#include "core/symbolize/symbolize.h"
#include "mem/heap.h"
#include "mem/heap_words.h"
#include "mem/pages/pages.h"
#include "mem/reports/files.h"
#include "mem/resident.h"
#include "mem/server.h"
#include "mem/visible.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct memory_options {
	uint64_t depth;
	double threshold;
	int time_unit; /* index into time_units, enum wire_time_unit */
	uint64_t detailed_freq;
	uint64_t max_snapshots;
	struct text_list alloc_fns;
	struct text_list ignore_fns;
	int pages_as_heap; /* index into no_yes */
};

static const char *const time_units[] = {"ms", "B", NULL};
static const char *const no_yes[] = {"no", "yes", NULL};

/* massif's default is its third unit. */
static int refuse_instructions(const char *unit, struct diag *diag)
{
	if (strcmp(unit, "i") != 0)
		return 0;
	return diag_fail(diag, EINVAL,
	                 "option 'time-unit' takes ms or B: instructions are not counted, and B "
	                 "is the same in every run too");
}

/* massif's names, defaults and bounds (valgrind manual, 9.4). */
static const struct option_row option_rows[] = {
    {.name = "depth",
     .kind = OPTION_COUNT,
     .field = offsetof(struct memory_options, depth),
     .argument = "N",
     .fallback = "30",
     .min = 1,
     .max = 200,
     .help = "callers shown in the trees of massif.out"},
    {.name = "threshold",
     .kind = OPTION_PERCENT,
     .field = offsetof(struct memory_options, threshold),
     .argument = "PERCENT",
     .fallback = "1.0",
     .help = "smaller parts of a tree in massif.out are put together"},
    {.name = "time-unit",
     .kind = OPTION_CHOICE,
     .field = offsetof(struct memory_options, time_unit),
     .argument = "ms|B",
     .fallback = "ms",
     .choices = time_units,
     .check = refuse_instructions,
     .help = "time of massif.out: ms, or bytes allocated and freed, the same in every run"},
    {.name = "detailed-freq",
     .kind = OPTION_COUNT,
     .field = offsetof(struct memory_options, detailed_freq),
     .argument = "N",
     .fallback = "10",
     .min = 1,
     .max = 1000000,
     .help = "every Nth snapshot has a tree"},
    {.name = "max-snapshots",
     .kind = OPTION_COUNT,
     .field = offsetof(struct memory_options, max_snapshots),
     .argument = "N",
     .fallback = "100",
     .min = 10,
     .max = WIRE_MAX_SNAPSHOTS,
     .help = "when so many were taken, every second one is dropped"},
    {.name = "alloc-fn",
     .kind = OPTION_LIST,
     .field = offsetof(struct memory_options, alloc_fns),
     .argument = "NAME",
     .help = "take this function for an allocator: trees begin with its callers; repeatable"},
    {.name = "ignore-fn",
     .kind = OPTION_LIST,
     .field = offsetof(struct memory_options, ignore_fns),
     .argument = "NAME",
     .help = "leave what this function allocates out of massif.out and timeline.svg; repeatable"},
    {.name = "pages-as-heap",
     .kind = OPTION_CHOICE,
     .field = offsetof(struct memory_options, pages_as_heap),
     .argument = "yes|no",
     .fallback = "no",
     .choices = no_yes,
     .help = "count what mmap, mremap, munmap and brk give and take, instead of malloc and free"},
    {.name = NULL},
};

static const struct metric_row metric_rows[] = {
    {"mem.allocations", "count", METRIC_LOWER, "successful allocations, as memcheck counts them"},
    {"mem.frees", "count", METRIC_NEUTRAL, "releases of blocks that were allocated in the process"},
    {"mem.allocated_bytes", "bytes", METRIC_LOWER, "bytes asked for by successful allocations"},
    {"mem.temporary_allocations", "count", METRIC_LOWER,
     "blocks freed by their thread before it allocated anything else"},
    {"mem.peak_bytes", "bytes", METRIC_LOWER, "most bytes in use at once, in one process"},
    {"mem.peak_blocks", "count", METRIC_LOWER, "blocks in use at that peak"},
    {"mem.peak_rss_bytes", "bytes", METRIC_LOWER, "largest resident set, our own tables included"},
    {"mem.in_use_at_exit_bytes", "bytes", METRIC_LOWER, "bytes never freed"},
    {"mem.in_use_at_exit_blocks", "count", METRIC_LOWER, "blocks never freed"},
    {.name = NULL},
};

static const struct finding_row finding_rows[] = {
    {"temporary-percent", FINDING_ABOVE, 50, "warning",
     "percent of allocations freed before their thread allocated anything else"},
    {.key = NULL},
};

struct memory {
	const struct memory_options *options;
	struct pages *pages; /* --pages-as-heap: counts instead of the library */
	struct server *server;
	struct resident *resident;
	char *library; /* of the preload */
	int epoll;
	struct process_tree *tree; /* of the current repeat */
	struct repeat repeat;      /* likewise */
	struct heap_run *runs;     /* one each repeat */
	size_t n_runs;
	size_t runs_capacity;
	struct symbolizer *symbolizer; /* begins its work while the first repeat runs */
};

static int check(const struct target *target, const void *options, struct diag *diag)
{
	const struct memory_options *own = options;

	return own->pages_as_heap ? 0 : visible_check(target, diag);
}

static int watch(struct memory *memory, int fd, struct diag *diag)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (epoll_ctl(memory->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return diag_fail(diag, EIO, "cannot watch a file: %s", strerror(errno));
	return 0;
}

static void destroy(void *state)
{
	struct memory *memory = state;

	if (!memory)
		return;
	for (size_t i = 0; i < memory->n_runs; i++)
		heap_run_fini(&memory->runs[i]);
	free(memory->runs);
	symbolizer_free(memory->symbolizer);
	process_tree_free(memory->tree);
	resident_free(memory->resident);
	server_free(memory->server);
	pages_free(memory->pages);
	if (memory->epoll >= 0)
		close(memory->epoll);
	free(memory->library);
	free(memory);
}

static struct memory *memory_for_pages(const struct memory_options *options)
{
	struct memory *memory = xcalloc(1, sizeof(*memory));
	const struct pages_settings settings = {
	    .time_is_bytes = options->time_unit == WIRE_TIME_BYTES,
	    .max_snapshots = (uint32_t)options->max_snapshots,
	    .detailed_freq = (uint32_t)options->detailed_freq,
	};

	memory->options = options;
	memory->epoll = -1;
	memory->pages = pages_new(&settings);
	return memory;
}

static int create(void **state, const void *options, struct diag *diag)
{
	struct memory *memory;
	struct wire_welcome welcome = {.magic = WIRE_MAGIC, .version = WIRE_VERSION};
	int err;

	if (((const struct memory_options *)options)->pages_as_heap) {
		*state = memory_for_pages(options);
		return 0;
	}
	memory = xcalloc(1, sizeof(*memory));
	memory->options = options;
	welcome.time_unit = (uint32_t)memory->options->time_unit;
	welcome.max_snapshots = (uint32_t)memory->options->max_snapshots;
	welcome.detailed_freq = (uint32_t)memory->options->detailed_freq;
	welcome.all_trees = memory->options->ignore_fns.n_texts > 0;
	memory->epoll = epoll_create1(EPOLL_CLOEXEC);
	err = memory->epoll < 0 ? diag_fail(diag, EIO, "cannot make an epoll: %s", strerror(errno))
	                        : visible_find_library(&memory->library, diag);
	if (!err)
		err = server_new(&memory->server, &welcome, diag);
	if (!err)
		err = watch(memory, server_fd(memory->server), diag);
	if (!err)
		err = resident_new(&memory->resident, memory->server,
		                   memory->options->time_unit == WIRE_TIME_BYTES, diag);
	if (!err)
		err = watch(memory, resident_fd(memory->resident), diag);
	if (err)
		destroy(memory);
	else
		*state = memory;
	return err;
}

static int environment(void *state, struct text_list *variables, struct diag *diag)
{
	struct memory *memory = state;
	const char *others = getenv("LD_PRELOAD");
	char *preload;

	(void)diag;
	if (memory->pages)
		return 0;
	/* A scenario's own [environment] comes before us in the list. */
	for (size_t i = 0; i < variables->n_texts; i++)
		if (!strncmp(variables->texts[i], "LD_PRELOAD=", strlen("LD_PRELOAD=")))
			others = variables->texts[i] + strlen("LD_PRELOAD=");
	preload = xasprintf("LD_PRELOAD=%s%s%s", memory->library, others && *others ? ":" : "",
	                    others ? others : "");
	text_list_add(variables, preload);
	text_list_add(variables, server_variable(memory->server));
	free(preload);
	return 0;
}

static int prepare(void *state, const struct repeat *repeat, struct diag *diag)
{
	struct memory *memory = state;
	int err;

	memory->repeat = *repeat;
	if (memory->pages)
		return pages_start(memory->pages, repeat, diag);
	resident_forget(memory->resident);
	server_forget(memory->server);
	process_tree_free(memory->tree);
	memory->tree = NULL;
	err = process_tree_new(&memory->tree, repeat->pid, repeat->start_ns, diag);
	if (!err && process_tree_fd(memory->tree) >= 0)
		err = watch(memory, process_tree_fd(memory->tree), diag);
	return err;
}

static int started(void *state, struct diag *diag)
{
	struct memory *memory = state;

	(void)diag;
	if (!memory->symbolizer)
		memory->symbolizer = symbolizer_new();
	symbolizer_foresee(memory->symbolizer);
	return 0;
}

static int in_child(void *state)
{
	const struct memory *memory = state;

	return memory->pages ? pages_in_child(memory->pages) : 0;
}

static int fd(void *state)
{
	const struct memory *memory = state;

	return memory->pages ? pages_fd(memory->pages) : memory->epoll;
}

static bool reaps_target(void *state)
{
	return ((const struct memory *)state)->pages;
}

static bool target_ended(void *state, struct target_end *end)
{
	return pages_target_ended(((const struct memory *)state)->pages, end);
}

static int step(void *state, struct diag *diag)
{
	struct memory *memory = state;
	int err;

	if (memory->pages)
		return pages_step(memory->pages, diag);
	process_tree_step(memory->tree);
	err = server_step(memory->server, diag);
	resident_step(memory->resident);
	return err;
}

/* Programs that ran in the tree and never connected. A fork that executes nothing and allocates
 * nothing has nothing to tell, and is not missed. */
static void add_unobserved(const struct memory *memory, struct heap_run *run)
{
	if (!process_tree_is_complete(memory->tree))
		return;
	for (size_t i = 0; i < process_tree_n_images(memory->tree); i++) {
		const struct process_image *image = process_tree_image(memory->tree, i);
		struct heap_refusal refusal = {
		    .pid = image->pid,
		    .parent_pid = image->parent_pid,
		    .exec_number = image->exec_number,
		    .command = image->command ? image->command : (char *)image->comm,
		    .reason = (char *)"it did not load the heap library, or could not reach us: "
		                      "it is static, set-user-id, of another architecture or C "
		                      "library, in another network namespace or root, or in a "
		                      "seccomp sandbox; has a sanitizer; was executed past libc's "
		                      "functions, or "
		                      "without a free descriptor; or is the target of another "
		                      "profile-scenario",
		};
		bool is_program = image->exec_number || image->pid == memory->repeat.pid;

		if (is_program && !heap_run_knows(run, image->pid, image->exec_number))
			heap_run_refuse(run, &refusal);
	}
}

/* The first run in which no program was observed that the launched process executed, or NULL. */
static const struct heap_run *find_unobserved(const struct memory *memory)
{
	for (size_t i = 0; i < memory->n_runs; i++) {
		const struct heap_run *run = &memory->runs[i];
		size_t j = 0;

		while (j < run->n_processes && run->processes[j].pid != run->target)
			j++;
		if (j == run->n_processes)
			return run;
	}
	return NULL;
}

static void keep_moments(const struct memory *memory, struct heap_run *run)
{
	for (size_t i = 0; i < run->n_processes; i++) {
		struct heap_process *process = &run->processes[i];
		const struct heap_moment *moments = resident_moments(
		    memory->resident, process->image, process->section, &process->n_moments);

		process->moments = xcalloc(process->n_moments + 1, sizeof(*moments));
		if (moments)
			memcpy(process->moments, moments, process->n_moments * sizeof(*moments));
	}
}

static void read_heaps(struct memory *memory, struct heap_run *run)
{
	heap_run_read(run, memory->server, memory->tree, memory->repeat.pid,
	              memory->options->time_unit == WIRE_TIME_BYTES);
	keep_moments(memory, run);
	heap_run_complete(run, memory->tree);
	add_unobserved(memory, run);
	resident_forget(memory->resident);
	server_forget(memory->server);
}

static int ended(void *state, const struct target_end *end, struct diag *diag)
{
	struct memory *memory = state;
	struct heap_run *run;
	int err = step(memory, diag);

	if (err)
		return err;
	run = ARRAY_APPEND(memory->runs, memory->n_runs, memory->runs_capacity);
	if (memory->pages)
		pages_stop(memory->pages, run);
	else
		read_heaps(memory, run);
	run->peak_rss_bytes = end->max_rss_bytes;
	run->wall_ns = end->wall_ns;
	run->has_exit = end->is_known;
	run->wait_status = end->wait_status;
	return 0;
}

static void add_metrics(struct metrics *metrics, const struct heap_run *run)
{
	struct heap_totals totals = heap_run_totals(run);
	const struct {
		const char *name;
		uint64_t value;
	} values[] = {
	    {"mem.allocations", totals.allocations},
	    {"mem.frees", totals.frees},
	    {"mem.allocated_bytes", totals.allocated_bytes},
	    {"mem.temporary_allocations", totals.temporary},
	    {"mem.peak_bytes", totals.peak_bytes},
	    {"mem.peak_blocks", totals.peak_blocks},
	    {"mem.in_use_at_exit_bytes", totals.in_use_bytes},
	    {"mem.in_use_at_exit_blocks", totals.in_use_blocks},
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		metrics_add(metrics, metric_rows, values[i].name, (double)values[i].value);
	if (run->peak_rss_bytes) {
		metrics_add(metrics, metric_rows, "mem.peak_rss_bytes",
		            (double)run->peak_rss_bytes);
		metrics_mark_instrumented(metrics, "mem.peak_rss_bytes");
	}
}

static int by_peak(const void *a, const void *b)
{
	uint64_t x = heap_run_totals(*(const struct heap_run *const *)a).peak_bytes;
	uint64_t y = heap_run_totals(*(const struct heap_run *const *)b).peak_bytes;

	return x < y ? -1 : x > y;
}

/* The run whose files are kept: that with the median peak (the lower one of an even number). */
static const struct heap_run *median_run(const struct memory *memory)
{
	const struct heap_run **order = xcalloc(memory->n_runs, sizeof(*order)), *median;

	for (size_t i = 0; i < memory->n_runs; i++)
		order[i] = &memory->runs[i];
	qsort(order, memory->n_runs, sizeof(*order), by_peak);
	median = order[(memory->n_runs - 1) / 2];
	free(order);
	return median;
}

static void note_chosen_run(const struct memory *memory, const struct heap_run *run,
                            struct result *result)
{
	if (memory->n_runs > 1)
		quality_add_note(result->quality,
		                 "the files are of run %zu of %zu, which has the median peak",
		                 (size_t)(run - memory->runs) + 1, memory->n_runs);
}

/* The target's end is that of its last image: the earlier ones ended by exec. */
static void set_end(struct result *result, const struct heap_run *run)
{
	struct observed_process *last = NULL;

	for (size_t i = 0; i < result->n_processes; i++) {
		struct observed_process *row = &result->processes[i];

		if (row->pid == run->target && (!last || row->exec_number >= last->exec_number))
			last = row;
	}
	if (!last || !run->has_exit)
		return;
	last->has_exit = true;
	last->wait_status = run->wait_status;
}

static void add_process_rows(struct result *result, const struct heap_run *run)
{
	for (size_t i = 0; i < run->n_processes; i++) {
		struct observed_process *row = result_add_process(result);

		row->pid = run->processes[i].pid;
		row->parent_pid = run->processes[i].parent_pid;
		row->exec_number = run->processes[i].exec_number;
		row->command = xstrdup(run->processes[i].command);
		row->observed = true;
	}
	for (size_t i = 0; i < run->n_refusals; i++) {
		struct observed_process *row = result_add_process(result);

		row->pid = run->refusals[i].pid;
		row->parent_pid = run->refusals[i].parent_pid;
		row->exec_number = run->refusals[i].exec_number;
		row->command = xstrdup(run->refusals[i].command);
		row->reason = xstrdup(run->refusals[i].reason);
	}
	set_end(result, run);
}

/* Why a run has no data, for the exit status 3. */
static char *unusable_reason(const struct heap_run *run)
{
	if (run->n_refusals)
		return xasprintf("the heap of %s could not be observed: %s",
		                 run->refusals[0].command ? run->refusals[0].command
		                                          : "the command",
		                 run->refusals[0].reason);
	return xstrdup(run->words->nothing);
}

static void judge(struct result *result, const struct heap_run *run)
{
	struct heap_totals totals = heap_run_totals(run);

	if (totals.allocations)
		findings_judge(result->findings, finding_rows, "temporary-percent",
		               100.0 * (double)totals.temporary / (double)totals.allocations,
		               "mem.temporary_allocations",
		               "%.0f %% of all allocations are temporary; report.txt shows where",
		               100.0 * (double)totals.temporary / (double)totals.allocations);
}

static char *add_words(char *text, const char *option, const struct text_list *list)
{
	for (size_t i = 0; i < list->n_texts; i++) {
		char *longer = xasprintf("%s %s=%s", text, option, list->texts[i]);

		free(text);
		text = longer;
	}
	return text;
}

/* massif's "desc:" line; the caller frees it. */
static char *describe_options(const struct memory_options *options)
{
	char *text = xasprintf(
	    "--depth=%lu --threshold=%.1f --time-unit=%s --detailed-freq=%lu "
	    "--max-snapshots=%lu%s",
	    (unsigned long)options->depth, options->threshold, time_units[options->time_unit],
	    (unsigned long)options->detailed_freq, (unsigned long)options->max_snapshots,
	    options->pages_as_heap ? " --pages-as-heap=yes" : "");

	text = add_words(text, "--alloc-fn", &options->alloc_fns);
	return add_words(text, "--ignore-fn", &options->ignore_fns);
}

static void describe_tracing(struct result *result, const struct heap_run *run)
{
	free(result->backend);
	result->backend = xasprintf("ptrace%s", run->trace.is_filtered ? "+seccomp" : "");
	if (run->trace.why_unfiltered)
		result->fallback = xasprintf("every call stops: %s", run->trace.why_unfiltered);
}

static int finish(void *state, struct results_run *results, struct result *result,
                  struct diag *diag)
{
	struct memory *memory = state;
	const struct memory_options *options = memory->options;
	const struct heap_run *run;
	struct files_options files = {
	    .time_is_bytes = options->time_unit == WIRE_TIME_BYTES,
	    .threshold = options->threshold,
	    .depth = options->depth,
	    .filter = {.alloc_fns = &options->alloc_fns, .ignore_fns = &options->ignore_fns}};
	char *description;
	int err;

	result->backend = xstrdup(memory->pages ? "ptrace" : "preload");
	for (size_t i = 0; i < memory->n_runs && !memory->pages; i++)
		heap_run_drop_blind(&memory->runs[i]);
	run = find_unobserved(memory);
	if (run || !memory->n_runs) {
		result->unusable = run ? unusable_reason(run) : xstrdup("nothing was run");
		return 0;
	}
	run = median_run(memory);
	if (memory->pages)
		describe_tracing(result, run);
	for (size_t i = 0; i < memory->n_runs; i++)
		add_metrics(result->metrics, &memory->runs[i]);
	note_chosen_run(memory, run, result);
	add_process_rows(result, run);
	judge(result, run);
	description = describe_options(options);
	files.description = description;
	err = files_write(run, memory->symbolizer, &files, results, result, diag);
	free(description);
	return err;
}

static const char *const aliases[] = {"mem", "heap", NULL};

const struct collector mem_collector = {
    .name = "memory",
    .aliases = aliases,
    .help = "who allocates, how much was in use at the peak and at exit, over time",
    .slows_target = true,
    .options = {.rows = option_rows, .struct_bytes = sizeof(struct memory_options)},
    .metrics = metric_rows,
    .findings = finding_rows,
    .check = check,
    .create = create,
    .environment = environment,
    .prepare = prepare,
    .in_child = in_child,
    .started = started,
    .fd = fd,
    .step = step,
    .reaps_target = reaps_target,
    .target_ended = target_ended,
    .ended = ended,
    .finish = finish,
    .destroy = destroy,
};
