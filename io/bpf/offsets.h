/* Finds members of the running kernel's structures.
 *
 * What CO-RE does, for the few that are wanted, in one pass over the kernel's types: libbpf goes
 * through all 126,610 of them for each structure (36 ms of processor time for 16, this takes 3).
 */
#ifndef IO_BPF_OFFSETS_H
#define IO_BPF_OFFSETS_H

#include <stddef.h>

struct diag;
struct meter_offsets;

/* -EOPNOTSUPP with a sentence: the kernel does not tell its types, or one is not as we know it. */
int bpf_offsets_find(struct meter_offsets *offsets, struct diag *diag);

/* The same from bytes, which are aligned to 4 and may be damaged. */
int bpf_offsets_read(struct meter_offsets *offsets, const void *btf, size_t len_bytes,
                     struct diag *diag);

#endif
