/* The part that has each process looked at for leaks when it ends: starts the watcher beside the
 * preload library, and enters its verdicts. */
#include "mem/part.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/number_text.h"
#include "core/quality.h"
#include "core/results/results.h"
#include "mem/heap.h"
#include "mem/leaks/library.h"
#include "mem/leaks/loss.h"
#include "mem/leaks/scan_file.h"
#include "mem/leaks/watch.h"
#include "mem/options.h"
#include "mem/visible.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const char scans_name[] = "leak-scans.txt";

struct checking {
	const struct memory_options *options;
	struct leak_watch *watch;
	char *library;
	bool watches;        /* the current repeat can be watched */
	struct diag why_not; /* else */
	int timer;           /* of --leak-every; -1: there is none */
	struct results_run *results;
	FILE *scans;     /* leak-scans.txt; NULL: no scan has been */
	struct diag bad; /* it could not be made */
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
	if (checking->scans)
		results_close(checking->results, checking->scans, &checking->bad);
	if (checking->timer >= 0)
		close(checking->timer);
	leak_watch_free(checking->watch);
	free(checking->library);
	free(checking);
}

static int create(void **state, const struct memory_options *options, struct diag *diag)
{
	struct checking *checking = xcalloc(1, sizeof(*checking));
	struct leak_watch_settings settings = {.heuristics = memory_options_heuristics(options),
	                                       .frees_kept = options->run_libc_freeres};
	int err = visible_find_library(&checking->library, diag);

	checking->options = options;
	checking->timer = -1;
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
	checking->results = repeat->results;
	if (err == -EPERM) {
		checking->why_not = *diag;
		err = 0;
	}
	return err;
}

static int start_timer(struct checking *checking, struct diag *diag)
{
	uint64_t every_ns = checking->options->leak_every_ns;
	struct itimerspec times = {.it_interval = {.tv_sec = (time_t)(every_ns / 1000000000),
	                                           .tv_nsec = (long)(every_ns % 1000000000)}};

	times.it_value = times.it_interval;
	if (checking->timer < 0)
		checking->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (checking->timer < 0 || timerfd_settime(checking->timer, 0, &times, NULL))
		return diag_fail(diag, errno, "cannot make a timer: %s", strerror(errno));
	return 0;
}

static int watch(void *state, int epoll, struct diag *diag)
{
	struct checking *checking = state;
	int err;

	if (!checking->watches)
		return 0;
	err = memory_part_watch(epoll, leak_watch_fd(checking->watch), diag);
	if (err || !checking->options->leak_every_ns)
		return err;
	err = start_timer(checking, diag);
	return err ? err : memory_part_watch(epoll, checking->timer, diag);
}

static int poke(void *state, struct diag *diag)
{
	struct checking *checking = state;

	if (!checking->watches) {
		*diag = checking->why_not;
		return -EPERM;
	}
	leak_watch_scan(checking->watch);
	return 0;
}

static int step(void *state, struct diag *diag)
{
	struct checking *checking = state;
	uint64_t n_expired;

	if (checking->timer >= 0 &&
	    read(checking->timer, &n_expired, sizeof(n_expired)) == sizeof(n_expired))
		leak_watch_scan(checking->watch);
	return checking->watches ? leak_watch_step(checking->watch, diag) : 0;
}

/* A reader may follow the file while the target runs. */
static char *news(void *state)
{
	struct checking *checking = state;
	char *text = checking->watches ? leak_watch_news(checking->watch) : NULL;

	if (!text)
		return NULL;
	if (!checking->scans)
		checking->scans = results_create(checking->results, scans_name, &checking->bad);
	if (checking->scans) {
		fprintf(checking->scans, "%s\n", text);
		fflush(checking->scans);
	}
	return text;
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
	const struct leak_image image = {process->memory_inode, process->section, process->pid,
	                                 process->exec_number};
	struct leak_ending ending = leak_watch_ending(checking->watch, &image);

	heap_process_set_leaks(process, ending.verdict, ending.why_not);
	process->has_exit = ending.has_exit;
	process->wait_status = ending.wait_status;
}

static void ended(void *state, struct heap_run *run)
{
	struct checking *checking = state;
	char *text;

	run->is_leak_checked = checking->watches;
	if (!checking->watches) {
		run->why_no_leak_check = xstrdup(checking->why_not.text);
		return;
	}
	leak_watch_stop(checking->watch);
	while ((text = news(checking)))
		free(text);
	run->scans = leak_watch_take_scans(checking->watch);
	for (size_t i = 0; i < run->n_processes; i++)
		enter(checking, &run->processes[i]);
	run->set_ids = leak_watch_set_ids(checking->watch);
}

static int finish_scans(struct checking *checking, const struct memory_report *report,
                        struct diag *diag)
{
	FILE *scans = checking->scans;
	struct loss_settings settings = memory_options_leaks(checking->options).loss;
	struct leak_library library;

	settings.suppressions = report->suppressions;
	settings.symbolizer = report->symbolizer;
	settings.library = &library;
	checking->scans = NULL;
	if (checking->bad.text[0]) {
		*diag = checking->bad;
		return -EIO;
	}
	if (!scans)
		return 0;
	if (checking->options->suppressions.n_texts)
		fputs("\nThe sums above have what is suppressed, too: by then it has no names.\n",
		      scans);
	if (report->run->scans) {
		leak_library_find(&library);
		scan_file_write(report->run->scans, report->run, &settings, scans);
		leak_library_fini(&library);
	}
	return results_close(report->results, scans, diag);
}

static int report(const struct memory_report *report, struct diag *diag)
{
	const struct heap_run *run = report->run;
	json_t *quality = report->result->quality;

	if (run->why_no_leak_check)
		quality_add_note(quality, "not checked for leaks: %s", run->why_no_leak_check);
	if (run->set_ids.n)
		quality_add_note(
		    quality,
		    "%s should have gained rights by its file (%s first), and did not, as below "
		    "any tracer without CAP_SYS_PTRACE; --leak-check=no leaves them alone",
		    counted_text_of(run->set_ids.n, "program").text, run->set_ids.first);
	return finish_scans(report->state, report, diag);
}

const struct memory_part leaks_part = {
    .is_wanted = is_wanted,
    .create = create,
    .prepare = prepare,
    .watch = watch,
    .step = step,
    .poke = poke,
    .news = news,
    .reaps_target = reaps_target,
    .target_ended = target_ended,
    .ended = ended,
    .report = report,
    .destroy = destroy,
};
