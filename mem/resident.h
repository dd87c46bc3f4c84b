/* Looks now and then at how much memory the processes of a run have resident, beside what their
 * heap counts at that moment.
 *
 * The library in the target makes no system calls, so this is the driver's part: it reads the
 * counts from the shared memory and /proc/PID/statm, for a few us a process every 1 ms at first and
 * ever more rarely as a process lives on. A process is known by the shared memory that it has
 * mapped, not by the number that it says it has. What cannot be looked at (no permission, gone too
 * soon, another namespace of process ids) has no moments. Not thread-safe.
 */
#ifndef MEM_RESIDENT_H
#define MEM_RESIDENT_H

#include "mem/moments.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct resident;
struct server;

/* Looks at the images of the server, which must live on. `time_is_bytes`: moments are told by bytes
 * allocated and freed, as the snapshots of a heap are then. */
int resident_new(struct resident **resident, const struct server *server, bool time_is_bytes,
                 struct diag *diag);
void resident_free(struct resident *resident);

/* Readable when there is something for resident_step(), which is also to be called when an image
 * has connected. */
int resident_fd(const struct resident *resident);
void resident_step(struct resident *resident);

/* Had some process a block when it was looked at? */
bool resident_saw_blocks(const struct resident *resident);

/* The moments of a section of an image, in time order; NULL where there are none. They live until
 * the next call. */
const struct heap_moment *resident_moments(const struct resident *resident, size_t image,
                                           uint32_t section, size_t *n_moments);

/* Together with server_forget(). */
void resident_forget(struct resident *resident);

#endif
