/* One type's run from the look at the binary to the published directory. */
#include "core/driver/measure.h"

#include "core/driver/baseline_gate.h"
#include "core/driver/budgets.h"
#include "core/driver/ending.h"
#include "core/driver/exit_status.h"
#include "core/driver/hand_out.h"
#include "core/driver/manifest.h"
#include "core/driver/measuring.h"
#include "core/driver/meanwhile.h"
#include "core/driver/parameters.h"
#include "core/driver/progress.h"
#include "core/driver/repeat.h"
#include "core/driver/request.h"
#include "core/driver/request_options.h"
#include "core/driver/shell.h"
#include "core/driver/signals.h"
#include "core/driver/subject.h"
#include "core/driver/summary.h"
#include "core/driver/user_metrics.h"
#include "core/driver/work.h"

#include "core/alloc.h"
#include "core/target/capability.h"
#include "core/target/placement.h"
#include "core/diag.h"
#include "core/findings.h"
#include "core/gates.h"
#include "core/host/host.h"
#include "core/lock.h"
#include "core/metrics.h"
#include "core/perf/early.h"
#include "core/quality.h"
#include "core/results/results.h"
#include "core/words.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A program that never gives a sample is not run for ever. */
enum { MAX_REPEATS = 10000 };

struct measurement {
	const struct request *request;
	const struct collector *collector;
	struct signals *signals;
	struct diag *diag;
	struct run_options *common;
	void *own; /* the collector's options */
	struct subject subject;
	struct placement placement;
	struct perf_early *early; /* the process tree's event comes late */
	json_t *host;
	json_t *git;
	char *command_text;
	char *show_text;
	struct ending_rules rules;
	struct text_list variables;
	struct text_list only;
	struct text_list parameters; /* of the user's making */
	void *state;
	struct lock *lock;
	struct presence *presence;
	struct results_run *run;
	bool created_results;
	bool is_part; /* of several that take turns: who lets them has the lock */
	struct timespec started_realtime;
	struct timespec started_monotonic;
	struct repeat_result last;
	unsigned n_repeats;
	struct progress progress;
	bool target_failed;
	bool gate_failed;
	bool is_published;
	struct result result;
	struct baseline_gate baseline;
	json_t *manifest;
};

/* What a collector's error means to the user. */
static int status_of_error(int err)
{
	switch (-err) {
	case EOPNOTSUPP:
	case EPERM:
	case EACCES:
		return STATUS_UNUSABLE;
	default:
		return STATUS_OWN_FAILURE;
	}
}

/* "nginx,worker" as a list; an empty name among them is passed over. */
static void split_names(const char *typed, struct text_list *names)
{
	char *copy = xstrdup(typed ? typed : "");
	char *rest = NULL;

	for (char *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
		text_list_add(names, name);
	free(copy);
}

/* Of several processes each one has to be measurable. */
static int check_targets(const struct measurement *m)
{
	struct target target = {.binary = &m->subject.binary,
	                        .uid = m->subject.uid,
	                        .variables = &m->request->variables,
	                        .pid = m->request->n_pids ? m->request->pids[0] : 0};
	int err = m->collector->check(&target, m->own, m->diag);

	for (size_t i = 1; i < m->request->n_pids && !err; i++) {
		struct binary binary = {.path = NULL};

		target.binary = &binary;
		target.pid = m->request->pids[i];
		target.uid = subject_look_at_running(&binary, target.pid);
		err = m->collector->check(&target, m->own, m->diag);
		binary_fini(&binary);
	}
	return err;
}

static int create_collector(struct measurement *m)
{
	const struct collector *collector = m->collector;
	int err = check_targets(m);

	split_names(m->common->only, &m->only);
	if (!err)
		err = collector->create(&m->state, m->own, m->diag);
	for (size_t i = 0; i < m->request->variables.n_texts; i++)
		text_list_add(&m->variables, m->request->variables.texts[i]);
	if (!err && collector->environment)
		err = collector->environment(m->state, &m->variables, m->diag);
	return err ? status_of_error(err) : STATUS_WELL;
}

/* Alone, where that matters; the others are to know of us. */
static int take_turn(struct measurement *m)
{
	int status = STATUS_WELL;

	if (m->collector->takes_lock && m->common->lock)
		status = measuring_wait(&m->lock, m->signals, m->diag);
	if (status == STATUS_WELL)
		m->presence = presence_begin();
	return status;
}

static int begin_results(struct measurement *m)
{
	const struct request *request = m->request;

	/* Before the run, so that its load is not ours. */
	m->host = host_to_json();
	clock_gettime(CLOCK_REALTIME, &m->started_realtime);
	clock_gettime(CLOCK_MONOTONIC, &m->started_monotonic);
	if (results_begin(&m->run, request->results, request->name, m->collector->name,
	                  m->started_realtime, &m->created_results, m->diag))
		return STATUS_OWN_FAILURE;
	if (m->created_results && !m->common->quiet)
		fprintf(stderr, "created %s\n", request->results);
	return STATUS_WELL;
}

static int open_file(const char *path, int flags, int *fd, struct diag *diag)
{
	*fd = open(path, flags | O_CLOEXEC, 0666);
	return *fd < 0 ? diag_fail(diag, errno, "cannot open %s: %s", path, strerror(errno)) : 0;
}

/* The first measured run has the caller's stdin and stdout, unless nobody watches; the others
 * /dev/null and --output. */
static int open_streams(const struct measurement *m, bool is_first, struct launch_spec *spec)
{
	const char *stdin_path = m->request->scenario.stdin_path;
	const char *output = m->common->repeat_output;
	int err = 0;

	spec->stdin_fd = spec->stdout_fd = spec->stderr_fd = -1;
	if (stdin_path || !is_first)
		err = open_file(stdin_path ? stdin_path : "/dev/null", O_RDONLY, &spec->stdin_fd,
		                m->diag);
	if (!err && !is_first && !strcmp(output, "null"))
		err = open_file("/dev/null", O_WRONLY, &spec->stdout_fd, m->diag);
	else if (!err && !is_first && strcmp(output, "inherit") != 0)
		err = open_file(output, O_WRONLY | O_CREAT | O_APPEND, &spec->stdout_fd, m->diag);
	return err;
}

static int run_shell(const struct measurement *m, const char *what, const char *command,
                     struct diag *diag)
{
	struct shell_command shell = {
	    .text = command,
	    .cwd = m->request->scenario.cwd,
	    .variables = &m->request->variables,
	    .signal_mask = &m->signals->original,
	};

	return command ? shell_run(what, &shell, m->signals, diag) : 0;
}

/* Somebody who interrupts us before the target runs does not want it to. */
static int refuse_when_interrupted(const struct measurement *m)
{
	signals_take(m->signals);
	return m->signals->interrupted
	           ? diag_fail(m->diag, EINTR, "interrupted before the target ran")
	           : 0;
}

/* All but the target's streams. A NULL collector is a warm-up. */
static struct repeat_spec repeat_spec_of(const struct measurement *m,
                                         const struct collector *collector, FILE *output)
{
	const struct request *request = m->request;
	const struct run_options *common = m->common;

	return (struct repeat_spec){
	    .launch =
	        {
	            .argv = request->runs_command ? request->command.texts : NULL,
	            .path = subject_path(&m->subject),
	            .cwd = request->scenario.cwd,
	            .variables = collector ? &m->variables : &request->variables,
	            .user = common->user,
	            .ambient_cap = common->ambient_cap,
	            .placement = &m->placement,
	            .signal_mask = &m->signals->original,
	        },
	    .pids = request->pids,
	    .n_pids = request->n_pids,
	    .all_cpus = common->all_cpus,
	    .only = m->only.n_texts ? &m->only : NULL,
	    .collector = collector,
	    .state = m->state,
	    .number = m->n_repeats,
	    .results = m->run,
	    .binary = m->subject.binary.path ? &m->subject.binary : NULL,
	    .timeout_ns = common->timeout_ns,
	    .duration_ns = common->duration_ns,
	    .delay_ns = common->delay_ns,
	    .is_quiet = common->quiet,
	    .ready = common->ready,
	    .load = common->load,
	    .shell_variables = &request->variables,
	    .signals = m->signals,
	    .output = output,
	};
}

/* The terminal is the target's where it reads or writes there. */
static bool owns_terminal(const struct measurement *m, bool is_first)
{
	if (is_first)
		return isatty(STDIN_FILENO) || isatty(STDOUT_FILENO);
	return !strcmp(m->common->repeat_output, "inherit") && isatty(STDOUT_FILENO);
}

/* Before a warm-up (`collector` is NULL) or a measured run. Of a single run there is nothing to
 * tell. */
static void show_progress(struct measurement *m, const struct collector *collector, bool is_first)
{
	uint64_t n_runs = m->common->runs, n_warmups = m->common->warmup;
	bool is_beyond = m->n_repeats >= n_runs; /* the collector wants more, nobody knows how many */
	uint64_t n_all = n_runs + n_warmups, n_done = m->progress.n_done;

	if (n_all + is_beyond < 2 || owns_terminal(m, is_first))
		progress_clear(&m->progress);
	else if (!collector)
		progress_show(&m->progress, "warm-up", n_done + 1, n_warmups, n_all - n_done);
	else
		progress_show(&m->progress, "run", (uint64_t)m->n_repeats + 1,
		              is_beyond ? 0 : n_runs, is_beyond ? 0 : n_all - n_done);
}

/* Runs the target once. Returns the exit status. */
static int run_once(struct measurement *m, const struct collector *collector, bool is_first,
                    FILE *output)
{
	struct repeat_spec spec = repeat_spec_of(m, collector, output);
	int err = open_streams(m, is_first, &spec.launch);

	if (!err)
		err = run_shell(m, "--prepare", m->common->prepare, m->diag);
	if (!err)
		err = refuse_when_interrupted(m);
	if (!err) {
		show_progress(m, collector, is_first);
		repeat_result_fini(&m->last);
		err = repeat_run(&spec, &m->last, m->diag);
	}
	progress_step(&m->progress);
	if (spec.launch.stdin_fd >= 0)
		close(spec.launch.stdin_fd);
	if (spec.launch.stdout_fd >= 0)
		close(spec.launch.stdout_fd);
	if (!err)
		return STATUS_WELL;
	return m->last.exec_failed ? subject_exec_status(err) : status_of_error(err);
}

static int measure_once(struct measurement *m)
{
	bool wants_output = m->request->runs_command && user_metrics_wanted(&m->request->scenario);
	char *text = NULL;
	size_t len_bytes = 0;
	FILE *output = wants_output ? open_memstream(&text, &len_bytes) : NULL;
	bool is_callers = !m->n_repeats && !m->request->is_unattended;
	int status = run_once(m, m->collector, is_callers, output);

	if (output)
		fclose(output);
	if (status == STATUS_WELL) {
		run_metrics_add(m->result.metrics, work_done(m->request, &m->last), &m->last.end);
		if (wants_output)
			user_metrics_add(m->result.metrics, &m->request->scenario, text);
		m->n_repeats++;
		m->target_failed = !ending_is_good(&m->rules, &m->last);
		/* Ctrl-C is how a server is ended: when that is a good end, only this run is over.
		 */
		if (m->last.by == ENDED_BY_INTERRUPT && !m->target_failed)
			m->signals->interrupted = false;
	}
	free(text);
	return status;
}

static bool wants_another(const struct measurement *m)
{
	if (!m->request->runs_command)
		return false;
	if (m->target_failed || m->last.by == ENDED_BY_INTERRUPT || m->signals->interrupted ||
	    m->n_repeats >= MAX_REPEATS)
		return false;
	if (m->n_repeats < m->common->runs)
		return true;
	return m->collector->wants_more && m->collector->wants_more(m->state);
}

static int warm_up(struct measurement *m)
{
	uint64_t n_warmups = m->request->runs_command ? m->common->warmup : 0;
	int status = STATUS_WELL;

	for (uint64_t i = 0; status == STATUS_WELL && i < n_warmups; i++) {
		status = run_once(m, NULL, false, NULL);
		if (status == STATUS_WELL && !ending_is_good(&m->rules, &m->last)) {
			status = ending_status(&m->rules, &m->last, m->diag);
			m->target_failed = true;
			diag_prefix(m->diag, "warm-up");
		}
	}
	return status;
}

/* After the last run, however that came to be. */
static int end_repeats(struct measurement *m, int status)
{
	if (status != STATUS_WELL && m->signals->interrupted && m->n_repeats) {
		/* An interrupt between two runs takes nothing from those before. */
		status = STATUS_WELL;
		quality_add_note(m->result.quality, "interrupted after %u of the runs",
		                 m->n_repeats);
	}
	/* What failed first is what is told. */
	if (run_shell(m, "--cleanup", m->common->cleanup,
	              status == STATUS_WELL ? m->diag : &(struct diag){0}) &&
	    status == STATUS_WELL)
		status = STATUS_OWN_FAILURE;
	return status;
}

static int run_repeats(struct measurement *m)
{
	int status;

	progress_begin(&m->progress, m->common);
	status = warm_up(m);
	if (status == STATUS_WELL)
		status = measure_once(m);
	while (status == STATUS_WELL && wants_another(m))
		status = measure_once(m);
	progress_clear(&m->progress);
	return end_repeats(m, status);
}

/* As it would be typed here. The caller frees it. */
static char *show_command(const struct measurement *m)
{
	char *run = xasprintf("%s/%s", m->request->name, m->collector->name);
	const struct run_options *typed = m->request->line->common;
	const char *directory = typed->output_dir        ? typed->output_dir
	                        : typed->results.n_texts ? typed->results.texts[0]
	                                                 : NULL;
	char *words[] = {"profile-scenario", "show", run, "--results", (char *)directory};
	char *text = words_join(words, directory ? 5 : 3);

	free(run);
	return text;
}

static void init_result(struct measurement *m)
{
	const struct scenario *scenario = &m->request->scenario;
	struct result *result = &m->result;

	m->command_text = words_join(m->request->command.texts, m->request->command.n_texts);
	result->scenario = m->request->name;
	result->type = m->collector->name;
	result->command = m->request->command.n_texts ? m->command_text : NULL;
	result->show = m->show_text = show_command(m);
	parameters_of_user(m->request, &m->parameters);
	result->parameters = &m->parameters;
	result->metrics = metrics_new();
	result->findings = findings_new();
	result->gates = gates_new();
	budgets_require(m->request, m->collector, result->gates);
	result->quality = json_pack("{s:[]}", "notes");
	if (m->request->work_unknown)
		quality_add_note(result->quality, "%s", m->request->work_unknown);
	for (size_t i = 0; i < scenario->n_settings; i++)
		if (!strcmp(scenario->settings[i].section, "findings"))
			findings_set_threshold(result->findings, scenario->settings[i].key,
			                       strtod(scenario->settings[i].value, NULL));
}

static void finish_metrics(struct measurement *m)
{
	static const char *const sums[] = {"run.wall_ns", "run.user_ns", "run.system_ns"};

	for (const struct metric_row *row = run_metrics; row->name; row++)
		if (m->collector->slows_target)
			metrics_mark_instrumented(m->result.metrics, row->name);
	for (size_t i = 0; m->collector->merges_repeats && i < ARRAY_SIZE(sums); i++)
		metrics_sum(m->result.metrics, sums[i]);
}

static const char *verdict_of(const struct measurement *m)
{
	if (m->result.unusable)
		return "unusable";
	if (m->target_failed)
		return "target_failed";
	if (gates_n_failed(m->result.gates))
		return "gate_failed";
	return gates_why_inconclusive(m->result.gates) ? "inconclusive" : "ok";
}

/* A gate that passes without having seen all is no proof: who reads nothing but the exit status
 * sees at least this, whatever was asked to be quiet. */
static const char *why_inconclusive(const struct measurement *m)
{
	if (m->result.unusable || m->target_failed)
		return NULL;
	return gates_why_inconclusive(m->result.gates);
}

static void say_inconclusive(const struct measurement *m)
{
	const char *why = why_inconclusive(m);

	if (why && !m->common->inconclusive)
		fprintf(stderr,
		        "profile-scenario: inconclusive: %s; --inconclusive fail makes that 2\n",
		        why);
}

static const char *cwd_of_target(const struct measurement *m)
{
	const char *cwd = m->request->scenario.cwd;

	if (!m->request->runs_command)
		return m->subject.cwd;
	return cwd ? cwd : ".";
}

static struct binary *known_binary(struct measurement *m)
{
	return m->subject.binary.path ? &m->subject.binary : NULL;
}

/* New reference. */
static json_t *make_manifest(struct measurement *m)
{
	struct measured measured = {
	    .request = m->request,
	    .collector = m->collector,
	    .own_options = m->own,
	    .binary = known_binary(m),
	    .cwd = cwd_of_target(m),
	    .host = m->host,
	    .git = m->git,
	    .started_realtime = m->started_realtime,
	    .started_monotonic = m->started_monotonic,
	    .last = &m->last,
	    .result = &m->result,
	    .verdict = verdict_of(m),
	};

	return manifest_make(&measured, m->run);
}

static int write_manifest(struct measurement *m)
{
	FILE *stream;
	int err;

	m->manifest = make_manifest(m);
	stream = results_create(m->run, "run.json", m->diag);
	if (!stream)
		return -EIO;
	err = json_dumpf(m->manifest, stream, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	fputc('\n', stream);
	/* A full disk is said by results_close(), in better words. */
	if (results_close(m->run, stream, m->diag))
		return -EIO;
	return err ? diag_fail(m->diag, EIO, "cannot write run.json of %s", results_path(m->run))
	           : 0;
}

/* With the line about a new results directory and the one about the exit status the whole stays
 * within CONTRACT 6. */
static unsigned summary_lines(const struct measurement *m)
{
	return SUMMARY_LINES - m->created_results - !!m->request->line->common->save_baseline -
	       (m->target_failed || m->result.unusable || gates_n_failed(m->result.gates) ||
	        why_inconclusive(m));
}

static int hand_out_run(const struct measurement *m)
{
	struct hand_out hand = {
	    .request = m->request,
	    .options = m->common,
	    .run = m->run,
	    .result = &m->result,
	    .manifest = m->manifest,
	    .max_lines = summary_lines(m),
	    /* Of several types only one gives the last line. */
	    .reason_follows = m->result.unusable && !m->target_failed &&
	                      !m->request->types[1] && !m->request->line->point,
	};

	return hand_out(&hand, m->diag);
}

/* Reading symbols means reading files that strangers made: only what results and kernel names need
 * stays in force. */
static int finish_collector(struct measurement *m)
{
	static const int keep[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_SYSLOG};
	int err;

	capability_lower(keep, ARRAY_SIZE(keep));
	m->result.picture = &m->common->picture;
	err = m->collector->finish(m->state, m->run, &m->result, m->diag);
	capability_raise();
	return err;
}

/* What was to be measured has not begun: whatever a collector has seen meanwhile is something else.
 */
static void judge_beginning(struct measurement *m)
{
	struct result *result = &m->result;

	if (!m->last.never_began)
		return;
	free(result->unusable);
	text_list_fini(&result->table);
	result->unusable = xstrdup(
	    m->last.was_ready ? "nothing was measured: the run was over before --delay had passed"
	                      : "nothing was measured: the run was over before --ready succeeded");
}

static void judge_quality(struct measurement *m)
{
	double least_percent = m->common->min_quality_percent;

	if (!m->result.unusable && least_percent > 0)
		m->result.unusable = quality_judge(m->result.quality, least_percent);
}

/* What failed or cannot be used is not compared. */
static void judge_by_baseline(struct measurement *m)
{
	json_t *manifest;

	if (!m->baseline.name || m->result.unusable || m->target_failed)
		return;
	manifest = make_manifest(m);
	m->result.unusable = baseline_gate_judge(&m->baseline, manifest, m->result.gates,
	                                         m->result.quality);
	json_decref(manifest);
}

/* A limit on what was not measured is no success; one that failed says more. */
static void judge_gates(struct measurement *m)
{
	const char *work_unknown = m->request->work_unknown;

	gates_explain(m->result.gates, "user.*",
	              "the target's output has no number where [metrics] looks for it");
	gates_explain(m->result.gates, "run.work_per_s",
	              work_unknown ? work_unknown : "it is not known how much work was done");
	gates_judge(m->result.gates, m->result.metrics);
	if (!m->result.unusable && !gates_n_failed(m->result.gates))
		m->result.unusable = gates_why_unmeasured(m->result.gates);
}

/* Whether the numbers hold the target's start. */
static void note_beginning(struct measurement *m)
{
	const struct run_options *common = m->common;

	if ((!common->ready && !common->delay_ns) || m->last.never_began)
		return;
	if (m->collector->begin)
		quality_add_note(
		    m->result.quality, "measuring began %.3f s after the %s (%s%s%s)",
		    (double)m->last.began_ns / 1e9, m->request->runs_command ? "exec" : "start",
		    common->ready ? "--ready" : "", common->ready && common->delay_ns ? ", " : "",
		    common->delay_ns ? "--delay" : "");
	else
		quality_add_note(m->result.quality,
		                 "type %s measures from the exec on: what came before --ready "
		                 "succeeded is in the numbers",
		                 m->collector->name);
}

static void say_repeats(struct measurement *m)
{
	char *headline = m->result.headline;

	if (m->n_repeats < 2 || !headline)
		return;
	if (m->result.headline_repeat)
		m->result.headline = xasprintf("%s; run %u of %u", headline,
		                               m->result.headline_repeat, m->n_repeats);
	else
		m->result.headline = xasprintf(
		    m->collector->merges_repeats ? "%s; %u runs merged" : "%s; median of %u runs",
		    headline, m->n_repeats);
	free(headline);
}

/* Only a good run becomes one. */
static int save_baseline(const struct measurement *m)
{
	const char *name = m->request->line->common->save_baseline;
	bool is_bad = m->target_failed || m->result.unusable || gates_n_failed(m->result.gates) ||
	              (m->common->inconclusive && why_inconclusive(m));
	char *path = NULL;
	int err = 0;

	if (!name)
		return 0;
	if (is_bad)
		fprintf(stderr, "profile-scenario: no baseline %s was saved: a baseline is of good "
		                "runs\n",
		        name);
	else
		err = baseline_gate_save(m->request, results_path(m->run), &path, m->diag);
	if (path && !m->common->quiet)
		fprintf(stderr, "baseline %s\n", path);
	free(path);
	return err;
}

static int write_results(struct measurement *m)
{
	struct meanwhile *meanwhile;
	int err;

	finish_metrics(m);
	m->result.host = m->host;
	m->result.target_uid = m->subject.uid;
	m->result.program = subject_path(&m->subject);
	m->result.started_ns =
	    (int64_t)m->started_realtime.tv_sec * 1000000000 + m->started_realtime.tv_nsec;
	if (m->last.n_left_alive)
		quality_add_note(
		    m->result.quality,
		    "descendants outlived the target by more than a second and were left alive");
	note_beginning(m);
	measuring_note(m->presence, m->result.quality);
	subject_add_processes(&m->subject, &m->result);
	meanwhile = meanwhile_begin(known_binary(m));
	err = finish_collector(m);
	judge_beginning(m);
	judge_quality(m);
	m->git = meanwhile_end(meanwhile);
	judge_by_baseline(m);
	judge_gates(m);
	if (!err)
		say_repeats(m);
	if (!err)
		err = write_manifest(m);
	if (!err)
		err = results_publish(m->run, !m->result.unusable, m->diag);
	m->is_published = !err;
	if (!err)
		err = hand_out_run(m);
	if (!err)
		say_inconclusive(m);
	if (!err)
		err = save_baseline(m);
	return err ? STATUS_OWN_FAILURE : STATUS_WELL;
}

/* Of a target that ended well. */
static int status_of_result(struct measurement *m)
{
	char *failed;

	if (m->result.unusable) {
		diag_fail(m->diag, EOPNOTSUPP, "%s", m->result.unusable);
		return STATUS_UNUSABLE;
	}
	if (m->common->inconclusive && why_inconclusive(m)) {
		diag_fail(m->diag, EDOM, "inconclusive: %s", why_inconclusive(m));
		return STATUS_INCONCLUSIVE;
	}
	failed = gates_why_failed(m->result.gates);
	if (!failed)
		return STATUS_WELL;
	diag_fail(m->diag, EDOM, "gate failed: %s", failed);
	free(failed);
	m->gate_failed = true;
	return gates_exit_status(m->result.gates);
}

/* When all has been run with this status. */
static int conclude(struct measurement *m, int status)
{
	if (status == STATUS_WELL)
		status = write_results(m);
	if (status != STATUS_WELL)
		return status;
	if (m->target_failed)
		return ending_status(&m->rules, &m->last, m->diag);
	return status_of_result(m);
}

static void measurement_fini(struct measurement *m)
{
	if (m->state)
		m->collector->destroy(m->state);
	perf_early_end(m->early);
	presence_end(m->presence);
	lock_free(m->lock);
	results_end(m->run);
	repeat_result_fini(&m->last);
	result_fini(&m->result);
	baseline_gate_fini(&m->baseline);
	json_decref(m->manifest);
	json_decref(m->host);
	json_decref(m->git);
	options_free(&run_option_table, m->common);
	options_free(&m->collector->options, m->own);
	subject_fini(&m->subject);
	placement_fini(&m->placement);
	text_list_fini(&m->variables);
	text_list_fini(&m->only);
	text_list_fini(&m->parameters);
	free(m->command_text);
	free(m->show_text);
}

/* All that comes before the first run. */
static int begin(struct measurement *m)
{
	int status = STATUS_OWN_FAILURE;

	init_result(m);
	m->early = perf_early_begin();
	if (!request_options(m->request, m->collector, &m->common, &m->own, m->diag) &&
	    !placement_init(&m->placement, m->common->cpus, m->common->numa_node, m->diag))
		status = subject_look(&m->subject, m->request, m->common, m->diag);
	if (status == STATUS_WELL &&
	    baseline_gate_open(&m->baseline, m->request, m->collector, m->diag))
		status = STATUS_UNUSABLE;
	if (status == STATUS_WELL)
		status = create_collector(m);
	if (status == STATUS_WELL && !m->is_part)
		status = take_turn(m);
	if (status == STATUS_WELL)
		status = begin_results(m);
	if (status == STATUS_WELL)
		m->rules = (struct ending_rules){
		    .program = m->subject.binary.path,
		    .ignored = m->common->ignore_failure,
		    .good_code = (int)m->request->scenario.exit_code,
		    .timeout_ns = m->common->timeout_ns,
		};
	return status;
}

static struct outcome outcome_of(const struct measurement *m, int status)
{
	return (struct outcome){
	    .status = status,
	    .target_failed = m->target_failed,
	    .gate_failed = m->gate_failed,
	    .manifest = m->is_published ? json_incref(m->manifest) : NULL,
	};
}

struct outcome measure(const struct request *request, const struct collector *collector,
                       struct signals *signals, struct diag *diag)
{
	struct measurement m = {
	    .request = request, .collector = collector, .signals = signals, .diag = diag};
	struct outcome outcome;
	int status = begin(&m);

	if (status == STATUS_WELL)
		status = conclude(&m, run_repeats(&m));
	outcome = outcome_of(&m, status);
	measurement_fini(&m);
	return outcome;
}

struct measurement *measurement_new(const struct request *request,
                                    const struct collector *collector, struct signals *signals,
                                    int *status, struct diag *diag)
{
	struct measurement *m = xcalloc(1, sizeof(*m));

	*m = (struct measurement){.request = request,
	                          .collector = collector,
	                          .signals = signals,
	                          .diag = diag,
	                          .is_part = true};
	*status = begin(m);
	if (*status == STATUS_WELL)
		*status = warm_up(m);
	return m;
}

int measurement_repeat(struct measurement *m)
{
	int status = measure_once(m);

	return status == STATUS_WELL && m->target_failed
	           ? ending_status(&m->rules, &m->last, m->diag)
	           : status;
}

struct outcome measurement_finish(struct measurement *m, struct presence *presence)
{
	struct outcome outcome;
	int status;

	m->presence = presence;
	status = conclude(m, end_repeats(m, STATUS_WELL));
	m->presence = NULL;
	outcome = outcome_of(m, status);
	return outcome;
}

void measurement_free(struct measurement *m)
{
	if (m)
		measurement_fini(m);
	free(m);
}
