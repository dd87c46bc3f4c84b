/* Decodes perf records (linux/perf_event.h, perf_event_open(2)) from memory into plain structs.
 *
 * Pure: no I/O, no state. A record that is shorter than its own fields say is -EINVAL, and so is a
 * sample with READ, RAW or BRANCH_STACK, which nothing here asks for. Pointers point into the
 * record, whose address must be a multiple of 8.
 */
#ifndef CORE_PERF_RECORD_H
#define CORE_PERF_RECORD_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PERF_REGS_X86_64 = 17 };

/* What a record says; which part counts follows from `type` (PERF_RECORD_*). */
struct perf_record {
	uint32_t type;
	uint16_t misc;
	pid_t pid; /* of the sample_id trailer or the record's own fields */
	pid_t tid;
	pid_t by_tid;     /* the thread that made the record */
	uint64_t id;      /* of the event that was opened, with PERF_SAMPLE_ID; else 0 */
	pid_t parent_pid; /* FORK, EXIT */
	pid_t parent_tid;
	uint64_t time_ns;
	uint32_t cpu;
	unsigned event; /* of a stream of several (core/perf/stream.h) */

	/* SAMPLE */
	uint64_t ip;
	uint64_t period;
	const uint64_t *callchain; /* with PERF_CONTEXT_* markers */
	size_t n_callchain;
	uint64_t user_abi; /* PERF_SAMPLE_REGS_ABI_NONE: no user state, as in a kernel thread */
	const uint64_t
	    *user_registers;  /* in the order of the bits of the attr's sample_regs_user */
	const uint8_t *stack; /* copy of the user stack from its SP */
	size_t stack_bytes;   /* what was really copied */

	/* MMAP2 */
	uint64_t addr;
	uint64_t size_bytes;
	uint64_t file_off;
	uint64_t device; /* makedev(maj, min) */
	uint64_t inode;
	bool executable;
	const char *path; /* MMAP2 file name, COMM name */

	bool is_exec;    /* COMM with PERF_RECORD_MISC_COMM_EXEC */
	uint64_t n_lost; /* LOST, LOST_SAMPLES */
	bool switch_out; /* SWITCH, SWITCH_CPU_WIDE */
	bool preempted;
};

int perf_record_decode(const struct perf_event_header *header, const struct perf_event_attr *attr,
                       struct perf_record *record);

#endif
