/* One process of a stored run: the folder processes/PID.N-NAME that its own files are in. */
#ifndef CORE_DRIVER_STORED_PROCESS_H
#define CORE_DRIVER_STORED_PROCESS_H

#include <stdio.h>

struct diag;
struct recorded_thread;
struct stored_run;

/* A run of several processes has the files of its largest one also as its own. Where the run has a
 * folder processes/, this moves to the folder in it whose `file` is the same as the run's; else the
 * run is of one process, or it has been named by a folder already, and stays. To be called before
 * stored_run_read(). -ENOENT with a sentence: there is no such folder. */
int stored_run_enter_process(struct stored_run *run, const char *file, struct diag *diag);

/* Makes the title and the command of a run whose directory is a process's folder those of the
 * process; "" is a command that is not known. */
void stored_run_describe_process(struct stored_run *run);

/* The folder of the process that a thread is of, as the user would type it; the caller frees it.
 * NULL: it has none, as only the largest have. Of several programs that it became by exec, that of
 * the thread's name. */
char *stored_run_process_folder(const struct stored_run *run, const struct recorded_thread *thread);

/* Prints what the report of a process's folder begins with, and where more is. */
int stored_run_print_process(const struct stored_run *run, FILE *out, struct diag *diag);

#endif
