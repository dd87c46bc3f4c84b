/* What the preload library and the driver share: a memory file an exec image, and the messages that
 * hand it over.
 *
 * The driver makes one sparse memfd for each image that connects, sizes it beforehand and seals its
 * size. The library maps it and only ever writes into it; the driver copies it out with pread(2),
 * so nothing the target does to the memory can hurt the driver. All numbers are little-endian and
 * of fixed width.
 *
 *   image header | trie nodes | stacks | trie index | section 0 | section 1 | ...
 *
 * The trie of stacks belongs to the image: forked children have the same code at the same addresses
 * and go on in it. Each process of the image has a section of its own, claimed by an atomic add on
 * n_sections. Untouched pages cost nothing, so the tables are sized for the largest programs.
 *
 * docs/formats.md has the page of this format. A change of any struct is a new WIRE_VERSION.
 */
#ifndef MEM_WIRE_H
#define MEM_WIRE_H

#include "mem/functions.h"

#include <stdint.h>

#define WIRE_MAGIC 0x31706165682d7370u /* "ps-heap1" */

enum {
	WIRE_VERSION = 13,
	WIRE_PAGE = 4096,

	WIRE_MAX_NODES = 1 << 22,
	WIRE_MAX_STACKS = (1 << 19) - 2, /* an id + 1 fits 19 bits of a live block's entry */
	WIRE_MAX_SECTIONS = 8192,
	WIRE_MAX_MODULES = 4096,
	WIRE_MODULE_TEXT = 1 << 20, /* bytes for the paths of a section's modules */
	WIRE_MAX_SNAPSHOTS = 1000,
	WIRE_MAX_TREE_ENTRIES = 1 << 22, /* of all detailed snapshots of a section together */

	/* Threads write to different shards so that they need not wait for each other. The last
	 * shard holds what a forked child inherited: its `allocations` are inherited blocks, its
	 * `frees` those it freed. */
	WIRE_N_SHARDS = 16,
	WIRE_INHERITED_SHARD = WIRE_N_SHARDS,

	/* Threads with a row of their own. Those that come later share a row a shard, behind. */
	WIRE_MAX_THREADS = 4096,
	WIRE_N_THREAD_ROWS = WIRE_MAX_THREADS + WIRE_N_SHARDS,
};

/* The index of the trie: levels of growing size, so that a small program touches few pages. An
 * entry is the library's own. */
enum {
	WIRE_INDEX_LEVELS = 5,
	WIRE_INDEX_BUCKET = 8,
	WIRE_INDEX_FIRST_BITS = 12,
	WIRE_INDEX_STEP_BITS = 3,
	/* 2^12 + 2^15 + 2^18 + 2^21 + 2^24 */
	WIRE_INDEX_ENTRIES = (1 << 12) + (1 << 15) + (1 << 18) + (1 << 21) + (1 << 24),
};

/* A node's address is a return address, unless one of the upper bits says otherwise: the address
 * itself (of the code that a signal interrupted), the root of a stack (with the number of module
 * generations before it), or that unwinding failed above this frame (enum unwind_end). Below them
 * the leaf of a stack has the function that was called there (mem/functions.h), since nearly always
 * that is one for each address. */
#define WIRE_IP_EXACT (UINT64_C(1) << 63)
#define WIRE_IP_GENERATION (UINT64_C(1) << 62)
#define WIRE_IP_FAILED (UINT64_C(1) << 61)
#define WIRE_IP_BITS ((UINT64_C(1) << WIRE_FUNCTION_AT) - 1)
enum { WIRE_FUNCTION_AT = 57, WIRE_FUNCTION_MASK = 15 };
_Static_assert(LEAK_N_FUNCTIONS <= WIRE_FUNCTION_MASK + 1, "each function has a number");

static inline uint64_t wire_ip_of_function(enum leak_function function)
{
	return (uint64_t)function << WIRE_FUNCTION_AT;
}

/* Of a leaf; what a target wrote there is no function's number perhaps. */
static inline enum leak_function wire_function_of_ip(uint64_t ip)
{
	uint64_t number = ip >> WIRE_FUNCTION_AT & WIRE_FUNCTION_MASK;

	return number < LEAK_N_FUNCTIONS ? (enum leak_function)number : LEAK_MALLOC;
}

/* Handing over: hello from the library, welcome with the descriptor, attached from the library. */
struct wire_hello {
	uint64_t magic;
	uint32_t version;
	uint32_t reserved;
	uint64_t token; /* the second half of PROFILE_SCENARIO */
};

enum wire_time_unit { WIRE_TIME_NS, WIRE_TIME_BYTES };

struct wire_welcome {
	uint64_t magic;
	uint32_t version;
	uint32_t time_unit; /* enum wire_time_unit */
	uint32_t max_snapshots;
	uint32_t detailed_freq;
	uint32_t all_trees; /* 1: every snapshot is to have a tree, whatever it costs */
	uint32_t clears;    /* 1: new blocks are cleared, as a leak check wants them */
};

struct wire_attached {
	uint32_t version;
	int32_t
	    error; /* errno of what went wrong in the library, or enum wire_error; 0: recording */
};

enum wire_error {
	WIRE_NEVER_ASKED =
	    4096, /* no errno: the program's calls of malloc do not come to the library */
};

struct wire_image {
	uint64_t magic;
	uint32_t version;
	uint32_t n_sections; /* claimed; more than WIRE_MAX_SECTIONS when some were refused */
	uint32_t n_nodes;    /* ids are 1 .. n_nodes; may pass the maximum likewise */
	uint32_t n_stacks;   /* ids are 1 .. n_stacks; 0: the table was full */
	uint32_t n_unmapped_children; /* that had no section mapped, so could not be observed */
	uint32_t reserved;
	uint64_t facts; /* struct live_facts (mem/live_entry.h) in each process's own memory */
};

/* The parent's id is smaller than the node's own; 0: a root. */
#define WIRE_NODE_IS_PLACED                                                                        \
	(UINT32_C(1) << 31) /* the index has come to lead to it, not to a twin */
struct wire_node {
	uint64_t ip;
	uint32_t parent; /* with that bit */
	uint32_t stack;  /* the id of the stack that ends here; 0: none yet */
};

/* What one stack did in one shard. Live bytes and blocks may be negative in a shard: another one
 * freed them. */
struct wire_counter {
	uint64_t allocations;
	uint64_t frees;
	uint64_t allocated_bytes;
	uint64_t temporary; /* freed by its thread before it allocated anything else */
	int64_t live_bytes;
	/* Live at the peak if peak_epoch is the section's; if it is older, nothing changed since
	 * and live_bytes and allocations - frees are what was live at the peak. */
	int64_t peak_bytes;
	int32_t peak_blocks;
	uint32_t peak_epoch; /* the lower bits; each new peak is a byte more at least */
	uint64_t lifetimes;  /* of the blocks that were freed, in allocations (below) */
};

/* What one thread did, each event once: an allocation in sizes, a free of one of the process's own
 * blocks in lifetimes. So the thread's totals are the sums, and cost nothing more. */
enum {
	WIRE_N_SIZES = 62,
	WIRE_NO_BYTES = WIRE_N_SIZES - 1, /* the size class of malloc(0) */

	WIRE_TEMPORARY = 0, /* freed by its thread before it allocated anything else */
	WIRE_N_LIFETIMES = 67,
	WIRE_LIFETIME_UNKNOWN = WIRE_N_LIFETIMES - 1,
};

struct wire_thread {
	int32_t tid; /* 0: not known */
	uint32_t reserved;
	struct {
		uint64_t allocations;
		uint64_t bytes;
	} sizes[WIRE_N_SIZES];
	uint64_t lifetimes[WIRE_N_LIFETIMES];
	uint8_t unused[2048 - 8 - 16 * WIRE_N_SIZES - 8 * WIRE_N_LIFETIMES];
};

/* Class 0 is 1 to 8 bytes, class k 2^(k+2) + 1 to 2^(k+3). */
static inline uint64_t wire_size_class(uint64_t size)
{
	return UINT64_C(61) - (uint64_t)__builtin_clzll((size - 1) | 7);
}

/* Of a block that is not temporary: class 1 is 0 allocations, class k + 1 2^(k-1) to 2^k - 1. */
static inline unsigned wire_lifetime_class(uint64_t age)
{
	return age ? 65u - (unsigned)__builtin_clzll(age) : 1;
}

/* A block's lifetime is how many allocations were made meanwhile on the clock of the thread that
 * made it. There is one clock a shard, so up to WIRE_N_SHARDS threads have one each. A block keeps
 * its birth in WIRE_TICK_BITS and a shift: of a clock past 2^WIRE_TICK_BITS only the upper bits. */
enum { WIRE_TICK_BITS = 20, WIRE_MAX_TICK_SHIFT = 31 };

/* A loaded object. Ranges are of the whole image; an address minus load_bias is one of the file. */
struct wire_module {
	uint64_t start;
	uint64_t end;
	uint64_t load_bias;
	uint64_t seen_ns;    /* CLOCK_MONOTONIC; it was mapped by then */
	uint32_t generation; /* stacks of this and later generations may lie in it */
	uint32_t path_off;   /* in the section's module text */
	uint32_t path_len;   /* 0: the executable itself */
	uint8_t build_id_len;
	uint8_t build_id[20];
	uint8_t reserved[7];
};

struct wire_tree_entry {
	uint64_t live_bytes;
	uint32_t stack;
	uint32_t reserved;
};

struct wire_snapshot {
	uint64_t time; /* CLOCK_MONOTONIC ns, or bytes allocated and freed so far */
	uint64_t live_bytes;
	uint64_t extra_bytes; /* wire_extra_bytes() of what is live */
	uint32_t first_entry; /* of its tree */
	uint32_t n_entries;   /* 0: it has none */
	uint32_t is_detailed; /* one in detailed_freq; others have trees where they are cheap */
	uint32_t reserved;
};

/* What massif 3.19 says that a block takes besides the bytes asked for: --heap-admin, 8, and what
 * is added up to its --alignment, 16 (ms_main.c). */
static inline uint64_t wire_extra_bytes(uint64_t size_bytes)
{
	return 8 + (-size_bytes & 15);
}

/* Things that went wrong but did not end the recording; the driver shows those that are not 0. */
enum wire_trouble {
	WIRE_UNCOUNTED, /* allocations and frees in a signal handler that interrupted the recording
	                   of another */
	WIRE_STALE,     /* blocks whose free was not seen; counted as freed when their address came
	                   again */
	WIRE_UNTRACKED, /* allocations whose block could not be remembered */
	WIRE_NO_STACK,  /* allocations without stack: the table of stacks was full */
	WIRE_NO_MODULE, /* loaded objects that did not fit the list */
	WIRE_MANY_BLOCKS, /* of one stack, too many for peak_blocks */
	WIRE_NO_TREE,     /* detailed snapshots that did not fit */
	WIRE_STOPPED,     /* the process limited its address space below WIRE_ADDRESS_SPACE */
	WIRE_UNTRACEABLE, /* attempts to trace that the kernel refused */
	WIRE_N_TROUBLES,
};

struct wire_section {
	uint32_t is_ready; /* set last; 0: claimed and never used */
	int32_t pid;
	int32_t parent_section; /* -1: the process that was exec'ed */
	uint32_t depth;         /* forks since exec */
	uint64_t start_ns;      /* CLOCK_MONOTONIC */
	uint32_t n_modules;     /* raised when the new one is whole */
	uint32_t module_text_used;
	uint32_t was_threaded; /* the peak is exact within WIRE_FLUSH_BYTES a shard */
	uint32_t n_threads;    /* that recorded; rows of theirs up to WIRE_MAX_THREADS */
	uint32_t has_tids; /* 0: threads that had the same memory, one after the other, are one */
	uint32_t shares_clocks; /* some threads count each other's allocations as time */
	uint32_t tick_shift;    /* lifetimes of blocks are known within 2^tick_shift allocations */
	uint64_t troubles[WIRE_N_TROUBLES];

	/* The timeline is being changed: a reader that finds this set must not use it. */
	uint32_t timeline_busy;
	uint32_t n_snapshots;
	uint64_t interval;
	uint32_t since_detailed; /* snapshots since the last detailed one */
	uint32_t n_tree_entries;

	/* What every event changes has a cache line of its own. */
	int64_t live_bytes __attribute__((aligned(64)));
	int64_t peak_bytes;
	uint64_t peak_epoch;      /* from 1 */
	uint64_t peak_time;       /* of the last look at the clock before the peak */
	int64_t live_extra_bytes; /* wire_extra_bytes() of what is live; as live_bytes */
	int64_t peak_extra_bytes;
	/* Time unit B: allocated and freed by the last look at it; a reader's clock. */
	uint64_t churn_bytes;
};

/* Where a process has less than this the recording takes too much of it. */
#define WIRE_ADDRESS_SPACE (UINT64_C(3) << 30)

/* A thread among several adds to live_bytes and live_extra_bytes only when it has this much to add
 * to one of them. */
enum { WIRE_FLUSH_BYTES = 4096 };

#define WIRE_ALIGN(bytes) (((bytes) + WIRE_PAGE - 1) / WIRE_PAGE * WIRE_PAGE)

/* Offsets in the file. */
#define WIRE_NODES_OFF ((uint64_t)WIRE_PAGE)
#define WIRE_STACKS_OFF                                                                            \
	WIRE_ALIGN(WIRE_NODES_OFF + (WIRE_MAX_NODES + UINT64_C(1)) * sizeof(struct wire_node))
#define WIRE_INDEX_OFF WIRE_ALIGN(WIRE_STACKS_OFF + (WIRE_MAX_STACKS + UINT64_C(1)) * 4)
#define WIRE_SECTIONS_OFF WIRE_ALIGN(WIRE_INDEX_OFF + WIRE_INDEX_ENTRIES * UINT64_C(4))

/* Offsets in a section. */
#define WIRE_MODULES_OFF ((uint64_t)WIRE_PAGE)
#define WIRE_TEXT_OFF WIRE_ALIGN(WIRE_MODULES_OFF + WIRE_MAX_MODULES * sizeof(struct wire_module))
#define WIRE_SNAPSHOTS_OFF (WIRE_TEXT_OFF + WIRE_MODULE_TEXT)
#define WIRE_TREES_OFF                                                                             \
	WIRE_ALIGN(WIRE_SNAPSHOTS_OFF + WIRE_MAX_SNAPSHOTS * sizeof(struct wire_snapshot))
#define WIRE_THREADS_OFF                                                                           \
	WIRE_ALIGN(WIRE_TREES_OFF + WIRE_MAX_TREE_ENTRIES * sizeof(struct wire_tree_entry))
#define WIRE_COUNTERS_OFF                                                                          \
	WIRE_ALIGN(WIRE_THREADS_OFF + WIRE_N_THREAD_ROWS * sizeof(struct wire_thread))
#define WIRE_SHARD_BYTES ((WIRE_MAX_STACKS + UINT64_C(1)) * sizeof(struct wire_counter))
#define WIRE_SECTION_BYTES WIRE_ALIGN(WIRE_COUNTERS_OFF + (WIRE_N_SHARDS + 1) * WIRE_SHARD_BYTES)

#define WIRE_FILE_BYTES (WIRE_SECTIONS_OFF + WIRE_MAX_SECTIONS * WIRE_SECTION_BYTES)

_Static_assert(sizeof(struct wire_counter) == 64, "a counter is one cache line");
_Static_assert(sizeof(struct wire_thread) == 2048, "a thread's row is half a page");
_Static_assert(sizeof(struct wire_module) == 72, "no hidden padding in a module");
_Static_assert(sizeof(struct wire_snapshot) == 40, "no hidden padding in a snapshot");
_Static_assert(sizeof(struct wire_section) <= WIRE_PAGE, "a section's header fits a page");

#endif
