/* Writes the processes of a run as rows. */
#include "mem/reports/processes_csv.h"

#include "core/collector.h"
#include "mem/heap.h"
#include "mem/leaks/leaks.h"
#include "mem/reports/csv_field.h"

#include <inttypes.h>
#include <sys/wait.h>

static void write_identity(FILE *out, pid_t pid, unsigned exec_number, pid_t parent_pid)
{
	fprintf(out, "%d,%u,", (int)pid, exec_number);
	if (parent_pid)
		fprintf(out, "%d", (int)parent_pid);
	fputc(',', out);
}

/* Of most processes it is not known: their own parents wait for them. */
static void write_end(FILE *out, const struct observed_process *process)
{
	fputc(',', out);
	if (process->has_exit && WIFEXITED(process->wait_status))
		fprintf(out, "%d", WEXITSTATUS(process->wait_status));
	fputc(',', out);
	if (process->has_exit && WIFSIGNALED(process->wait_status))
		fprintf(out, "%d", WTERMSIG(process->wait_status));
}

void processes_csv_write(const struct heap_run *run, const struct result *result, FILE *out)
{
	fputs("pid,exec,ppid,comm,command,observed,reason,allocations,frees,allocated_bytes,"
	      "temporary_allocations,peak_bytes,peak_blocks,in_use_at_exit_bytes,"
	      "in_use_at_exit_blocks,exit_code,exit_signal,leak_check_ns\n",
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
		fputc(',', out);
		if (process->leaks)
			fprintf(out, "%" PRIu64, process->leaks->took_ns);
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
		fputs(",\n", out);
	}
}
