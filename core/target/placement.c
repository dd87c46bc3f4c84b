/* Binds a target to CPUs and to the memory of a NUMA node. */
#include "core/target/placement.h"

#include "core/alloc.h"
#include "core/cpu_list.h"
#include "core/diag.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char online_cpus[] = "/sys/devices/system/cpu/online";
static const char online_nodes[] = "/sys/devices/system/node/online";

enum { MAX_NODES = 1024 }; /* the kernel's MAX_NUMNODES: CONFIG_NODES_SHIFT is 10 at most */

/* What a list in sysfs holds, or -ENOENT where there is no such file. */
static int read_list(const char *path, int **numbers)
{
	char *list = cpu_list_read(path);
	int n_numbers = list ? cpu_list_parse(list, numbers) : -ENOENT;

	if (!list)
		*numbers = NULL;
	free(list);
	return n_numbers;
}

static bool holds(const int *numbers, int n_numbers, int number)
{
	for (int i = 0; i < n_numbers; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

static void set_cpus(struct placement *placement, const int *cpus, int n_cpus)
{
	int highest = 0;

	for (int i = 0; i < n_cpus; i++)
		if (cpus[i] > highest)
			highest = cpus[i];
	placement->cpus = CPU_ALLOC(highest + 1);
	BUG(!placement->cpus);
	placement->cpus_bytes = CPU_ALLOC_SIZE(highest + 1);
	CPU_ZERO_S(placement->cpus_bytes, placement->cpus);
	for (int i = 0; i < n_cpus; i++)
		CPU_SET_S((size_t)cpus[i], placement->cpus_bytes, placement->cpus);
}

static int check_online(const char *wanted, const int *cpus, int n_cpus, struct diag *diag)
{
	char *list = cpu_list_read(online_cpus);
	int *online = NULL;
	int n_online = list ? cpu_list_parse(list, &online) : -ENOENT;
	int err = 0;

	/* Without sysfs the kernel itself refuses what is not there. */
	for (int i = 0; i < n_cpus && n_online > 0 && !err; i++)
		if (!holds(online, n_online, cpus[i]))
			err = diag_fail(diag, EINVAL,
			                "--cpus %s: there is no CPU %d; this machine has %s",
			                wanted, cpus[i], list);
	free(online);
	free(list);
	return err;
}

static int bind_to_cpus(struct placement *placement, const char *wanted, struct diag *diag)
{
	int *cpus;
	int n_cpus = cpu_list_parse(wanted, &cpus);
	int err;

	if (n_cpus < 0)
		return diag_fail(diag, EINVAL,
		                 "--cpus takes numbers and ranges such as 0-3,5, not '%s'", wanted);
	err = check_online(wanted, cpus, n_cpus, diag);
	if (!err)
		set_cpus(placement, cpus, n_cpus);
	free(cpus);
	return err;
}

/* Two facts in one: is it a number, and does the machine have it? */
static int check_node(const char *wanted, int *node, struct diag *diag)
{
	char *list = cpu_list_read(online_nodes);
	int *online = NULL;
	int n_online = list ? cpu_list_parse(list, &online) : -ENOENT;
	int *nodes = NULL;
	int n_nodes = cpu_list_parse(wanted, &nodes);
	int err = 0;

	*node = n_nodes == 1 ? nodes[0] : -1;
	if (n_nodes != 1)
		err = diag_fail(diag, EINVAL, "--numa-node takes the number of one node, not '%s'",
		                wanted);
	else if (!list)
		err = diag_fail(diag, EINVAL,
		                "--numa-node %s: the kernel tells of no NUMA nodes here (%s)",
		                wanted, online_nodes);
	else if (!holds(online, n_online, *node) || *node >= MAX_NODES)
		err = diag_fail(diag, EINVAL,
		                "--numa-node %s: there is no such node; this machine has %s",
		                wanted, list);
	free(nodes);
	free(online);
	free(list);
	return err;
}

/* A node without CPUs gives memory alone. */
static int bind_to_node(struct placement *placement, const char *wanted, struct diag *diag)
{
	int err = check_node(wanted, &placement->memory_node, diag);
	char *path;
	int *cpus;
	int n_cpus;

	if (err || placement->cpus)
		return err;
	path = xasprintf("/sys/devices/system/node/node%d/cpulist", placement->memory_node);
	n_cpus = read_list(path, &cpus);
	if (n_cpus > 0)
		set_cpus(placement, cpus, n_cpus);
	free(cpus);
	free(path);
	return 0;
}

int placement_init(struct placement *placement, const char *cpus, const char *numa_node,
                   struct diag *diag)
{
	int err = 0;

	*placement = (struct placement){.memory_node = -1};
	if (cpus)
		err = bind_to_cpus(placement, cpus, diag);
	if (!err && numa_node)
		err = bind_to_node(placement, numa_node, diag);
	return err;
}

void placement_fini(struct placement *placement)
{
	CPU_FREE(placement->cpus);
	placement->cpus = NULL;
}

static int apply_cpus(const struct placement *placement)
{
	/* The kernel's own mask may be longer than ours: it wants room for all of it. */
	unsigned long granted[CPU_NUMBER_LIMIT / 8 / sizeof(unsigned long)] = {0};
	long n_bytes;

	if (sched_setaffinity(0, placement->cpus_bytes, placement->cpus))
		return -errno;
	n_bytes = syscall(SYS_sched_getaffinity, 0, sizeof(granted), granted);
	if (n_bytes < 0)
		return -errno;
	/* The kernel drops in silence what a cpuset forbids. */
	return CPU_COUNT_S((size_t)n_bytes, (cpu_set_t *)granted) ==
	               CPU_COUNT_S(placement->cpus_bytes, placement->cpus)
	           ? 0
	           : -EINVAL;
}

static int apply_memory(int node)
{
	unsigned long nodes[MAX_NODES / (8 * sizeof(unsigned long)) + 1] = {0};
	const int bits = 8 * (int)sizeof(unsigned long);

	nodes[node / bits] = 1ul << (node % bits);
	/* maxnode counts one bit more than it uses, as libnuma found. */
	return syscall(SYS_set_mempolicy, MPOL_BIND, nodes, MAX_NODES + 1) ? -errno : 0;
}

int placement_apply(const struct placement *placement)
{
	int err = placement->cpus ? apply_cpus(placement) : 0;

	return err || placement->memory_node < 0 ? err : apply_memory(placement->memory_node);
}
