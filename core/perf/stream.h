/* Events on every online CPU, read as one stream of records in time order.
 *
 * An event that children inherit can only be mapped per CPU, so a process that moves leaves its
 * records in several rings; the events of all threads on a CPU write into one. Each ring is in
 * order; the stream merges them up to a horizon, the moment when reading began, and leaves younger
 * records in their rings. So a record comes after all that caused it (a FORK before what the child
 * does, an MMAP2 before samples in it), for those were visible before it was made. Of unrelated
 * records on two CPUs one that was still being written may come late by the time that this takes. A
 * stream is read by one thread.
 */
#ifndef CORE_PERF_STREAM_H
#define CORE_PERF_STREAM_H

#include "core/perf/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;
struct perf_stream;

/* Instead of a thread: all that run, or none yet (perf_stream_watch() names them). */
enum { PERF_EVERYBODY = -1, PERF_NOBODY = -2 };

/* An event that samples nothing: its records are of mappings, names, forks and execs, as
 * perf_stream_open() wants them. */
struct perf_event_attr perf_tracking_attr(void);

/* attr->sample_type must have PERF_SAMPLE_TIME, sample_id_all must be set; the clock becomes
 * CLOCK_MONOTONIC. Ring sizes and errors are perf_ring_open()'s. */
int perf_stream_open(struct perf_stream **stream, const struct perf_event_attr *attr, pid_t pid,
                     size_t ring_bytes, struct diag *diag);
/* Opens another event beside those of the stream, with rings of its own: what fills them takes no
 * room from the others. Events count from 0 in the order in which they were added, and each record
 * names its own. After an error the stream can only be closed. */
int perf_stream_add(struct perf_stream *stream, const struct perf_event_attr *attr, pid_t pid,
                    size_t ring_bytes, struct diag *diag);
/* Opens an event of the stream for one more thread; it writes into the same rings. After an error
 * other threads are watched as before. Where the event has inherit and PERF_SAMPLE_ID, a thread
 * that has also inherited it from another one that is watched gives each record once. */
int perf_stream_watch(struct perf_stream *stream, unsigned event, pid_t tid, struct diag *diag);
void perf_stream_close(struct perf_stream *stream); /* NULL is fine */

/* Readable when a ring has passed its mark (an epoll descriptor). */
int perf_stream_fd(const struct perf_stream *stream);
/* The smallest of an event's rings. */
size_t perf_stream_ring_bytes(const struct perf_stream *stream, unsigned event);

/* Sets the horizon to now: what perf_stream_next() gives until the next call is older. */
void perf_stream_begin(struct perf_stream *stream);
/* Enables an event that was opened disabled, in all processes that have it. */
void perf_stream_start(struct perf_stream *stream, unsigned event);
/* Disables one event in all processes that have it. */
void perf_stream_end(struct perf_stream *stream, unsigned event);
/* Stops the events in all processes that have them. */
void perf_stream_stop(struct perf_stream *stream);
/* No record will come any more: the horizon is lifted. */
void perf_stream_begin_last(struct perf_stream *stream);

/* The next record in time order, or NULL when all older than the horizon are read. Pointers in it
 * live until the next call. Records that do not decode are counted and left out. */
const struct perf_record *perf_stream_next(struct perf_stream *stream);

/* The thread whose event, opened for it or inherited from it, gave the record; 0: not known
 * (without PERF_SAMPLE_ID). */
pid_t perf_stream_owner(const struct perf_stream *stream, const struct perf_record *record);

/* Whether a thread had the event twice, its own and an inherited one. Its records are given once;
 * counters that were opened beside the event cannot be told apart like that. */
bool perf_stream_saw_twice(const struct perf_stream *stream);

/* Records that found their ring full, by the event's own counters: LOST records come only with the
 * next record that fits. 0 when its attr's read_format is not PERF_FORMAT_LOST (Linux 6.0). */
uint64_t perf_stream_n_lost(const struct perf_stream *stream, unsigned event);
/* What the event has counted in all threads that have or had it: nanoseconds for a clock, whether
 * or not each period of them gave a sample. A thread that has it twice is counted twice. 0: one of
 * the counters could not be read. */
uint64_t perf_stream_count(const struct perf_stream *stream, unsigned event);
uint64_t perf_stream_n_malformed(const struct perf_stream *stream);

#endif
