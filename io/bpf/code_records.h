/* Which code the processes of a tree have mapped, at the moment of each record of theirs.
 *
 * The ring is read some time after, when a process may have gone; so mappings come from perf's
 * records (core/perf/stream.h), which bear the same clock, and are applied up to a time. They are
 * those of all processes, of which the tree's are kept: events that are inherited end where a
 * program gains rights, and take a descriptor for each CPU of each thread that ran before. Not
 * thread-safe.
 */
#ifndef IO_BPF_CODE_RECORDS_H
#define IO_BPF_CODE_RECORDS_H

#include <stdint.h>
#include <sys/types.h>

struct address_spaces;
struct code_records;
struct diag;

/* May there be such records here? -errno with a sentence. */
int code_records_check(struct diag *diag);

/* Of nobody yet. What is known goes into the spaces, which must outlive it. */
int code_records_new(struct code_records **records, struct address_spaces *spaces,
                     struct diag *diag);
void code_records_free(struct code_records *records); /* NULL is fine */

/* Of this process, with what it has mapped already, and all that it makes. */
void code_records_adopt(struct code_records *records, pid_t pid);

/* Takes in what happened up to that time (CLOCK_MONOTONIC), which is past. */
void code_records_apply(struct code_records *records, uint64_t until_ns);
/* What the process has mapped, as a number that no other state of any has. Where nothing is known
 * of it, because its fork was not seen, /proc is asked. */
uint64_t code_records_state(struct code_records *records, pid_t pid);
/* The process has ended. */
void code_records_end(struct code_records *records, pid_t pid);

/* Records that were lost so far: code that came with them has no names. */
uint64_t code_records_n_lost(const struct code_records *records);

#endif
