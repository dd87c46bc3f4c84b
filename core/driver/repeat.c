/* Launches the target or attaches to it, feeds the collector while it runs, and sees it end. */
#include "core/driver/repeat.h"

#include "core/driver/attached.h"
#include "core/driver/beside.h"
#include "core/driver/signals.h"

#include "core/clock.h"
#include "core/diag.h"
#include "core/perf/process_tree.h"
#include "core/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	/* A target that ignores SIGTERM is killed after this. */
	KILL_AFTER_MS = 2000,
	/* Descendants have this long to follow the target (CONTRACT 1). */
	FOLLOW_MS = 1000,
	/* Without perf's records the process tree has to be looked at now and then. */
	LOOK_MS = 20,
};

struct run {
	const struct repeat_spec *spec;
	struct repeat_result *result;
	struct launch *launch;     /* NULL: nothing is run */
	struct attached *attached; /* then */
	struct process_tree *tree; /* of what is run */
	struct beside *beside;     /* NULL: neither --ready nor --load */
	int output_fd;             /* read end of the target's stdout, or -1 */
	uint64_t held_rss_bytes;   /* of our child before its exec; 0: not known */
	uint64_t released_ns;
	uint64_t begun_ns; /* 0: measuring has not begun */
	/* What comes next by the clock; 0: it does not. */
	uint64_t begin_at_ns;
	uint64_t timeout_at_ns;
	uint64_t duration_at_ns;
	uint64_t kill_at_ns;
	uint64_t leave_at_ns; /* no longer wait for the descendants */
	bool terminated;
	bool ended;
	int step_err;   /* the collector gave up; the target still runs to its end */
	int beside_err; /* --load failed */
};

static void kill_descendants(struct process_tree *tree)
{
	for (size_t i = 0; i < process_tree_n_images(tree); i++) {
		const struct process_image *image = process_tree_image(tree, i);

		if (!image->ended)
			kill(image->pid, SIGKILL);
	}
}

static void note_end(struct run *run)
{
	struct target_end *end = &run->result->end;
	uint64_t now = clock_now_ns();

	run->ended = true;
	end->is_known = run->launch != NULL;
	end->ended_ns = now;
	end->wall_ns = now - run->released_ns;
	end->measured_ns = run->begun_ns ? now - run->begun_ns : 0;
	run->leave_at_ns = now + FOLLOW_MS * 1000000ull;
}

/* SIGTERM first, SIGKILL for whoever does not listen. What is not ours lives on. */
static void terminate(struct run *run)
{
	const struct collector *collector = run->spec->collector;

	if (!run->launch) {
		if (collector && collector->cease)
			collector->cease(run->spec->state);
		note_end(run);
		return;
	}
	run->terminated = true;
	kill(launch_pid(run->launch), SIGTERM);
	run->kill_at_ns = clock_now_ns() + KILL_AFTER_MS * 1000000ull;
}

static void kill_all(struct run *run)
{
	kill(launch_pid(run->launch), SIGKILL);
	kill_descendants(run->tree);
	run->kill_at_ns = 0;
}

/* It is the collector that waits for the target. */
static bool collector_reaps(const struct run *run)
{
	const struct collector *collector = run->spec->collector;

	return collector && collector->reaps_target && collector->reaps_target(run->spec->state);
}

static bool read_end(struct run *run)
{
	struct target_end *end = &run->result->end;

	if (run->attached)
		return attached_have_ended(run->attached);
	if (collector_reaps(run))
		return run->spec->collector->target_ended(run->spec->state, end);
	return wait4(launch_pid(run->launch), &end->wait_status, WNOHANG, &end->usage) > 0;
}

/* Copies some of the target's output to where it would have gone. Closes the pipe at its end, and
 * where nobody reads there any more: the target gets its SIGPIPE then, as without us. */
static ssize_t copy_output(struct run *run)
{
	char buffer[16384];
	int onto = run->spec->launch.stdout_fd < 0 ? STDOUT_FILENO : run->spec->launch.stdout_fd;
	ssize_t got = read(run->output_fd, buffer, sizeof(buffer));
	ssize_t done = 0;
	ssize_t n = 1;

	if (got > 0)
		fwrite(buffer, 1, (size_t)got, run->spec->output);
	for (; done < got && n > 0; done += n)
		n = write(onto, buffer + done, (size_t)(got - done));
	if (got <= 0 || n <= 0) {
		close(run->output_fd);
		run->output_fd = -1;
	}
	return got;
}

/* What the target wrote before it ended is still in the pipe; a descendant that goes on writing is
 * not waited for. */
static void drain_output(struct run *run)
{
	int left = 0;

	if (run->output_fd < 0 || ioctl(run->output_fd, FIONREAD, &left))
		return;
	while (left > 0 && run->output_fd >= 0)
		left -= (int)copy_output(run);
}

/* Neither --ready nor --delay: measuring begins at exec. */
static bool begins_later(const struct repeat_spec *spec)
{
	return spec->ready || spec->delay_ns;
}

/* The collector cannot begin by itself at an exec. */
static bool needs_begin(const struct repeat_spec *spec)
{
	return begins_later(spec) || spec->all_cpus || !spec->launch.argv;
}

/* To begin with all CPUs takes a look at every process, in which time a short COMMAND may have
 * ended: it is held until they are watched. */
static bool begins_before(const struct repeat_spec *spec)
{
	return spec->all_cpus && spec->launch.argv && !begins_later(spec);
}

static void keep_first(int *err, int next)
{
	if (!*err)
		*err = next;
}

static void begin_collector(struct run *run, struct diag *diag)
{
	const struct repeat_spec *spec = run->spec;

	if (spec->collector && spec->collector->begin)
		keep_first(&run->step_err, spec->collector->begin(spec->state, diag));
}

/* Measuring begins: the collector's, which may take its time to get there, then --duration's. */
static void begin(struct run *run, struct diag *diag)
{
	const struct repeat_spec *spec = run->spec;
	bool begins_now = needs_begin(spec) && !begins_before(spec);

	if (begins_now)
		begin_collector(run, diag);
	run->begun_ns = begins_now ? clock_now_ns() : run->released_ns;
	run->result->began_ns = run->begun_ns - run->released_ns;
	if (spec->duration_ns)
		run->duration_at_ns = run->begun_ns + spec->duration_ns;
}

/* 0 stands for never. */
static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a && (!b || a < b) ? a : b;
}

static uint64_t next_deadline(const struct run *run)
{
	uint64_t end_at_ns = earlier(run->timeout_at_ns, run->duration_at_ns);

	if (run->ended)
		return run->leave_at_ns;
	if (run->terminated)
		return run->kill_at_ns;
	return run->begun_ns ? end_at_ns : earlier(end_at_ns, run->begin_at_ns);
}

/* Does what the clock asks for, while the target runs. */
static void meet_deadline(struct run *run, struct diag *diag)
{
	uint64_t deadline_ns = next_deadline(run);

	if (run->ended || !deadline_ns || clock_now_ns() < deadline_ns)
		return;
	if (run->terminated) {
		kill_all(run);
	} else if (deadline_ns == run->duration_at_ns) {
		run->result->by = ENDED_BY_DURATION;
		terminate(run);
	} else if (deadline_ns == run->timeout_at_ns) {
		run->result->timed_out = true;
		terminate(run);
	} else {
		begin(run, diag);
	}
}

static int poll_timeout_ms(const struct run *run)
{
	uint64_t now = clock_now_ns();
	uint64_t deadline_ns = next_deadline(run);
	uint64_t left_ms;

	if (run->ended && !process_tree_is_complete(run->tree))
		return LOOK_MS;
	if (!deadline_ns)
		return -1;
	left_ms = deadline_ns > now ? (deadline_ns - now) / 1000000 + 1 : 0;
	return left_ms > 1000000 ? 1000000 : (int)left_ms;
}

enum { POLL_SIGNALS, POLL_TARGET, POLL_COLLECTOR, POLL_TREE, POLL_OUTPUT, POLL_BESIDE, N_POLLS };

static int target_fd(const struct run *run)
{
	if (run->attached)
		return attached_fd(run->attached);
	return collector_reaps(run) ? -1 : launch_pidfd(run->launch);
}

static void set_up_polls(const struct run *run, struct pollfd polls[N_POLLS])
{
	const struct collector *collector = run->spec->collector;

	polls[POLL_SIGNALS].fd = run->spec->signals->fd;
	polls[POLL_TARGET].fd = target_fd(run);
	polls[POLL_COLLECTOR].fd = !collector || (run->step_err && !collector_reaps(run))
	                               ? -1
	                               : collector->fd(run->spec->state);
	polls[POLL_TREE].fd = process_tree_fd(run->tree);
	polls[POLL_OUTPUT].fd = run->output_fd;
	polls[POLL_BESIDE].fd = run->beside ? beside_fd(run->beside) : -1;
	for (int i = 0; i < N_POLLS; i++)
		polls[i].events = POLLIN;
}

/* A terminal that the target uses is the target's. */
static bool may_tell(const struct repeat_spec *spec)
{
	return !spec->is_quiet &&
	       !(isatty(STDERR_FILENO) && (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO)));
}

static void tell_news(const struct repeat_spec *spec)
{
	char *text;

	while (spec->collector->news && (text = spec->collector->news(spec->state))) {
		if (may_tell(spec))
			fprintf(stderr, "profile-scenario: %s\n", text);
		free(text);
	}
}

/* Whoever asked for a look gets an answer. */
static void poke_collector(const struct repeat_spec *spec)
{
	const struct collector *collector = spec->collector;
	struct diag diag;
	int err;

	if (!collector)
		err = diag_fail(&diag, ENOTSUP, "this is a warm-up, which is not measured");
	else if (!collector->poke)
		err = diag_fail(&diag, ENOTSUP, "a run of type %s has none; memory looks for leaks",
		                collector->name);
	else
		err = collector->poke(spec->state, &diag);
	if (err && may_tell(spec))
		fprintf(stderr, "profile-scenario: no scan: %s\n", diag.text);
}

/* The first error is kept. A collector that waits for the target is asked on: only it sees the end.
 */
static void step_collector(struct run *run, struct diag *diag)
{
	struct diag ignored;
	int err = run->spec->collector->step(run->spec->state, run->step_err ? &ignored : diag);

	keep_first(&run->step_err, err);
	tell_news(run->spec);
}

/* The target is ready: --delay counts from now. Without one measuring begins before --load, so that
 * nothing of what the target does for it is missed. */
static int note_ready(struct run *run, struct diag *diag)
{
	if (run->result->was_ready || (run->beside && !beside_is_ready(run->beside)))
		return 0;
	run->result->was_ready = true;
	if (run->spec->delay_ns)
		run->begin_at_ns = clock_now_ns() + run->spec->delay_ns;
	else if (!run->begun_ns)
		begin(run, diag);
	return run->beside ? beside_start_load(run->beside, diag) : 0;
}

/* An end of the target that was seen first goes before that of --load, which it may have caused. */
static void step_beside(struct run *run, struct diag *diag)
{
	run->beside_err = beside_step(run->beside, diag);
	if (!run->beside_err && !run->terminated)
		run->beside_err = note_ready(run, diag);
	if ((!run->beside_err && !beside_load_has_ended(run->beside)) || run->terminated)
		return;
	run->result->by = ENDED_BY_LOAD;
	terminate(run);
}

/* They are the target's, if it is ours; else they end the measuring. */
static void take_signals(struct run *run)
{
	pid_t target = run->ended || !run->launch ? 0 : launch_pid(run->launch);
	bool came = false;

	while (signals_forward(run->spec->signals, target))
		came = true;
	if (run->spec->signals->poked)
		poke_collector(run->spec);
	run->spec->signals->poked = false;
	if (!came)
		return;
	run->result->by = ENDED_BY_INTERRUPT;
	if (!run->launch && !run->ended)
		terminate(run);
}

static void handle_events(struct run *run, struct pollfd polls[N_POLLS], struct diag *diag)
{
	if (polls[POLL_SIGNALS].revents)
		take_signals(run);
	if (polls[POLL_OUTPUT].revents)
		copy_output(run);
	if (polls[POLL_COLLECTOR].revents)
		step_collector(run, diag);
	if (polls[POLL_TREE].revents || !process_tree_is_complete(run->tree))
		process_tree_step(run->tree);
	if ((polls[POLL_TARGET].revents || polls[POLL_COLLECTOR].revents) && !run->ended &&
	    read_end(run))
		note_end(run);
	if (polls[POLL_BESIDE].revents && !run->ended)
		step_beside(run, diag);
	meet_deadline(run, diag);
}

/* True when the descendants have ended too, or have had their second. Where it was we who had no
 * CPU meanwhile, their ends are still to be read. */
static bool is_over(struct run *run)
{
	bool is_late;

	if (!run->ended || !run->launch)
		return run->ended;
	is_late = clock_now_ns() >= run->leave_at_ns;
	if (is_late)
		process_tree_step(run->tree);
	run->result->n_left_alive = process_tree_n_alive(run->tree);
	return !run->result->n_left_alive || run->result->by == ENDED_BY_INTERRUPT || is_late;
}

static void watch(struct run *run, struct diag *diag)
{
	struct pollfd polls[N_POLLS] = {{0}};

	while (!is_over(run)) {
		set_up_polls(run, polls);
		if (poll(polls, N_POLLS, poll_timeout_ms(run)) >= 0)
			handle_events(run, polls, diag);
		else
			BUG(errno != EINTR);
	}
	drain_output(run);
	run->result->never_began = !run->begun_ns;
}

/* The highest resident set so far of a process; 0: not known. */
static uint64_t peak_rss_bytes(pid_t pid)
{
	long kib = proc_file_status(pid, "VmHWM: %ld");

	return kib < 0 ? 0 : (uint64_t)kib * 1024;
}

/* What our child may still grow by between the look at it and its exec; the kernel's counters lag
 * by some pages too. */
enum { RSS_SLACK_BYTES = 512 * 1024 };

/* The kernel's maximum outlives exec: what is no higher than our own child was is not the target's.
 */
static void know_max_rss(struct target_end *end, uint64_t held_rss_bytes)
{
	uint64_t bytes = (uint64_t)end->usage.ru_maxrss * 1024;

	if (end->is_known && held_rss_bytes && bytes > held_rss_bytes + RSS_SLACK_BYTES)
		end->max_rss_bytes = bytes;
}

static void take_off(struct timeval *used, struct timeval spent)
{
	timersub(used, &spent, used);
	if (used->tv_sec < 0)
		*used = (struct timeval){0};
}

static void take_off_count(long *used, long spent)
{
	*used = *used > spent ? *used - spent : 0;
}

/* wait4(2) counts from the fork on; what our own child used until its exec is not the target's. */
static void leave_out_own(struct target_end *end, const struct rusage *spent)
{
	struct rusage *usage = &end->usage;

	if (!end->is_known)
		return;
	take_off(&usage->ru_utime, spent->ru_utime);
	take_off(&usage->ru_stime, spent->ru_stime);
	take_off_count(&usage->ru_minflt, spent->ru_minflt);
	take_off_count(&usage->ru_majflt, spent->ru_majflt);
	take_off_count(&usage->ru_nvcsw, spent->ru_nvcsw);
	take_off_count(&usage->ru_nivcsw, spent->ru_nivcsw);
}

static int hold(struct run *run, struct diag *diag)
{
	const struct repeat_spec *spec = run->spec;
	struct launch_spec launch = spec->launch;
	int output[2] = {-1, -1};
	int err;

	if (spec->output && pipe2(output, O_CLOEXEC))
		return diag_fail(diag, errno, "cannot make a pipe: %s", strerror(errno));
	run->output_fd = output[0];
	if (spec->output)
		launch.stdout_fd = output[1];
	if (spec->collector) {
		launch.in_child = spec->collector->in_child;
		launch.context = spec->state;
	}
	err = launch_hold(&run->launch, &launch, diag);
	if (spec->output)
		close(output[1]);
	if (err)
		return err;
	run->held_rss_bytes = peak_rss_bytes(launch_pid(run->launch));
	return process_tree_new(&run->tree, launch_pid(run->launch), run->result->start_ns, diag);
}

static int prepare(struct run *run, struct diag *diag)
{
	const struct repeat_spec *spec = run->spec;
	struct repeat repeat = {
	    .number = spec->number,
	    .pid = run->launch ? launch_pid(run->launch) : 0,
	    .pids = spec->pids,
	    .n_pids = spec->n_pids,
	    .all_cpus = spec->all_cpus,
	    .only = spec->only,
	    .start_ns = run->result->start_ns,
	    .results = spec->results,
	    .binary = run->launch ? spec->binary : NULL,
	    .begins_later = needs_begin(spec),
	};

	return spec->collector ? spec->collector->prepare(spec->state, &repeat, diag) : 0;
}

static int hold_or_attach(struct run *run, struct diag *diag)
{
	const struct repeat_spec *spec = run->spec;
	int err;

	run->result->start_ns = clock_now_ns();
	if (spec->launch.argv)
		err = hold(run, diag);
	else
		err = attached_open(&run->attached, spec->pids, spec->n_pids, diag);
	return err ? err : prepare(run, diag);
}

static int release(struct run *run, struct diag *diag)
{
	const struct collector *collector = run->spec->collector;
	int err;

	run->released_ns = clock_now_ns();
	if (!run->launch)
		return 0;
	err = launch_release(run->launch, diag);
	run->result->exec_failed = err != 0;
	if (err)
		return err;
	run->result->pid = launch_pid(run->launch);
	if (collector && collector->started)
		keep_first(&run->step_err, collector->started(run->spec->state, diag));
	if (run->spec->timeout_ns)
		run->timeout_at_ns = run->released_ns + run->spec->timeout_ns;
	return 0;
}

/* From the exec on: what runs beside the target, and measuring where it need not wait. */
static int start_clocks(struct run *run, struct diag *diag)
{
	const struct repeat_spec *spec = run->spec;
	struct beside_spec beside = {
	    .ready = spec->ready,
	    .load = spec->load,
	    .how =
	        {
	            .cwd = spec->launch.cwd,
	            .variables = spec->shell_variables,
	            .signal_mask = spec->launch.signal_mask,
	        },
	};
	int err = 0;

	if (!begins_later(spec))
		begin(run, diag);
	if (spec->ready || spec->load)
		err = beside_new(&run->beside, &beside, diag);
	return err ? err : note_ready(run, diag);
}

int repeat_run(const struct repeat_spec *spec, struct repeat_result *result, struct diag *diag)
{
	struct run run = {.spec = spec, .result = result, .output_fd = -1};
	int err;

	*result = (struct repeat_result){0};
	err = hold_or_attach(&run, diag);
	if (!err && begins_before(spec))
		begin_collector(&run, diag);
	if (!err)
		err = release(&run, diag);
	if (!err) {
		run.beside_err = start_clocks(&run, diag);
		if (run.beside_err)
			terminate(&run);
		watch(&run, diag);
		process_tree_step(run.tree);
		err = run.step_err ? run.step_err : run.beside_err;
		know_max_rss(&result->end, run.held_rss_bytes);
		if (run.launch)
			leave_out_own(&result->end, launch_spent(run.launch));
		if (!err && spec->collector)
			err = spec->collector->ended(spec->state, &result->end, diag);
	}
	beside_free(run.beside);
	launch_free(run.launch);
	attached_close(run.attached);
	if (run.output_fd >= 0)
		close(run.output_fd);
	result->tree = run.tree;
	return err;
}

void repeat_result_fini(struct repeat_result *result)
{
	process_tree_free(result->tree);
	result->tree = NULL;
}
