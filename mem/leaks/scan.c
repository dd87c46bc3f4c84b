/* Halts process after process, and has each looked at. */
#include "mem/leaks/scan.h"

#include "core/alloc.h"
#include "core/clock.h"
#include "core/trace/trace.h"
#include "core/trace/tracer.h"
#include "core/u64map.h"
#include "mem/leaks/look.h"
#include "mem/leaks/watched.h"

#include <stdlib.h>

/* A thread that waits for a disk, or for a child of vfork(2), cannot be halted, and the others
 * shall not stand still for it: so many ticks in a row find it in that sleep. One that only waits
 * for a processor is waited for. */
enum { MOST_LOOKS = 20 };

struct scanner {
	struct scan_client client;
	struct tracer *tracer;
	const struct u64map *processes;
	bool is_busy;
	pid_t *pids; /* still to be looked at */
	size_t n_pids;
	size_t pids_capacity;
	struct watched *current; /* is being halted; NULL: none is */
	uint64_t since_ns;       /* when that began */
	struct leak_scan scan;
};

void leak_scan_fini(struct leak_scan *scan)
{
	for (size_t i = 0; i < scan->n_processes; i++) {
		leak_verdict_fini(&scan->processes[i].verdict);
		free(scan->processes[i].why_not);
	}
	free(scan->processes);
}

struct scanner *scanner_new(const struct scan_client *client)
{
	struct scanner *scanner = xcalloc(1, sizeof(*scanner));

	scanner->client = *client;
	return scanner;
}

void scanner_free(struct scanner *scanner)
{
	if (!scanner)
		return;
	leak_scan_fini(&scanner->scan);
	free(scanner->pids);
	free(scanner);
}

bool scanner_is_busy(const struct scanner *scanner)
{
	return scanner->is_busy;
}

static void go_on(struct scanner *scanner)
{
	struct watched *process = scanner->current;

	scanner->current = NULL;
	for (size_t i = 0; i < process->n_threads; i++)
		tracer_go_on(scanner->tracer, process->threads[i]->tracee);
}

static bool may_be_scanned(const struct watched *process)
{
	uint64_t inode;
	uint32_t section;

	return !process->n_held && !process->is_let_go && !process->shares_memory &&
	       !process->may_share_memory && !leak_find_section(process->pid, &inode, &section);
}

static bool all_have_halted(const struct watched *process)
{
	for (size_t i = 0; i < process->n_threads; i++)
		if (!process->threads[i]->tracee->is_halted)
			return false;
	return !watched_has_unheard_of(process);
}

static bool cannot_be_halted(const struct watched *process)
{
	for (size_t i = 0; i < process->n_threads; i++) {
		struct watched_thread *thread = process->threads[i];

		if (!thread->tracee->is_halted &&
		    tracee_look_at_sleep(&thread->sleep, thread->tracee->tid) >= MOST_LOOKS)
			return true;
	}
	return false;
}

static struct scanned_process *add_result(struct scanner *scanner, pid_t pid)
{
	struct scanned_process *result = ARRAY_APPEND(
	    scanner->scan.processes, scanner->scan.n_processes, scanner->scan.processes_capacity);

	result->pid = pid;
	return result;
}

static void look(struct scanner *scanner)
{
	struct scanned_process *result = add_result(scanner, scanner->current->pid);

	scanner->client.look(scanner->client.context, scanner->current, result);
	go_on(scanner);
	result->verdict.took_ns = clock_now_ns() - scanner->since_ns;
}

/* One that is found halted at once would be looked at from here: so only what stops later is. */
static void halt_next(struct scanner *scanner)
{
	while (!scanner->current && scanner->n_pids) {
		pid_t pid = scanner->pids[--scanner->n_pids];
		const uint64_t *value = u64map_get(scanner->processes, (uint64_t)pid);
		struct watched *process = value ? (struct watched *)(uintptr_t)*value : NULL;

		if (!process || !may_be_scanned(process))
			continue;
		scanner->current = process;
		scanner->since_ns = clock_now_ns();
		for (size_t i = 0; i < process->n_threads; i++) {
			process->threads[i]->sleep = (struct tracee_sleep){0};
			tracer_halt(process->threads[i]->tracee);
		}
	}
	if (scanner->current)
		return;
	scanner->is_busy = false;
	scanner->client.ends(scanner->client.context, &scanner->scan);
	scanner->scan = (struct leak_scan){0};
}

void scanner_begin(struct scanner *scanner, struct tracer *tracer, const struct u64map *processes)
{
	size_t position = 0;
	uint64_t pid, process;

	if (scanner->is_busy)
		return;
	scanner->is_busy = true;
	scanner->tracer = tracer;
	scanner->processes = processes;
	scanner->scan = (struct leak_scan){.at_ns = clock_now_ns()};
	while (u64map_next(processes, &position, &pid, &process))
		if (process)
			*ARRAY_APPEND(scanner->pids, scanner->n_pids, scanner->pids_capacity) =
			    (pid_t)pid;
	halt_next(scanner);
}

void scanner_note_thread(struct scanner *scanner, struct watched *process)
{
	if (process != scanner->current || !process->n_threads || !all_have_halted(process))
		return;
	look(scanner);
	halt_next(scanner);
}

void scanner_halt_new(struct scanner *scanner, struct watched *process, struct tracee *tracee)
{
	if (process == scanner->current)
		tracer_halt(tracee);
}

void scanner_drop(struct scanner *scanner, const struct watched *process)
{
	if (process != scanner->current)
		return;
	go_on(scanner);
	halt_next(scanner);
}

void scanner_tick(struct scanner *scanner)
{
	if (!scanner->current)
		return;
	if (scanner->current->n_threads && all_have_halted(scanner->current)) {
		look(scanner);
	} else if (cannot_be_halted(scanner->current)) {
		struct scanned_process *result = add_result(scanner, scanner->current->pid);

		result->why_not = xstrdup("a thread of it sleeps where it cannot be stopped: it "
		                          "waits for a disk, say, or for a child of vfork");
		go_on(scanner);
	} else {
		return;
	}
	halt_next(scanner);
}
