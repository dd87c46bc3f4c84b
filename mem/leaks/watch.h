/* Holds each process of the target's tree when its last thread is about to end, looks for leaks
 * there, and lets it go; also looks at running ones when asked to.
 *
 * A client of core/trace without system call stops. Processes that share another's memory (vfork)
 * and images that end by exec get no verdict, as with memcheck. A hold ends in any case: when a
 * thread sleeps where it cannot be ended (a disk), all go on, and the process has none.
 *
 * Not thread-safe; verdicts may be asked for when leak_watch_stop() has returned.
 */
#ifndef MEM_LEAKS_WATCH_H
#define MEM_LEAKS_WATCH_H

#include "mem/leaks/leaks.h"

#include <sys/types.h>

struct diag;
struct leak_watch;
struct repeat;
struct scan_history;
struct target_end;

struct leak_watch_settings {
	unsigned heuristics; /* 1 << enum leak_heuristic */
	bool frees_kept;     /* as in struct leak_look */
	/* Programs without it in LD_PRELOAD record nothing, nor does what they execute, and are let
	 * go. Owned by the caller. NULL: none is. */
	const char *library;
};

struct leak_watch *leak_watch_new(const struct leak_watch_settings *settings);
void leak_watch_free(struct leak_watch *watch); /* NULL is fine */

/* As the hooks of struct collector; each start is followed by a stop. -EPERM: the target cannot be
 * traced here, as the sentence says with the remedy; there is nothing to stop then. */
int leak_watch_start(struct leak_watch *watch, const struct repeat *repeat, struct diag *diag);
int leak_watch_fd(const struct leak_watch *watch);
int leak_watch_step(struct leak_watch *watch, struct diag *diag);
/* False: the target was let go, so that it is not waited for here. */
bool leak_watch_has_target(const struct leak_watch *watch);
bool leak_watch_target_ended(const struct leak_watch *watch, struct target_end *end);
/* All processes are looked at as they run, soon; when they are being so already, this is nothing.
 */
void leak_watch_scan(struct leak_watch *watch);
/* A sentence on a scan that has come to its end, each once, or NULL; after leak_watch_step(). The
 * caller frees it. */
char *leak_watch_news(struct leak_watch *watch);
/* Lets go of what still runs, when what is about to end has been looked at. */
void leak_watch_stop(struct leak_watch *watch);

/* The scans of the last repeat, once: the caller frees them. After leak_watch_stop(). */
struct scan_history *leak_watch_take_scans(struct leak_watch *watch);

/* In the last repeat. */
struct leak_set_ids leak_watch_set_ids(const struct leak_watch *watch);

/* A process image: by where it recorded or, where the process has damaged what says that or keeps
 * it from us, by which of the process's programs it is. */
struct leak_image {
	uint64_t inode; /* of its memory file */
	uint32_t section;
	pid_t pid;
	unsigned exec_number; /* 0: the target itself, or a fork */
};

/* What came of it. */
struct leak_ending {
	const struct leak_verdict *verdict; /* NULL: it was not looked at, */
	const char *why_not; /* because of this; NULL: nothing went wrong (it ended by exec, or
	                        still runs) */
	bool has_exit;       /* it ended, with wait_status as waitpid(2) gives it */
	int wait_status;
};

/* In the last repeat. What it points to lives until the next start. */
struct leak_ending leak_watch_ending(const struct leak_watch *watch,
                                     const struct leak_image *image);

#endif
