/* Shows how far repeats are. */
#include "core/driver/progress.h"

#include "core/driver/run_options.h"

#include "core/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

uint64_t progress_left_s(uint64_t elapsed_ns, uint64_t n_done, uint64_t n_left)
{
	/* Rounded up: at 0 the rest would seem to be done. */
	return n_done ? elapsed_ns / n_done * n_left / 1000000000 + 1 : 0;
}

void progress_begin(struct progress *progress, const struct run_options *options)
{
	*progress = (struct progress){
	    .is_on = options->progress && !options->quiet && isatty(STDERR_FILENO) &&
	             !getenv("NO_COLOR") && !getenv("CI"),
	    .started_ns = clock_now_ns(),
	};
}

void progress_show(struct progress *progress, const char *what, uint64_t number, uint64_t n_of,
                   uint64_t n_left)
{
	uint64_t left_s = progress_left_s(clock_now_ns() - progress->started_ns, progress->n_done,
	                                  n_left);

	if (!progress->is_on)
		return;
	fprintf(stderr, "\r%s %" PRIu64, what, number);
	if (n_of)
		fprintf(stderr, " of %" PRIu64, n_of);
	if (n_of && left_s)
		fprintf(stderr, ", %" PRIu64 ":%02" PRIu64 " left", left_s / 60, left_s % 60);
	fputs("\033[K", stderr);
	progress->is_shown = true;
}

void progress_step(struct progress *progress)
{
	progress->n_done++;
}

void progress_clear(struct progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}
