/* Each sample with its stack as `perf script -F comm,pid,tid,time,period,event,ip,sym,dso --ns`
 * prints it, for the readers of that text: stackcollapse-perf.pl, speedscope, the Firefox Profiler.
 *
 * They take an object's name to the next blank, so a blank in one is written `_`. Functions are
 * without arguments, as perf prints them. What was inlined stands as `f (inlined)` before its
 * caller, as perf prints it too.
 */
#include "core/export/exporter.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/recording.h"
#include "core/stack_table.h"
#include "core/symbolize/demangle.h"
#include "core/symbolize/symbolize.h"
#include "core/unwind/unwind.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct script {
	const struct recording *recording;
	struct symbolizer *symbolizer;
	const char *event;
	size_t type;        /* samples that have nothing of it are not written */
	size_t period_type; /* what is printed as the period */
	char **lines;       /* by stack id: those of its innermost address; NULL: not needed yet */
	FILE *out;
};

static void replace_blanks(char *text)
{
	for (; *text; text++)
		if (isspace((unsigned char)*text) || iscntrl((unsigned char)*text))
			*text = '_';
}

/* The caller frees it. */
static char *object_text(const struct object *object)
{
	static const char deleted[] = " (deleted)"; /* how the kernel marks an unlinked file */
	char *text;
	size_t len;

	if (object->kind == OBJECT_KERNEL)
		return xstrdup("[kernel.kallsyms]");
	if (object->kind == OBJECT_FAILED || !object->path || !*object->path)
		return xstrdup("[unknown]");
	text = xstrdup(object->path);
	len = strlen(text);
	if (len > strlen(deleted) && !strcmp(text + len - strlen(deleted), deleted))
		text[len - strlen(deleted)] = '\0';
	replace_blanks(text);
	return text;
}

static void write_frame(FILE *out, uint64_t address, const char *function, const char *object)
{
	fprintf(out, "\t%16" PRIx64 " %s (%s)\n", recorded_has_address(address) ? address : 0,
	        function, object);
}

static void write_symbol(FILE *out, uint64_t address, const struct symbol_frame *frame,
                         const char *object)
{
	char *name = frame->function ? demangle_short(frame->function) : xstrdup("[unknown]");

	for (char *at = name; *at; at++)
		if (iscntrl((unsigned char)*at))
			*at = '?';
	write_frame(out, address, name, frame->inlined ? "inlined" : object);
	free(name);
}

/* The lines of one address: the calls inlined there, then the function. The caller frees them. */
static char *address_lines(const struct script *script, const struct recorded_frame *recorded)
{
	const struct object *object = recording_object(script->recording, recorded->object);
	uint64_t address = symbolizer_address(recorded->vaddr, recorded->is_return);
	const struct symbol_frame *frames;
	char *name = object_text(object), *text;
	size_t len, n;
	FILE *out = open_memstream(&text, &len);

	BUG(!out);
	if (object->kind == OBJECT_FAILED) {
		char *why = xasprintf("[unwind failed: %s]",
		                      unwind_end_text((enum unwind_end)recorded->vaddr));

		write_frame(out, 0, why, name);
		free(why);
	} else {
		n = symbolizer_look_up(script->symbolizer, object, recorded->vaddr,
		                       recorded->is_return, &frames);
		for (size_t i = 0; i < n; i++)
			write_symbol(out, address, &frames[i], name);
	}
	BUG(fclose(out));
	free(name);
	return text;
}

static void write_stack(struct script *script, uint32_t stack)
{
	while (stack) {
		uint32_t parent;
		struct recorded_frame recorded = recording_frame(script->recording, stack, &parent);

		if (!script->lines[stack])
			script->lines[stack] = address_lines(script, &recorded);
		fputs(script->lines[stack], script->out);
		stack = parent;
	}
}

/* A line begins with the command, which must not be empty or begin with a blank. */
static void write_head(const struct script *script, const struct sample *sample, uint64_t period)
{
	const struct recorded_thread *thread = recording_thread(script->recording, sample->thread);
	char comm[sizeof(thread->comm)];
	size_t n = 0;

	for (const char *at = thread->comm; *at; at++)
		comm[n++] = iscntrl((unsigned char)*at) ? '?' : *at;
	comm[n] = '\0';
	if (*comm == ' ' || *comm == '#')
		*comm = '_';
	fprintf(script->out, "%s %d/%d %" PRIu64 ".%09" PRIu64 ": %10" PRIu64 " %s: \n",
	        *comm ? comm : "?", (int)thread->pid, (int)thread->tid,
	        sample->time_ns / 1000000000, sample->time_ns % 1000000000, period, script->event);
}

/* Of a wait it is how long it took; of a sample what it stands for, not that it is one. */
static size_t find_period_type(const struct recording *recording, size_t type)
{
	bool is_count = !strcmp(recording_type(recording, type)->unit, "count");

	return is_count && recording_n_types(recording) > 1 ? 1 : type;
}

struct timed_sample {
	uint64_t time_ns;
	size_t index;
};

static int compare_times(const void *a, const void *b)
{
	const struct timed_sample *x = a;
	const struct timed_sample *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns > y->time_ns ? 1 : -1;
	return (x->index > y->index) - (x->index < y->index);
}

/* Waits are recorded when they have ended, perhaps several as one: readers want them in order. */
static struct timed_sample *sort_samples(const struct recording *recording)
{
	size_t n = recording_n_samples(recording);
	struct timed_sample *order = xcalloc(n, sizeof(*order));
	const uint64_t *values;

	for (size_t i = 0; i < n; i++)
		order[i] =
		    (struct timed_sample){recording_sample(recording, i, &values).time_ns, i};
	if (n)
		qsort(order, n, sizeof(*order), compare_times);
	return order;
}

static int write_perf_script(const struct recording *recording, struct symbolizer *symbolizer,
                             const struct export_options *options, FILE *out, struct diag *diag)
{
	size_t n_types = recording_n_types(recording);
	struct script script = {
	    .recording = recording,
	    .symbolizer = symbolizer,
	    .event = options->event ? options->event : "samples",
	    .type = options->type,
	    .out = out,
	};
	uint32_t n_stacks = stack_table_count(recording_stacks(recording));
	struct timed_sample *order;

	if (!n_types)
		return diag_fail(diag, EINVAL, "there are no samples to write as perf script does");
	script.period_type = find_period_type(recording, script.type);
	order = sort_samples(recording);
	script.lines = xcalloc((size_t)n_stacks + 1, sizeof(*script.lines));
	for (size_t i = 0; i < recording_n_samples(recording); i++) {
		const uint64_t *values;
		struct sample sample = recording_sample(recording, order[i].index, &values);

		if (!values[script.type])
			continue;
		write_head(&script, &sample, values[script.period_type]);
		write_stack(&script, sample.stack);
		fputc('\n', out);
	}
	for (uint32_t i = 0; i <= n_stacks; i++)
		free(script.lines[i]);
	free(script.lines);
	free(order);
	return recording_check(recording, diag);
}

const struct exporter perf_script_exporter = {
    .name = "perf-script",
    .help = "each sample with its stack, as perf script prints it",
    .write_samples = write_perf_script,
};
