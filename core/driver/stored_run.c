/* Opens stored runs for the verbs that read them. */
#include "core/driver/stored_run.h"

#include "core/driver/collectors.h"
#include "core/driver/request.h"
#include "core/driver/stored_process.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/export/pprof_read.h"
#include "core/export/samples.h"
#include "core/json_text.h"
#include "core/number_text.h"
#include "core/profile.h"
#include "core/quality.h"
#include "core/recording.h"
#include "core/results/results.h"
#include "core/symbolize/symbolize.h"
#include "core/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* NULL with a negative *err. */
static json_t *read_manifest(const char *directory, int *err, struct diag *diag)
{
	char *run = results_run_of(directory);
	char *path = xasprintf("%s/run.json", run);
	json_error_t error;
	json_t *manifest = json_load_file(path, 0, &error);

	*err = 0;
	if (!manifest && access(path, R_OK) != 0)
		*err = diag_fail(diag, errno, "cannot read %s: %s", path, strerror(errno));
	else if (!manifest)
		*err = diag_fail(diag, EBADMSG,
		                 "cannot read %s: it is cut short or damaged, line %d: %s", path,
		                 error.line, error.text);
	else if (json_integer_value(json_object_get(manifest, "schema")) != MANIFEST_SCHEMA) {
		*err = diag_fail(
		    diag, EBADMSG,
		    "%s is of another schema than %d; show it with the version that wrote it", path,
		    MANIFEST_SCHEMA);
		json_decref(manifest);
		manifest = NULL;
	}
	free(path);
	free(run);
	return manifest;
}

const char *stored_run_type(const struct stored_run *run)
{
	return json_text_or_empty(run->manifest, "type");
}

static char *command_of(const json_t *manifest)
{
	const json_t *words = json_object_get(manifest, "command");
	struct text_list list = {0};
	char *joined;

	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *word = json_string_value(json_array_get(words, i));

		text_list_add(&list, word ? word : "");
	}
	joined = words_join(list.texts, list.n_texts);
	text_list_fini(&list);
	return joined;
}

static bool is_process_folder(const char *directory)
{
	char *run = results_run_of(directory);
	bool differs = strcmp(run, directory) != 0;

	free(run);
	return differs;
}

/* What is asked for by a view's word or another name of its type is stored under the type's. */
static void hint_stored_name(const char *name, struct diag *diag)
{
	const char *slash = strchr(name, '/');
	size_t len = slash ? strcspn(slash + 1, "/~") : 0;
	char *word = slash ? xstrndup(slash + 1, len) : xstrdup("");
	const struct collector *collector = collector_find(word);
	struct diag found = *diag;

	if (collector && strcmp(collector->name, word) != 0)
		diag_fail(diag, ENOENT, "%s; what --type %s measures is stored as %.*s/%s%s",
		          found.text, word, (int)(slash - name), name, collector->name,
		          slash + 1 + len);
	free(word);
}

/* Of a run that is zero but for its directory and name. */
static int read_run(struct stored_run *run, struct diag *diag)
{
	int err;

	run->is_process = is_process_folder(run->directory);
	run->manifest = read_manifest(run->directory, &err, diag);
	if (!run->manifest)
		return err;
	run->title = xasprintf("%s/%s %s", json_text_or_empty(run->manifest, "scenario"),
	                       json_text_or_empty(run->manifest, "type"),
	                       json_text_or_empty(run->manifest, "run_id"));
	run->command = command_of(run->manifest);
	if (run->is_process)
		stored_run_describe_process(run);
	run->lost = (uint64_t)json_integer_value(
	    json_object_get(json_object_get(run->manifest, "quality"), "lost_samples"));
	return 0;
}

int stored_run_open(struct stored_run *run, const struct run_options *options, const char *name,
                    struct diag *diag)
{
	char *results = request_results_dir(options);
	int err;

	*run = (struct stored_run){0};
	err = name ? results_find(results, name, &run->directory, diag)
	           : results_find_newest(results, &run->directory, diag);
	free(results);
	if (err && name)
		hint_stored_name(name, diag);
	if (err)
		return err;
	run->name = xstrdup(name ? name : run->directory);
	return read_run(run, diag);
}

bool stored_run_is_unusable(int err)
{
	return err == -EBADMSG;
}

int stored_run_open_directory(struct stored_run *run, const char *directory, struct diag *diag)
{
	*run = (struct stored_run){.directory = xstrdup(directory), .name = xstrdup(directory)};
	return read_run(run, diag);
}

void stored_run_fini(struct stored_run *run)
{
	profile_free(run->profile);
	recording_free(run->recording);
	symbolizer_free(run->symbolizer);
	text_list_fini(&run->notes);
	json_decref(run->manifest);
	free(run->in_span);
	free(run->title);
	free(run->command);
	free(run->directory);
	free(run->name);
}

FILE *stored_run_file(const struct stored_run *run, const char *name, int *err, struct diag *diag)
{
	char *path = xasprintf("%s/%s", run->directory, name);
	FILE *in = fopen(path, "re");

	*err = 0;
	if (!in && errno != ENOENT)
		*err = diag_fail(diag, errno, "cannot read %s: %s", path, strerror(errno));
	free(path);
	return in;
}

static int read_recording(struct stored_run *run, struct diag *diag)
{
	int err;
	FILE *in = stored_run_file(run, "samples.bin", &err, diag);

	run->symbolizer = symbolizer_new();
	symbolizer_set_past(run->symbolizer);
	if (in) {
		err = samples_read(in, &run->recording, run->symbolizer, diag);
	} else if (!err) {
		in = stored_run_file(run, "profile.pb.gz", &err, diag);
		run->has_sums = true;
		if (in)
			err = pprof_read(in, &run->recording, run->symbolizer, &run->type, diag);
		else if (!err)
			return diag_fail(diag, ENOENT,
			                 "%s has neither samples.bin nor profile.pb.gz: a run of "
			                 "type %s stores no stacks; its files are in %s",
			                 run->name, stored_run_type(run), run->directory);
	}
	if (in) {
		fclose(in);
		if (err) {
			diag_prefix(diag, "%s", run->directory);
			err = -EBADMSG;
		}
	}
	return err;
}

static uint64_t last_time(const struct recording *recording)
{
	uint64_t last_ns = 0;

	for (size_t i = 0; i < recording_n_samples(recording); i++) {
		const uint64_t *values;
		uint64_t time_ns = recording_sample(recording, i, &values).time_ns;

		if (time_ns > last_ns)
			last_ns = time_ns;
	}
	return last_ns;
}

/* What could have been asked for: the commands, the last sample's time. */
static int nothing_chosen(const struct stored_run *run, const struct recording *all,
                          struct diag *diag)
{
	char names[200] = "", last[40] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < recording_n_threads(all); i++) {
		const struct recorded_thread *thread = recording_thread(all, i);
		int len;

		if (used > sizeof(names) - 60) {
			strcpy(names + used, " ...");
			break;
		}
		len = snprintf(names + used, sizeof(names) - used, "%s%s (pid %d, tid %d)",
		               i ? ", " : "", thread->comm, (int)thread->pid, (int)thread->tid);
		used += (size_t)len;
	}
	if (!run->has_sums)
		snprintf(last, sizeof(last), ", the last at %.3f s", (double)last_time(all) / 1e9);
	return diag_fail(diag, ENODATA, "no sample of %s is chosen: it has samples of %s%s",
	                 run->name, names, last);
}

int stored_run_read(struct stored_run *run, const struct selection *selection, struct diag *diag)
{
	struct recording *all;
	int err = read_recording(run, diag);

	if (err)
		return err;
	if (run->has_sums && (selection->start_ns || selection->end_ns != UINT64_MAX))
		return diag_fail(diag, EINVAL,
		                 "--time cannot cut %s: a run of type %s stores sums, not single "
		                 "samples",
		                 run->name, stored_run_type(run));
	all = run->recording;
	run->in_span = xcalloc(recording_n_types(all), sizeof(*run->in_span));
	run->recording = recording_select(all, selection, run->in_span);
	/* A heap that nobody asked anything of is whole without samples. */
	if (!recording_n_types(all) ||
	    (!recording_n_samples(run->recording) &&
	     !(run->has_sums && selection_is_all(selection) && !recording_n_samples(all))))
		err = nothing_chosen(run, all, diag);
	recording_free(all);
	return err;
}

int stored_run_choose_value(struct stored_run *run, const char *value, struct diag *diag)
{
	struct text_list names = {0};
	char *all;
	int err;

	if (!value)
		return 0;
	for (size_t i = 0; i < recording_n_types(run->recording); i++) {
		const char *name = recording_type(run->recording, i)->name;

		text_list_add(&names, name);
		if (!strcmp(name, value))
			run->type = i;
	}
	all = words_list((const char *const *)names.texts);
	err =
	    !strcmp(recording_type(run->recording, run->type)->name, value)
	        ? 0
	        : diag_fail(diag, EINVAL, "%s has no value '%s'; it has %s", run->name, value, all);
	free(all);
	text_list_fini(&names);
	return err;
}

int stored_run_check_value(const struct stored_run *run, struct diag *diag)
{
	const char *name = recording_type(run->recording, run->type)->name;
	const struct recorded_thread *thread = NULL;
	char *folder, *way;
	int err;

	if (!run->in_span[run->type])
		return 0;
	for (size_t i = 0; i < recording_n_samples(run->recording); i++) {
		const uint64_t *values;
		struct sample sample = recording_sample(run->recording, i, &values);

		if (values[run->type])
			return 0;
		thread = recording_thread(run->recording, sample.thread);
	}
	BUG(!thread);
	folder = stored_run_process_folder(run, thread);
	way = folder ? xasprintf("%s has that process by itself; ", folder) : xstrdup("");
	err = diag_fail(diag, ENODATA,
	                "no %s of %s is in what is chosen (%s, pid %d), all of it is of others; "
	                "%s--value shows something else",
	                name, run->name, thread->comm, (int)thread->pid, way);
	free(way);
	free(folder);
	return err;
}

/* The samples without a name by object, with the remedy. */
static void note_unresolved(struct stored_run *run)
{
	const struct value_type *type = profile_type(run->profile, 0);
	json_t *quality = json_object();
	json_t *notes, *by_object, *count;
	const char *object;
	size_t i;

	quality_add_unresolved(quality, run->profile, NULL, run->recording, run->symbolizer, NULL);
	by_object = json_object_get(quality, "unresolved_by_object");
	json_object_foreach(by_object, object, count)
	{
		char *note = xasprintf(
		    "no name: %s %s of %s", count_text_of((uint64_t)json_integer_value(count)).text,
		    strcmp(type->unit, "count") ? type->unit : type->name, object);

		text_list_add(&run->notes, note);
		free(note);
	}
	notes = json_object_get(quality, "notes");
	for (i = 0; i < json_array_size(notes); i++)
		text_list_add(&run->notes, json_string_value(json_array_get(notes, i)));
	json_decref(quality);
}

void stored_run_name(struct stored_run *run)
{
	run->profile = profile_new(run->recording, run->symbolizer);
	note_unresolved(run);
}

struct export_options stored_run_describe(const struct stored_run *run)
{
	const json_t *summary = json_object_get(run->manifest, "summary");
	const json_t *collector = json_object_get(run->manifest, "collector");
	const json_t *quality = json_object_get(run->manifest, "quality");
	const json_t *clock = json_object_get(run->manifest, "clock");
	const char *headline = json_text_or_empty(summary, "headline");
	const char *event = json_text_or_empty(collector, "event");
	double rate_hz = json_number_value(json_object_get(quality, "rate_hz"));
	bool is_timed = run->recording && recording_n_types(run->recording) > 1 &&
	                !strcmp(recording_type(run->recording, 1)->unit, "nanoseconds");

	struct export_options options = {
	    .type = run->type,
	    .title = run->title,
	    .subtitle = *headline ? headline : NULL,
	    .command = *run->command ? run->command : NULL,
	    .event = *event ? event : NULL,
	    .started_ns = json_integer_value(json_object_get(clock, "realtime_ns")),
	    .duration_ns = (uint64_t)json_integer_value(json_object_get(run->manifest, "wall_ns")),
	    .lost = json_object_get(quality, "lost_samples") ? &run->lost : NULL,
	    .period = is_timed && rate_hz >= 1 ? (uint64_t)(1e9 / rate_hz) : 0,
	    .memory_bytes = (uint64_t)json_integer_value(
	        json_object_get(json_object_get(run->manifest, "host"), "memory_bytes")),
	    .resident_bytes =
	        (uint64_t)json_integer_value(json_object_get(run->manifest, "max_rss_bytes")),
	};

	/* These are of all processes together. */
	if (run->is_process) {
		options.duration_ns = options.resident_bytes = 0;
		options.subtitle = NULL;
		options.lost = NULL;
	}
	return options;
}
