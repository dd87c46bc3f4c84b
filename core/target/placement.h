/* Where a target runs: the CPUs it is bound to, and the NUMA node that its memory comes from.
 *
 * Facts are those of /sys/devices/system (sysfs); binding is sched_setaffinity(2) and
 * set_mempolicy(2) with MPOL_BIND, which children and programs inherit.
 */
#ifndef CORE_PLACEMENT_H
#define CORE_PLACEMENT_H

#include <sched.h>
#include <stddef.h>

struct diag;

struct placement {
	cpu_set_t *cpus; /* NULL: any */
	size_t cpus_bytes;
	int memory_node; /* -1: any */
};

/* --cpus and --numa-node as typed; each may be NULL. A node alone binds to its CPUs, too. -EINVAL
 * with the CPUs or nodes that exist. The struct is to be ended in any case. */
int placement_init(struct placement *placement, const char *cpus, const char *numa_node,
                   struct diag *diag);
void placement_fini(struct placement *placement);

/* Binds the calling thread; async-signal-safe. -errno; -EINVAL also when a cpuset (a container)
 * keeps it from one of the CPUs. */
int placement_apply(const struct placement *placement);

#endif
