/* Makes rows of the processes whose threads were recorded. */
#include "cpu/found_processes.h"

#include "cpu/followed.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/recording.h"

static bool has_row(const struct result *result, pid_t pid)
{
	for (size_t i = 0; i < result->n_processes; i++)
		if (result->processes[i].pid == pid)
			return true;
	return false;
}

void found_processes_add(struct result *result, const struct recording *recording,
                         struct followed *followed)
{
	for (uint32_t i = 0; i < recording_n_threads(recording); i++) {
		pid_t pid = recording_thread(recording, i)->pid;
		struct observed_process *row;

		if (has_row(result, pid))
			continue;
		row = result_add_process(result);
		row->pid = pid;
		row->command = xstrdup(followed_name(followed, pid));
		row->observed = true;
	}
}
