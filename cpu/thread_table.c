/* Writes the table of threads: running, blocked, preempted, starting, unknown; their sum is the
 * time that a thread lived. */
#include "cpu/thread_table.h"

#include "cpu/followed.h"
#include "cpu/waits.h"

#include "core/alloc.h"
#include "core/number_text.h"
#include "core/recording.h"
#include "core/u64map.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>

enum { MAX_ROWS = 100 };

static int compare_threads(const void *a, const void *b)
{
	const struct thread_time *x = *(const struct thread_time *const *)a;
	const struct thread_time *y = *(const struct thread_time *const *)b;

	if (x->wait_ns[WAIT_BLOCKED] != y->wait_ns[WAIT_BLOCKED])
		return x->wait_ns[WAIT_BLOCKED] < y->wait_ns[WAIT_BLOCKED] ? 1 : -1;
	return (x->first_ns > y->first_ns) - (x->first_ns < y->first_ns);
}

static const struct thread_time **sort(const struct waits *waits)
{
	size_t n = waits_n_threads(waits);
	const struct thread_time **sorted = xcalloc(n, sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		sorted[i] = waits_thread(waits, i);
	if (n)
		qsort(sorted, n, sizeof(*sorted), compare_threads);
	return sorted;
}

/* (pid, tid) -> index + 1 of the recorded thread with its last name. */
static struct u64map *find_names(const struct recording *recording)
{
	struct u64map *names = u64map_new();

	for (size_t i = 0; i < recording_n_threads(recording); i++) {
		const struct recorded_thread *thread = recording_thread(recording, (uint32_t)i);

		*u64map_put(names, (uint64_t)(uint32_t)thread->pid << 32 | (uint32_t)thread->tid,
		            NULL) = i + 1;
	}
	return names;
}

static const char *name_of(const struct recording *recording, const struct u64map *names,
                           struct followed *followed, const struct thread_time *time)
{
	uint64_t *index =
	    u64map_get(names, (uint64_t)(uint32_t)time->pid << 32 | (uint32_t)time->tid);
	const char *name = "";

	if (index)
		name = recording_thread(recording, (uint32_t)(*index - 1))->comm;
	else if (followed)
		name = followed_name(followed, time->tid);
	return *name ? name : "?";
}

static void write_row(const struct thread_time *time, const char *name, FILE *out)
{
	fprintf(out,
	        "# %-15s %8d %8d  %11.6f %11.6f %9" PRIu64 " %11.6f %9" PRIu64 " %11.6f %11.6f\n",
	        name, time->pid, time->tid, (double)time->running_ns / 1e9,
	        (double)time->wait_ns[WAIT_BLOCKED] / 1e9, time->n_waits[WAIT_BLOCKED],
	        (double)time->wait_ns[WAIT_PREEMPTED] / 1e9, time->n_waits[WAIT_PREEMPTED],
	        (double)time->starting_ns / 1e9, (double)time->unknown_ns / 1e9);
}

void thread_table_write(const struct waits *waits, const struct recording *recording,
                        struct followed *followed, FILE *out)
{
	size_t n = waits_n_threads(waits);
	const struct thread_time **sorted = sort(waits);
	struct u64map *names = find_names(recording);

	fprintf(
	    out,
	    "#\n# Threads, in seconds; running + blocked + preempted + starting + unknown is the "
	    "time a thread lived\n#\n"
	    "# %-15s %8s %8s  %11s %11s %9s %11s %9s %11s %11s\n",
	    "Command", "Pid", "Tid", "Running", "Blocked", "Waits", "Preempted", "Times",
	    "Starting", "Unknown");
	for (size_t i = 0; i < n && i < MAX_ROWS; i++)
		write_row(sorted[i], name_of(recording, names, followed, sorted[i]), out);
	if (n > MAX_ROWS)
		fprintf(out, "# and %s more, blocked for less time\n",
		        counted_text_of(n - MAX_ROWS, "thread").text);
	u64map_free(names);
	free(sorted);
}
