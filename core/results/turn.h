/* Whose turn it is to change the directory RESULTS/SCENARIO/TYPE, and what those leave who did not
 * come to an end.
 *
 * Inside core/results, and for sweeps, whose directory has its turns alike. A run that is written,
 * and one that is removed, is a directory
 * `.RUN_ID.tmp` with a lock (flock(2)) that its process holds: without it is a leftover.
 */
#ifndef CORE_RESULTS_TURN_H
#define CORE_RESULTS_TURN_H

#include <stdbool.h>

struct diag;

/* One run at a time begins, sweeps or moves `latest` below a type. *taken stays false on file
 * systems that cannot lock a directory (some NFS): ids are safe without, since mkdir(2) and rename
 * do not replace. To be left soon: others wait 10 s. */
int turn_take(int type_dir, const char *scenario, const char *type, bool *taken, struct diag *diag);
void turn_leave(int type_dir);

/* Removes leftovers. To be called in one's turn. */
void turn_sweep(int type_dir);

/* Removes SCENARIO/TYPE and SCENARIO, where nothing else is in them. */
void turn_remove_empty(int root_dir, const char *scenario, const char *type);

#endif
