/* The memory collector: its parts see the target's memory while it runs; what they have seen
 * becomes metrics and files. */
#include "core/collector.h"

#include "core/alloc.h"
#include "core/compare/side.h"
#include "core/diag.h"
#include "core/quality.h"
#include "core/symbolize/symbolize.h"
#include "mem/counts.h"
#include "mem/heap.h"
#include "mem/heap_filter.h"
#include "mem/leaks/leak_result.h"
#include "mem/leaks/leak_run.h"
#include "mem/leaks/suppression.h"
#include "mem/options.h"
#include "mem/part.h"
#include "mem/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Those that count come first. */
static const struct memory_part *const parts[] = {&blocks_part, &pages_part, &leaks_part};

/* A part that the options want. */
struct active_part {
	const struct memory_part *part;
	void *state;
};

struct memory {
	const struct memory_options *options;
	bool is_of_leaks; /* the summary is (--type leaks) */
	struct active_part active[ARRAY_SIZE(parts)];
	size_t n_active;
	int epoll;             /* of the current repeat; -1: none yet */
	struct heap_run *runs; /* one each repeat */
	size_t n_runs;
	size_t runs_capacity;
	struct suppressions *suppressions; /* NULL: no leak check */
	struct symbolizer *symbolizer;     /* begins its work while the first repeat runs */
};

static int check(const struct target *target, const void *options, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts) && !err; i++)
		if (parts[i]->check && parts[i]->is_wanted(options))
			err = parts[i]->check(target, diag);
	return err;
}

static void close_epoll(struct memory *memory)
{
	if (memory->epoll >= 0)
		close(memory->epoll);
	memory->epoll = -1;
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
	suppressions_free(memory->suppressions);
	while (memory->n_active-- > 0)
		memory->active[memory->n_active].part->destroy(
		    memory->active[memory->n_active].state);
	close_epoll(memory);
	free(memory);
}

static int create_for(void **state, const void *options, bool is_of_leaks, struct diag *diag)
{
	struct memory *memory = xcalloc(1, sizeof(*memory));
	int err;

	memory->options = options;
	memory->is_of_leaks = is_of_leaks;
	memory->epoll = -1;
	err = memory_options_suppressions(options, &memory->suppressions, diag);
	for (size_t i = 0; i < ARRAY_SIZE(parts) && !err; i++) {
		struct active_part *active = &memory->active[memory->n_active];

		if (!parts[i]->is_wanted(options))
			continue;
		active->part = parts[i];
		err = parts[i]->create(&active->state, options, diag);
		memory->n_active += !err;
	}
	if (err)
		destroy(memory);
	else
		*state = memory;
	return err;
}

static int create(void **state, const void *options, struct diag *diag)
{
	return create_for(state, options, false, diag);
}

static int create_of_leaks(void **state, const void *options, struct diag *diag)
{
	return create_for(state, options, true, diag);
}

static int check_options(const void *options, const void *typed, struct diag *diag)
{
	return memory_options_check(options, typed, diag);
}

static int check_options_of_leaks(const void *options, const void *typed, struct diag *diag)
{
	if (!memory_options_want_leaks(options))
		return diag_fail(
		    diag, EINVAL,
		    "type leaks is nothing without a leak check, which --leak-check=no "
		    "and --pages-as-heap=yes do without");
	return memory_options_check(options, typed, diag);
}

static int environment(void *state, struct text_list *variables, struct diag *diag)
{
	const struct memory *memory = state;

	(void)diag;
	for (size_t i = 0; i < memory->n_active; i++)
		if (memory->active[i].part->environment)
			memory->active[i].part->environment(memory->active[i].state, variables);
	return 0;
}

int memory_part_watch(int epoll, int fd, struct diag *diag)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return diag_fail(diag, EIO, "cannot watch a file: %s", strerror(errno));
	return 0;
}

/* Made when all are prepared: a process that a part has made meanwhile shall not have it. */
static int watch_parts(struct memory *memory, struct diag *diag)
{
	int err = 0;

	close_epoll(memory);
	memory->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (memory->epoll < 0)
		return diag_fail(diag, EIO, "cannot make an epoll: %s", strerror(errno));
	for (size_t i = 0; i < memory->n_active && !err; i++)
		if (memory->active[i].part->watch)
			err = memory->active[i].part->watch(memory->active[i].state, memory->epoll,
			                                    diag);
	return err;
}

static int prepare(void *state, const struct repeat *repeat, struct diag *diag)
{
	struct memory *memory = state;
	int err = 0;

	if (!memory->symbolizer)
		memory->symbolizer = symbolizer_new();
	if (memory_options_need_symbols(memory->options))
		symbolizer_prefer_symbols(memory->symbolizer);
	for (size_t i = 0; i < memory->n_active && !err; i++)
		if (memory->active[i].part->prepare)
			err =
			    memory->active[i].part->prepare(memory->active[i].state, repeat, diag);
	return err ? err : watch_parts(memory, diag);
}

static int in_child(void *state)
{
	const struct memory *memory = state;
	int err = 0;

	for (size_t i = 0; i < memory->n_active && !err; i++)
		if (memory->active[i].part->in_child)
			err = memory->active[i].part->in_child(memory->active[i].state);
	return err;
}

static int fd(void *state)
{
	return ((const struct memory *)state)->epoll;
}

/* NULL: the driver itself waits for the target. */
static const struct active_part *reaper(const struct memory *memory)
{
	for (size_t i = 0; i < memory->n_active; i++) {
		const struct active_part *active = &memory->active[i];

		if (active->part->target_ended &&
		    (!active->part->reaps_target || active->part->reaps_target(active->state)))
			return active;
	}
	return NULL;
}

static bool reaps_target(void *state)
{
	return reaper(state);
}

static bool target_ended(void *state, struct target_end *end)
{
	const struct active_part *active = reaper(state);

	return active->part->target_ended(active->state, end);
}

static int poke(void *state, struct diag *diag)
{
	const struct memory *memory = state;

	for (size_t i = 0; i < memory->n_active; i++)
		if (memory->active[i].part->poke)
			return memory->active[i].part->poke(memory->active[i].state, diag);
	return diag_fail(diag, ENOTSUP, "%s does not look for leaks",
	                 memory->options->pages_as_heap ? "--pages-as-heap" : "--leak-check=no");
}

static char *news(void *state)
{
	struct memory *memory = state;
	char *text = NULL;

	for (size_t i = 0; i < memory->n_active && !text; i++)
		if (memory->active[i].part->news)
			text = memory->active[i].part->news(memory->active[i].state);
	return text;
}

/* A part is stepped on though another one has failed; the first error is told. */
static int step(void *state, struct diag *diag)
{
	const struct memory *memory = state;
	struct diag ignored;
	int first = 0;

	for (size_t i = 0; i < memory->n_active; i++) {
		int err =
		    memory->active[i].part->step(memory->active[i].state, first ? &ignored : diag);

		first = first ? first : err;
	}
	return first;
}

static int step_running(void *state, struct diag *diag)
{
	const struct memory *memory = state;
	int err = step(state, diag);

	for (size_t i = 0; i < memory->n_active; i++)
		if (memory->active[i].part->needs_names &&
		    memory->active[i].part->needs_names(memory->active[i].state))
			symbolizer_foresee(memory->symbolizer);
	return err;
}

static int ended(void *state, const struct target_end *end, struct diag *diag)
{
	struct memory *memory = state;
	struct heap_run *run;
	int err = step(memory, diag);

	if (err)
		return err;
	run = ARRAY_APPEND(memory->runs, memory->n_runs, memory->runs_capacity);
	for (size_t i = 0; i < memory->n_active; i++)
		memory->active[i].part->ended(memory->active[i].state, run);
	close_epoll(memory);
	run->peak_rss_bytes = end->max_rss_bytes;
	run->wall_ns = end->wall_ns;
	run->has_exit = end->is_known;
	run->wait_status = end->wait_status;
	return 0;
}

/* The first run in which no program was observed that the launched process executed, or NULL. */
static const struct heap_run *find_unobserved(const struct memory *memory)
{
	for (size_t i = 0; i < memory->n_runs; i++)
		if (!processes_have_target(&memory->runs[i]))
			return &memory->runs[i];
	return NULL;
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

static void review(struct memory *memory)
{
	for (size_t i = 0; i < memory->n_active; i++)
		for (size_t j = 0; j < memory->n_runs && memory->active[i].part->review; j++)
			memory->active[i].part->review(&memory->runs[j]);
}

static void describe(const struct memory *memory, struct result *result, const struct heap_run *run)
{
	for (size_t i = 0; i < memory->n_active; i++)
		if (memory->active[i].part->describe)
			memory->active[i].part->describe(result, run);
}

static void add_metrics(const struct memory *memory, struct metrics *metrics)
{
	for (size_t i = 0; i < memory->n_active; i++)
		for (size_t j = 0; j < memory->n_runs && memory->active[i].part->add_metrics; j++)
			memory->active[i].part->add_metrics(metrics, &memory->runs[j]);
}

/* The leak check of each run with names; of the report's it is kept. */
static struct leak_run *check_leaks(struct memory *memory, const struct heap_run *kept,
                                    struct result *result)
{
	struct leak_settings settings = memory_options_leaks(memory->options);
	struct leak_run **leaks = xcalloc(memory->n_runs, sizeof(*leaks)), *found = NULL;
	bool is_whole = true;

	settings.loss.suppressions = memory->suppressions;
	for (size_t i = 0; i < memory->n_runs; i++) {
		settings.has_files = &memory->runs[i] == kept;
		leaks[i] = leak_run_new(&memory->runs[i], &settings, memory->symbolizer);
		is_whole &= leaks[i] && !leak_run_lack(leaks[i]);
	}
	for (size_t i = 0; i < memory->n_runs; i++) {
		if (is_whole)
			leak_result_add_metrics(result->metrics, leaks[i]);
		if (&memory->runs[i] == kept && leaks[i])
			leak_run_enter(leaks[i], &memory->runs[i]);
		if (&memory->runs[i] == kept)
			found = leaks[i];
		else
			leak_run_free(leaks[i]);
	}
	free(leaks);
	return found;
}

static int finish(void *state, struct results_run *results, struct result *result,
                  struct diag *diag)
{
	struct memory *memory = state;
	const struct heap_run *unobserved, *run;
	struct memory_report report;
	struct leak_run *leaks;
	int err = 0;

	review(memory);
	unobserved = find_unobserved(memory);
	if (unobserved || !memory->n_runs) {
		describe(memory, result, NULL);
		result->unusable =
		    unobserved ? processes_why_none(unobserved) : xstrdup("nothing was run");
		return 0;
	}
	run = median_run(memory);
	describe(memory, result, run);
	add_metrics(memory, result->metrics);
	note_chosen_run(memory, run, result);
	processes_add_rows(result, run);
	symbolizer_set_target_uid(memory->symbolizer, result->target_uid);
	leaks = check_leaks(memory, run, result);
	report = (struct memory_report){.options = memory->options,
	                                .run = run,
	                                .leaks = leaks,
	                                .suppressions = memory->suppressions,
	                                .symbolizer = memory->symbolizer,
	                                .results = results,
	                                .result = result};
	leak_result_judge(&report);
	for (size_t i = 0; i < memory->n_active && !err; i++)
		if (memory->active[i].part->report) {
			report.state = memory->active[i].state;
			err = memory->active[i].part->report(&report, diag);
		}
	if (memory->is_of_leaks) {
		leak_result_summarise(&report);
		result->headline_repeat = (unsigned)(run - memory->runs) + 1;
	} else {
		leak_result_mention(&report);
	}
	leak_run_free(leaks);
	return err;
}

static const char *const compared_values[] = {"alloc_space", "alloc_objects", "peak_space",
                                              "leaked_space", NULL};
static const struct side_view memory_view = {
    .kind = SIDE_SITE,
    .passes_on = heap_is_allocator,
    .values = compared_values,
};

static const char *const leaks[] = {"mem.*_lost_*", NULL};

/* All that both ways to ask for it have in common. */
#define MEMORY_COLLECTOR                                                                           \
	.name = "memory", .slows_target = true,                                                    \
	.options = {.rows = memory_option_rows, .struct_bytes = sizeof(struct memory_options)},    \
	.metrics = memory_metric_rows, .findings = memory_finding_rows, .compared = &memory_view,  \
	.errors = leaks, .check = check,                                                           \
	.environment = environment, .prepare = prepare, .in_child = in_child, .fd = fd,            \
	.step = step_running, .poke = poke, .news = news, .reaps_target = reaps_target,            \
	.target_ended = target_ended, .ended = ended, .finish = finish, .destroy = destroy

static const char *const aliases[] = {"mem", "heap", NULL};
static const char *const no_aliases[] = {NULL};

static const struct collector leaks_view = {
    MEMORY_COLLECTOR,
    .word = "leaks",
    .aliases = no_aliases,
    .help = "memory whose summary is of leaks: blocks that nothing points to any more",
    .check_options = check_options_of_leaks,
    .create = create_of_leaks,
};
static const struct collector *const views[] = {&leaks_view, NULL};

const struct collector mem_collector = {
    MEMORY_COLLECTOR,
    .aliases = aliases,
    .views = views,
    .help = "who allocates, how much was in use at the peak and at exit, over time; leaks",
    .check_options = check_options,
    .create = create,
};
