/* One perf_event_open(2) event and its ring buffer.
 *
 * Kernel interface: linux/perf_event.h, struct perf_event_mmap_page. A ring is read by one thread.
 */
#ifndef CORE_PERF_RING_H
#define CORE_PERF_RING_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;
struct perf_ring;

/* perf_event_open(2) for one event without a group: a descriptor, or -errno. -EACCES and -EPERM
 * come with the sentence that mends them; -ENOENT, -EOPNOTSUPP, -ENODEV mean that the event does
 * not exist here. */
int perf_event_fd(const struct perf_event_attr *attr, pid_t pid, int cpu, struct diag *diag);
/* The same for an event of a group, whose leader is `leader_fd`; -1: it leads one. */
int perf_event_group_fd(const struct perf_event_attr *attr, pid_t pid, int cpu, int leader_fd,
                        struct diag *diag);

/* Opens the event for `pid` on `cpu` and maps a ring of 2^n data pages, at most `want_bytes`; less
 * where RLIMIT_MEMLOCK or perf_event_mlock_kb allow less. The wake-up mark is
 * attr->wakeup_watermark bytes, at most a quarter of the ring, which 0 stands for. Errors as of
 * perf_event_fd().
 */
int perf_ring_open(struct perf_ring **ring, const struct perf_event_attr *attr, pid_t pid, int cpu,
                   size_t want_bytes, struct diag *diag);
void perf_ring_close(struct perf_ring *ring);

int perf_ring_fd(const struct perf_ring *ring); /* readable when the wake-up mark is passed */
size_t perf_ring_size_bytes(const struct perf_ring *ring);

/* The next whole record, or NULL when the ring is empty. A record that wraps is copied; the pointer
 * lives until the next call. The space of a record is given back to the kernel at the next call. */
const struct perf_event_header *perf_ring_next(struct perf_ring *ring);

/* CPUs that are online, as numbers. Returns how many; the caller frees *cpus. */
int perf_online_cpus(int **cpus, struct diag *diag);

#endif
