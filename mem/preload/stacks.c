/* Unwinds in the process by cached rules, and finds or adds the stack in the shared trie without
 * locks. */
#include "mem/preload/stacks.h"

#include "core/unwind/cache.h"
#include "mem/preload/modules.h"
#include "mem/preload/preload.h"
#include "mem/preload/thread.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum {
	MAX_FRAMES = 4096,
	/* 1 MB for 65,536 addresses: no program measured needed more than a sixth. */
	RULE_CACHE_BYTES = 1 << 20,
	/* Whole stacks seen last, by a hash of their addresses. */
	RECENT_STACKS = 1 << 12,
};

struct recent_stack {
	uint64_t hash;
	uint32_t node;
	uint32_t stack;
};

struct stack_scratch {
	struct unwind_front front;
	struct recent_stack recent[RECENT_STACKS];
	uint64_t ips[MAX_FRAMES + 1]; /* leaf first; in a node's form */
};

static struct unwind_cache rules;
static uint64_t main_stack_lo, main_stack_hi;

extern void *__libc_stack_end; /* of ld.so: where the main thread's stack began */

bool stacks_init(void)
{
	void *memory = preload_map(RULE_CACHE_BYTES);
	struct rlimit limit;
	uint64_t room = UINT64_C(1)
	                << 30; /* taken as the main stack's size when that is unlimited */

	if (!memory)
		return false;
	unwind_cache_init(&rules, memory, RULE_CACHE_BYTES);
	if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < room)
		room = limit.rlim_cur;
	main_stack_hi = (uint64_t)__libc_stack_end;
	main_stack_lo = main_stack_hi - room;
	return true;
}

size_t stack_scratch_bytes(void)
{
	return (sizeof(struct stack_scratch) + WIRE_PAGE - 1) / WIRE_PAGE * WIRE_PAGE;
}

/* The stack memory that is known to be readable from the stack pointer on. */
struct extent {
	uint64_t lo;
	uint64_t hi;
	uint64_t home; /* the thread's control block, which lies above its stack */
	bool may_grow;
};

/* Read access to all pages of a range, tested without touching them: madvise is a call that free(3)
 * makes too. */
static bool is_readable(uint64_t lo, uint64_t hi)
{
	int saved = errno;
	bool readable;

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
	readable = madvise((void *)lo, hi - lo, MADV_POPULATE_READ) == 0;
	/* Before Linux 5.14 nothing can be said. What is near a thread's control block is its
	 * stack, the rest stays unread. */
	if (!readable && errno == EINVAL)
		readable = hi - lo <= 64 * 1024;
	errno = saved;
	return readable;
}

/* Out of line: once a page, and on a thread's own stack once in its life. */
static __attribute__((noinline)) bool extend(struct extent *extent, uint64_t addr)
{
	uint64_t hi = (addr + 8 + WIRE_PAGE - 1) & -(uint64_t)WIRE_PAGE;

	if (!extent->may_grow || addr < extent->lo || addr - extent->hi > 64 * 1024)
		return false;
	if (hi > extent->home && extent->hi <= extent->home)
		hi = extent->home;
	if (addr + 8 > hi || !is_readable(extent->hi & -(uint64_t)WIRE_PAGE, hi))
		return false;
	extent->hi = hi;
	return true;
}

static struct extent find_extent(struct thread *thread, uint64_t sp)
{
	uint64_t home = thread->pointer, lo = sp & -(uint64_t)WIRE_PAGE;

	if (likely(sp >= main_stack_lo && sp < main_stack_hi))
		return (struct extent){.lo = sp, .hi = main_stack_hi};
	if (sp >= thread->stack_lo && sp < thread->stack_hi)
		return (struct extent){.lo = sp, .hi = thread->stack_hi};
	/* All of a thread's stack up to its control block lives as long as the thread: remember it.
	 */
	if (sp < home && home - sp < 1024 * 1024 && is_readable(lo, home & -(uint64_t)WIRE_PAGE)) {
		thread->stack_lo = lo;
		thread->stack_hi = home;
		return (struct extent){.lo = sp, .hi = home};
	}
	/* Another stack (sigaltstack, coroutine), or a deep one: page by page, and for this time
	 * only. */
	return (struct extent){.lo = sp, .hi = lo + WIRE_PAGE, .home = home, .may_grow = true};
}

static inline bool read_stack(void *context, uint64_t addr, uint64_t *word)
{
	struct extent *extent = context;

	if (unlikely(addr < extent->lo || addr + 8 > extent->hi) && !extend(extent, addr))
		return false;
	*word = *(const uint64_t *)addr;
	return true;
}

static __attribute__((noinline)) struct unwind_rule
find_rule(struct unwind_front *front, uint64_t key, uint64_t addr, bool is_return)
{
	struct unwind_rule rule = unwind_cache_get(&rules, key);
	bool may_remember = true;

	if (rule.kind == UNWIND_RULE_UNKNOWN) {
		rule = modules_find_rule(addr, is_return, &may_remember);
		if (may_remember)
			unwind_cache_put(&rules, key, rule);
	}
	if (may_remember)
		unwind_front_put(front, key, rule);
	return rule;
}

static inline uint64_t hash_step(uint64_t hash, uint64_t word)
{
	return (hash ^ word) * 0x9e3779b97f4a7c15u + (hash >> 29);
}

/* Fills scratch->ips leaf first, with the reason as the outermost where the stack is not whole. */
static size_t unwind(struct stack_scratch *scratch, struct thread *thread,
                     struct unwind_registers registers, uint64_t generation, uint64_t *stack_hash)
{
	struct extent extent = find_extent(thread, registers.sp);
	uint64_t hash = generation;
	enum unwind_end end = UNWIND_STEPPED;
	bool is_exact = false;
	size_t n = 0;

	while (end == UNWIND_STEPPED) {
		uint64_t addr = registers.ip - !is_exact, key = addr | generation << 47;
		uint64_t ip = (registers.ip & WIRE_IP_BITS) | (is_exact ? WIRE_IP_EXACT : 0);
		uint64_t sp = registers.sp;
		struct unwind_rule rule;

		if (n == MAX_FRAMES) {
			end = UNWIND_TOO_DEEP;
			break;
		}
		scratch->ips[n++] = ip;
		hash = hash_step(hash, ip);
		rule = unwind_front_get(&scratch->front, key);
		if (unlikely(rule.kind == UNWIND_RULE_UNKNOWN))
			rule = find_rule(&scratch->front, key, addr, !is_exact);
		end = unwind_step(rule, &registers, &is_exact, read_stack, &extent);
		/* A signal frame may lead to another stack. */
		if (unlikely(is_exact && end == UNWIND_STEPPED &&
		             (registers.sp < sp || registers.sp >= extent.hi)))
			extent = find_extent(thread, registers.sp);
	}
	/* ld.so's start code, which runs constructors, has no CFI; it is where the main stack
	 * began. */
	if (end == UNWIND_NO_TABLE && registers.sp >= main_stack_hi)
		end = UNWIND_OUTERMOST;
	if (unlikely(end != UNWIND_OUTERMOST)) {
		scratch->ips[n] = WIRE_IP_FAILED | (uint64_t)end;
		hash = hash_step(hash, scratch->ips[n++]);
	}
	*stack_hash = hash;
	return n;
}

static inline struct wire_node *nodes(void)
{
	return (struct wire_node *)((char *)preload.image + WIRE_NODES_OFF);
}

static uint32_t new_node(uint32_t parent, uint64_t ip)
{
	uint32_t id = __atomic_add_fetch(&preload.image->n_nodes, 1, __ATOMIC_RELAXED);

	if (id > WIRE_MAX_NODES) {
		__atomic_store_n(&preload.image->n_nodes, WIRE_MAX_NODES, __ATOMIC_RELAXED);
		return 0;
	}
	nodes()[id].ip = ip;
	nodes()[id].parent = parent;
	return id;
}

/* The child of a node, made when it is new; 0: the trie is full. A node that loses the race for its
 * place in the index is never referred to again. */
static uint32_t trie_child(uint32_t parent, uint64_t ip)
{
	uint32_t *level = (uint32_t *)((char *)preload.image + WIRE_INDEX_OFF), made = 0;
	uint64_t hash = (ip ^ (uint64_t)parent << 32) * 0x9e3779b97f4a7c15u;

	hash ^= hash >> 32;
	for (unsigned i = 0; i < WIRE_INDEX_LEVELS; i++) {
		size_t n_slots = (size_t)1 << (WIRE_INDEX_FIRST_BITS + i * WIRE_INDEX_STEP_BITS);
		uint32_t *bucket = level + (hash & (n_slots - 1) & -(size_t)WIRE_INDEX_BUCKET);

		for (unsigned j = 0; j < WIRE_INDEX_BUCKET; j++) {
			uint32_t id = __atomic_load_n(&bucket[j], __ATOMIC_ACQUIRE);

			if (!id) {
				if (!made && !(made = new_node(parent, ip)))
					return 0;
				if (__atomic_compare_exchange_n(&bucket[j], &id, made, false,
				                                __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
					return made;
			}
			if (id <= WIRE_MAX_NODES && nodes()[id].ip == ip &&
			    nodes()[id].parent == parent)
				return id;
		}
		level += n_slots;
	}
	return 0;
}

static uint32_t stack_of_node(uint32_t node)
{
	uint32_t *stacks = (uint32_t *)((char *)preload.image + WIRE_STACKS_OFF);
	uint32_t stack = __atomic_load_n(&nodes()[node].stack, __ATOMIC_ACQUIRE), made;

	if (stack)
		return stack;
	made = __atomic_add_fetch(&preload.image->n_stacks, 1, __ATOMIC_RELAXED);
	if (made > WIRE_MAX_STACKS) {
		__atomic_store_n(&preload.image->n_stacks, WIRE_MAX_STACKS, __ATOMIC_RELAXED);
		return 0;
	}
	stacks[made] = node;
	if (__atomic_compare_exchange_n(&nodes()[node].stack, &stack, made, false, __ATOMIC_ACQ_REL,
	                                __ATOMIC_ACQUIRE))
		return made;
	return stack;
}

static uint32_t add_stack(const uint64_t *ips, size_t n, uint64_t generation, uint32_t *leaf)
{
	uint32_t node = trie_child(0, WIRE_IP_GENERATION | generation);

	while (n > 0 && node)
		node = trie_child(node, ips[--n]);
	*leaf = node;
	return node ? stack_of_node(node) : 0;
}

/* Is it this stack that the trie has at the node? */
static bool same_stack(uint32_t node, const uint64_t *ips, size_t n, uint64_t generation)
{
	for (size_t i = 0; i < n; i++) {
		if (nodes()[node].ip != ips[i])
			return false;
		node = nodes()[node].parent;
	}
	return nodes()[node].ip == (WIRE_IP_GENERATION | generation);
}

uint32_t stacks_identify(struct stack_scratch *scratch, struct thread *thread,
                         struct unwind_registers registers)
{
	uint64_t generation = __atomic_load_n(&preload.generation, __ATOMIC_ACQUIRE) & 0x1ffff;
	uint64_t hash;
	size_t n = unwind(scratch, thread, registers, generation, &hash);
	struct recent_stack *recent = &scratch->recent[(hash ^ hash >> 32) % RECENT_STACKS];

	if (likely(recent->hash == hash && recent->stack &&
	           same_stack(recent->node, scratch->ips, n, generation)))
		return recent->stack;
	recent->hash = hash;
	recent->stack = add_stack(scratch->ips, n, generation, &recent->node);
	return recent->stack;
}
