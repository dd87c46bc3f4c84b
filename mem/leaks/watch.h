/* Holds each process of the target's tree when its last thread is about to end, looks for leaks
 * there, and lets it go; also looks at running ones when asked to.
 *
 * A client of core/trace without system call stops. Processes that share another's memory (vfork)
 * and images that end by exec get no verdict, as with memcheck.
 */
#ifndef MEM_LEAKS_WATCH_H
#define MEM_LEAKS_WATCH_H

#include "mem/leaks/leaks.h"

#include <sys/types.h>

struct diag;
struct leak_watch;
struct repeat;
struct target_end;

struct leak_watch_settings {
	unsigned heuristics; /* 1 << enum leak_heuristic */
	double every_s;      /* also look every so often; 0: not by the clock */
};

struct leak_watch *leak_watch_new(const struct leak_watch_settings *settings);
void leak_watch_free(struct leak_watch *watch);

/* As the hooks of struct collector. -EPERM: the target cannot be traced here. */
int leak_watch_start(struct leak_watch *watch, const struct repeat *repeat, struct diag *diag);
int leak_watch_fd(const struct leak_watch *watch);
int leak_watch_step(struct leak_watch *watch, struct diag *diag);
bool leak_watch_target_ended(const struct leak_watch *watch, struct target_end *end);
void leak_watch_stop(struct leak_watch *watch);

/* Of the process that ended (after leak_watch_stop()). NULL: it was not looked at, as *why says;
 * that is NULL when nothing went wrong (it ended by exec, or still runs). */
const struct leak_verdict *leak_watch_verdict(const struct leak_watch *watch, uint64_t inode,
                                              uint32_t section, const char **why);

#endif
