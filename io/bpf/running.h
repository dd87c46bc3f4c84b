/* Makes the programs in the kernel follow processes that run already. */
#ifndef IO_BPF_RUNNING_H
#define IO_BPF_RUNNING_H

#include <stddef.h>
#include <sys/types.h>

struct bpf_meter;
struct bpf_tally;

/* All their threads, with the programs attached; the tally knows them then. */
void bpf_running_watch(struct bpf_meter *meter, struct bpf_tally *tally, const pid_t *pids,
                       size_t n_pids);

#endif
