/* One type's run from the look at the binary to the published directory. */
#include "core/driver/measure.h"

#include "core/driver/exit_status.h"
#include "core/driver/manifest.h"
#include "core/driver/plain_copy.h"
#include "core/driver/repeat.h"
#include "core/driver/request.h"
#include "core/driver/shell.h"
#include "core/driver/signals.h"
#include "core/driver/summary.h"
#include "core/driver/user_metrics.h"

#include "core/alloc.h"
#include "core/binary.h"
#include "core/capability.h"
#include "core/diag.h"
#include "core/findings.h"
#include "core/host.h"
#include "core/metrics.h"
#include "core/results.h"
#include "core/words.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
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
	struct binary binary;
	json_t *host;
	char *plain_copy;
	char *command_text;
	char *cwd;
	struct text_list variables;
	void *state;
	struct results_run *run;
	bool created_results;
	struct timespec started_realtime;
	struct timespec started_monotonic;
	struct repeat_result last;
	unsigned n_repeats;
	bool target_failed;
	struct result result;
	json_t *manifest;
};

static int fail(struct measurement *m, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct measurement *m, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(m->diag->text, sizeof(m->diag->text), format, args);
	va_end(args);
	return status;
}

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

static int status_of_exec_error(int err)
{
	return err == -ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_EXECUTE;
}

static uid_t target_uid(const struct run_options *common)
{
	const struct passwd *user = common->user ? getpwnam(common->user) : NULL;

	return user ? user->pw_uid : geteuid();
}

static int look_at_binary(struct measurement *m)
{
	const struct request *request = m->request;
	const char *package = request->scenario.package;
	uid_t uid = target_uid(m->common);
	int err =
	    binary_look(&m->binary, request->command.texts[0], request->scenario.cwd, uid, m->diag);

	if (err == -ENOENT && package)
		return fail(m, STATUS_NOT_FOUND, "%s is not installed; run: apt-get install %s",
		            request->command.texts[0], package);
	if (err)
		return status_of_exec_error(err);
	if (!m->binary.has_file_capabilities || !m->common->ambient_cap)
		return STATUS_WELL;
	if (plain_copy_make(m->binary.path, &m->plain_copy, m->diag))
		return STATUS_OWN_FAILURE;
	binary_fini(&m->binary);
	err = binary_look(&m->binary, m->plain_copy, NULL, uid, m->diag);
	return err ? STATUS_OWN_FAILURE : STATUS_WELL;
}

static int create_collector(struct measurement *m)
{
	const struct collector *collector = m->collector;
	int err = collector->check(&m->binary, m->own, m->diag);

	if (!err)
		err = collector->create(&m->state, m->own, m->diag);
	for (size_t i = 0; i < m->request->variables.n_texts; i++)
		text_list_add(&m->variables, m->request->variables.texts[i]);
	if (!err && collector->environment)
		err = collector->environment(m->state, &m->variables, m->diag);
	return err ? status_of_error(err) : STATUS_WELL;
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

/* The first measured run has the caller's stdin and stdout; the others /dev/null and --output. */
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

static int prepare_command(const struct measurement *m)
{
	if (!m->common->prepare)
		return 0;
	return shell_run("--prepare", m->common->prepare, m->request->scenario.cwd,
	                 &m->request->variables, &m->signals->original, m->diag);
}

/* Runs the target once; a NULL collector is a warm-up. */
static int run_once(struct measurement *m, const struct collector *collector, bool is_first,
                    FILE *output)
{
	struct repeat_spec spec = {
	    .launch =
	        {
	            .argv = m->request->command.texts,
	            .path = m->binary.path,
	            .cwd = m->request->scenario.cwd,
	            .variables = collector ? &m->variables : &m->request->variables,
	            .user = m->common->user,
	            .ambient_cap = m->common->ambient_cap,
	            .signal_mask = &m->signals->original,
	        },
	    .collector = collector,
	    .state = m->state,
	    .number = m->n_repeats,
	    .timeout_ns = m->common->timeout_ns,
	    .duration_ns = m->common->duration_ns,
	    .signals = m->signals,
	    .output = output,
	};
	int err = open_streams(m, is_first, &spec.launch);

	if (!err)
		err = prepare_command(m);
	if (!err) {
		repeat_result_fini(&m->last);
		err = repeat_run(&spec, &m->last, m->diag);
	}
	if (spec.launch.stdin_fd >= 0)
		close(spec.launch.stdin_fd);
	if (spec.launch.stdout_fd >= 0)
		close(spec.launch.stdout_fd);
	if (!err)
		return STATUS_WELL;
	return m->last.exec_failed ? status_of_exec_error(err) : status_of_error(err);
}

/* Is the status in -i's list ("", any; "1,2")? */
static bool is_ignored(const char *codes, int code)
{
	char *end;

	if (!codes || !*codes)
		return codes != NULL;
	for (; *codes; codes = *end ? end + 1 : end) {
		if (strtol(codes, &end, 10) == code && end != codes)
			return true;
		if (end == codes)
			break;
	}
	return false;
}

static bool ended_well(const struct measurement *m)
{
	int status = m->last.end.wait_status;

	if (m->last.timed_out)
		return false;
	if (m->last.by == ENDED_BY_DURATION)
		return true;
	if (!WIFEXITED(status))
		return m->common->ignore_failure && !*m->common->ignore_failure;
	return WEXITSTATUS(status) == (int)m->request->scenario.exit_code ||
	       is_ignored(m->common->ignore_failure, WEXITSTATUS(status));
}

/* The exit status that the target's end gives. */
static int target_status(struct measurement *m)
{
	int status = m->last.end.wait_status;

	if (m->last.timed_out)
		return fail(m, STATUS_TIMED_OUT, "%s did not end within %g s (--timeout)",
		            m->binary.path, (double)m->common->timeout_ns / 1e9);
	if (WIFSIGNALED(status))
		return fail(m, STATUS_SIGNAL + WTERMSIG(status), "%s was killed by signal %d (%s)",
		            m->binary.path, WTERMSIG(status), strsignal(WTERMSIG(status)));
	/* `exit = 1` and an end with 0: the target failed, though its own status is that of
	 * success. */
	return fail(m, WEXITSTATUS(status) ? WEXITSTATUS(status) : STATUS_GATE_FAILED,
	            "%s ended with status %d", m->binary.path, WEXITSTATUS(status));
}

static int measure_once(struct measurement *m)
{
	bool wants_output = user_metrics_wanted(&m->request->scenario);
	char *text = NULL;
	size_t len_bytes = 0;
	FILE *output = wants_output ? open_memstream(&text, &len_bytes) : NULL;
	int status = run_once(m, m->collector, !m->n_repeats, output);

	if (output)
		fclose(output);
	if (status == STATUS_WELL) {
		run_metrics_add(m->result.metrics, &m->request->scenario, &m->last.end);
		if (wants_output)
			user_metrics_add(m->result.metrics, &m->request->scenario, text);
		m->n_repeats++;
		m->target_failed = !ended_well(m);
	}
	free(text);
	return status;
}

static bool wants_another(const struct measurement *m)
{
	if (m->target_failed || m->last.by == ENDED_BY_INTERRUPT || m->n_repeats >= MAX_REPEATS)
		return false;
	if (m->n_repeats < m->common->runs)
		return true;
	return m->collector->wants_more && m->collector->wants_more(m->state);
}

static int run_repeats(struct measurement *m)
{
	int status = STATUS_WELL;

	for (uint64_t i = 0; status == STATUS_WELL && i < m->common->warmup; i++) {
		status = run_once(m, NULL, false, NULL);
		if (status == STATUS_WELL && !ended_well(m)) {
			status = target_status(m);
			diag_prefix(m->diag, "warm-up");
		}
	}
	if (status == STATUS_WELL)
		status = measure_once(m);
	while (status == STATUS_WELL && wants_another(m))
		status = measure_once(m);
	if (m->common->cleanup) {
		struct diag ignored;
		int err = shell_run("--cleanup", m->common->cleanup, m->request->scenario.cwd,
		                    &m->request->variables, &m->signals->original,
		                    status == STATUS_WELL ? m->diag : &ignored);

		if (err && status == STATUS_WELL)
			status = STATUS_OWN_FAILURE;
	}
	return status;
}

static void init_result(struct measurement *m)
{
	const struct scenario *scenario = &m->request->scenario;
	struct result *result = &m->result;

	m->command_text = words_join(m->request->command.texts, m->request->command.n_texts);
	result->scenario = m->request->name;
	result->type = m->collector->name;
	result->command = m->command_text;
	result->metrics = metrics_new();
	result->findings = findings_new();
	result->quality = json_object();
	for (size_t i = 0; i < scenario->n_settings; i++)
		if (!strcmp(scenario->settings[i].section, "findings"))
			findings_set_threshold(result->findings, scenario->settings[i].key,
			                       strtod(scenario->settings[i].value, NULL));
}

static void add_note(json_t *quality, const char *text)
{
	json_t *notes = json_object_get(quality, "notes");

	if (!notes) {
		notes = json_array();
		json_object_set_new(quality, "notes", notes);
	}
	json_array_append_new(notes, json_string(text));
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
	return m->target_failed ? "target_failed" : "ok";
}

static int write_manifest(struct measurement *m)
{
	struct measured measured = {
	    .request = m->request,
	    .collector = m->collector,
	    .own_options = m->own,
	    .binary = &m->binary,
	    .started_realtime = m->started_realtime,
	    .started_monotonic = m->started_monotonic,
	    .last = &m->last,
	    .result = &m->result,
	    .verdict = verdict_of(m),
	    .cwd = m->cwd,
	};
	FILE *stream;

	m->manifest = manifest_make(&measured, m->run);
	stream = results_create(m->run, "run.json", m->diag);
	if (!stream)
		return -EIO;
	json_dumpf(m->manifest, stream, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	fputc('\n', stream);
	return results_close(m->run, stream, m->diag);
}

/* What --output-dir links beside the tree, under the names of older wrappers. */
static const struct {
	const char *type;
	const char *group;
	const char *suffix;
	const char *artifact;
} links[] = {
    {"cpu", "flamegraphs", "flamegraph.svg", "flamegraph.svg"},
    {"memory", "massif", "massif.out", "massif.out"},
    {"memory", "massif", "massif-report.txt", "massif-report.txt"},
    {"io", "strace", "strace-summary.txt", "summary.txt"},
};

static bool has_artifact(const struct results_run *run, const char *name)
{
	const char *artifact;

	for (size_t i = 0; (artifact = results_artifact(run, i)); i++)
		if (!strcmp(artifact, name))
			return true;
	return false;
}

static int link_old_names(struct measurement *m)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(links); i++) {
		char *name;

		if (strcmp(links[i].type, m->collector->name) != 0 ||
		    !has_artifact(m->run, links[i].artifact))
			continue;
		name = xasprintf("%s-%s", m->request->name, links[i].suffix);
		err = results_link(m->run, links[i].group, name, links[i].artifact, m->diag);
		free(name);
	}
	return err;
}

/* Copies a file by streams; to - is stdout. */
static int copy_file(const char *from, const char *to, struct diag *diag)
{
	char buffer[65536];
	FILE *in = fopen(from, "re");
	FILE *out = strcmp(to, "-") ? fopen(to, "we") : stdout;
	size_t n;
	int err = 0;

	if (!in || !out)
		err = -errno;
	while (!err && (n = fread(buffer, 1, sizeof(buffer), in)) > 0)
		if (fwrite(buffer, 1, n, out) != n)
			err = -errno;
	if (out && (out == stdout ? fflush(out) : fclose(out)) && !err)
		err = -errno;
	if (in)
		fclose(in);
	return err ? diag_fail(diag, -err, "cannot copy %s to %s: %s", from, to, strerror(-err))
	           : 0;
}

static int copy_artifact(const struct measurement *m, const char *artifact, const char *to)
{
	char *from = xasprintf("%s/%s", results_path(m->run), artifact);
	int err = copy_file(from, to, m->diag);

	free(from);
	return err;
}

/* A usable run is the latest one now, and that name is the shorter. */
static void print_summary(const struct measurement *m)
{
	char *latest = xasprintf("%s/%s/%s/latest", m->request->results, m->request->name, m->collector->name);

	summary_print(m->manifest, m->result.unusable ? results_path(m->run) : latest, stderr);
	free(latest);
}

/* -o, --json and the summary, once the run is in its place. */
static int hand_out(struct measurement *m)
{
	const struct run_options *common = m->common;
	int err = 0;

	if (m->request->line->common->output_dir)
		err = link_old_names(m);
	if (!err && common->copy_to && m->result.page)
		err = copy_artifact(m, m->result.page, common->copy_to);
	if (!err && common->json)
		err = copy_artifact(m, "run.json", *common->json ? common->json : "-");
	if (!common->quiet)
		print_summary(m);
	return err;
}

/* Reading symbols means reading files that strangers made: only what results and kernel names need stays in force. */
static int finish_collector(struct measurement *m)
{
	static const int keep[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_SYSLOG};
	int err;

	capability_lower(keep, ARRAY_SIZE(keep));
	err = m->collector->finish(m->state, m->run, &m->result, m->diag);
	capability_raise();
	return err;
}

static int write_results(struct measurement *m)
{
	int err;

	finish_metrics(m);
	m->result.started_ns =
	    (int64_t)m->started_realtime.tv_sec * 1000000000 + m->started_realtime.tv_nsec;
	if (m->last.n_left_alive)
		add_note(
		    m->result.quality,
		    "descendants outlived the target by more than a second and were left alive");
	err = finish_collector(m);
	if (!err)
		err = write_manifest(m);
	if (!err)
		err = results_publish(m->run, !m->result.unusable, m->diag);
	if (!err)
		err = hand_out(m);
	return err ? STATUS_OWN_FAILURE : STATUS_WELL;
}

static int run_and_write(struct measurement *m)
{
	int status = run_repeats(m);

	if (status == STATUS_WELL)
		status = write_results(m);
	if (status != STATUS_WELL)
		return status;
	if (m->target_failed)
		return target_status(m);
	if (m->result.unusable)
		return fail(m, STATUS_UNUSABLE, "%s", m->result.unusable);
	return STATUS_WELL;
}

static void measurement_fini(struct measurement *m)
{
	if (m->state)
		m->collector->destroy(m->state);
	results_end(m->run);
	repeat_result_fini(&m->last);
	result_fini(&m->result);
	json_decref(m->manifest);
	json_decref(m->host);
	options_free(&run_option_table, m->common);
	options_free(&m->collector->options, m->own);
	binary_fini(&m->binary);
	plain_copy_remove(m->plain_copy);
	text_list_fini(&m->variables);
	free(m->command_text);
	free(m->cwd);
}

int measure(const struct request *request, const struct collector *collector,
            struct signals *signals, struct diag *diag)
{
	struct measurement m = {
	    .request = request, .collector = collector, .signals = signals, .diag = diag};
	int status = STATUS_OWN_FAILURE;

	m.cwd = getcwd(NULL, 0);
	if (!m.cwd)
		m.cwd = xstrdup("(deleted)");
	init_result(&m);
	if (!request_options(request, collector, &m.common, &m.own, diag))
		status = look_at_binary(&m);
	if (status == STATUS_WELL)
		status = create_collector(&m);
	if (status == STATUS_WELL)
		status = begin_results(&m);
	if (status == STATUS_WELL)
		status = run_and_write(&m);
	measurement_fini(&m);
	return status;
}
