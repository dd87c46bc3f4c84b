/* What a collector saw: stacks of addresses, samples on them, and what was lost.
 *
 * Addresses are normalised when they are recorded, against the mapping that
 * held at that moment: a frame is (object, vaddr), where vaddr is the address as the
 * object's own ELF file numbers it (what nm prints), so stacks of several
 * processes and of moved libraries fall together. Frames of no object (JIT code,
 * an unmapped address) keep the raw address under an anonymous object of their process.
 *
 * Objects and texts live until recording_free(); a pointer to a thread lives until the next one is
 * added, one to a sample's values until the next sample is added or read.
 * Not thread-safe.
 */
#ifndef CORE_RECORDING_H
#define CORE_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;
struct stack_table;

/* pprof's pair: "samples"/"count", "cpu"/"nanoseconds", "alloc_space"/"bytes". */
struct value_type {
	const char *name;
	const char *unit;
};

enum object_kind {
	OBJECT_FILE,      /* path names an ELF file */
	OBJECT_KERNEL,    /* vaddr is the kernel address; kallsyms has the names */
	OBJECT_VDSO,      /* path is "[vdso]"; vaddr from the start of the image */
	OBJECT_ANONYMOUS, /* memory of one process without a file: JIT code, or nothing known */
	OBJECT_FAILED,    /* the frame says why unwinding ended; vaddr is an enum unwind_end */
};

enum { BUILD_ID_MAX = 20 };

struct object {
	enum object_kind kind;
	char *path; /* as the process saw it */
	pid_t pid;  /* a process that has it mapped; for OBJECT_ANONYMOUS its only one */
	/* Read-only handle opened while the process lived, or -1; owned. For OBJECT_ANONYMOUS it is
	 * the process's /tmp, where its JIT maps are, when that is not ours. */
	int fd;
	pid_t own_pid; /* for that handle: what the process calls itself */
	uint64_t device;
	uint64_t inode; /* 0 where there is no file */
	uint8_t build_id[BUILD_ID_MAX];
	uint8_t build_id_len; /* 0: none */
	/* CLOCK_REALTIME, 0: not known; it was mapped by then. Where there is neither a handle nor
	 * a build-id, a file that changed later is not what ran. */
	int64_t seen_ns;
};

/* Whether they are one object: equal in kind, path (NULL counts as ""), device, inode and build-id,
 * and in pid for OBJECT_ANONYMOUS. Equal objects have equal hashes. */
bool object_is_same(const struct object *a, const struct object *b);
uint64_t object_hash(const struct object *object);

struct recorded_thread {
	pid_t pid;
	pid_t tid;
	char comm[16];
};

struct sample {
	uint64_t time_ns; /* since the start of the run; 0 where samples are sums over time */
	uint32_t thread;  /* index of a recorded_thread */
	uint32_t stack;   /* id of the leaf in the stack table */
};

struct loss {
	const char *what; /* "samples lost by the kernel ring" */
	uint64_t count;
};

/* A frame in the making. For OBJECT_FAILED and the leaf of a stack is_return is
 * false; for every caller it is true, and names are looked up at vaddr - 1. */
struct recorded_frame {
	uint32_t object;
	bool is_return;
	uint64_t vaddr;
};

/* A frame of a file that has no address for it gets a number by which it is told apart, and that is
 * no address: bits 63 and 62 of one are equal on x86-64. */
static inline uint64_t recorded_no_address(uint64_t number)
{
	return UINT64_C(2) << 62 | (number & ((UINT64_C(1) << 62) - 1));
}

static inline bool recorded_has_address(uint64_t vaddr)
{
	return vaddr >> 62 != 2;
}

struct recording;

/* The value types and their texts are copied. */
struct recording *recording_new(const struct value_type *types, size_t n_types);
void recording_free(struct recording *recording);

size_t recording_n_types(const struct recording *recording);
const struct value_type *recording_type(const struct recording *recording, size_t i);

/* Finds the same object, or copies `like` (path too; NULL becomes ""). Ids are 0 .. n_objects - 1.
 * like->fd is taken over: an object that has a handle already keeps its own and closes this one. */
uint32_t recording_add_object(struct recording *recording, const struct object *like);
const struct object *recording_object(const struct recording *recording, uint32_t id);
size_t recording_n_objects(const struct recording *recording);

/* The index of (pid, tid, comm), added when new. */
uint32_t recording_add_thread(struct recording *recording, pid_t pid, pid_t tid, const char *comm);
const struct recorded_thread *recording_thread(const struct recording *recording, uint32_t index);
size_t recording_n_threads(const struct recording *recording);

/* Frames go in leaf first, as unwinding finds them; returns the stack's id. No frames: 0. */
uint32_t recording_add_stack(struct recording *recording, const struct recorded_frame *leaf_first,
                             size_t n_frames);
/* The stack in which the function at the leaf of `parent` (0: nobody) called this frame. */
uint32_t recording_add_frame(struct recording *recording, uint32_t parent,
                             struct recorded_frame frame);
const struct stack_table *recording_stacks(const struct recording *recording);
/* Decodes one node of recording_stacks(); *parent gets the caller's id, 0 at the root. */
struct recorded_frame recording_frame(const struct recording *recording, uint32_t stack,
                                      uint32_t *parent);

/* From now on samples go to this file (read and write, empty, best without a name), so that memory
 * does not grow with their number. It is taken over. */
void recording_spill(struct recording *recording, int fd);
/* 0, or -errno with a sentence when that file could not be written or read: the samples are not all
 * there. To be asked after adding some, and after reading them. */
int recording_check(const struct recording *recording, struct diag *diag);

/* values: one for each type. */
void recording_add_sample(struct recording *recording, struct sample sample,
                          const uint64_t *values);
size_t recording_n_samples(const struct recording *recording);
struct sample recording_sample(const struct recording *recording, size_t i,
                               const uint64_t **values);

/* Losses of the same `what` add up. The text is copied. */
void recording_add_loss(struct recording *recording, const char *what, uint64_t count);
size_t recording_n_losses(const struct recording *recording);
struct loss recording_loss(const struct recording *recording, size_t i);

#endif
