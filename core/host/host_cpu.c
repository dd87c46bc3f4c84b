/* Asks the CPU which hypervisor it runs under. */
#include "core/host/host_cpu.h"

#include "core/alloc.h"

#include <stdbool.h>
#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>

/* Leaf 1, ECX bit 31: "not used", hence set by hypervisors (Intel SDM and AMD APM, CPUID). Leaf
 * 0x40000000: who it is (Linux, Documentation/virt/kvm/x86/cpuid.rst, and
 * arch/x86/kernel/cpu/hypervisor.c). */
#define HYPERVISOR_BIT (1u << 31)
#define HYPERVISOR_LEAF 0x40000000

static const struct {
	const char *signature;
	const char *name;
} hypervisors[] = {
    {"KVMKVMKVM", "kvm"},       {"TCGTCGTCGTCG", "qemu"}, {"Microsoft Hv", "hyperv"},
    {"VMwareVMware", "vmware"}, {"XenVMMXenVMM", "xen"},  {"VBoxVBoxVBox", "virtualbox"},
    {"bhyve bhyve ", "bhyve"},  {"ACRNACRNACRN", "acrn"}, {"Jailhouse", "jailhouse"},
};

const char *host_cpu_hypervisor(char name[HOST_CPU_NAME_SIZE])
{
	unsigned eax, ebx, ecx, edx;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
		return NULL;
	if (!(ecx & HYPERVISOR_BIT))
		return "none";
	__cpuid(HYPERVISOR_LEAF, eax, ebx, ecx, edx);
	memset(name, 0, HOST_CPU_NAME_SIZE);
	memcpy(name, &ebx, 4);
	memcpy(name + 4, &ecx, 4);
	memcpy(name + 8, &edx, 4);
	for (size_t i = 0; i < ARRAY_SIZE(hypervisors); i++) {
		if (strcmp(name, hypervisors[i].signature) == 0)
			return hypervisors[i].name;
	}
	return *name ? name : "unknown";
}

#else

const char *host_cpu_hypervisor(char name[HOST_CPU_NAME_SIZE])
{
	(void)name;
	return NULL;
}

#endif
