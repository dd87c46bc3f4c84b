/* Builds run.json from what the driver and the collector know. */
#include "core/driver/manifest.h"

#include "core/driver/repeat.h"
#include "core/driver/request.h"
#include "core/driver/summary.h"

#include "core/alloc.h"
#include "core/target/binary.h"
#include "core/findings.h"
#include "core/gates.h"
#include "core/json_text.h"
#include "core/metrics.h"
#include "core/perf/process_tree.h"
#include "core/results/results.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* NAME=VALUE texts as an object. */
static json_t *pairs_to_json(const struct text_list *list)
{
	json_t *object = json_object();

	for (size_t i = 0; i < list->n_texts; i++) {
		char *name = xstrndup(list->texts[i], strcspn(list->texts[i], "="));

		json_set_named(object, name, json_text(list->texts[i] + strlen(name) + 1));
		free(name);
	}
	return object;
}

static json_t *started_to_json(const struct timespec *started)
{
	char seconds[32];
	char *text;
	struct tm utc;
	json_t *string;

	gmtime_r(&started->tv_sec, &utc);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
	text = xasprintf("%s.%03ldZ", seconds, started->tv_nsec / 1000000);
	string = json_string(text);
	free(text);
	return string;
}

static json_int_t to_ns(const struct timespec *time)
{
	return (json_int_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static json_t *wait_status_to_json(int status)
{
	return WIFSIGNALED(status) ? json_pack("{s:i}", "signal", WTERMSIG(status))
	                           : json_pack("{s:i}", "code", WEXITSTATUS(status));
}

static json_t *exit_to_json(const struct repeat_result *last)
{
	static const char *const by[] = {
	    [ENDED_BY_TARGET] = "target",
	    [ENDED_BY_DURATION] = "duration",
	    [ENDED_BY_LOAD] = "load",
	    [ENDED_BY_INTERRUPT] = "interrupt",
	};
	json_t *object =
	    last->end.is_known ? wait_status_to_json(last->end.wait_status) : json_object();

	json_object_set_new(object, "timed_out", json_boolean(last->timed_out));
	json_object_set_new(object, "by", json_string(by[last->by]));
	return object;
}

static const struct observed_process *find_observed(const struct result *result,
                                                    const struct process_image *image)
{
	for (size_t i = 0; i < result->n_processes; i++)
		if (result->processes[i].pid == image->pid &&
		    result->processes[i].exec_number == image->exec_number)
			return &result->processes[i];
	return NULL;
}

/* The target's exit is that of its last image: the earlier ones ended by exec. */
static bool is_last_image(const struct measured *measured, pid_t pid, unsigned exec_number)
{
	const struct process_tree *tree = measured->last->tree;

	if (!measured->last->pid || pid != measured->last->pid)
		return false;
	for (size_t i = 0; i < process_tree_n_images(tree); i++) {
		const struct process_image *image = process_tree_image(tree, i);

		if (image->pid == pid && image->exec_number > exec_number)
			return false;
	}
	return true;
}

/* A collector in the target may not know it; the target's own parent is this process. */
static pid_t parent_of(const struct measured *measured, const struct observed_process *process)
{
	const struct process_tree *tree = measured->last->tree;

	if (process->pid == measured->last->pid)
		return getpid();
	for (size_t i = 0; !process->parent_pid && i < process_tree_n_images(tree); i++)
		if (process_tree_image(tree, i)->pid == process->pid)
			return process_tree_image(tree, i)->parent_pid;
	return process->parent_pid;
}

static json_t *process_to_json(const struct measured *measured,
                               const struct observed_process *process)
{
	json_t *object = json_pack(
	    "{s:i, s:i, s:i, s:o, s:b}", "pid", (int)process->pid, "ppid",
	    (int)parent_of(measured, process), "exec", (int)process->exec_number, "command",
	    json_text(process->command ? process->command : ""), "observed", process->observed);

	if (process->has_exit)
		json_object_set_new(object, "exit", wait_status_to_json(process->wait_status));
	else if (is_last_image(measured, process->pid, process->exec_number))
		json_object_set_new(object, "exit",
		                    wait_status_to_json(measured->last->end.wait_status));
	if (process->reason)
		json_object_set_new(object, "reason", json_text(process->reason));
	return object;
}

/* The collector's own rows where it has some, and the process tree that the driver saw. */
static json_t *processes_to_json(const struct measured *measured)
{
	const struct result *result = measured->result;
	const struct process_tree *tree = measured->last->tree;
	json_t *array = json_array();

	for (size_t i = 0; i < result->n_processes; i++)
		json_array_append_new(array, process_to_json(measured, &result->processes[i]));
	for (size_t i = 0; i < process_tree_n_images(tree); i++) {
		const struct process_image *image = process_tree_image(tree, i);
		bool unseen = result->n_processes;
		struct observed_process process = {
		    .pid = image->pid,
		    .parent_pid = image->parent_pid,
		    .exec_number = image->exec_number,
		    .command = image->command ? image->command : (char *)image->comm,
		    .observed = !unseen,
		    .reason = unseen ? (char *)"the collector did not see it" : NULL,
		};

		if (!find_observed(result, image))
			json_array_append_new(array, process_to_json(measured, &process));
	}
	return array;
}

static json_t *artifacts_to_json(const struct results_run *run)
{
	json_t *array = json_array();
	const char *name;

	for (size_t i = 0; (name = results_artifact(run, i)); i++)
		json_array_append_new(array, json_text(name));
	return array;
}

static json_t *collector_to_json(const struct measured *measured)
{
	const struct result *result = measured->result;
	json_t *object =
	    json_pack("{s:s, s:s, s:o}", "name", measured->collector->name, "backend",
	              result->backend ? result->backend : measured->collector->name, "options",
	              options_to_json(&measured->collector->options, measured->own_options));

	if (result->event)
		json_object_set_new(object, "event", json_text(result->event));
	if (result->fallback)
		json_object_set_new(object, "fallback", json_text(result->fallback));
	return object;
}

/* The target's directory; null where it was deleted or is not known. */
static json_t *cwd_to_json(const char *directory)
{
	char *path = directory ? realpath(directory, NULL) : NULL;
	json_t *text = path ? json_text(path) : json_null();

	free(path);
	return text;
}

static void add_totals(json_t *manifest, const struct metrics *metrics)
{
	static const char *const totals[] = {"wall_ns", "user_ns", "system_ns", "max_rss_bytes"};

	for (size_t i = 0; i < ARRAY_SIZE(totals); i++) {
		char *name = xasprintf("run.%s", totals[i]);
		double value;

		if (metrics_value(metrics, name, &value))
			json_object_set_new(manifest, totals[i], json_integer((json_int_t)value));
		free(name);
	}
}

json_t *manifest_make(const struct measured *measured, const struct results_run *run)
{
	const struct request *request = measured->request;
	const struct result *result = measured->result;
	json_t *manifest = json_object();

	json_object_set_new(manifest, "schema", json_integer(MANIFEST_SCHEMA));
	json_object_set_new(manifest, "tool", json_pack("{s:s}", "version", VERSION));
	json_object_set_new(manifest, "scenario", json_string(request->name));
	json_object_set_new(manifest, "type", json_string(measured->collector->name));
	json_object_set_new(manifest, "run_id", json_string(results_run_id(run)));
	json_object_set_new(manifest, "verdict", json_string(measured->verdict));
	json_object_set_new(manifest, "command", json_texts(&request->command));
	json_object_set_new(manifest, "cwd", cwd_to_json(measured->cwd));
	json_object_set_new(manifest, "environment", pairs_to_json(&request->variables));
	json_object_set_new(manifest, "parameters", pairs_to_json(&request->parameters));
	json_object_set_new(manifest, "started", started_to_json(&measured->started_realtime));
	json_object_set_new(manifest, "clock",
	                    json_pack("{s:I, s:I}", "realtime_ns",
	                              to_ns(&measured->started_realtime), "monotonic_ns",
	                              to_ns(&measured->started_monotonic)));
	add_totals(manifest, result->metrics);
	json_object_set_new(manifest, "exit", exit_to_json(measured->last));
	json_object_set(manifest, "host", measured->host);
	json_object_set(manifest, "git", measured->git);
	json_object_set_new(manifest, "binary",
	                    measured->binary ? binary_to_json(measured->binary) : json_null());
	json_object_set_new(manifest, "collector", collector_to_json(measured));
	json_object_set(manifest, "quality", result->quality);
	json_object_set_new(manifest, "metrics", metrics_to_json(result->metrics));
	json_object_set_new(manifest, "gates", gates_to_json(result->gates));
	json_object_set_new(manifest, "processes", processes_to_json(measured));
	json_object_set_new(manifest, "findings", findings_to_json(result->findings));
	json_object_set_new(manifest, "artifacts", artifacts_to_json(run));
	json_object_set_new(manifest, "summary", summary_to_json(result));
	return manifest;
}
