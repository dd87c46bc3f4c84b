/* The ring of the programs, made and mapped on a thread while the driver reads the kernel's types:
 * its 4096 pages, each of them cleared and charged to the cgroup, take a third of the set-up. */
#ifndef IO_BPF_EARLY_RING_H
#define IO_BPF_EARLY_RING_H

#include "io/bpf/reader.h"

#include <stdint.h>

struct bpf_early_ring;

struct bpf_early_ring *bpf_early_ring_begin(uint32_t ring_bytes);

/* Waits. Both are the caller's then: the map, and its reader. -errno: of bpf(2) or mmap(2), and
 * there is neither. */
int bpf_early_ring_end(struct bpf_early_ring *early, int *map_fd, struct bpf_reader **reader);

#endif
