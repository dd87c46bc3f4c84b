/* The process of a stored run that a document of one process is of. */
#ifndef CORE_DRIVER_STORED_PROCESS_H
#define CORE_DRIVER_STORED_PROCESS_H

struct diag;
struct stored_run;

/* A run of several processes has the files of its largest one also as its own. Where the run has a
 * folder processes/, this moves to the folder in it whose `file` is the same as the run's; else the
 * run is of one process, or it has been named by a folder already, and stays. To be called before
 * stored_run_read(). -ENOENT with a sentence: there is no such folder. */
int stored_run_enter_process(struct stored_run *run, const char *file, struct diag *diag);

#endif
