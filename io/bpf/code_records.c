/* Applies perf's records of mappings, forks and execs to the address spaces. */
#include "io/bpf/code_records.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/perf/ring.h"
#include "core/perf/stream.h"
#include "core/u64map.h"
#include "core/walk/address_space.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* Records wait there for a second, and a driver that gets no CPU is behind: a program begun is 2
 * KB. */
enum { RING_BYTES = 8 << 20 };

struct code_records {
	struct address_spaces *spaces;
	struct perf_stream *stream;
	const struct perf_record *pending; /* read, and not applied yet; NULL: none */
	uint64_t horizon_ns;               /* of the stream */
	struct u64map *states;             /* pid -> number of its mappings, 0: nothing is known */
	uint64_t last_state;
	struct u64map *adopted; /* pid -> when it was read in /proc */
};

int code_records_check(struct diag *diag)
{
	const struct perf_event_attr attr = perf_tracking_attr();
	int fd = perf_event_fd(&attr, -1, sched_getcpu(), diag);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Before Linux 6.0 events do not count what they lose. */
static int open_stream(struct code_records *records, struct diag *diag)
{
	struct perf_event_attr attr = perf_tracking_attr();
	int err;

	attr.read_format = PERF_FORMAT_LOST;
	err = perf_stream_open(&records->stream, &attr, PERF_EVERYBODY, RING_BYTES, diag);
	if (err != -EINVAL)
		return err;
	attr.read_format = 0;
	return perf_stream_open(&records->stream, &attr, PERF_EVERYBODY, RING_BYTES, diag);
}

int code_records_new(struct code_records **result, struct address_spaces *spaces, struct diag *diag)
{
	struct code_records *records = xcalloc(1, sizeof(*records));
	int err = open_stream(records, diag);

	if (err) {
		free(records);
		return err;
	}
	records->spaces = spaces;
	records->states = u64map_new();
	records->adopted = u64map_new();
	*result = records;
	return 0;
}

void code_records_free(struct code_records *records)
{
	if (!records)
		return;
	perf_stream_close(records->stream);
	u64map_free(records->states);
	u64map_free(records->adopted);
	free(records);
}

static void change(struct code_records *records, pid_t pid)
{
	*u64map_put(records->states, (uint32_t)pid, NULL) = ++records->last_state;
}

void code_records_adopt(struct code_records *records, pid_t pid)
{
	*u64map_put(records->adopted, (uint32_t)pid, NULL) = clock_now_ns();
	address_spaces_exec(records->spaces, pid);
	address_spaces_read_proc(records->spaces, pid);
	change(records, pid);
}

static bool is_known(const struct code_records *records, pid_t pid)
{
	const uint64_t *state = u64map_get(records->states, (uint32_t)pid);

	return state && *state;
}

/* What was read since tells of it, too. */
static bool is_stale(const struct code_records *records, const struct perf_record *record)
{
	const uint64_t *read_ns = u64map_get(records->adopted, (uint32_t)record->pid);

	return read_ns && record->time_ns < *read_ns;
}

static void apply(struct code_records *records, const struct perf_record *record)
{
	bool is_fork = record->type == PERF_RECORD_FORK;

	if (!is_known(records, is_fork ? record->parent_pid : record->pid))
		return;
	if (is_fork && record->pid != record->parent_pid) {
		address_spaces_fork(records->spaces, record->parent_pid, record->pid);
		change(records, record->pid);
	} else if (record->type == PERF_RECORD_MMAP2 && !is_stale(records, record)) {
		address_spaces_map(records->spaces, record->pid, record->addr, record->size_bytes,
		                   record->file_off, record->path, record->device, record->inode,
		                   record->executable);
		change(records, record->pid);
	} else if (record->type == PERF_RECORD_COMM && record->is_exec &&
	           !is_stale(records, record)) {
		address_spaces_exec(records->spaces, record->pid);
		change(records, record->pid);
	}
}

/* What was there when the stream began: that is enough when the time is older. */
static const struct perf_record *next_record(struct code_records *records, uint64_t until_ns)
{
	const struct perf_record *record = perf_stream_next(records->stream);

	if (record || records->horizon_ns > until_ns)
		return record;
	records->horizon_ns = clock_now_ns();
	perf_stream_begin(records->stream);
	return perf_stream_next(records->stream);
}

void code_records_apply(struct code_records *records, uint64_t until_ns)
{
	for (;;) {
		if (!records->pending)
			records->pending = next_record(records, until_ns);
		if (!records->pending || records->pending->time_ns > until_ns)
			return;
		apply(records, records->pending);
		records->pending = NULL;
	}
}

uint64_t code_records_state(struct code_records *records, pid_t pid)
{
	if (!is_known(records, pid))
		code_records_adopt(records, pid);
	return *u64map_get(records->states, (uint32_t)pid);
}

void code_records_end(struct code_records *records, pid_t pid)
{
	address_spaces_exit(records->spaces, pid);
	*u64map_put(records->states, (uint32_t)pid, NULL) = 0;
	*u64map_put(records->adopted, (uint32_t)pid, NULL) = 0;
}

uint64_t code_records_n_lost(const struct code_records *records)
{
	return perf_stream_n_lost(records->stream, 0);
}
