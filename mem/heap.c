/* What can be asked of the heaps of a run, once they are read: sums, the largest, all in one. */
#include "mem/heap.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/number_text.h"
#include "core/perf/process_tree.h"
#include "mem/leaks/scan_history.h"
#include "mem/stack_copy.h"
#include "mem/visible.h"
#include "mem/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct value_type heap_types[HEAP_N_TYPES] = {
    [HEAP_ALLOC_OBJECTS] = {"alloc_objects", "count"},
    [HEAP_ALLOC_SPACE] = {"alloc_space", "bytes"},
    [HEAP_INUSE_OBJECTS] = {"inuse_objects", "count"},
    [HEAP_INUSE_SPACE] = {"inuse_space", "bytes"},
    [HEAP_PEAK_SPACE] = {"peak_space", "bytes"},
    [HEAP_TEMPORARY_OBJECTS] = {"temporary_objects", "count"},
    [HEAP_PEAK_OBJECTS] = {"peak_objects", "count"},
    [HEAP_LIFETIMES] = {"lifetimes", "count"},
    [HEAP_LEAKED_OBJECTS] = {"leaked_objects", "count"},
    [HEAP_LEAKED_SPACE] = {"leaked_space", "bytes"},
};

static const struct value_type tree_type = {"snapshot_space", "bytes"};

struct recording *heap_recording_new(size_t n_trees)
{
	struct value_type *types = xcalloc(HEAP_N_TYPES + n_trees, sizeof(*types));
	struct recording *recording;

	memcpy(types, heap_types, sizeof(heap_types));
	for (size_t i = 0; i < n_trees; i++)
		types[HEAP_N_TYPES + i] = tree_type;
	recording = recording_new(types, HEAP_N_TYPES + n_trees);
	free(types);
	return recording;
}

char *heap_trouble_text(const struct heap_trouble *trouble)
{
	return xasprintf("%s %s", counted_text_of(trouble->count, trouble->noun).text,
	                 trouble->what);
}

void heap_totals_add(struct heap_totals *to, const struct heap_totals *from)
{
	to->allocations += from->allocations;
	to->frees += from->frees;
	to->allocated_bytes += from->allocated_bytes;
	to->temporary += from->temporary;
	to->in_use_bytes += from->in_use_bytes;
	to->in_use_blocks += from->in_use_blocks;
	to->inherited_bytes += from->inherited_bytes;
	to->inherited_blocks += from->inherited_blocks;
	to->peak_bytes += from->peak_bytes;
	to->peak_blocks += from->peak_blocks;
	to->without_whole_stack += from->without_whole_stack;
	for (size_t i = 0; i < ARRAY_SIZE(to->cut_by); i++)
		to->cut_by[i] += from->cut_by[i];
	to->lost_events += from->lost_events;
}

bool heap_run_knows(const struct heap_run *run, pid_t pid, unsigned exec_number)
{
	for (size_t i = 0; i < run->n_processes; i++)
		if (run->processes[i].pid == pid && run->processes[i].exec_number == exec_number)
			return true;
	for (size_t i = 0; i < run->n_refusals; i++)
		if (run->refusals[i].pid == pid && run->refusals[i].exec_number == exec_number)
			return true;
	return false;
}

void heap_run_refuse(struct heap_run *run, const struct heap_refusal *refusal)
{
	struct heap_refusal *copy =
	    ARRAY_APPEND(run->refusals, run->n_refusals, run->refusals_capacity);

	*copy = *refusal;
	copy->command = xstrdup(refusal->command);
	copy->reason = xstrdup(refusal->reason);
}

static void process_fini(struct heap_process *process)
{
	free(process->command);
	free(process->executable);
	free(process->snapshots);
	free(process->threads);
	free(process->moments);
	free(process->wire_stacks);
	free(process->wire_functions);
	if (process->leaks)
		leak_verdict_fini(process->leaks);
	free(process->leaks);
	free(process->why_no_leaks);
	recording_free(process->recording);
}

void heap_process_set_leaks(struct heap_process *process, const struct leak_verdict *verdict,
                            const char *why)
{
	struct leak_verdict *copy;

	process->why_no_leaks = xstrdup(verdict ? NULL : why);
	if (!verdict)
		return;
	process->leaks = copy = xmalloc(sizeof(*copy));
	*copy = *verdict;
	copy->trouble = xstrdup(verdict->trouble);
	copy->rows = xcalloc(verdict->n_rows + 1, sizeof(*copy->rows));
	for (size_t i = 0; i < verdict->n_rows; i++) {
		uint32_t stack = verdict->rows[i].stack;

		copy->rows[i] = verdict->rows[i];
		copy->rows[i].stack = 0;
		if (stack >= process->n_wire_stacks)
			continue;
		copy->rows[i].stack = process->wire_stacks[stack];
		copy->rows[i].function = process->wire_functions[stack];
	}
}

/* What was found out about a program. */
struct verdict {
	char *executable;
	char *reason; /* why its heap was not seen, or NULL */
};

struct verdicts {
	struct verdict *verdicts;
	size_t n_verdicts;
	size_t verdicts_capacity;
};

/* Looks at each program once. */
static const char *judge(struct verdicts *list, const char *executable)
{
	struct diag diag = {""};
	struct verdict *verdict;

	for (size_t i = 0; i < list->n_verdicts; i++)
		if (!strcmp(list->verdicts[i].executable, executable))
			return list->verdicts[i].reason;
	verdict = ARRAY_APPEND(list->verdicts, list->n_verdicts, list->verdicts_capacity);
	verdict->executable = xstrdup(executable);
	if (visible_check_image(executable, &diag))
		verdict->reason = xstrdup(diag.text);
	return verdict->reason;
}

void heap_run_drop_blind(struct heap_run *run)
{
	struct verdicts list = {0};
	size_t n_kept = 0;

	for (size_t i = 0; i < run->n_processes; i++) {
		struct heap_process *process = &run->processes[i];
		const char *reason = process->executable ? judge(&list, process->executable) : NULL;
		struct heap_refusal refusal = {.pid = process->pid,
		                               .parent_pid = process->parent_pid,
		                               .exec_number = process->exec_number,
		                               .command = process->command,
		                               .reason = (char *)reason};

		if (!reason) {
			run->processes[n_kept++] = *process;
			continue;
		}
		heap_run_refuse(run, &refusal);
		process_fini(process);
	}
	run->n_processes = n_kept;
	for (size_t i = 0; i < list.n_verdicts; i++) {
		free(list.verdicts[i].executable);
		free(list.verdicts[i].reason);
	}
	free(list.verdicts);
}

void heap_run_fini(struct heap_run *run)
{
	for (size_t i = 0; i < run->n_processes; i++)
		process_fini(&run->processes[i]);
	for (size_t i = 0; i < run->n_refusals; i++) {
		free(run->refusals[i].command);
		free(run->refusals[i].reason);
	}
	free(run->processes);
	free(run->refusals);
	free(run->why_no_leak_check);
	scan_history_free(run->scans);
	*run = (struct heap_run){0};
}

const struct heap_process *heap_run_largest(const struct heap_run *run)
{
	const struct heap_process *largest = NULL;

	for (size_t i = 0; i < run->n_processes; i++)
		if (!largest || run->processes[i].totals.peak_bytes > largest->totals.peak_bytes)
			largest = &run->processes[i];
	return largest;
}

static int by_peak(const void *a, const void *b)
{
	const struct heap_process *x = *(const struct heap_process *const *)a;
	const struct heap_process *y = *(const struct heap_process *const *)b;

	if (x->totals.peak_bytes != y->totals.peak_bytes)
		return x->totals.peak_bytes > y->totals.peak_bytes ? -1 : 1;
	return x < y ? -1 : x > y;
}

const struct heap_process **heap_by_peak(const struct heap_process *processes, size_t n)
{
	const struct heap_process **order = xcalloc(n + 1, sizeof(*order));

	for (size_t i = 0; i < n; i++)
		order[i] = &processes[i];
	qsort(order, n, sizeof(*order), by_peak);
	return order;
}

struct heap_totals heap_run_totals(const struct heap_run *run)
{
	const struct heap_process *largest = heap_run_largest(run);
	struct heap_totals totals = {0};

	for (size_t i = 0; i < run->n_processes; i++)
		heap_totals_add(&totals, &run->processes[i].totals);
	totals.peak_bytes = largest ? largest->totals.peak_bytes : 0;
	totals.peak_blocks = largest ? largest->totals.peak_blocks : 0;
	return totals;
}

struct histogram heap_run_histogram(const struct heap_run *run)
{
	struct histogram sum = {.lifetime_error = 0};

	for (size_t i = 0; i < run->n_processes; i++)
		histogram_add(&sum, &run->processes[i].histogram);
	return sum;
}

/* The image of the tree that is this process, or NULL: none is, or several are, since a process id
 * was used again. */
static const struct process_image *find_image(const struct process_tree *tree,
                                              const struct heap_process *process)
{
	const struct process_image *found = NULL;

	for (size_t i = 0; i < process_tree_n_images(tree); i++) {
		const struct process_image *image = process_tree_image(tree, i);

		if (image->pid != process->pid || image->exec_number != process->exec_number)
			continue;
		if (found)
			return NULL;
		found = image;
	}
	return found;
}

static void complete(const struct heap_run *run, struct heap_process *process,
                     const struct process_tree *tree)
{
	const struct process_image *image = find_image(tree, process);

	/* Where ids are those of another namespace the tree knows none of them. */
	if (!image)
		return;
	if (!process->parent_pid && process->pid != run->target)
		process->parent_pid = image->parent_pid;
	if (image->ended && image->end_ns > image->start_ns) {
		process->lived_ns = image->end_ns - image->start_ns;
		process->end_ns = image->end_ns;
	}
	for (size_t i = 0; i < process->n_threads; i++) {
		struct heap_thread *thread = &process->threads[i];
		const char *comm = thread->tid ? process_tree_thread_comm(tree, thread->tid) : NULL;

		if (comm)
			snprintf(thread->comm, sizeof(thread->comm), "%s", comm);
	}
}

/* What a forked child in another pid namespace has executed: that has connected to us by our own
 * number. Of the same parent two processes may have had the same id, one after the other: NULL. */
static const struct heap_process *find_executed(const struct heap_run *run,
                                                const struct heap_process *fork)
{
	const struct heap_process *found = NULL;

	for (size_t i = 0; i < run->n_processes; i++) {
		const struct heap_process *process = &run->processes[i];

		if (!process->exec_number || process->own_pid != fork->own_pid ||
		    process->own_pid == process->pid || process->parent_pid != fork->parent_pid)
			continue;
		if (found && found->pid != process->pid)
			return NULL;
		found = process;
	}
	return found;
}

/* The fork goes by our number from now on, also as a parent. */
static void renumber(struct heap_run *run, struct heap_process *fork, pid_t pid)
{
	for (size_t i = 0; i < run->n_processes; i++) {
		struct heap_process *child = &run->processes[i];

		if (!child->exec_number && child->image == fork->image &&
		    child->parent_pid == fork->pid)
			child->parent_pid = pid;
	}
	fork->pid = pid;
}

void heap_run_complete(struct heap_run *run, const struct process_tree *tree)
{
	for (size_t i = 0; i < run->n_processes; i++)
		complete(run, &run->processes[i], tree);
	for (size_t i = 0; i < run->n_processes; i++) {
		struct heap_process *process = &run->processes[i];
		const struct heap_process *executed =
		    !process->exec_number && process->parent_pid && process->own_pid &&
		            process->pid == process->own_pid
		        ? find_executed(run, process)
		        : NULL;

		if (!executed)
			continue;
		renumber(run, process, executed->pid);
		complete(run, process, tree);
	}
}

static void merge_process(struct recording *merged, const struct heap_process *process,
                          bool is_largest)
{
	const struct recording *recording = process->recording;
	struct stack_copy copy;
	struct sample to = {
	    .thread = recording_add_thread(merged, process->pid, process->pid, process->comm)};

	stack_copy_init(&copy, recording);
	for (size_t i = 0; i < recording_n_samples(recording); i++) {
		uint64_t values[HEAP_N_TYPES];
		const uint64_t *from;
		struct sample sample = recording_sample(recording, i, &from);

		memcpy(values, from, sizeof(values));
		if (!is_largest)
			values[HEAP_PEAK_SPACE] = values[HEAP_PEAK_OBJECTS] = 0;
		to.stack = stack_copy_add(&copy, merged, sample.stack);
		recording_add_sample(merged, to, values);
	}
	stack_copy_fini(&copy);
}

struct recording *heap_run_merge(const struct heap_run *run)
{
	struct recording *merged = recording_new(heap_types, HEAP_N_TYPES);
	const struct heap_process *largest = heap_run_largest(run);

	for (size_t i = 0; i < run->n_processes; i++)
		merge_process(merged, &run->processes[i], &run->processes[i] == largest);
	return merged;
}
