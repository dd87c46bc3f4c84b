/* The processes under observation as perf's records tell them: mappings, threads, names, execs.
 *
 * Records are applied in time order, so that each sample's stack is walked against the mappings of
 * its moment. What is found goes into a recording. Not thread-safe.
 */
#ifndef CPU_FOLLOWED_H
#define CPU_FOLLOWED_H

#include "core/recording.h"
#include "core/unwind/unwind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct followed;
struct perf_record;

/* The registers that samples must bring (sample_regs_user): 0-8 (AX BX CX DX SI DI BP SP IP) and
 * 16-23 (R8-R15) of asm/perf_regs.h, which is the order of enum walk_register. */
enum { FOLLOWED_REGISTERS = 0xff01ff };

/* How the user stacks were walked. */
struct walk_counts {
	uint64_t n_completed;           /* with frames read from the target's memory */
	uint64_t n_guessed;             /* with frames found by frame pointers */
	uint64_t n_truncated;           /* that end before their outermost frame */
	uint64_t n_ends[UNWIND_N_ENDS]; /* the same, by reason */
};

/* The recording must outlive it. */
struct followed *followed_new(struct recording *recording);
void followed_free(struct followed *followed);

/* Stacks begin at their innermost user frame from now on. */
void followed_hide_kernel(struct followed *followed);

/* Takes in a MMAP2, FORK, EXIT or COMM record; others say nothing of processes. */
void followed_apply(struct followed *followed, const struct perf_record *record);

/* The stack of a sample: kernel frames from its chain; user frames from its registers, its copy and
 * the memory of the process or, where it has no registers, from its chain, as frame pointers gave
 * them to the kernel; without a chain the leaf alone. Leaf first; the frames live until the next
 * call. Returns how many, and adds to the counts how the walk went. */
size_t followed_stack(struct followed *followed, const struct perf_record *sample,
                      struct walk_counts *counts, const struct recorded_frame **frames);
/* The same for the user stack of a thread that stands still, from its memory alone. registers:
 * WALK_N_REGISTERS of them. */
size_t followed_still_stack(struct followed *followed, pid_t pid, pid_t tid,
                            const uint64_t *registers, struct walk_counts *counts,
                            const struct recorded_frame **frames);

/* The index of the thread, with its present name, in the recording. */
uint32_t followed_thread(struct followed *followed, pid_t pid, pid_t tid);

#endif
