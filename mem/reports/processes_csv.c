/* Writes the processes of a run as rows. */
#include "mem/reports/processes_csv.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "mem/heap.h"
#include "mem/leaks/leak_run.h"
#include "core/csv_field.h"

#include <inttypes.h>
#include <sys/wait.h>

static void write_identity(FILE *out, pid_t pid, unsigned exec_number, pid_t parent_pid)
{
	fprintf(out, "%d,%u,", (int)pid, exec_number);
	if (parent_pid)
		fprintf(out, "%d", (int)parent_pid);
	fputc(',', out);
}

/* Without a tracer that of the command alone is known: others' own parents wait for them. */
static void write_end(FILE *out, const struct observed_process *process)
{
	fputc(',', out);
	if (process->has_exit && WIFEXITED(process->wait_status))
		fprintf(out, "%d", WEXITSTATUS(process->wait_status));
	fputc(',', out);
	if (process->has_exit && WIFSIGNALED(process->wait_status))
		fprintf(out, "%d", WTERMSIG(process->wait_status));
}

/* Own blocks, as in the metrics, whose sums these are; empty without a verdict. */
static void write_leaks(FILE *out, const struct leak_run *leaks, const struct heap_process *process)
{
	static const struct loss_sums none;
	const struct loss_sums *own = leaks ? leak_run_process_sums(leaks, process) : NULL;
	const struct loss_sum *kinds = own ? own->kinds : none.kinds;
	const struct loss_sum sums[] = {kinds[LEAK_DEFINITE], kinds[LEAK_INDIRECT],
	                                kinds[LEAK_POSSIBLE], kinds[LEAK_REACHABLE],
	                                own ? own->suppressed : none.suppressed};

	fputc(',', out);
	if (own)
		fprintf(out, "%" PRIu64, process->leaks->took_ns);
	for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
		if (own)
			fprintf(out, ",%" PRIu64 ",%" PRIu64, sums[i].bytes, sums[i].n_blocks);
		else
			fputs(",,", out);
	}
}

void processes_csv_write(const struct heap_run *run, const struct leak_run *leaks,
                         const struct result *result, FILE *out)
{
	fputs("pid,exec,ppid,comm,command,observed,reason,allocations,frees,allocated_bytes,"
	      "temporary_allocations,peak_bytes,peak_blocks,in_use_at_exit_bytes,"
	      "in_use_at_exit_blocks,exit_code,exit_signal,leak_check_ns,"
	      "definitely_lost_bytes,definitely_lost_blocks,"
	      "indirectly_lost_bytes,indirectly_lost_blocks,"
	      "possibly_lost_bytes,possibly_lost_blocks,"
	      "still_reachable_bytes,still_reachable_blocks,suppressed_bytes,suppressed_blocks\n",
	      out);
	for (size_t i = 0; i < run->n_processes; i++) {
		const struct heap_process *process = &run->processes[i];
		const struct heap_totals *totals = &process->totals;

		write_identity(out, process->pid, process->exec_number, process->parent_pid);
		csv_field_write(out, process->comm);
		fputc(',', out);
		csv_field_write(out, process->command);
		fprintf(out,
		        ",yes,,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
		        ",%" PRIu64 ",%" PRIu64,
		        totals->allocations, totals->frees, totals->allocated_bytes,
		        totals->temporary, totals->peak_bytes, totals->peak_blocks,
		        totals->in_use_bytes, totals->in_use_blocks);
		write_end(out, &result->processes[i]);
		write_leaks(out, leaks, process);
		fputc('\n', out);
	}
	for (size_t i = 0; i < result->n_processes; i++) {
		const struct observed_process *process = &result->processes[i];

		if (process->observed)
			continue;
		write_identity(out, process->pid, process->exec_number, process->parent_pid);
		fputc(',', out); /* the comm of a process that was not observed is not known */
		csv_field_write(out, process->command ? process->command : "");
		fputs(",no,", out);
		csv_field_write(out, process->reason ? process->reason : "");
		fputs(",,,,,,,,", out);
		write_end(out, process);
		write_leaks(out, NULL, NULL);
		fputc('\n', out);
	}
}
