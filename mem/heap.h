/* What the heap of each process of a run did: totals, stacks with their values, and the timeline.
 *
 * Built from the memory files that the preload library wrote (heap_run_read(), mem/heap_read.c), or
 * from what a tracer counted of pages (mem/pages/read.h). Nothing beyond knows the wire's layout.
 */
#ifndef MEM_HEAP_H
#define MEM_HEAP_H

#include "core/recording.h"
#include "core/trace/trace.h"
#include "core/unwind/unwind.h"
#include "mem/histogram.h"
#include "mem/leaks/leaks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;
struct heap_moment;
struct heap_words;
struct process_tree;
struct scan_history;
struct server;

/* The value types of a heap's recording. The trees of its detailed snapshots follow, one type each.
 */
enum heap_type {
	HEAP_ALLOC_OBJECTS,
	HEAP_ALLOC_SPACE,
	HEAP_INUSE_OBJECTS, /* at exit, of the process's own blocks */
	HEAP_INUSE_SPACE,
	HEAP_PEAK_SPACE,
	HEAP_TEMPORARY_OBJECTS, /* freed by their thread before it allocated anything else */
	HEAP_PEAK_OBJECTS,      /* in use when most bytes were */
	HEAP_LIFETIMES, /* of freed blocks, added up: allocations of their threads meanwhile */
	HEAP_N_COUNTED_TYPES,
	/* Of a leak check, where there is a verdict (leak_run_enter()): what is definitely lost. */
	HEAP_LEAKED_OBJECTS = HEAP_N_COUNTED_TYPES,
	HEAP_LEAKED_SPACE,
	HEAP_N_TYPES,
};
extern const struct value_type heap_types[HEAP_N_TYPES];

/* Something that went wrong in the target without ending the recording. */
struct heap_trouble {
	const char *noun; /* what is counted, a singular that takes an s */
	const char *what; /* is told of it, of one as of many */
	uint64_t count;
};
enum { HEAP_N_TROUBLES = 12 };

/* "1 block that counted as freed only ...". The caller frees it. */
char *heap_trouble_text(const struct heap_trouble *trouble);

struct heap_totals {
	uint64_t allocations;
	uint64_t frees;
	uint64_t allocated_bytes;
	uint64_t temporary;
	uint64_t in_use_bytes; /* at exit */
	uint64_t in_use_blocks;
	uint64_t inherited_bytes; /* of a forked child: its parent's blocks that it did not free */
	uint64_t inherited_blocks;
	uint64_t peak_bytes; /* inherited blocks included */
	uint64_t peak_blocks;
	uint64_t without_whole_stack; /* allocations whose stack could not be unwound to its end */
	uint64_t cut_by[UNWIND_N_ENDS]; /* of these, by why; the rest has no stack at all */
	uint64_t lost_events;           /* allocations and frees that could not be counted */
};

void heap_totals_add(struct heap_totals *to, const struct heap_totals *from);

struct heap_snapshot {
	uint64_t time; /* ns since the process image started, or bytes allocated and freed */
	uint64_t live_bytes;
	uint64_t extra_bytes; /* what massif adds to them (wire_extra_bytes()) */
	bool is_detailed;
	bool is_peak;
	bool has_tree; /* detailed ones and the peak do; others may */
	size_t type;   /* value type that holds its tree */
};

/* One thread, or all those together that found no row for themselves. */
struct heap_thread {
	pid_t tid;     /* 0: several */
	char comm[16]; /* "": not known */
	struct histogram histogram;
};

struct heap_process {
	pid_t pid;
	pid_t own_pid;    /* as its pid namespace numbers it; 0: not known */
	pid_t parent_pid; /* 0: not known; that of the launched process is the driver */
	unsigned
	    exec_number; /* as the process tree numbers them: 0 is the target itself, or a fork */
	char comm[16];
	char *command;
	char *executable;          /* its file; NULL: not known */
	uint64_t peak_bound_bytes; /* the peak may be off by less than that; 0: it is exact */
	bool timeline_lost;        /* it died while the timeline was being changed */
	uint64_t lived_ns;         /* 0: not known */
	uint64_t end_ns;           /* since the start of the run; 0: not known */
	bool has_exit;             /* a tracer saw how it ended: */
	int wait_status;           /* as waitpid(2) gives it */
	struct heap_totals totals;
	struct histogram histogram;
	struct heap_thread *threads; /* in the order of their first allocation; those without a row
	                                of their own last, as one */
	size_t n_threads;
	uint64_t n_joint_threads; /* that the last one stands for; 0: there is none such */
	bool shares_clocks;       /* lifetimes of some threads count allocations of others */
	bool knows_threads;       /* false: threads that came one after the other may be one row */
	struct recording *recording;
	struct heap_snapshot *snapshots; /* in time order, with the peak among them */
	size_t n_snapshots;
	struct heap_moment *moments; /* in time order; none where it was not looked at */
	size_t n_moments;
	bool is_filtered; /* a view (mem/reports/heap_view.h) that leaves some allocations out; of
	                     moments resident memory alone counts then */
	size_t image;     /* of the server, and the section in it */
	uint32_t section;
	uint64_t memory_inode;      /* of the image's memory file (mem/wire.h); 0: there is none */
	uint32_t *wire_stacks;      /* the recording's stack of each id there; 0: it is empty */
	uint8_t *wire_functions;    /* enum leak_function of each */
	uint32_t n_wire_stacks;     /* ids are below */
	struct leak_verdict *leaks; /* at its end, of the recording's stacks; NULL: it has none, */
	char *why_no_leaks;         /* because of this; NULL: nobody asked, or it ended by exec */
	struct heap_trouble troubles[HEAP_N_TROUBLES]; /* ended by a NULL text */
};

/* An image that could not be observed. */
struct heap_refusal {
	pid_t pid;
	pid_t parent_pid; /* 0: not known */
	unsigned exec_number;
	char *command; /* may be NULL */
	char *reason;
};

/* One repeat. */
struct heap_run {
	pid_t target; /* the process that was launched */
	struct heap_process *processes;
	size_t n_processes;
	size_t processes_capacity;
	struct heap_refusal *refusals;
	size_t n_refusals;
	size_t refusals_capacity;
	uint64_t n_unobserved_forks; /* forked children that found no room for their counts */
	uint64_t peak_rss_bytes;     /* of the process with most; 0: not known */
	uint64_t wall_ns;
	bool has_exit;                  /* the target's end is known: */
	int wait_status;                /* as waitpid(2) gives it */
	const struct heap_words *words; /* heap_words, or pages_words */
	struct trace_facts trace;       /* of pages: what limits the counts */
	bool is_leak_checked;           /* its processes were to be, each at its end */
	char *why_no_leak_check; /* that was wished, and could not be; NULL: it was not wished */
	struct leak_set_ids set_ids;
	struct scan_history *scans; /* while it ran (mem/leaks/scan_history.h); NULL: none */
};

/* Reads all images that the server knows; `time_is_bytes` as the welcome said. One that cannot be
 * read is refused with the reason. */
void heap_run_read(struct heap_run *run, const struct server *server,
                   const struct process_tree *tree, pid_t target, bool time_is_bytes);
/* Is there a process or a refusal of this image? */
bool heap_run_knows(const struct heap_run *run, pid_t pid, unsigned exec_number);
/* What the process tree knows of the processes: names of their threads, how long they lived. */
void heap_run_complete(struct heap_run *run, const struct process_tree *tree);
/* The process has what a leak check found (NULL: nothing, because of `why`, which may be NULL).
 * Both are copied. */
void heap_process_set_leaks(struct heap_process *process, const struct leak_verdict *verdict,
                            const char *why);
/* Adds an image that never connected. The texts are copied. */
void heap_run_refuse(struct heap_run *run, const struct heap_refusal *refusal);
/* Turns the processes of programs with allocators of their own, of whose heap only a part was seen
 * or none, into refusals. Reads the files of these programs. */
void heap_run_drop_blind(struct heap_run *run);
void heap_run_fini(struct heap_run *run);

/* Sums over processes; the peak is that of the process that heap_run_largest() gives. */
struct heap_totals heap_run_totals(const struct heap_run *run);

/* Of all processes. */
struct histogram heap_run_histogram(const struct heap_run *run);

/* The process with the highest peak, or NULL. */
const struct heap_process *heap_run_largest(const struct heap_run *run);

/* All n of them, the highest peak first, then as they are; the caller frees the array. */
const struct heap_process **heap_by_peak(const struct heap_process *processes, size_t n);

/* An empty recording of these types and so many trees. The caller frees it. */
struct recording *heap_recording_new(size_t n_trees);

/* All processes in one recording: a thread each. Peak values are of the largest one. The caller
 * frees it. */
struct recording *heap_run_merge(const struct heap_run *run);

#endif
