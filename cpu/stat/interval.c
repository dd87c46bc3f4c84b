/* Writes counter values at regular times. */
#include "cpu/stat/interval.h"

#include "cpu/stat/counters.h"
#include "cpu/stat/csv.h"
#include "cpu/stat/events.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/diag.h"
#include "core/results/results.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct interval {
	const struct event_list *list;
	struct results_run *results;
	FILE *out;
	int timer_fd;
	uint64_t every_ns;
	unsigned number; /* of the run; 0: none has begun */
	uint64_t start_ns;
	struct raw_count *before; /* one an event, as are the next */
	struct raw_count *now;
};

int interval_new(struct interval **result, const struct event_list *list, uint64_t every_ms,
                 struct results_run *results, struct diag *diag)
{
	struct interval *interval = xcalloc(1, sizeof(*interval));
	int err = 0;

	interval->list = list;
	interval->results = results;
	interval->every_ns = every_ms * 1000000;
	interval->before = xcalloc(list->n_events + 1, sizeof(*interval->before));
	interval->now = xcalloc(list->n_events + 1, sizeof(*interval->now));
	interval->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (interval->timer_fd < 0)
		err =
		    diag_fail(diag, errno, "cannot make a timer (--interval): %s", strerror(errno));
	if (!err) {
		interval->out = results_create(results, "interval.csv", diag);
		err = interval->out ? 0 : -EIO;
	}
	if (err) {
		interval_free(interval);
		interval = NULL;
	} else {
		fputs("run,time_ns,event,count,counted_percent\n", interval->out);
	}
	*result = interval;
	return err;
}

void interval_free(struct interval *interval)
{
	if (!interval)
		return;
	BUG(interval->out != NULL);
	if (interval->timer_fd >= 0)
		close(interval->timer_fd);
	free(interval->before);
	free(interval->now);
	free(interval);
}

static void set_timer(const struct interval *interval, uint64_t every_ns)
{
	struct timespec every = {
	    .tv_sec = (time_t)(every_ns / 1000000000),
	    .tv_nsec = (long)(every_ns % 1000000000),
	};
	struct itimerspec setting = {.it_interval = every, .it_value = every};

	timerfd_settime(interval->timer_fd, 0, &setting, NULL);
}

void interval_begin(struct interval *interval, unsigned number)
{
	interval->number = number;
	interval->start_ns = clock_now_ns();
	memset(interval->before, 0, interval->list->n_events * sizeof(*interval->before));
	set_timer(interval, interval->every_ns);
}

int interval_fd(const struct interval *interval)
{
	return interval->timer_fd;
}

static void write_rows(struct interval *interval, const struct counters *counters)
{
	uint64_t time_ns = clock_now_ns() - interval->start_ns;

	counters_read(counters, interval->now);
	for (size_t i = 0; i < interval->list->n_events; i++) {
		const struct counted_event *event = &interval->list->events[i];
		struct raw_count since =
		    raw_count_since(&interval->now[i], &interval->before[i]);
		struct count count = count_scale(&since, true);

		if (event->source != SOURCE_COUNTER)
			continue;
		fprintf(interval->out, "%u,%" PRIu64 ",", interval->number, time_ns);
		csv_write_name(event, interval->out);
		fputc(',', interval->out);
		csv_write_count(&count, interval->out);
		fputc('\n', interval->out);
		interval->before[i] = interval->now[i];
	}
}

void interval_step(struct interval *interval, const struct counters *counters)
{
	uint64_t n_due;

	if (read(interval->timer_fd, &n_due, sizeof(n_due)) == sizeof(n_due) && interval->number)
		write_rows(interval, counters);
}

void interval_end(struct interval *interval, const struct counters *counters)
{
	if (!interval->number)
		return;
	set_timer(interval, 0);
	write_rows(interval, counters);
	interval->number = 0;
}

int interval_close(struct interval *interval, struct diag *diag)
{
	FILE *out = interval->out;

	interval->out = NULL;
	if (!out)
		return 0;
	return results_close(interval->results, out, diag);
}
