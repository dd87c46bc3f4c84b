/* What only instructions of the CPU tell about the machine. Private to the host module. */
#ifndef CORE_HOST_CPU_H
#define CORE_HOST_CPU_H

#define HOST_CPU_NAME_SIZE 16

/* The hypervisor we run under: "kvm", "vmware", ... or the name it gives itself; "none"; NULL: this
 * architecture does not tell. `name` is room for a name of its own. */
const char *host_cpu_hypervisor(char name[HOST_CPU_NAME_SIZE]);

#endif
