/* What the driver reads in a target's own memory when it looks for leaks: the live blocks' entries,
 * and the facts that lead to them.
 *
 * They lie in private memory, so a forked child has its own copies, at the same addresses. The
 * image header (mem/wire.h) has the address of the facts. A change here is a new WIRE_VERSION.
 */
#ifndef MEM_LIVE_ENTRY_H
#define MEM_LIVE_ENTRY_H

#include "mem/wire.h"

#include <stdbool.h>
#include <stdint.h>

#define LIVE_MAGIC 0x3165766c2d7370u /* "ps-lve1" */

/* Linux gives a process the lower 47 bits, unless it asks for more by an address hint. */
enum { LIVE_ADDRESS_BITS = 47 };

/* A table covers 4 MB for small blocks and 64 MB for large ones: growing a heap makes one mapping
 * for so much, and a forked child has little untouched memory to walk through. */
enum {
	LIVE_SMALL_REGION_BITS = 22,
	LIVE_BIG_REGION_BITS = 26,
	LIVE_PAGE_BITS = 12,
	LIVE_SMALL_LIMIT = 1 << 12, /* bytes */
	LIVE_MAX_TABLES = 1 << 20,
};

struct live_table {
	uint64_t entries; /* 0: not made yet */
	uint64_t region;  /* the lowest address that it covers */
	uint32_t is_small;
	uint32_t reserved;
};

struct live_memory {
	uint64_t start;
	uint64_t end;
};

/* Where glibc keeps the stacks of ended threads for the next ones, as it tells debuggers (nptl_db).
 */
struct live_stack_cache {
	uint64_t linker;      /* the dynamic linker's own data (_rtld_global); 0: not known */
	uint64_t head;        /* of the list, in it; 0: not known */
	uint32_t list_offset; /* of a list's node in struct pthread */
	uint32_t tid_offset;
};

/* Where things are. What is not of the tables is set before the recording begins. */
struct live_facts {
	uint64_t magic;
	uint64_t image;    /* where the memory file is mapped */
	uint64_t own_page; /* struct live_own_page */
	uint64_t tables;   /* [n_tables] */
	uint32_t n_tables; /* may pass LIVE_MAX_TABLES */
	uint32_t section;  /* of this process, if its own page says that it has one */
	uint32_t depth;    /* of the origin of its own blocks; others are inherited */
	uint32_t granule_bits;
	uint32_t is_glibc; /* the allocator */
	uint32_t n_mappings;
	struct live_memory library; /* the preload library itself */
	struct live_memory
	    pool; /* in it; the program's: what it allocated while we were starting */
	struct live_memory mappings[16]; /* private memory of ours, less the entries' */
	struct live_stack_cache stack_cache;
	uint64_t exits[2]; /* libc's exit(3) and quick_exit(3); 0: not known */
};

/* A page that the kernel wipes in a forked child (MADV_WIPEONFORK), however it was forked, and does
 * not after vfork, whose child runs on its parent's memory. */
struct live_own_page {
	uint32_t section; /* enum live_section */
	int32_t pid;      /* 0: not known */
};

enum live_section {
	LIVE_SECTION_OF_PARENT, /* what a wiped page says */
	LIVE_SECTION_CLAIMING,  /* a thread is at it; the others wait */
	LIVE_SECTION_OWN,
};

struct live_block {
	uint64_t size_bytes;
	uint32_t stack;
	uint32_t origin; /* LIVE_ORIGIN_BITS of the recorder's own: who allocated it, and when */
};

enum { LIVE_ORIGIN_BITS = 31 };

/* Of an origin, above the tick: the shard, the depth, the shift. */
enum {
	LIVE_ORIGIN_SHARD_AT = WIRE_TICK_BITS,
	LIVE_ORIGIN_DEPTH_AT = LIVE_ORIGIN_SHARD_AT + 4,
	LIVE_ORIGIN_SHIFT_AT = LIVE_ORIGIN_DEPTH_AT + 2,
	LIVE_ORIGIN_DEPTH_MASK = 3,
};

static inline uint32_t live_origin_depth(uint32_t origin)
{
	return origin >> LIVE_ORIGIN_DEPTH_AT & LIVE_ORIGIN_DEPTH_MASK;
}

/* Both kinds of entry begin with the stack's id + 1, so that one with a block is not 0. */
enum { LIVE_STACK_BITS = 19, LIVE_STACK_MASK = (1 << LIVE_STACK_BITS) - 1 };
_Static_assert(WIRE_MAX_STACKS + 1 <= LIVE_STACK_MASK, "each stack's id + 1 fits");

/* stack + 1: 0-18, size: 19-30, which 8 bytes of the granule: 31-32, origin: 33-63 */
enum {
	LIVE_SMALL_SIZE_AT = LIVE_STACK_BITS,
	LIVE_SMALL_PLACE_AT = 31,
	LIVE_SMALL_ORIGIN_AT = 64 - LIVE_ORIGIN_BITS,
	LIVE_SMALL_DEPTH_AT = LIVE_SMALL_ORIGIN_AT + LIVE_ORIGIN_DEPTH_AT,
};
enum { LIVE_SMALL_AT_SHIFT = LIVE_SMALL_PLACE_AT - 3 };
#define LIVE_SMALL_AT(address) (((uint64_t)(address)&24) << LIVE_SMALL_AT_SHIFT)
#define LIVE_SMALL_AT_MASK (UINT64_C(3) << LIVE_SMALL_PLACE_AT)
#define LIVE_SMALL_DEPTH_MASK ((uint64_t)LIVE_ORIGIN_DEPTH_MASK << LIVE_SMALL_DEPTH_AT)

static inline uint64_t live_pack_small(uint64_t address, struct live_block block)
{
	/* The place lies above the size, so both are shifted at once. */
	uint64_t middle = block.size_bytes | LIVE_SMALL_AT(address) >> LIVE_SMALL_SIZE_AT;

	return (block.stack + UINT64_C(1)) | middle << LIVE_SMALL_SIZE_AT |
	       (uint64_t)block.origin << LIVE_SMALL_ORIGIN_AT;
}

static inline struct live_block live_unpack_small(uint64_t entry)
{
	return (struct live_block){.size_bytes =
	                               (entry >> LIVE_SMALL_SIZE_AT) & (LIVE_SMALL_LIMIT - 1),
	                           .stack = (uint32_t)(entry & LIVE_STACK_MASK) - 1,
	                           .origin = (uint32_t)(entry >> LIVE_SMALL_ORIGIN_AT)};
}

/* Of the address, what the entry's place does not say. */
static inline uint64_t live_small_offset(uint64_t entry)
{
	return (entry & LIVE_SMALL_AT_MASK) >> (LIVE_SMALL_PLACE_AT - 3);
}

struct live_big_entry {
	uint64_t size_bytes;
	uint64_t
	    where; /* stack + 1: 0-18, address in the page: 19-30, origin: 31-61; 0: no block */
};

enum { LIVE_BIG_PLACE_AT = LIVE_STACK_BITS, LIVE_BIG_ORIGIN_AT = 31 };
#define LIVE_BIG_AT(address) (((uint64_t)(address)&4095) << LIVE_BIG_PLACE_AT)
#define LIVE_BIG_AT_MASK (UINT64_C(4095) << LIVE_BIG_PLACE_AT)

static inline uint64_t live_pack_big(uint64_t address, struct live_block block)
{
	return (block.stack + UINT64_C(1)) | LIVE_BIG_AT(address) |
	       (uint64_t)block.origin << LIVE_BIG_ORIGIN_AT;
}

static inline struct live_block live_unpack_big(struct live_big_entry entry)
{
	return (struct live_block){.size_bytes = entry.size_bytes,
	                           .stack = (uint32_t)(entry.where & LIVE_STACK_MASK) - 1,
	                           .origin = (uint32_t)(entry.where >> LIVE_BIG_ORIGIN_AT)};
}

static inline uint64_t live_big_offset(struct live_big_entry entry)
{
	return (entry.where & LIVE_BIG_AT_MASK) >> LIVE_BIG_PLACE_AT;
}

static inline uint32_t live_table_entries(bool is_small, uint32_t granule_bits)
{
	return is_small ? UINT32_C(1) << (LIVE_SMALL_REGION_BITS - granule_bits)
	                : UINT32_C(1) << (LIVE_BIG_REGION_BITS - LIVE_PAGE_BITS);
}

#endif
