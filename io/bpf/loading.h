/* Loads the programs and makes what they share, on two threads.
 *
 * The verifier looks at the programs of one object in turn, and libbpf makes an object's maps and
 * loads its programs in one go. So the same object is opened several times: once for the maps alone
 * and once for each thread, which takes these maps and loads a part of the programs. The ring, of
 * 4096 pages, is made beside the first one.
 */
#ifndef IO_BPF_LOADING_H
#define IO_BPF_LOADING_H

#include "io/bpf/wire.h"

#include <bpf/libbpf.h>
#include <stdint.h>

struct diag;
struct meter; /* the skeleton */

enum { BPF_PARTS = 2 };

struct bpf_loading_spec {
	uint32_t ring_bytes;
	uint32_t stacks_a_second; /* as struct bpf_meter_spec has it */
};

/* Ended by bpf_loaded_free(). */
struct bpf_loaded {
	struct meter *maps;             /* of all; no program */
	struct meter *parts[BPF_PARTS]; /* programs, in the order in which they are attached */
	int ring_fd;                    /* -1: nothing is loaded */
};

struct bpf_loading;

/* A thread that cannot be had is done without. */
struct bpf_loading *bpf_loading_begin(const struct bpf_loading_spec *spec);
/* Waits for the thread that has less to do. On two CPUs whoever works before that makes the other
 * one wait. */
void bpf_loading_half(struct bpf_loading *loading);
/* Waits. 0, or -errno with a sentence; nothing is loaded then. */
int bpf_loading_end(struct bpf_loading *loading, struct bpf_loaded *loaded, struct diag *diag);

void bpf_loaded_free(struct bpf_loaded *loaded);

#endif
