/* Counts what the records of the kernel's side tell. */
#ifndef IO_BPF_TALLY_H
#define IO_BPF_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bpf_callers;
struct io_counts;
struct io_scope;
struct bpf_tally;
struct meter_thread;

struct bpf_tally_spec {
	struct io_counts *counts;
	const struct io_scope *scope;
	pid_t driver;
	uint64_t start_ns;           /* of the repeat */
	struct bpf_callers *callers; /* for counts->sites; NULL: neither is wanted */
};

struct bpf_tally *bpf_tally_new(const struct bpf_tally_spec *spec);
void bpf_tally_free(struct bpf_tally *tally); /* NULL is fine */

/* A descriptor that the target will find open at its start. */
void bpf_tally_inherit(struct bpf_tally *tally, int fd, const char *name);

/* A thread of a process that runs already (io_found_enter()); not one that is known. */
void bpf_tally_find(struct bpf_tally *tally, pid_t tid, pid_t pid);

/* One record of the ring (io/bpf/wire.h), aligned to 8 bytes. What is none, or cut short, counts as
 * a lost event. */
void bpf_tally_record(struct bpf_tally *tally, const void *record, size_t len_bytes);

/* Notes in what the thread sleeps, while the programs still tell of it: only together with what
 * they keep of it does that say which call it is, and on what. */
void bpf_tally_look(struct bpf_tally *tally, pid_t tid);

/* Of a thread that lives, when measuring has ended: runs of calls that it has not told of, and the
 * call that it is in. */
void bpf_tally_take_last(struct bpf_tally *tally, pid_t tid, const struct meter_thread *thread,
                         uint64_t ended_ns);
/* The same of one of which they keep nothing. `never_called`: since it was found; else that is not
 * known. */
void bpf_tally_still_in(struct bpf_tally *tally, pid_t tid, bool never_called);

/* The threads that have not ended. */
void bpf_tally_each(const struct bpf_tally *tally, void (*visit)(void *context, pid_t tid),
                    void *context);

/* Threads that have not ended. */
size_t bpf_tally_n_threads(const struct bpf_tally *tally);

#endif
