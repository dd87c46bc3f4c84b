/* Follows the target's processes by perf's task records, or by /proc where perf is refused. */
#include "core/perf/process_tree.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/diag.h"
#include "core/perf/proc_scan.h"
#include "core/perf/stream.h"
#include "core/u64map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct process {
	pid_t pid;
	size_t image; /* the present one */
	unsigned n_threads;
	uint64_t start_ticks; /* by /proc only */
};

/* An image whose arguments are not in place yet: exec names the process before it has set up its
 * memory. */
struct pending_command {
	size_t image;
	unsigned n_tries;
};

struct comm {
	char text[16];
};

struct process_tree {
	struct perf_stream *stream; /* NULL: /proc is read */
	int timer_fd;               /* for pending commands, or for reading /proc */
	int epoll_fd;               /* of both */
	pid_t target;
	bool target_ran; /* its exec was seen */
	bool lost_records;
	uint64_t run_start_ns;
	struct process *processes; /* those that ended too */
	size_t n_processes;
	size_t processes_capacity;
	struct u64map *by_pid; /* pid -> index + 1 of the latest with that pid */
	struct process_image *images;
	size_t n_images;
	size_t images_capacity;
	struct u64map *comm_of;  /* thread id -> index of its name */
	struct u64map *comm_ids; /* hash of a name -> its index + 1 */
	struct comm *comms;
	size_t n_comms;
	size_t comms_capacity;
	struct pending_command *pending;
	size_t n_pending;
	size_t pending_capacity;
};

enum {
	SCAN_EVERY_NS = 250000000,
	COMMAND_AFTER_NS =
	    500000, /* exec needs about as long between naming the process and running it */
	COMMAND_TRIES = 10,
	MAX_NAMED_THREADS = 1 << 16, /* 1 MB: a run may be long */
};

/* Time since the start of the run. */
static uint64_t run_time(const struct process_tree *tree, uint64_t time_ns)
{
	return time_ns > tree->run_start_ns ? time_ns - tree->run_start_ns : 0;
}

static struct process *find_process(struct process_tree *tree, pid_t pid)
{
	uint64_t *index = u64map_get(tree->by_pid, (uint32_t)pid);

	return index ? &tree->processes[*index - 1] : NULL;
}

static struct process_image *image_of(struct process_tree *tree, const struct process *process)
{
	return &tree->images[process->image];
}

static void set_comm(struct process_image *image, const char *comm)
{
	snprintf(image->comm, sizeof(image->comm), "%s", comm);
}

/* The index of a name; there are few. */
static size_t intern_comm(struct process_tree *tree, const char *text)
{
	struct comm comm = {""};
	uint64_t halves[2], hash;

	snprintf(comm.text, sizeof(comm.text), "%s", text);
	memcpy(halves, comm.text, sizeof(halves));
	for (hash = u64_mix(halves[0], halves[1]);; hash++) {
		uint64_t *id = u64map_put(tree->comm_ids, hash, NULL);

		if (!*id) {
			*ARRAY_APPEND(tree->comms, tree->n_comms, tree->comms_capacity) = comm;
			*id = tree->n_comms;
		}
		if (!memcmp(&tree->comms[*id - 1], &comm, sizeof(comm)))
			return *id - 1;
	}
}

static void name_thread(struct process_tree *tree, pid_t tid, size_t comm)
{
	if (u64map_count(tree->comm_of) < MAX_NAMED_THREADS ||
	    u64map_get(tree->comm_of, (uint32_t)tid))
		*u64map_put(tree->comm_of, (uint32_t)tid, NULL) = comm;
}

/* A thread or process that is forked has the name of the thread that forked it. */
static void inherit_comm(struct process_tree *tree, pid_t tid, pid_t parent)
{
	const uint64_t *comm = u64map_get(tree->comm_of, (uint32_t)parent);

	if (comm)
		name_thread(tree, tid, *comm);
}

static struct process *add_process(struct process_tree *tree, pid_t pid, pid_t parent,
                                   uint64_t time_ns)
{
	struct process *process =
	    ARRAY_APPEND(tree->processes, tree->n_processes, tree->processes_capacity);
	struct process_image *image =
	    ARRAY_APPEND(tree->images, tree->n_images, tree->images_capacity);
	struct process *forked_from = find_process(tree, parent);

	image->pid = pid;
	image->parent_pid = parent;
	image->start_ns = run_time(tree, time_ns);
	if (forked_from) {
		memcpy(image->comm, image_of(tree, forked_from)->comm, sizeof(image->comm));
		image->command = xstrdup(image_of(tree, forked_from)->command);
	}
	process->pid = pid;
	process->image = tree->n_images - 1;
	process->n_threads = 1;
	*u64map_put(tree->by_pid, (uint32_t)pid, NULL) = tree->n_processes;
	return process;
}

static void end_image(struct process_tree *tree, struct process *process, uint64_t time_ns)
{
	struct process_image *image = image_of(tree, process);

	image->ended = true;
	image->end_ns = run_time(tree, time_ns);
}

static void set_timer(struct process_tree *tree, long first_ns, long every_ns)
{
	struct itimerspec times = {.it_value.tv_nsec = first_ns, .it_interval.tv_nsec = every_ns};

	timerfd_settime(tree->timer_fd, 0, &times, NULL);
}

/* NULL where the process has gone, or has run the next exec, whose record we have not seen yet. */
static char *command_of(const struct process_image *image)
{
	char *command = proc_scan_command(image->pid);
	struct proc_state state;

	if (command && proc_scan_state(image->pid, &state) && !strcmp(state.comm, image->comm))
		return command;
	free(command);
	return NULL;
}

/* Now, for the process may soon be gone; later where exec has only named it yet. */
static void read_command(struct process_tree *tree, size_t image)
{
	tree->images[image].command = command_of(&tree->images[image]);
	if (tree->images[image].command)
		return;
	ARRAY_APPEND(tree->pending, tree->n_pending, tree->pending_capacity)->image = image;
	set_timer(tree, COMMAND_AFTER_NS, 0);
}

static void read_commands(struct process_tree *tree)
{
	size_t n_left = 0;

	for (size_t i = 0; i < tree->n_pending; i++) {
		struct pending_command wanted = tree->pending[i];
		struct process_image *image = &tree->images[wanted.image];

		if (!image->ended)
			image->command = command_of(image);
		if (!image->ended && !image->command && ++wanted.n_tries < COMMAND_TRIES)
			tree->pending[n_left++] = wanted;
	}
	tree->n_pending = n_left;
	if (n_left)
		set_timer(tree, COMMAND_AFTER_NS, 0);
}

static void start_image(struct process_tree *tree, struct process *process, const char *comm,
                        uint64_t time_ns)
{
	struct process_image *image = image_of(tree, process);

	if (process->pid == tree->target && !tree->target_ran) {
		tree->target_ran = true;
	} else {
		struct process_image before = *image;

		end_image(tree, process, time_ns);
		image = ARRAY_APPEND(tree->images, tree->n_images, tree->images_capacity);
		image->pid = before.pid;
		image->parent_pid = before.parent_pid;
		image->exec_number = before.exec_number + 1;
		process->image = tree->n_images - 1;
	}
	image->start_ns = run_time(tree, time_ns);
	set_comm(image, comm);
	read_command(tree, process->image);
	process->n_threads = 1; /* exec ended the others */
}

static void on_fork(struct process_tree *tree, const struct perf_record *record)
{
	struct process *process = find_process(tree, record->pid);

	inherit_comm(tree, record->tid, record->parent_tid);
	if (record->pid != record->parent_pid)
		add_process(tree, record->pid, record->parent_pid, record->time_ns);
	else if (process)
		process->n_threads++;
}

static void on_exit_record(struct process_tree *tree, const struct perf_record *record)
{
	struct process *process = find_process(tree, record->pid);

	if (!process || process->n_threads == 0)
		return;
	if (--process->n_threads == 0)
		end_image(tree, process, record->time_ns);
}

static void on_comm(struct process_tree *tree, const struct perf_record *record)
{
	struct process *process = find_process(tree, record->pid);

	if (!process)
		return;
	name_thread(tree, record->tid, intern_comm(tree, record->path));
	if (record->is_exec)
		start_image(tree, process, record->path, record->time_ns);
	else if (record->pid == record->tid) /* the first thread's name is the process's */
		set_comm(image_of(tree, process), record->path);
}

static void on_lost(struct process_tree *tree, const struct perf_record *record)
{
	(void)record;
	tree->lost_records = true;
}

static void (*const handlers[PERF_RECORD_MAX])(struct process_tree *,
                                               const struct perf_record *) = {
    [PERF_RECORD_FORK] = on_fork,
    [PERF_RECORD_EXIT] = on_exit_record,
    [PERF_RECORD_COMM] = on_comm,
    [PERF_RECORD_LOST] = on_lost,
};

static void read_records(struct process_tree *tree)
{
	const struct perf_record *record;

	perf_stream_begin(tree->stream);
	while ((record = perf_stream_next(tree->stream)))
		if (record->type < PERF_RECORD_MAX && handlers[record->type])
			handlers[record->type](tree, record);
}

struct scan {
	struct process_tree *tree;
	pid_t parent;
	uint64_t time_ns;
};

static void scan_child(void *context, pid_t child)
{
	struct scan *scan = context;
	struct process *known = find_process(scan->tree, child);
	struct proc_state state;

	if (!proc_scan_state(child, &state) || state.is_zombie)
		return;
	if (known && known->start_ticks == state.start_ticks)
		return;
	add_process(scan->tree, child, scan->parent, scan->time_ns)->start_ticks =
	    state.start_ticks;
}

/* What /proc says of one process that had not ended when it was last read. */
static void scan_process(struct process_tree *tree, struct process *process, uint64_t time_ns)
{
	struct process_image *image = image_of(tree, process);
	struct proc_state state;

	if (!proc_scan_state(process->pid, &state) || state.is_zombie ||
	    state.start_ticks != process->start_ticks) {
		end_image(tree, process, time_ns);
		return;
	}
	memcpy(image->comm, state.comm, sizeof(image->comm));
	free(image->command);
	image->command = proc_scan_command(process->pid);
}

static void scan_proc(struct process_tree *tree)
{
	struct scan scan = {.tree = tree, .time_ns = clock_now_ns()};

	for (size_t i = 0; i < tree->n_processes; i++) {
		if (image_of(tree, &tree->processes[i])->ended)
			continue;
		scan_process(tree, &tree->processes[i], scan.time_ns);
		scan.parent = tree->processes[i].pid;
		proc_scan_children(scan.parent, scan_child, &scan);
	}
}

static int open_stream(struct process_tree *tree, struct diag *diag)
{
	/* exclude_kernel: the event counts nothing, and with it no rights are asked for. */
	struct perf_event_attr attr = {
	    .type = PERF_TYPE_SOFTWARE,
	    .config = PERF_COUNT_SW_DUMMY,
	    .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
	    .sample_id_all = 1,
	    .inherit = 1,
	    .task = 1,
	    .comm = 1,
	    .comm_exec = 1,
	    .exclude_kernel = 1,
	    .exclude_hv = 1,
	    .wakeup_watermark = 1, /* at once: /proc/PID/cmdline lives as long as the process */
	};
	enum { RING_BYTES = 1 << 16 }; /* more than a thousand records */

	return perf_stream_open(&tree->stream, &attr, tree->target, RING_BYTES, diag);
}

/* One descriptor to wait for: the timer, and the records where there are any. */
static int open_wait(struct process_tree *tree, struct diag *diag)
{
	struct epoll_event wanted = {.events = EPOLLIN};

	tree->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	tree->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (tree->timer_fd < 0 || tree->epoll_fd < 0 ||
	    epoll_ctl(tree->epoll_fd, EPOLL_CTL_ADD, tree->timer_fd, &wanted) < 0 ||
	    (tree->stream &&
	     epoll_ctl(tree->epoll_fd, EPOLL_CTL_ADD, perf_stream_fd(tree->stream), &wanted) < 0))
		return diag_fail(diag, errno, "cannot wait for process events: %s",
		                 strerror(errno));
	if (!tree->stream)
		set_timer(tree, SCAN_EVERY_NS, SCAN_EVERY_NS);
	return 0;
}

int process_tree_new(struct process_tree **tree, pid_t target, uint64_t run_start_ns,
                     struct diag *diag)
{
	struct process_tree *made = xcalloc(1, sizeof(*made));
	struct proc_state state;
	int err;

	made->timer_fd = -1;
	made->epoll_fd = -1;
	made->target = target;
	made->run_start_ns = run_start_ns;
	made->by_pid = u64map_new();
	made->comm_of = u64map_new();
	made->comm_ids = u64map_new();
	if (!proc_scan_state(target, &state)) {
		process_tree_free(made);
		return diag_fail(diag, ESRCH, "the process %d has ended", target);
	}
	open_stream(made, diag); /* refused: there is /proc, and process_tree_is_complete() tells */
	err = open_wait(made, diag);
	if (err) {
		process_tree_free(made);
		return err;
	}
	add_process(made, target, 0, run_start_ns)->start_ticks = state.start_ticks;
	*tree = made;
	return 0;
}

void process_tree_free(struct process_tree *tree)
{
	if (!tree)
		return;
	perf_stream_close(tree->stream);
	if (tree->timer_fd >= 0)
		close(tree->timer_fd);
	if (tree->epoll_fd >= 0)
		close(tree->epoll_fd);
	for (size_t i = 0; i < tree->n_images; i++)
		free(tree->images[i].command);
	u64map_free(tree->by_pid);
	u64map_free(tree->comm_of);
	u64map_free(tree->comm_ids);
	free(tree->comms);
	free(tree->pending);
	free(tree->images);
	free(tree->processes);
	free(tree);
}

int process_tree_fd(const struct process_tree *tree)
{
	return tree ? tree->epoll_fd : -1;
}

void process_tree_step(struct process_tree *tree)
{
	uint64_t n_ticks;
	bool timer_fired;

	if (!tree)
		return;
	timer_fired = read(tree->timer_fd, &n_ticks, sizeof(n_ticks)) > 0;

	if (!tree->stream) {
		scan_proc(tree);
		return;
	}
	read_records(tree);
	if (timer_fired)
		read_commands(tree);
}

bool process_tree_is_complete(const struct process_tree *tree)
{
	return !tree || (tree->stream && !tree->lost_records);
}

size_t process_tree_n_alive(struct process_tree *tree)
{
	size_t n_alive = 0;

	process_tree_step(tree);
	for (size_t i = 0; tree && i < tree->n_processes; i++)
		if (tree->processes[i].pid != tree->target &&
		    !image_of(tree, &tree->processes[i])->ended)
			n_alive++;
	return n_alive;
}

size_t process_tree_n_images(const struct process_tree *tree)
{
	return tree ? tree->n_images : 0;
}

const struct process_image *process_tree_image(const struct process_tree *tree, size_t i)
{
	return &tree->images[i];
}

const struct process_image *process_tree_image_at(const struct process_tree *tree, pid_t pid,
                                                  uint64_t time_ns)
{
	for (size_t i = process_tree_n_images(tree); i-- > 0;)
		if (tree->images[i].pid == pid &&
		    tree->images[i].start_ns <= run_time(tree, time_ns))
			return &tree->images[i];
	return NULL;
}

const char *process_tree_thread_comm(const struct process_tree *tree, pid_t tid)
{
	const uint64_t *comm;

	if (!tree || !tree->stream || tree->lost_records)
		return NULL;
	comm = u64map_get(tree->comm_of, (uint32_t)tid);
	return comm ? tree->comms[*comm].text : NULL;
}
