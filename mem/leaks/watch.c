/* Is told by a tracer how threads begin and end, and keeps what was found when processes did. */
#include "mem/leaks/watch.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/collector.h"
#include "core/diag.h"
#include "core/proc_file.h"
#include "core/recording.h"
#include "core/target/capability.h"
#include "core/trace/trace.h"
#include "core/trace/tracer.h"
#include "core/u64map.h"
#include "core/walk/mapped_files.h"
#include "mem/leaks/look.h"
#include "mem/leaks/mark.h"
#include "mem/leaks/scan.h"
#include "mem/leaks/scan_history.h"
#include "mem/leaks/self_tracers.h"
#include "mem/leaks/watched.h"
#include "mem/leaks/work_queue.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* While a process is held and not all of its threads have come. */
enum { TICK_NS = 5000000 };

/* What came of one process. */
struct finding {
	struct leak_watch *watch;
	pid_t pid;
	unsigned exec_number;
	struct leak_verdict verdict;
	struct leak_sight *sight; /* as long as the verdict has to be made of it */
	char *why_not;            /* NULL: the verdict holds */
	bool has_exit;            /* it ended after that, with wait_status */
	int wait_status;
};

struct leak_watch {
	struct leak_watch_settings settings;
	struct recording *objects; /* of the files */
	struct mapped_files *files;
	struct trace_plan plan;
	struct tracer *tracer; /* NULL: none runs */
	struct finding **findings;
	size_t n_findings;
	size_t findings_capacity;
	struct leak_set_ids set_ids;
	struct scan_history *history;
	uint64_t start_ns;
	/* Scans that the driver has not taken yet. */
	pthread_mutex_t mutex;
	struct leak_scan *scans;
	size_t n_scans;
	size_t scans_capacity;
	bool is_stopping;           /* the driver asks for them without being told */
	struct work_queue *work;    /* that can be done when a process has gone on */
	atomic_size_t copied_bytes; /* of what is to be judged */
	/* The tracer's. */
	struct self_tracers *self_tracers;
	struct scanner *scanner;
	bool may_gain;                /* programs do gain rights below us */
	struct u64map *processes;     /* pid -> struct watched *, or 0 */
	struct u64map *last_findings; /* pid -> struct finding * */
	size_t n_held;                /* processes of which some threads are held, and not let go */
};

static struct watched *find_process(const struct leak_watch *watch, pid_t pid)
{
	const uint64_t *value = u64map_get(watch->processes, (uint64_t)pid);

	return value ? (struct watched *)(uintptr_t)*value : NULL;
}

static struct watched *add_process(struct leak_watch *watch, pid_t pid, pid_t parent_pid)
{
	struct watched *process = watched_new(pid, parent_pid);

	*u64map_put(watch->processes, (uint64_t)pid, NULL) = (uintptr_t)process;
	return process;
}

static void forget_process(struct leak_watch *watch, struct watched *process)
{
	scanner_drop(watch->scanner, process);
	*u64map_put(watch->processes, (uint64_t)process->pid, NULL) = 0;
	watched_free(process);
}

static struct watched_thread *enter_thread(struct tracee *tracee, struct watched *process)
{
	struct watched_thread *thread = tracee->data = xcalloc(1, sizeof(*thread));

	thread->tracee = tracee;
	watched_enter(process, thread);
	return thread;
}

static struct finding *keep(struct leak_watch *watch, const struct watched *process,
                            struct leak_verdict verdict, const char *why_not)
{
	struct finding *finding = xcalloc(1, sizeof(*finding));

	*finding = (struct finding){.watch = watch,
	                            .pid = process->pid,
	                            .exec_number = process->exec_number,
	                            .verdict = verdict,
	                            .why_not = xstrdup(why_not)};
	*ARRAY_APPEND(watch->findings, watch->n_findings, watch->findings_capacity) = finding;
	*u64map_put(watch->last_findings, (uint64_t)process->pid, NULL) = (uintptr_t)finding;
	return finding;
}

/* In the thread of the work queue. */
static void judge_sight(struct leak_watch *watch, struct leak_sight *sight,
                        struct leak_verdict *verdict)
{
	size_t bytes = leak_sight_bytes(sight);

	leak_sight_judge(sight, verdict);
	atomic_fetch_sub(&watch->copied_bytes, bytes);
}

static void judge_finding(void *context)
{
	struct finding *finding = context;

	judge_sight(finding->watch, finding->sight, &finding->verdict);
	finding->sight = NULL;
}

/* Its own threads are held, and it may be that its memory is another process's too. */
static bool shares_memory(const struct watched *process)
{
	return process->shares_memory ||
	       (process->may_share_memory &&
	        syscall(SYS_kcmp, process->pid, process->parent_pid, KCMP_VM, 0, 0) == 0);
}

/* The threads that end by a call of their own have left their stacks. */
static size_t read_threads(const struct watched *process, struct leak_thread *threads)
{
	bool by_call = watched_ends_by_call(process);
	size_t n = 0;

	for (size_t i = 0; i < process->n_threads; i++) {
		struct leak_thread *thread = &threads[n];

		thread->tid = process->threads[i]->tracee->tid;
		/* As memcheck has it: registers count of those that another one ends. */
		thread->is_done = !by_call || process->threads[i]->fate == FATE_TOGETHER;
		n += !ptrace(PTRACE_GETREGS, thread->tid, NULL, &thread->registers);
	}
	return n;
}

static int by_end(const void *one, const void *other)
{
	uint64_t a = ((const struct leak_dead_stack *)one)->nth;
	uint64_t b = ((const struct leak_dead_stack *)other)->nth;

	return (a > b) - (a < b);
}

static struct leak_dead_stack *list_dead_stacks(const struct watched *process, size_t *n_stacks)
{
	struct leak_dead_stack *stacks =
	    xcalloc(u64map_count(process->dead_stacks) + 1, sizeof(*stacks));
	size_t position = 0;
	struct leak_dead_stack each;

	*n_stacks = 0;
	while (u64map_next(process->dead_stacks, &position, &each.sp, &each.nth))
		stacks[(*n_stacks)++] = each;
	qsort(stacks, *n_stacks, sizeof(*stacks), by_end);
	return stacks;
}

/* All its threads stand still. *sight: what is to be judged when they have gone on. */
static int look(struct leak_watch *watch, const struct watched *process, struct leak_sight **sight,
                struct leak_verdict *verdict, struct diag *diag)
{
	size_t limit = leak_copy_limit_bytes(), copied = atomic_load(&watch->copied_bytes);
	struct leak_thread *threads = xcalloc(process->n_threads, sizeof(*threads));
	struct leak_look what = {.pid = process->pid,
	                         .threads = threads,
	                         .heuristics = watch->settings.heuristics,
	                         .files = watch->files,
	                         .frees_kept = watch->settings.frees_kept};
	struct leak_dead_stack *stacks = list_dead_stacks(process, &what.n_dead_stacks);
	int err;

	what.dead_stacks = stacks;
	what.n_threads = read_threads(process, threads);
	err = leak_look_copy(&what, copied < limit ? limit - copied : 0, sight, verdict, diag);
	if (*sight)
		atomic_fetch_add(&watch->copied_bytes, leak_sight_bytes(*sight));
	free(threads);
	free(stacks);
	return err;
}

static void look_at_end(struct leak_watch *watch, const struct watched *process)
{
	struct leak_verdict verdict = {0};
	struct leak_sight *sight;
	struct finding *finding;
	struct diag diag = {0};
	int err = look(watch, process, &sight, &verdict, &diag);

	verdict.took_ns = clock_now_ns() - process->held_ns;
	if (err == -ENOENT)
		return;
	finding = keep(watch, process, verdict, err ? diag.text : NULL);
	finding->sight = sight;
	if (sight)
		work_queue_add(watch->work, judge_finding, finding);
}

static void look_in_between(void *context, struct watched *process, struct scanned_process *result)
{
	struct diag diag = {0};

	if (look(context, process, &result->sight, &result->verdict, &diag))
		result->why_not = xstrdup(diag.text);
}

/* A scan on its way to the driver. */
struct finished_scan {
	struct leak_watch *watch;
	struct leak_scan scan;
};

static void judge_scan(void *context)
{
	struct finished_scan *finished = context;
	struct leak_watch *watch = finished->watch;
	struct leak_scan *scan = &finished->scan;

	for (size_t i = 0; i < scan->n_processes; i++) {
		struct scanned_process *process = &scan->processes[i];

		if (process->sight)
			judge_sight(watch, process->sight, &process->verdict);
		process->sight = NULL;
	}
	pthread_mutex_lock(&watch->mutex);
	*ARRAY_APPEND(watch->scans, watch->n_scans, watch->scans_capacity) = *scan;
	if (!watch->is_stopping)
		tracer_ring(watch->tracer);
	pthread_mutex_unlock(&watch->mutex);
	free(finished);
}

static void hand_over_scan(void *context, struct leak_scan *scan)
{
	struct leak_watch *watch = context;
	struct finished_scan *finished = xcalloc(1, sizeof(*finished));

	*finished = (struct finished_scan){watch, *scan};
	work_queue_add(watch->work, judge_scan, finished);
}

/* They go to their end, or to that of the program. */
static void let_go(struct leak_watch *watch, struct watched *process)
{
	process->is_let_go = true;
	watch->n_held--;
	for (size_t i = 0; i < process->n_threads; i++)
		if (process->threads[i]->is_held)
			tracer_resume(watch->tracer, process->threads[i]->tracee->tid, 0);
}

static void give_up(struct leak_watch *watch, const struct watched *process, const char *why)
{
	struct leak_verdict verdict = {0};

	if (!leak_find_section(process->threads[0]->tracee->tid, &verdict.inode, &verdict.section))
		keep(watch, process, verdict, why);
}

static void settle(struct leak_watch *watch, struct watched *process, uint64_t now_ns)
{
	struct watched_thread *lone;
	enum watched_verdict verdict;

	while ((lone = watched_find_lone(process, now_ns))) {
		watched_bury(lone);
		watch->n_held -= !process->n_held;
		tracer_resume(watch->tracer, lone->tracee->tid, 0);
	}
	if (!process->n_held)
		return;
	verdict = watched_judge(process);
	if (verdict == WATCHED_WAIT)
		return;
	if (verdict == WATCHED_WHOLE && !shares_memory(process))
		look_at_end(watch, process);
	if (verdict == WATCHED_MISSED)
		give_up(watch, process,
		        "its first thread was killed during a scan, and ended unseen");
	let_go(watch, process);
}

static bool is_busy(void *context)
{
	const struct leak_watch *watch = context;

	return watch->n_held || scanner_is_busy(watch->scanner);
}

static void tick_while_busy(struct leak_watch *watch, bool was_busy)
{
	if (is_busy(watch) != was_busy)
		tracer_wake_every(watch->tracer, was_busy ? 0 : TICK_NS);
}

static void woken(void *context)
{
	struct leak_watch *watch = context;
	bool was_busy = is_busy(watch);
	size_t position = 0;
	uint64_t pid, value, now_ns = clock_now_ns();

	while (u64map_next(watch->processes, &position, &pid, &value)) {
		struct watched *process = (struct watched *)(uintptr_t)value;

		if (process && process->n_held && !process->is_let_go)
			settle(watch, process, now_ns);
		if (process && process->n_held && !process->is_let_go &&
		    watched_is_stuck(process)) {
			give_up(watch, process,
			        "a thread of it sleeps where it cannot be ended: it waits for a "
			        "disk, say");
			let_go(watch, process);
		}
	}
	scanner_tick(watch->scanner);
	tick_while_busy(watch, was_busy);
}

static void poked(void *context)
{
	struct leak_watch *watch = context;
	bool was_busy = is_busy(watch);

	if (tracer_has_begun(watch->tracer))
		scanner_begin(watch->scanner, watch->tracer, watch->processes);
	tick_while_busy(watch, was_busy);
}

static void thread_halts(void *context, struct tracee *tracee)
{
	struct leak_watch *watch = context;
	struct watched_thread *thread = tracee->data;
	bool was_busy = is_busy(watch);

	if (thread && thread->process)
		scanner_note_thread(watch->scanner, thread->process);
	tick_while_busy(watch, was_busy);
}

static bool thread_exits(void *context, struct tracee *tracee)
{
	struct leak_watch *watch = context;
	struct watched_thread *thread = tracee->data;
	struct watched *process = thread ? thread->process : NULL;
	bool was_busy = is_busy(watch);

	if (!process || process->is_let_go)
		return true;
	watch->n_held += !process->n_held;
	watched_hold(thread, tracer_stopped_ns(watch->tracer));
	if (thread->fate != FATE_ALONE)
		scanner_drop(watch->scanner, process);
	settle(watch, process, tracer_stopped_ns(watch->tracer));
	if (!thread->process)
		scanner_note_thread(watch->scanner, process);
	tick_while_busy(watch, was_busy);
	return false;
}

/* The process may be forgotten by now: where its first thread ended by itself, that is told last.
 */
static void process_ends(void *context, struct tracee *tracee, int wait_status)
{
	struct leak_watch *watch = context;
	const uint64_t *value = u64map_get(watch->last_findings, (uint64_t)tracee->pid);
	struct finding *finding = value ? (struct finding *)(uintptr_t)*value : NULL;

	/* One that has ended was another process of this number. */
	if (!finding || finding->has_exit)
		return;
	finding->has_exit = true;
	finding->wait_status = wait_status;
}

/* Killed, a thread that is held alone ends without being let go. */
static void thread_ends(void *context, struct tracee *tracee)
{
	struct leak_watch *watch = context;
	struct watched_thread *thread = tracee->data;
	struct watched *process = thread ? thread->process : NULL;
	bool was_busy = is_busy(watch);

	if (!process)
		return;
	if (thread->is_held && process->n_held == 1 && !process->is_let_go)
		watch->n_held--;
	watched_leave(thread);
	if (process->n_held && !process->is_let_go)
		settle(watch, process, clock_now_ns());
	if (process->n_threads)
		scanner_note_thread(watch->scanner, process);
	else
		forget_process(watch, process);
	tick_while_busy(watch, was_busy);
}

/* As if it had been executed untraced (execve(2)): file capabilities, or the bits of the owner. */
static bool should_have_gained(pid_t pid)
{
	char path[32], capability[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return !stat(path, &status) &&
	       ((status.st_mode & S_ISUID && status.st_uid != geteuid()) ||
	        (status.st_mode & S_ISGID && status.st_mode & S_IXGRP) ||
	        getxattr(path, "security.capability", capability, sizeof(capability)) > 0);
}

static void note_set_id(struct leak_watch *watch, pid_t pid)
{
	char *path = proc_file_link(pid, "exe");
	size_t length = path ? strlen(path) : 0, most = sizeof(watch->set_ids.first) - 1;

	if (!watch->set_ids.n++ && path)
		strcpy(watch->set_ids.first, path + (length > most ? length - most : 0));
	free(path);
}

/* The program was given our library. What cannot be read is taken to be so. */
static bool may_record(const struct leak_watch *watch, pid_t pid)
{
	static const char name[] = "LD_PRELOAD=";
	char path[32], *variable = NULL;
	bool may_record = !watch->settings.library;
	size_t room = 0;
	FILE *environment;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	environment = fopen(path, "re");
	while (environment && !may_record && getdelim(&variable, &room, 0, environment) > 0)
		may_record = !strncmp(variable, name, strlen(name)) &&
		             strstr(variable, watch->settings.library);
	if (environment)
		fclose(environment);
	free(variable);
	return may_record || !environment;
}

static void program_begins(void *context, struct tracee *tracee, const char *command, bool is_first)
{
	struct leak_watch *watch = context;
	struct watched *process = find_process(watch, tracee->pid);

	(void)command;
	if (is_first)
		process = add_process(watch, tracee->pid, 0);
	else if (process)
		process->exec_number++;
	if (!tracee->data && process)
		enter_thread(tracee, process);
	if (process) {
		scanner_drop(watch->scanner, process);
		watched_begin_program(process);
	}
	if (!watch->may_gain && should_have_gained(tracee->pid))
		note_set_id(watch, tracee->pid);
	if (!may_record(watch, tracee->pid) || self_tracers_has(watch->self_tracers, tracee->pid))
		tracer_let_go(tracee);
}

static void child_begins(void *context, const struct tracee *parent, struct tracee *child,
                         uint64_t flags)
{
	struct leak_watch *watch = context;
	struct watched *process = find_process(watch, child->pid);
	const struct watched *maker = find_process(watch, parent->pid);

	if (!process)
		process = add_process(watch, child->pid, parent->pid);
	if (!child->data)
		enter_thread(child, process);
	scanner_halt_new(watch->scanner, process, child);
	if (flags & CLONE_THREAD)
		return;
	process->shares_memory = flags & CLONE_VM;
	if (maker && !process->shares_memory)
		watched_inherit(process, maker);
}

static void orphan_begins(void *context, struct tracee *child, pid_t parent_pid)
{
	struct leak_watch *watch = context;
	struct watched *process = find_process(watch, child->pid);

	if (!process) {
		process = add_process(watch, child->pid, parent_pid);
		process->may_share_memory = true;
	}
	enter_thread(child, process);
	scanner_halt_new(watch->scanner, process, child);
}

static void free_maps(struct leak_watch *watch)
{
	u64map_free(watch->processes);
	u64map_free(watch->last_findings);
	watch->processes = watch->last_findings = NULL;
}

static void tracing_ends(void *context)
{
	struct leak_watch *watch = context;
	size_t position = 0;
	uint64_t pid, process;

	while (u64map_next(watch->processes, &position, &pid, &process))
		watched_free((struct watched *)(uintptr_t)process);
	free_maps(watch);
}

static const struct trace_client client = {
    .program_begins = program_begins,
    .child_begins = child_begins,
    .orphan_begins = orphan_begins,
    .thread_exits = thread_exits,
    .process_ends = process_ends,
    .thread_ends = thread_ends,
    .thread_halts = thread_halts,
    .poked = poked,
    .woken = woken,
    .is_busy = is_busy,
    .tracing_ends = tracing_ends,
};

static void forget_findings(struct leak_watch *watch)
{
	for (size_t i = 0; i < watch->n_findings; i++) {
		leak_verdict_fini(&watch->findings[i]->verdict);
		free(watch->findings[i]->why_not);
		free(watch->findings[i]);
	}
	watch->n_findings = 0;
	for (size_t i = 0; i < watch->n_scans; i++)
		leak_scan_fini(&watch->scans[i]);
	watch->n_scans = 0;
	scan_history_free(watch->history);
	watch->history = NULL;
}

struct leak_watch *leak_watch_new(const struct leak_watch_settings *settings)
{
	static const struct value_type type = {"space", "bytes"};
	struct leak_watch *watch = xcalloc(1, sizeof(*watch));

	const struct scan_client scans = {
	    .look = look_in_between, .ends = hand_over_scan, .context = watch};

	watch->settings = *settings;
	watch->objects = recording_new(&type, 1);
	watch->files = mapped_files_new(watch->objects);
	watch->scanner = scanner_new(&scans);
	watch->work = work_queue_new();
	watch->self_tracers = self_tracers_new();
	pthread_mutex_init(&watch->mutex, NULL);
	trace_plan_init(&watch->plan, false);
	return watch;
}

void leak_watch_free(struct leak_watch *watch)
{
	if (!watch)
		return;
	leak_watch_stop(watch);
	forget_findings(watch);
	free(watch->findings);
	free(watch->scans);
	scanner_free(watch->scanner);
	mapped_files_free(watch->files);
	recording_free(watch->objects);
	work_queue_free(watch->work);
	self_tracers_free(watch->self_tracers);
	pthread_mutex_destroy(&watch->mutex);
	trace_plan_fini(&watch->plan);
	free(watch);
}

int leak_watch_start(struct leak_watch *watch, const struct repeat *repeat, struct diag *diag)
{
	struct trace_spec spec = {
	    .repeat = repeat,
	    .plan = &watch->plan,
	    .client = &client,
	    .context = watch,
	    .client_fd = -1,
	};
	int err;

	forget_findings(watch);
	watch->n_held = 0;
	watch->is_stopping = false;
	watch->history = scan_history_new();
	watch->start_ns = repeat->start_ns;
	watch->set_ids = (struct leak_set_ids){0};
	watch->may_gain = capability_is_held(CAP_SYS_PTRACE);
	watch->processes = u64map_new();
	watch->last_findings = u64map_new();
	err = trace_start(&watch->tracer, &spec, diag);
	if (err) {
		watch->tracer = NULL;
		free_maps(watch);
	}
	return err;
}

int leak_watch_fd(const struct leak_watch *watch)
{
	return trace_fd(watch->tracer);
}

int leak_watch_step(struct leak_watch *watch, struct diag *diag)
{
	return trace_step(watch->tracer, diag);
}

void leak_watch_scan(struct leak_watch *watch)
{
	trace_poke(watch->tracer);
}

char *leak_watch_news(struct leak_watch *watch)
{
	struct leak_scan scan = {0};
	bool has_one;

	pthread_mutex_lock(&watch->mutex);
	has_one = watch->n_scans;
	if (has_one) {
		scan = watch->scans[0];
		watch->n_scans--;
		memmove(watch->scans, watch->scans + 1, watch->n_scans * sizeof(scan));
	}
	pthread_mutex_unlock(&watch->mutex);
	return has_one ? scan_history_add(watch->history, &scan, watch->start_ns) : NULL;
}

struct scan_history *leak_watch_take_scans(struct leak_watch *watch)
{
	struct scan_history *history = watch->history;

	watch->history = NULL;
	return history;
}

bool leak_watch_has_target(const struct leak_watch *watch)
{
	return trace_has_target(watch->tracer);
}

bool leak_watch_target_ended(const struct leak_watch *watch, struct target_end *end)
{
	return trace_target_ended(watch->tracer, end);
}

void leak_watch_stop(struct leak_watch *watch)
{
	pthread_mutex_lock(&watch->mutex);
	watch->is_stopping = true;
	pthread_mutex_unlock(&watch->mutex);
	trace_stop(watch->tracer, NULL);
	watch->tracer = NULL;
	work_queue_finish(watch->work);
}

struct leak_set_ids leak_watch_set_ids(const struct leak_watch *watch)
{
	return watch->set_ids;
}

static const struct finding *find_by_section(const struct leak_watch *watch,
                                             const struct leak_image *image)
{
	for (size_t i = 0; i < watch->n_findings; i++) {
		const struct leak_verdict *verdict = &watch->findings[i]->verdict;

		if (verdict->section != LEAK_NO_SECTION && verdict->section == image->section &&
		    verdict->inode == image->inode)
			return watch->findings[i];
	}
	return NULL;
}

/* Where a process records is not known when it has damaged that, or keeps it from us. */
static const struct finding *find_by_process(const struct leak_watch *watch,
                                             const struct leak_image *image)
{
	for (size_t i = 0; i < watch->n_findings; i++) {
		const struct finding *finding = watch->findings[i];
		const struct leak_verdict *verdict = &finding->verdict;

		if (verdict->section == LEAK_NO_SECTION && finding->pid == image->pid &&
		    finding->exec_number == image->exec_number &&
		    (!verdict->inode || verdict->inode == image->inode))
			return finding;
	}
	return NULL;
}

struct leak_ending leak_watch_ending(const struct leak_watch *watch, const struct leak_image *image)
{
	const struct finding *finding = find_by_section(watch, image);

	if (!finding)
		finding = find_by_process(watch, image);
	if (!finding)
		return (struct leak_ending){.verdict = NULL};
	return (struct leak_ending){
	    .verdict = finding->why_not ? NULL : &finding->verdict,
	    .why_not = finding->why_not,
	    .has_exit = finding->has_exit,
	    .wait_status = finding->wait_status,
	};
}
