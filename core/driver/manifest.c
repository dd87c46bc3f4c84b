/* Builds run.json from what the driver and the collector know. */
#include "core/driver/manifest.h"

#include "core/driver/repeat.h"
#include "core/driver/request.h"
#include "core/driver/summary.h"

#include "core/alloc.h"
#include "core/binary.h"
#include "core/findings.h"
#include "core/host.h"
#include "core/metrics.h"
#include "core/perf/process_tree.h"
#include "core/results.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* A path or an argument may hold any bytes; JSON holds UTF-8: others become "?". */
static json_t *text_to_json(const char *text)
{
	json_t *string = json_string(text);
	char *copy;

	if (string)
		return string;
	copy = xstrdup(text);
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	string = json_string(copy);
	free(copy);
	return string;
}

static json_t *texts_to_json(const struct text_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n_texts; i++)
		json_array_append_new(array, text_to_json(list->texts[i]));
	return array;
}

/* NAME=VALUE texts as an object. */
static json_t *pairs_to_json(const struct text_list *list)
{
	json_t *object = json_object();

	for (size_t i = 0; i < list->n_texts; i++) {
		char *name = xstrndup(list->texts[i], strcspn(list->texts[i], "="));

		json_object_set_new(object, name, text_to_json(list->texts[i] + strlen(name) + 1));
		free(name);
	}
	return object;
}

static json_t *exit_to_json(const struct repeat_result *last)
{
	static const char *const by[] = {
	    [ENDED_BY_TARGET] = "target",
	    [ENDED_BY_DURATION] = "duration",
	    [ENDED_BY_INTERRUPT] = "interrupt",
	};
	int status = last->end.wait_status;
	json_t *object = json_pack("{s:b, s:s}", "timed_out", last->timed_out, "by", by[last->by]);

	if (WIFSIGNALED(status))
		json_object_set_new(object, "signal", json_integer(WTERMSIG(status)));
	else
		json_object_set_new(object, "code", json_integer(WEXITSTATUS(status)));
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

static const struct observed_process *find_observed(const struct result *result,
                                                    const struct process_image *image)
{
	for (size_t i = 0; i < result->n_processes; i++)
		if (result->processes[i].pid == image->pid &&
		    result->processes[i].exec_number == image->exec_number)
			return &result->processes[i];
	return NULL;
}

static json_t *process_to_json(pid_t pid, pid_t parent, unsigned exec_number, const char *command)
{
	return json_pack("{s:i, s:i, s:i, s:o}", "pid", (int)pid, "ppid", (int)parent, "exec",
	                 (int)exec_number, "command", text_to_json(command));
}

static void add_observed(json_t *object, const struct observed_process *observed)
{
	json_object_set_new(object, "observed", json_boolean(observed->observed));
	if (observed->has_exit)
		json_object_set_new(object, "exit", wait_status_to_json(observed->wait_status));
	if (observed->reason)
		json_object_set_new(object, "reason", text_to_json(observed->reason));
}

/* The collector's own rows where it has some, else the process tree that the driver saw. */
static json_t *processes_to_json(const struct measured *measured)
{
	const struct result *result = measured->result;
	const struct process_tree *tree = measured->last->tree;
	json_t *array = json_array();

	for (size_t i = 0; i < result->n_processes; i++) {
		const struct observed_process *process = &result->processes[i];
		json_t *object =
		    process_to_json(process->pid, process->parent_pid, process->exec_number,
		                    process->command ? process->command : "");

		add_observed(object, process);
		json_array_append_new(array, object);
	}
	for (size_t i = 0; i < process_tree_n_images(tree); i++) {
		const struct process_image *image = process_tree_image(tree, i);
		json_t *object;

		if (find_observed(result, image))
			continue;
		object = process_to_json(image->pid, image->parent_pid, image->exec_number,
		                         image->command ? image->command : image->comm);
		/* A collector that names its processes did not see this one. */
		json_object_set_new(object, "observed", json_boolean(!result->n_processes));
		if (image->pid == measured->last->pid && image->ended)
			json_object_set_new(object, "exit",
			                    wait_status_to_json(measured->last->end.wait_status));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *artifacts_to_json(const struct results_run *run)
{
	json_t *array = json_array();
	const char *name;

	for (size_t i = 0; (name = results_artifact(run, i)); i++)
		json_array_append_new(array, json_string(name));
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
		json_object_set_new(object, "event", json_string(result->event));
	if (result->fallback)
		json_object_set_new(object, "fallback", json_string(result->fallback));
	return object;
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

	json_object_set_new(manifest, "schema", json_integer(1));
	json_object_set_new(manifest, "tool", json_pack("{s:s}", "version", VERSION));
	json_object_set_new(manifest, "scenario", json_string(request->name));
	json_object_set_new(manifest, "type", json_string(measured->collector->name));
	json_object_set_new(manifest, "run_id", json_string(results_run_id(run)));
	json_object_set_new(manifest, "verdict", json_string(measured->verdict));
	json_object_set_new(manifest, "command", texts_to_json(&request->command));
	json_object_set_new(manifest, "cwd", text_to_json(measured->cwd));
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
	json_object_set_new(manifest, "git", git_to_json(measured->cwd));
	json_object_set_new(manifest, "binary", binary_to_json(measured->binary));
	json_object_set_new(manifest, "collector", collector_to_json(measured));
	json_object_set(manifest, "quality", result->quality);
	json_object_set_new(manifest, "metrics", metrics_to_json(result->metrics));
	json_object_set_new(manifest, "gates", json_array());
	json_object_set_new(manifest, "processes", processes_to_json(measured));
	json_object_set_new(manifest, "findings", findings_to_json(result->findings));
	json_object_set_new(manifest, "artifacts", artifacts_to_json(run));
	json_object_set_new(manifest, "summary", summary_to_json(result));
	return manifest;
}
