/* Larger stack copies, taken when the usual ones turn out too short.
 *
 * What lies above a copy is read from memory, which a busy program has changed by then: of cc1's
 * stacks, whose frames have up to 32 KB, 3.7 to 8 % stayed truncated, with copies of 60 KB 0.1 %.
 * Such copies cost room in the rings and, where stacks are that deep, time; so a second event waits
 * disabled beside the sampling one. The first one goes on for its records of mappings; samples that
 * it takes meanwhile are not used.
 */
#ifndef CPU_LARGER_COPIES_H
#define CPU_LARGER_COPIES_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;
struct perf_record;
struct perf_stream;

struct larger_copies {
	bool is_open;
	unsigned event;       /* of the stream */
	uint32_t stack_bytes; /* of a copy */
	uint64_t n_samples;   /* of the usual event before, and how many of them were too short */
	uint64_t n_short;
	uint64_t since_ns; /* CLOCK_MONOTONIC; UINT64_MAX: not begun */
	uint64_t until_ns; /* UINT64_MAX: not ended */
	uint64_t n_taken;  /* used samples of the larger ones */
	uint64_t next_judged;
};

/* Adds the event, as number `event` of the stream, where `sampling` takes copies of the usual size
 * and rings are granted that hold enough larger ones; else nothing, and is_open is false. The
 * event begins with the target's exec where from_exec, which a run before has shown to be needed.
 * After an error the stream can only be closed. */
int larger_copies_open(struct larger_copies *larger, struct perf_stream *stream, unsigned event,
                       const struct perf_event_attr *sampling, pid_t pid, bool from_exec,
                       struct diag *diag);

/* Whether a sample is to be used: each moment has one event whose samples are. */
bool larger_copies_use(const struct larger_copies *larger, const struct perf_record *sample);

/* To be told of each used sample: whether its copy was full and yet too short for its stack. */
void larger_copies_note(struct larger_copies *larger, const struct perf_record *sample,
                        bool was_short);

/* Of the larger ones so many were lost: would the usual ones, which are cut, be the lesser evil? */
bool larger_copies_lose_more(const struct larger_copies *larger, uint64_t n_lost);

/* Begins when one in 1,000 was too short, and ends when more than one in 50 is lost since, and a
 * larger share than was too short before. To be called when the records at hand are read. */
void larger_copies_judge(struct larger_copies *larger, struct perf_stream *stream);

/* Whether larger copies were taken at any time. */
bool larger_copies_began(const struct larger_copies *larger);

#endif
