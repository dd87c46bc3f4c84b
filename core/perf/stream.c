/* Merges the rings of one or more events on all CPUs by time, in place. */
#include "core/perf/stream.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/diag.h"
#include "core/perf/ring.h"
#include "core/u64map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* A ring and its oldest record, decoded and waiting for its turn. */
struct lane {
	struct perf_ring *ring;
	int cpu;
	unsigned event; /* in stream.attrs */
	struct perf_record head;
	bool has_head;
};

/* An event as one thread has it on one CPU; it writes into that CPU's ring. */
struct watched {
	int fd;
	unsigned event;
};

struct perf_stream {
	struct perf_event_attr *attrs;
	size_t n_events;
	size_t attrs_capacity;
	struct lane *lanes;
	size_t n_lanes;
	size_t lanes_capacity;
	struct watched *watched;
	size_t n_watched;
	size_t watched_capacity;
	/* Of events with PERF_SAMPLE_ID: */
	struct u64map *owners; /* id -> the thread it was opened for */
	struct u64map *taken;  /* thread -> the owner whose records of it are taken; 0: not known */
	bool saw_twice;        /* a thread whose records came from two owners */
	struct lane *given;    /* whose head the caller holds */
	uint64_t horizon_ns;
	uint64_t n_malformed;
	int epoll_fd;
};

/* The rings belong to events of our own that count nothing: they outlive the threads whose events
 * write into them, and are never at an end. */
static struct perf_event_attr ring_attr(const struct perf_event_attr *attr)
{
	return (struct perf_event_attr){
	    .type = PERF_TYPE_SOFTWARE,
	    .config = PERF_COUNT_SW_DUMMY,
	    .exclude_kernel = 1,
	    .exclude_hv = 1,
	    .disabled = 1,
	    .use_clockid = attr->use_clockid,
	    .clockid = attr->clockid,
	    .wakeup_watermark = attr->wakeup_watermark,
	};
}

static int add_lane(struct perf_stream *stream, int cpu, size_t ring_bytes, struct diag *diag)
{
	unsigned event = (unsigned)stream->n_events - 1;
	struct perf_event_attr attr = ring_attr(&stream->attrs[event]);
	struct epoll_event wanted = {.events = EPOLLIN};
	struct perf_ring *ring;
	struct lane *lane;
	int err = perf_ring_open(&ring, &attr, 0, cpu, ring_bytes, diag);

	if (err == -ENODEV) /* the CPU went offline since it was listed */
		return 0;
	if (err)
		return err;
	lane = ARRAY_APPEND(stream->lanes, stream->n_lanes, stream->lanes_capacity);
	lane->ring = ring;
	lane->cpu = cpu;
	lane->event = event;
	wanted.data.fd = perf_ring_fd(ring);
	if (epoll_ctl(stream->epoll_fd, EPOLL_CTL_ADD, wanted.data.fd, &wanted) < 0)
		return diag_fail(diag, errno, "cannot wait for perf events: %s", strerror(errno));
	return 0;
}

static int add_lanes(struct perf_stream *stream, size_t ring_bytes, struct diag *diag)
{
	size_t n_before = stream->n_lanes;
	int *cpus = NULL;
	int n_cpus = perf_online_cpus(&cpus, diag);
	int err = n_cpus < 0 ? n_cpus : 0;

	for (int i = 0; i < n_cpus && !err; i++)
		err = add_lane(stream, cpus[i], ring_bytes, diag);
	free(cpus);
	if (!err && stream->n_lanes == n_before)
		err = diag_fail(diag, ENODEV, "no online CPU has the perf event");
	return err;
}

/* A thread that was found in /proc may just have inherited the event from one that is watched
 * already, and nothing tells; it and its children would give each record twice. The ids in them
 * tell: of each thread one owner's are taken, its own where it has some. */
static void note_owner(struct perf_stream *stream, unsigned event, int fd, pid_t tid)
{
	uint64_t id;

	if (!(stream->attrs[event].sample_type & PERF_SAMPLE_ID) || tid <= 0 ||
	    ioctl(fd, PERF_EVENT_IOC_ID, &id))
		return;
	if (!stream->owners) {
		stream->owners = u64map_new();
		stream->taken = u64map_new();
	}
	*u64map_put(stream->owners, id, NULL) = (uint32_t)tid;
	*u64map_put(stream->taken, (uint32_t)tid, NULL) = (uint32_t)tid;
}

pid_t perf_stream_owner(const struct perf_stream *stream, const struct perf_record *record)
{
	const uint64_t *owner = NULL;

	if (stream->owners && record->id)
		owner = u64map_get(stream->owners, record->id);
	return owner ? (pid_t)*owner : 0;
}

static bool comes_twice(struct perf_stream *stream, const struct perf_record *record)
{
	pid_t owner = perf_stream_owner(stream, record);
	uint64_t *taken;

	if (!owner)
		return false;
	taken = u64map_put(stream->taken, (uint32_t)record->by_tid, NULL);
	if (!*taken && record->type != PERF_RECORD_EXIT)
		*taken = (uint32_t)owner;
	if (!*taken || *taken == (uint32_t)owner)
		return false;
	stream->saw_twice = true;
	return true;
}

bool perf_stream_saw_twice(const struct perf_stream *stream)
{
	return stream->saw_twice;
}

/* Its number may be given to another one. */
static void note_end_of_thread(struct perf_stream *stream, const struct perf_record *record)
{
	if (stream->taken && record->type == PERF_RECORD_EXIT)
		*u64map_put(stream->taken, (uint32_t)record->tid, NULL) = 0;
}

static int watch_on(struct perf_stream *stream, const struct lane *lane, pid_t tid,
                    struct diag *diag)
{
	int fd = perf_event_fd(&stream->attrs[lane->event], tid, lane->cpu, diag);
	struct watched *watched;

	if (fd == -ENODEV) /* the CPU went offline since it was listed */
		return 0;
	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, perf_ring_fd(lane->ring))) {
		int err = errno;

		close(fd);
		return diag_fail(diag, err, "cannot lead perf events into the ring of CPU %d: %s",
		                 lane->cpu, strerror(err));
	}
	note_owner(stream, lane->event, fd, tid);
	watched = ARRAY_APPEND(stream->watched, stream->n_watched, stream->watched_capacity);
	watched->fd = fd;
	watched->event = lane->event;
	return 0;
}

int perf_stream_watch(struct perf_stream *stream, unsigned event, pid_t tid, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < stream->n_lanes && !err; i++)
		if (stream->lanes[i].event == event)
			err = watch_on(stream, &stream->lanes[i], tid, diag);
	return err;
}

int perf_stream_add(struct perf_stream *stream, const struct perf_event_attr *attr, pid_t pid,
                    size_t ring_bytes, struct diag *diag)
{
	struct perf_event_attr *own;
	int err;

	BUG(!(attr->sample_type & PERF_SAMPLE_TIME) || !attr->sample_id_all);
	BUG(stream->given); /* its record would move */
	own = ARRAY_APPEND(stream->attrs, stream->n_events, stream->attrs_capacity);
	*own = *attr;
	own->use_clockid = 1;
	own->size = sizeof(*own);
	own->clockid = CLOCK_MONOTONIC;
	err = add_lanes(stream, ring_bytes, diag);
	if (err || pid == PERF_NOBODY)
		return err;
	return perf_stream_watch(stream, (unsigned)stream->n_events - 1, pid, diag);
}

struct perf_event_attr perf_tracking_attr(void)
{
	return (struct perf_event_attr){
	    .type = PERF_TYPE_SOFTWARE,
	    .size = sizeof(struct perf_event_attr),
	    .config = PERF_COUNT_SW_DUMMY,
	    .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
	    .sample_id_all = 1,
	    .mmap = 1,
	    .mmap2 = 1,
	    .comm = 1,
	    .comm_exec = 1,
	    .task = 1,
	    .exclude_kernel = 1,
	    .exclude_hv = 1,
	};
}

int perf_stream_open(struct perf_stream **stream, const struct perf_event_attr *attr, pid_t pid,
                     size_t ring_bytes, struct diag *diag)
{
	struct perf_stream *made = xcalloc(1, sizeof(*made));
	int err = 0;

	made->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (made->epoll_fd < 0)
		err = diag_fail(diag, errno, "cannot wait for perf events: %s", strerror(errno));
	if (!err)
		err = perf_stream_add(made, attr, pid, ring_bytes, diag);
	if (err) {
		perf_stream_close(made);
		return err;
	}
	*stream = made;
	return 0;
}

void perf_stream_close(struct perf_stream *stream)
{
	if (!stream)
		return;
	for (size_t i = 0; i < stream->n_watched; i++)
		close(stream->watched[i].fd);
	for (size_t i = 0; i < stream->n_lanes; i++)
		perf_ring_close(stream->lanes[i].ring);
	if (stream->epoll_fd >= 0)
		close(stream->epoll_fd);
	u64map_free(stream->owners);
	u64map_free(stream->taken);
	free(stream->watched);
	free(stream->lanes);
	free(stream->attrs);
	free(stream);
}

int perf_stream_fd(const struct perf_stream *stream)
{
	return stream->epoll_fd;
}

size_t perf_stream_ring_bytes(const struct perf_stream *stream, unsigned event)
{
	size_t smallest = 0;

	for (size_t i = 0; i < stream->n_lanes; i++) {
		size_t size_bytes = perf_ring_size_bytes(stream->lanes[i].ring);

		if (stream->lanes[i].event == event && (!smallest || size_bytes < smallest))
			smallest = size_bytes;
	}
	return smallest;
}

void perf_stream_begin(struct perf_stream *stream)
{
	stream->horizon_ns = clock_now_ns();
}

void perf_stream_start(struct perf_stream *stream, unsigned event)
{
	for (size_t i = 0; i < stream->n_watched; i++)
		if (stream->watched[i].event == event)
			ioctl(stream->watched[i].fd, PERF_EVENT_IOC_ENABLE, 0);
}

void perf_stream_end(struct perf_stream *stream, unsigned event)
{
	for (size_t i = 0; i < stream->n_watched; i++)
		if (stream->watched[i].event == event)
			ioctl(stream->watched[i].fd, PERF_EVENT_IOC_DISABLE, 0);
}

void perf_stream_stop(struct perf_stream *stream)
{
	for (size_t i = 0; i < stream->n_watched; i++)
		ioctl(stream->watched[i].fd, PERF_EVENT_IOC_DISABLE, 0);
}

void perf_stream_begin_last(struct perf_stream *stream)
{
	stream->horizon_ns = UINT64_MAX;
}

static void fill_lane(struct perf_stream *stream, struct lane *lane)
{
	const struct perf_event_header *header;

	while (!lane->has_head && (header = perf_ring_next(lane->ring))) {
		if (perf_record_decode(header, &stream->attrs[lane->event], &lane->head) < 0)
			stream->n_malformed++;
		else
			lane->has_head = !comes_twice(stream, &lane->head);
		lane->head.event = lane->event;
	}
}

const struct perf_record *perf_stream_next(struct perf_stream *stream)
{
	struct lane *oldest = NULL;

	if (stream->given)
		stream->given->has_head = false;
	stream->given = NULL;
	for (size_t i = 0; i < stream->n_lanes; i++) {
		struct lane *lane = &stream->lanes[i];

		fill_lane(stream, lane);
		if (lane->has_head && (!oldest || lane->head.time_ns < oldest->head.time_ns))
			oldest = lane;
	}
	if (!oldest || oldest->head.time_ns > stream->horizon_ns)
		return NULL;
	note_end_of_thread(stream, &oldest->head);
	stream->given = oldest;
	return &oldest->head;
}

struct counts {
	uint64_t value;
	uint64_t n_lost; /* with PERF_FORMAT_LOST */
};

/* Of all threads that have the event, now or before. False: not each of them could be read. */
static bool add_counts(const struct perf_stream *stream, unsigned event, struct counts *sum)
{
	bool has_lost = stream->attrs[event].read_format == PERF_FORMAT_LOST;
	ssize_t size = has_lost ? sizeof(struct counts) : sizeof(uint64_t);
	struct counts counts = {0};
	bool has_all = true;

	*sum = (struct counts){0};
	for (size_t i = 0; i < stream->n_watched; i++) {
		if (stream->watched[i].event != event)
			continue;
		if (read(stream->watched[i].fd, &counts, (size_t)size) != size) {
			has_all = false;
			continue;
		}
		sum->value += counts.value;
		sum->n_lost += counts.n_lost;
	}
	return has_all;
}

uint64_t perf_stream_n_lost(const struct perf_stream *stream, unsigned event)
{
	struct counts sum;

	add_counts(stream, event, &sum);
	return sum.n_lost;
}

uint64_t perf_stream_count(const struct perf_stream *stream, unsigned event)
{
	struct counts sum;

	return add_counts(stream, event, &sum) ? sum.value : 0;
}

uint64_t perf_stream_n_malformed(const struct perf_stream *stream)
{
	return stream->n_malformed;
}
