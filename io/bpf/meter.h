/* The programs in the kernel: loaded, attached, read from.
 *
 * Errors are 0 or -errno with a sentence; -EPERM, -EACCES and -EOPNOTSUPP mean that they cannot be
 * had here.
 */
#ifndef IO_BPF_METER_H
#define IO_BPF_METER_H

#include "io/bpf/reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bpf_meter;
struct diag;
struct trace_set;
struct meter_thread;

struct bpf_meter_spec {
	const struct trace_set *set; /* calls to tell of; must live until they are loaded */
	uint32_t ring_bytes;         /* a power of two of pages; 0: 16 MB, with stacks 64 */
	uint32_t stacks_a_second;    /* of calls, for each CPU; 0: none are wanted */
};

/* What went unseen since bpf_meter_attach(). */
struct bpf_meter_losses {
	uint64_t calls;   /* of the set: with those that were told they are all that were made */
	uint64_t details; /* memory or names of calls, what others did to descriptors */
	uint64_t events;  /* forks, execs, ends */
};

/* Is there a chance to load them? Asks for what can be known beforehand. */
int bpf_meter_check(struct diag *diag);

/* Begins to load them, on threads; what the kernel refuses is told by the wait for that. */
int bpf_meter_new(struct bpf_meter **meter, const struct bpf_meter_spec *spec, struct diag *diag);
int bpf_meter_wait(struct bpf_meter *meter, struct diag *diag);
void bpf_meter_free(struct bpf_meter *meter); /* NULL is fine */

/* What follows takes loaded programs: bpf_meter_wait() has succeeded. */

/* From its exec on the process is followed, and what it makes. `begun_ns`: as struct io_scope has
 * it. */
int bpf_meter_attach(struct bpf_meter *meter, pid_t pid, uint64_t begun_ns, struct diag *diag);
/* Nobody is followed yet but what bpf_meter_watch() gives. */
int bpf_meter_attach_running(struct bpf_meter *meter, uint64_t begun_ns, struct diag *diag);
/* The thread of a process that runs already is followed, and what it makes. False: it has ended, or
 * is being told of already. */
bool bpf_meter_watch(struct bpf_meter *meter, pid_t tid, pid_t pid);
/* Measuring has begun at that time. */
void bpf_meter_begin(struct bpf_meter *meter, uint64_t begun_ns);
/* What happens from now on is not told; what is in the ring stays there. */
void bpf_meter_detach(struct bpf_meter *meter);
/* Waits, once detached, until no program runs any more on another CPU. While threads live that are
 * followed, only then all is in the ring, and what the programs keep of threads stands still. Some
 * ms. False: the kernel does not wait. */
bool bpf_meter_settle(const struct bpf_meter *meter);

/* Maps the ring, once; before it is read. What we fork before that has nothing of it. */
int bpf_meter_map(struct bpf_meter *meter, struct diag *diag);
/* To poll for reading, while attached. */
int bpf_meter_fd(const struct bpf_meter *meter);
/* Hands over what is in the ring; at most `n_records`, 0: all. */
void bpf_meter_read(struct bpf_meter *meter, size_t n_records, bpf_reader_take_fn *take,
                    void *context);

/* What the programs keep of a thread, once settled; false: it is gone, of another repeat, or the
 * kernel is older than 6.9 and it is not the first one of its process. */
bool bpf_meter_thread(const struct bpf_meter *meter, pid_t tid, struct meter_thread *thread);
/* What the programs keep of this one can be had: if it is nothing, they have seen no call of it. */
bool bpf_meter_reaches(pid_t tid);

struct bpf_meter_losses bpf_meter_losses(const struct bpf_meter *meter);

#endif
