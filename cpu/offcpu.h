/* Records where a target's threads wait and where they run, while they do.
 *
 * Times of waits are exact, from switch records; their stacks come with the switch, or from the
 * memory of the waiting thread; what runs is sampled. Repeats of the command go into one recording:
 * the times of a repeat begin where the one before ended. Not thread-safe.
 */
#ifndef CPU_OFFCPU_H
#define CPU_OFFCPU_H

#include "cpu/followed.h"
#include "cpu/offcpu_events.h"
#include "cpu/waits.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;
struct offcpu;
struct recording;
struct repeat;

/* Value types of the recording. A sample is a wait, timed by its end, or a sample of what runs.
 * Waits of one thread on one stack that end within the same millisecond are one sample. */
enum offcpu_type {
	OFFCPU_BLOCKED_NS,
	OFFCPU_WAITS,
	OFFCPU_PREEMPTED_NS,
	OFFCPU_PREEMPTIONS,
	OFFCPU_RUNNING_NS, /* what the samples stand for */
	OFFCPU_N_TYPES,
};

struct offcpu_totals {
	uint64_t n_lost[OFFCPU_N_EVENTS]; /* records that found the event's rings full */
	uint64_t n_malformed;
	uint64_t n_clock_samples;
	uint64_t n_without_stack[WAIT_N_KINDS]; /* waits */
	uint64_t without_stack_ns[WAIT_N_KINDS];
	uint64_t n_refused;            /* stacks that we were not allowed to read from memory */
	struct walk_counts wait_walks; /* of the stacks that waits have in the recording */
	struct walk_counts clock_walks;
	size_t ring_bytes[OFFCPU_N_EVENTS]; /* smallest that was granted */
	unsigned n_repeats;
};

/* The events must outlive it. */
struct offcpu *offcpu_new(const struct offcpu_events *events);
/* Keeps the samples in this file (recording_spill()). */
void offcpu_spill(struct offcpu *offcpu, int fd);
void offcpu_free(struct offcpu *offcpu);

/* Of a command, which is held before its exec, time counts from then on, or from offcpu_begin()
 * when the repeat begins later, as with running processes; either is time 0 of this repeat. The
 * repeat's pids must live until the detaching. */
int offcpu_attach(struct offcpu *offcpu, const struct repeat *repeat, struct diag *diag);
void offcpu_begin(struct offcpu *offcpu);
int offcpu_fd(const struct offcpu *offcpu); /* -1: not attached */
/* Errors as of recording_check(). */
int offcpu_step(struct offcpu *offcpu, struct diag *diag);
/* Stops watching, takes what is left and lets go: waits that last still are counted to here. */
int offcpu_detach(struct offcpu *offcpu, struct diag *diag);

struct followed *offcpu_followed(const struct offcpu *offcpu);
const struct offcpu_totals *offcpu_totals(const struct offcpu *offcpu);
const struct waits *offcpu_waits(const struct offcpu *offcpu);
const struct recording *offcpu_recording(const struct offcpu *offcpu);

#endif
