/* A process's heap over time as --ignore-fn leaves it. */
#ifndef MEM_REPORTS_HEAP_VIEW_H
#define MEM_REPORTS_HEAP_VIEW_H

struct heap_filter;
struct heap_process;
struct profile;

/* A process as the timeline shows it. With nothing to leave out that is the process itself.
 *
 * Else the bytes of what is left out are taken from each snapshot, by its tree; snapshots without
 * one are dropped, for they cannot be told apart. The peak is the highest of what remains: there
 * may have been a higher one between two snapshots. How many bytes are extra is not known, nor
 * how many blocks there were: these are 0, and what was looked at besides snapshots tells of
 * resident memory alone. `profile` is of the process's recording with the trees. The view shares
 * what it does not change with the process and lives no longer. */
struct heap_process heap_view_new(const struct heap_process *process, const struct profile *profile,
                                  const struct heap_filter *filter);
void heap_view_fini(struct heap_process *view);

#endif
