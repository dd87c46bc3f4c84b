/* Names of code that was made at run time, from the map its maker wrote: /tmp/perf-PID.map.
 *
 * Format: linux tools/perf/Documentation/jit-interface.txt, lines of "START SIZE name",
 * hexadecimal. Code may be replaced: at any address the last line that covers it holds.
 */
#ifndef CORE_SYMBOLIZE_PERF_MAP_H
#define CORE_SYMBOLIZE_PERF_MAP_H

#include <sys/types.h>

struct diag;
struct symbol_table;

/* A handle on the /tmp of a process that lives in another mount or pid namespace, and its pid
 * there: when it has ended, nothing else leads to its map. -1: its /tmp is ours, or cannot be had.
 */
int perf_map_hold(pid_t pid, pid_t *own_pid);

/* The map's path from our side: by such a handle (-1: none); else below /proc/PID/root and under
 * the process's own pid while it lives, else /tmp/perf-PID.map. The caller frees it. */
char *perf_map_path(pid_t pid, int held_fd, pid_t own_pid);

/* Only a regular file of `owner` is believed: /tmp is anybody's. 0, or -errno with a sentence. */
int perf_map_load(struct symbol_table *table, const char *path, uid_t owner, struct diag *diag);

/* Adds the lines of a map, for perf_map_load(). The table takes over the text. */
void perf_map_parse(struct symbol_table *table, char *text);

#endif
