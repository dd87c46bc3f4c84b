/* One line on the terminal that tells how many runs are done and how long the rest will take.
 *
 * Nothing is shown where stderr is no terminal, nor with NO_COLOR or CI in the environment, --quiet
 * or --no-progress (CONTRACT 6). Who writes to stderr clears it first.
 */
#ifndef CORE_DRIVER_PROGRESS_H
#define CORE_DRIVER_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct run_options;

struct progress {
	bool is_on; /* a zeroed one never shows anything */
	bool is_shown;
	uint64_t started_ns; /* CLOCK_MONOTONIC */
	uint64_t n_done;     /* runs, of any kind */
};

/* The time begins that the estimate is made from. */
void progress_begin(struct progress *progress, const struct run_options *options);

/* "run 3 of 10, 0:12 left": number 3 begins, `n_of` are wanted (0: not known), and `n_left` runs of
 * any kind are not done, this one included. */
void progress_show(struct progress *progress, const char *what, uint64_t number, uint64_t n_of,
                   uint64_t n_left);
/* A run has ended. */
void progress_step(struct progress *progress);
void progress_clear(struct progress *progress);

/* What is left, if the rest takes as long as what is done; 0: nothing is done yet. */
uint64_t progress_left_s(uint64_t elapsed_ns, uint64_t n_done, uint64_t n_left);

#endif
