/* Records of several threads come once each, whatever events their threads have inherited. */
#include "core/perf/stream.h"

#include "core/diag.h"
#include "core/perf/proc_scan.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum { N_NAMES = 50 };

static pthread_barrier_t made, watched;
static pid_t child_tid;

static pid_t own_tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static void take_names(const char *prefix)
{
	for (int i = 0; i < N_NAMES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%s%d", prefix, i);
		prctl(PR_SET_NAME, name);
	}
}

static void *grandchild(void *argument)
{
	take_names("grand");
	return argument;
}

static void *child(void *argument)
{
	pthread_t thread;

	child_tid = own_tid();
	pthread_barrier_wait(&made);
	pthread_barrier_wait(&watched);
	take_names("child");
	pthread_create(&thread, NULL, grandchild, NULL);
	pthread_join(thread, NULL);
	return argument;
}

static struct perf_event_attr naming_attr(void)
{
	return (struct perf_event_attr){
	    .type = PERF_TYPE_SOFTWARE,
	    .config = PERF_COUNT_SW_DUMMY,
	    .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ID,
	    .sample_id_all = 1,
	    .inherit = 1,
	    .comm = 1,
	    .task = 1,
	    .exclude_kernel = 1,
	    .exclude_hv = 1,
	    .disabled = 1,
	};
}

/* How many names with the prefix were taken, and that they came in their order. */
static int count_names(const char *const names[], int n_names, const char *prefix)
{
	int count = 0;

	for (int i = 0; i < n_names; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%s%d", prefix, count);
		count += !strcmp(names[i], name);
	}
	return count;
}

static void a_thread_that_has_an_event_twice_gives_each_record_once(void **state)
{
	enum { RING_BYTES = 1 << 16, MAX_RECORDS = 1000 };
	static char texts[MAX_RECORDS][16];
	const char *names[MAX_RECORDS];
	struct perf_event_attr attr = naming_attr();
	const struct perf_record *record;
	struct perf_stream *stream;
	struct diag diag = {0};
	pthread_t thread;
	int n_records = 0;

	(void)state;
	if (perf_stream_open(&stream, &attr, PERF_NOBODY, RING_BYTES, &diag) < 0) {
		print_message("# %s\n", diag.text);
		skip();
	}
	assert_int_equal(perf_stream_watch(stream, 0, own_tid(), &diag), 0);
	pthread_barrier_init(&made, NULL, 2);
	pthread_barrier_init(&watched, NULL, 2);
	pthread_create(&thread, NULL, child, NULL);
	pthread_barrier_wait(&made);
	assert_int_equal(perf_stream_watch(stream, 0, child_tid, &diag), 0);
	perf_stream_start(stream, 0);
	pthread_barrier_wait(&watched);
	pthread_join(thread, NULL);
	perf_stream_stop(stream);
	perf_stream_begin_last(stream);
	while ((record = perf_stream_next(stream)))
		if (record->type == PERF_RECORD_COMM && n_records < MAX_RECORDS) {
			snprintf(texts[n_records], sizeof(texts[0]), "%s", record->path);
			names[n_records] = texts[n_records];
			n_records++;
		}
	assert_int_equal(count_names(names, n_records, "child"), N_NAMES);
	assert_int_equal(count_names(names, n_records, "grand"), N_NAMES);
	assert_int_equal(n_records, 2 * N_NAMES);
	assert_true(perf_stream_saw_twice(stream));
	perf_stream_close(stream);
}

static void a_thread_that_has_ended_cannot_be_watched(void **state)
{
	struct perf_event_attr attr = naming_attr();
	struct perf_stream *stream;
	struct diag diag = {0};

	(void)state;
	if (perf_stream_open(&stream, &attr, PERF_NOBODY, 4096, &diag) < 0) {
		print_message("%s\n", diag.text);
		skip();
	}
	assert_int_equal(perf_stream_watch(stream, 0, child_tid, &diag), -ESRCH);
	perf_stream_close(stream);
}

static void count_thread(void *context, pid_t tid)
{
	*(int *)context += tid == own_tid();
}

static void proc_tells_of_threads_and_their_names(void **state)
{
	struct proc_state self;
	int n_own = 0;
	char comm[16];

	(void)state;
	prctl(PR_SET_NAME, "a (b) c\nd");
	assert_true(proc_scan_comm(own_tid(), comm));
	assert_string_equal(comm, "a (b) c\nd");
	assert_int_equal(proc_scan_threads(getpid(), count_thread, &n_own), 1);
	assert_int_equal(n_own, 1);
	assert_true(proc_scan_state(getpid(), &self));
	assert_int_equal(self.parent_pid, getppid());
	assert_false(proc_scan_comm(child_tid, comm));
	assert_int_equal(proc_scan_threads(child_tid, count_thread, &n_own), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_thread_that_has_an_event_twice_gives_each_record_once),
	    cmocka_unit_test(a_thread_that_has_ended_cannot_be_watched),
	    cmocka_unit_test(proc_tells_of_threads_and_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
