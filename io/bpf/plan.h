/* Says for each call what its record needs beside arguments and result. */
#ifndef IO_BPF_PLAN_H
#define IO_BPF_PLAN_H

#include "io/bpf/wire.h"

struct syscall_info;
struct trace_set;

/* By the facts of io/syscalls.def: all that io_observe() may read, for calls of the set and for
 * those that change descriptors which it uses. */
struct meter_plan bpf_plan_of(const struct syscall_info *info, const struct trace_set *set);

#endif
