/* The rows of processes, and why the target is not among them. */
#include "mem/processes.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "mem/heap.h"
#include "mem/heap_words.h"

bool processes_have_target(const struct heap_run *run)
{
	for (size_t i = 0; i < run->n_processes; i++)
		if (run->processes[i].pid == run->target)
			return true;
	return false;
}

char *processes_why_none(const struct heap_run *run)
{
	if (run->n_refusals)
		return xasprintf("the heap of %s could not be observed: %s",
		                 run->refusals[0].command ? run->refusals[0].command
		                                          : "the command",
		                 run->refusals[0].reason);
	return xstrdup(run->words->nothing);
}

/* The target's end is that of its last image: the earlier ones ended by exec. */
static void set_end(struct result *result, const struct heap_run *run)
{
	struct observed_process *last = NULL;

	for (size_t i = 0; i < result->n_processes; i++) {
		struct observed_process *row = &result->processes[i];

		if (row->pid == run->target && (!last || row->exec_number >= last->exec_number))
			last = row;
	}
	if (!last || !run->has_exit)
		return;
	last->has_exit = true;
	last->wait_status = run->wait_status;
}

void processes_add_rows(struct result *result, const struct heap_run *run)
{
	for (size_t i = 0; i < run->n_processes; i++) {
		struct observed_process *row = result_add_process(result);

		row->pid = run->processes[i].pid;
		row->parent_pid = run->processes[i].parent_pid;
		row->exec_number = run->processes[i].exec_number;
		row->command = xstrdup(run->processes[i].command);
		row->observed = true;
		row->has_exit = run->processes[i].has_exit;
		row->wait_status = run->processes[i].wait_status;
	}
	for (size_t i = 0; i < run->n_refusals; i++) {
		struct observed_process *row = result_add_process(result);

		row->pid = run->refusals[i].pid;
		row->parent_pid = run->refusals[i].parent_pid;
		row->exec_number = run->refusals[i].exec_number;
		row->command = xstrdup(run->refusals[i].command);
		row->reason = xstrdup(run->refusals[i].reason);
	}
	set_end(result, run);
}
