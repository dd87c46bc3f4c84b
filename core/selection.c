/* Reads what is chosen, and copies a recording's samples that are. */
#include "core/selection.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/recording.h"
#include "core/stack_table.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void text_list_split(struct text_list *list, const char *text)
{
	const char *start = text;
	int depth = 0;

	for (const char *at = text;; at++) {
		if (*at && strchr("(<{", *at))
			depth++;
		else if (*at && strchr(")>}", *at))
			depth--;
		if (*at && (*at != ',' || depth > 0))
			continue;
		if (at > start) {
			char *word = xstrndup(start, (size_t)(at - start));

			text_list_add(list, word);
			free(word);
		}
		if (!*at)
			return;
		start = at + 1;
	}
}

static int read_numbers(struct text_list *numbers, const char *option, const char *text,
                        struct diag *diag)
{
	if (!text)
		return 0;
	text_list_split(numbers, text);
	for (size_t i = 0; i < numbers->n_texts; i++)
		if (numbers->texts[i][strspn(numbers->texts[i], "0123456789")])
			return diag_fail(diag, EINVAL, "option '%s' takes numbers, not '%s'",
			                 option, numbers->texts[i]);
	if (!numbers->n_texts)
		return diag_fail(diag, EINVAL, "option '%s' takes at least one number", option);
	return 0;
}

/* An end of the span; an empty one leaves *ns as it is. */
static bool read_seconds(const char *text, uint64_t *ns)
{
	char *end;
	double seconds;

	if (!*text)
		return true;
	seconds = strtod(text, &end);
	if (*end || !isfinite(seconds) || seconds < 0 || seconds > 1e9)
		return false;
	*ns = (uint64_t)llround(seconds * 1e9);
	return true;
}

static int read_span(struct selection *selection, const char *text, struct diag *diag)
{
	const char *comma = text ? strchr(text, ',') : NULL;
	char *start;
	bool is_span;

	if (!text)
		return 0;
	start = xstrndup(text, comma ? (size_t)(comma - text) : strlen(text));
	is_span = comma && read_seconds(start, &selection->start_ns) &&
	          read_seconds(comma + 1, &selection->end_ns) &&
	          selection->start_ns < selection->end_ns;
	free(start);
	return is_span ? 0
	               : diag_fail(diag, EINVAL,
	                           "option 'time' takes START,END in seconds since the start, such "
	                           "as 1.5,2 or ,0.3; not '%s'",
	                           text);
}

int selection_init(struct selection *selection, const struct selection_options *options,
                   struct diag *diag)
{
	int err;

	*selection = (struct selection){.end_ns = UINT64_MAX};
	if (options->comms)
		text_list_split(&selection->comms, options->comms);
	err = read_numbers(&selection->pids, "pid", options->pids, diag);
	if (!err)
		err = read_numbers(&selection->tids, "tid", options->tids, diag);
	if (!err)
		err = read_span(selection, options->time, diag);
	return err;
}

void selection_fini(struct selection *selection)
{
	text_list_fini(&selection->comms);
	text_list_fini(&selection->pids);
	text_list_fini(&selection->tids);
}

void text_list_add_named(struct text_list *list, const char *name, const char *value)
{
	char *line;

	if (!value)
		return;
	line = xasprintf("%s: %s", name, value);
	text_list_add(list, line);
	free(line);
}

void selection_describe(const struct selection_options *options, struct text_list *lines)
{
	text_list_add_named(lines, "comm", options->comms);
	text_list_add_named(lines, "pid", options->pids);
	text_list_add_named(lines, "tid", options->tids);
	text_list_add_named(lines, "time", options->time);
}

bool selection_is_all(const struct selection *selection)
{
	return !selection->comms.n_texts && !selection->pids.n_texts && !selection->tids.n_texts &&
	       !selection->start_ns && selection->end_ns == UINT64_MAX;
}

static bool has_glob(const struct text_list *globs, const char *text)
{
	for (size_t i = 0; i < globs->n_texts; i++)
		if (!strcmp(globs->texts[i], text) || !fnmatch(globs->texts[i], text, 0))
			return true;
	return !globs->n_texts;
}

static bool has_number(const struct text_list *numbers, long number)
{
	for (size_t i = 0; i < numbers->n_texts; i++)
		if (strtol(numbers->texts[i], NULL, 10) == number)
			return true;
	return !numbers->n_texts;
}

static bool *choose_threads(const struct recording *recording, const struct selection *selection)
{
	size_t n_threads = recording_n_threads(recording);
	bool *chosen = xcalloc(n_threads, sizeof(*chosen));

	for (size_t i = 0; i < n_threads; i++) {
		const struct recorded_thread *thread = recording_thread(recording, (uint32_t)i);

		chosen[i] = has_glob(&selection->comms, thread->comm) &&
		            has_number(&selection->pids, thread->pid) &&
		            has_number(&selection->tids, thread->tid);
	}
	return chosen;
}

/* What samples refer to, under the ids that it has. */
static struct recording *copy_frame(const struct recording *recording)
{
	size_t n_types = recording_n_types(recording);
	struct value_type *types = xcalloc(n_types, sizeof(*types));
	struct recording *copy;

	for (size_t i = 0; i < n_types; i++)
		types[i] = *recording_type(recording, i);
	copy = recording_new(types, n_types);
	free(types);
	for (uint32_t i = 0; i < recording_n_objects(recording); i++) {
		struct object object = *recording_object(recording, i);

		object.fd = -1; /* the original keeps its own */
		BUG(recording_add_object(copy, &object) != i);
	}
	for (uint32_t i = 0; i < recording_n_threads(recording); i++) {
		const struct recorded_thread *thread = recording_thread(recording, i);

		BUG(recording_add_thread(copy, thread->pid, thread->tid, thread->comm) != i);
	}
	for (uint32_t id = 1; id <= stack_table_count(recording_stacks(recording)); id++) {
		uint32_t parent;
		struct recorded_frame frame = recording_frame(recording, id, &parent);

		BUG(recording_add_frame(copy, parent, frame) != id);
	}
	for (size_t i = 0; i < recording_n_losses(recording); i++) {
		struct loss loss = recording_loss(recording, i);

		recording_add_loss(copy, loss.what, loss.count);
	}
	return copy;
}

struct recording *recording_select(const struct recording *recording,
                                   const struct selection *selection, uint64_t *in_span)
{
	struct recording *chosen = copy_frame(recording);
	bool *threads = choose_threads(recording, selection);
	size_t n_types = recording_n_types(recording);

	memset(in_span, 0, n_types * sizeof(*in_span));
	for (size_t i = 0; i < recording_n_samples(recording); i++) {
		const uint64_t *values;
		struct sample sample = recording_sample(recording, i, &values);

		if (sample.time_ns < selection->start_ns || sample.time_ns >= selection->end_ns)
			continue;
		for (size_t type = 0; type < n_types; type++)
			in_span[type] += values[type];
		if (threads[sample.thread])
			recording_add_sample(chosen, sample, values);
	}
	free(threads);
	return chosen;
}
