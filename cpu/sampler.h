/* Turns perf samples of a target's processes into recorded stacks while the target runs.
 *
 * Records are taken in time order, so that each sample is unwound against the mappings of its
 * moment. The copies of user stacks are used at once and never stored. Repeats of the command go
 * into one recording: the times of a repeat begin where the one before ended. Not thread-safe.
 */
#ifndef CPU_SAMPLER_H
#define CPU_SAMPLER_H

#include "cpu/followed.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cpu_event;
struct diag;
struct recording;
struct repeat;
struct sampler;

/* Value types of the recording: samples, and what their periods add up to. */
enum { SAMPLER_SAMPLES, SAMPLER_PERIODS };

struct sampler_totals {
	uint64_t n_samples;
	uint64_t n_lost; /* records that found the ring full, as the kernel counts them */
	uint64_t n_malformed;
	struct walk_counts walks;
	uint64_t n_idle;      /* samples without a process, of CPUs that were idle */
	uint64_t n_left_out;  /* samples of other commands than --only names */
	bool all_cpus;        /* by events of all CPUs ... */
	bool only_some;       /* ... and yet of some processes only */
	size_t n_closed;      /* processes whose mappings could not be read */
	uint64_t n_throttled; /* times the kernel stopped sampling for a moment to save time */
	/* What the periods add up to, or where they are no time a counter's. */
	uint64_t cpu_time_ns;
	bool time_unknown; /* the counter could not be read: cpu_time_ns is not to be shown */
	/* What the sampling event itself has counted where it is a clock: also periods whose timer
	 * came too late to give a sample of its own. 0: not known of what was to be sampled. */
	uint64_t counted_ns;
	size_t ring_bytes; /* smallest ring that was granted */
	size_t wanted_ring_bytes;
	unsigned n_repeats;
	uint64_t n_larger; /* samples with a larger stack copy than the usual one ... */
	size_t larger_bytes;
};

/* The event must outlive the sampler. */
struct sampler *sampler_new(const struct cpu_event *event);
/* Keeps the samples in this file (recording_spill()). */
void sampler_spill(struct sampler *sampler, int fd);
void sampler_free(struct sampler *sampler);

/* Sampling starts with the exec of the target, or with sampler_begin() when the repeat begins
 * later; either is time 0 of this repeat. What the repeat points to must outlive it. */
int sampler_attach(struct sampler *sampler, const struct repeat *repeat, struct diag *diag);
void sampler_begin(struct sampler *sampler);
int sampler_fd(const struct sampler *sampler); /* -1: not attached */
/* Errors as of recording_check(). */
int sampler_step(struct sampler *sampler, struct diag *diag);
/* Stops sampling, takes what is left and lets go. wall_ns: how long it was sampled. */
int sampler_detach(struct sampler *sampler, uint64_t wall_ns, struct diag *diag);

const struct sampler_totals *sampler_totals(const struct sampler *sampler);
struct followed *sampler_followed(const struct sampler *sampler);
const struct recording *sampler_recording(const struct sampler *sampler);

#endif
