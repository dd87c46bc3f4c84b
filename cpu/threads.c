/* Keeps the present name of each thread. */
#include "cpu/threads.h"

#include "core/alloc.h"
#include "core/recording.h"
#include "core/u64map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct thread {
	char comm[16];
	pid_t pid;         /* of the process it was recorded in */
	uint32_t recorded; /* index + 1 in the recording; 0: not yet under this name */
};

struct thread_names {
	struct recording *recording;
	struct u64map *by_tid; /* tid -> index + 1 */
	struct thread *threads;
	size_t n_threads;
	size_t capacity;
};

struct thread_names *thread_names_new(struct recording *recording)
{
	struct thread_names *names = xcalloc(1, sizeof(*names));

	names->recording = recording;
	names->by_tid = u64map_new();
	return names;
}

void thread_names_free(struct thread_names *names)
{
	if (!names)
		return;
	u64map_free(names->by_tid);
	free(names->threads);
	free(names);
}

static struct thread *find(struct thread_names *names, pid_t tid)
{
	uint64_t *index = u64map_put(names->by_tid, (uint32_t)tid, NULL);

	if (!*index) {
		ARRAY_APPEND(names->threads, names->n_threads, names->capacity);
		*index = names->n_threads;
	}
	return &names->threads[*index - 1];
}

void thread_names_set(struct thread_names *names, pid_t tid, const char *comm)
{
	struct thread *thread = find(names, tid);

	snprintf(thread->comm, sizeof(thread->comm), "%s", comm);
	thread->recorded = 0;
}

void thread_names_fork(struct thread_names *names, pid_t parent_tid, pid_t tid)
{
	char comm[16];

	memcpy(comm, find(names, parent_tid)->comm, sizeof(comm));
	thread_names_set(names, tid, comm);
}

const char *thread_names_get(struct thread_names *names, pid_t tid)
{
	return find(names, tid)->comm;
}

uint32_t thread_names_recorded(struct thread_names *names, pid_t pid, pid_t tid)
{
	struct thread *thread = find(names, tid);

	if (!thread->recorded || thread->pid != pid) {
		thread->pid = pid;
		thread->recorded =
		    recording_add_thread(names->recording, pid, tid, thread->comm) + 1;
	}
	return thread->recorded - 1;
}
