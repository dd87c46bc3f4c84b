/* Finds from where calls are made (--stacks): walks the copies of stacks that the kernel's side
 * makes when calls begin. */
#ifndef IO_BPF_CALLERS_H
#define IO_BPF_CALLERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bpf_callers;
struct diag;
struct io_sites;
struct meter_stack;

/* May stacks be had here? -errno with a sentence. */
int bpf_callers_check(struct diag *diag);

/* What is found goes into the sites, which must outlive it. */
int bpf_callers_new(struct bpf_callers **callers, struct io_sites *sites, struct diag *diag);
void bpf_callers_free(struct bpf_callers *callers); /* NULL is fine */

/* A process that is told of from now on, with all that it makes: the target, still held, or one
 * that ran before. */
void bpf_callers_adopt(struct bpf_callers *callers, pid_t pid);
/* The stack of a thread of this process, as an id of the sites' recording. */
uint32_t bpf_callers_walk(struct bpf_callers *callers, pid_t pid, const struct meter_stack *record);
/* A process has ended at that time (CLOCK_MONOTONIC). NULL is fine. */
void bpf_callers_end(struct bpf_callers *callers, pid_t pid, uint64_t now_ns);
/* Takes in what was mapped up to that time: there may be no stack for long. NULL is fine. */
void bpf_callers_keep_up(struct bpf_callers *callers, uint64_t until_ns);

#endif
