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

struct escapes;
struct followed;
struct perf_record;
struct text_list;

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

/* Takes in what /proc tells of a process that ran before its records came: threads with their
 * names, mappings. The records must come by now; those that are older than the reading are then
 * ignored. */
void followed_adopt(struct followed *followed, pid_t pid);
/* The same of a process whose FORK was not seen, by a thread that it may descend from (0: none): it
 * begins with that one's name and mappings, and they remain when it has ended. */
void followed_adopt_child(struct followed *followed, pid_t pid, pid_t ancestor_tid);
/* From here on a process that nothing is known of is adopted when its first record comes, and a
 * thread's unknown name is looked up; one that has ended is called as its process. */
void followed_adopt_unknown(struct followed *followed);
/* Those that went on after their last EXIT record (cpu/escapes.h); owned by `followed`. */
struct escapes *followed_escapes(struct followed *followed);
/* Adopted processes whose mappings are not for us to know: their code has no names. */
size_t followed_n_closed(const struct followed *followed);

/* The present name of a thread; "" when none is known. Valid until the next call. */
const char *followed_name(struct followed *followed, pid_t tid);
/* Whether it lives and its records, or /proc, have told of it. */
bool followed_knows(const struct followed *followed, pid_t pid);
/* Whether the thread or the first thread of its process has one of the names, cut at 15 characters
 * as the kernel cuts them. */
bool followed_is_called(struct followed *followed, pid_t pid, pid_t tid,
                        const struct text_list *names);

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
