/* The part that has each process looked at for leaks when it ends: starts the watcher beside the
 * preload library, and enters its verdicts. */
#include "mem/part.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/number_text.h"
#include "core/quality.h"
#include "mem/heap.h"
#include "mem/leaks/watch.h"
#include "mem/options.h"
#include "mem/visible.h"

#include <errno.h>
#include <stdlib.h>

struct checking {
	struct leak_watch *watch;
	char *library;
	bool watches;        /* the current repeat can be watched */
	struct diag why_not; /* else */
};

static bool is_wanted(const struct memory_options *options)
{
	return memory_options_want_leaks(options);
}

static void destroy(void *state)
{
	struct checking *checking = state;

	if (!checking)
		return;
	leak_watch_free(checking->watch);
	free(checking->library);
	free(checking);
}

static int create(void **state, const struct memory_options *options, struct diag *diag)
{
	struct checking *checking = xcalloc(1, sizeof(*checking));
	struct leak_watch_settings settings = {.heuristics = memory_options_heuristics(options)};
	int err = visible_find_library(&checking->library, diag);

	settings.library = checking->library;
	checking->watch = leak_watch_new(&settings);
	if (err)
		destroy(checking);
	else
		*state = checking;
	return err;
}

/* Without the right to trace the counts are as good as ever: the run goes on without a check. */
static int prepare(void *state, const struct repeat *repeat, struct diag *diag)
{
	struct checking *checking = state;
	int err = leak_watch_start(checking->watch, repeat, diag);

	checking->watches = !err;
	if (err == -EPERM) {
		checking->why_not = *diag;
		err = 0;
	}
	return err;
}

static int watch(void *state, int epoll, struct diag *diag)
{
	const struct checking *checking = state;

	return checking->watches ? memory_part_watch(epoll, leak_watch_fd(checking->watch), diag)
	                         : 0;
}

static int step(void *state, struct diag *diag)
{
	const struct checking *checking = state;

	return checking->watches ? leak_watch_step(checking->watch, diag) : 0;
}

static bool reaps_target(const void *state)
{
	const struct checking *checking = state;

	return checking->watches && leak_watch_has_target(checking->watch);
}

static bool target_ended(void *state, struct target_end *end)
{
	const struct checking *checking = state;

	return leak_watch_target_ended(checking->watch, end);
}

static void enter(const struct checking *checking, struct heap_process *process)
{
	const char *why;
	const struct leak_verdict *verdict =
	    leak_watch_verdict(checking->watch, process->memory_inode, process->section, &why);

	heap_process_set_leaks(process, verdict, why);
}

static void ended(void *state, struct heap_run *run)
{
	struct checking *checking = state;

	run->is_leak_checked = checking->watches;
	if (!checking->watches) {
		run->why_no_leak_check = xstrdup(checking->why_not.text);
		return;
	}
	leak_watch_stop(checking->watch);
	for (size_t i = 0; i < run->n_processes; i++)
		enter(checking, &run->processes[i]);
	run->set_ids = leak_watch_set_ids(checking->watch);
}

static int report(const struct memory_report *report, struct diag *diag)
{
	const struct heap_run *run = report->run;
	json_t *quality = report->result->quality;

	(void)diag;
	if (run->why_no_leak_check)
		quality_add_note(quality, "not checked for leaks: %s", run->why_no_leak_check);
	if (run->set_ids.n)
		quality_add_note(
		    quality,
		    "%s executed that should have gained rights (%s first) and did not, as below "
		    "any tracer without CAP_SYS_PTRACE; --leak-check=no leaves them alone",
		    counted_text_of(run->set_ids.n, "program").text, run->set_ids.first);
	return 0;
}

const struct memory_part leaks_part = {
    .is_wanted = is_wanted,
    .create = create,
    .prepare = prepare,
    .watch = watch,
    .step = step,
    .reaps_target = reaps_target,
    .target_ended = target_ended,
    .ended = ended,
    .report = report,
    .destroy = destroy,
};
