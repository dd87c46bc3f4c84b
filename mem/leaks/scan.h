/* Looks at all processes that record while they run, one after the other: its threads are halted,
 * it is looked at, and they go on.
 *
 * Part of the watcher (mem/leaks/watch.c), and runs in its tracer.
 */
#ifndef MEM_LEAKS_SCAN_H
#define MEM_LEAKS_SCAN_H

#include "mem/leaks/leaks.h"

#include <sys/types.h>

struct leak_sight;
struct tracer;
struct tracee;
struct u64map;
struct watched;

/* One process at one scan. */
struct scanned_process {
	pid_t pid;
	struct leak_verdict
	    verdict; /* of all that is lost by then; took_ns: how long it stood still */
	struct leak_sight *sight; /* the verdict is still to be made of it; NULL: it is made */
	char *why_not;            /* NULL: the verdict holds */
};

/* All that was found at one time. */
struct leak_scan {
	uint64_t at_ns; /* when it began, CLOCK_MONOTONIC */
	struct scanned_process *processes;
	size_t n_processes;
	size_t processes_capacity;
};

void leak_scan_fini(struct leak_scan *scan);

/* How the look is made, and that the scan is over. */
struct scan_client {
	void (*look)(void *context, struct watched *process, struct scanned_process *result);
	void (*ends)(void *context, struct leak_scan *scan); /* whose it is from now on */
	void *context;
};

struct scanner;
struct scanner *scanner_new(const struct scan_client *client);
void scanner_free(struct scanner *scanner);

/* Of the processes (pid -> struct watched *) as they are now. One that goes on is not begun again.
 */
void scanner_begin(struct scanner *scanner, struct tracer *tracer, const struct u64map *processes);
bool scanner_is_busy(const struct scanner *scanner);

/* A thread of the process has halted, has come into being, or has ended. */
void scanner_note_thread(struct scanner *scanner, struct watched *process);
void scanner_halt_new(struct scanner *scanner, struct watched *process, struct tracee *tracee);
/* The process is about to end or begins another program: it is not looked at. */
void scanner_drop(struct scanner *scanner, const struct watched *process);
/* To be called every few ms while it is busy. */
void scanner_tick(struct scanner *scanner);

#endif
