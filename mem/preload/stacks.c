/* Unwinds in the process by cached rules, or recognises a stack that it has unwound before. */
#include "mem/preload/stacks.h"

#include "core/unwind/cache.h"
#include "mem/preload/lookup.h"
#include "mem/preload/modules.h"
#include "mem/preload/preload.h"
#include "mem/preload/thread.h"
#include "mem/preload/trie.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum {
	MAX_FRAMES = 4096,
	/* 1 MB for 65,536 addresses: no program measured needed more than a sixth. */
	RULE_CACHE_BYTES = 1 << 20,
	/* Stacks unwound last, by a hash of their addresses. */
	RECENT_STACKS = 1 << 12,
	/* Stacks that can be recognised in memory; deeper ones are unwound each time. */
	KNOWN_STACKS = 1 << 11,
	KNOWN_WORDS = 80,
};

struct recent_stack {
	uint64_t hash;
	uint32_t node;
	uint32_t stack;
};

/* All that an unwinding depended on: where it began, and every word of the stack that it used.
 * While these are the same it would find the same stack again, and comparing them is much faster:
 * the processor loads them ahead. */
struct known_stack {
	struct unwind_registers start;
	uint64_t generation;
	uint64_t end; /* above the last word */
	uint32_t stack;
	uint32_t n_words;
	bool uses_start_bp;
	struct {
		uint64_t addr;
		uint64_t value;
	} words[KNOWN_WORDS];
};

/* A known stack in the making. */
struct trace {
	struct known_stack *known;
	bool is_usable;
	bool bp_is_noted;
	uint64_t bp_slot; /* where RBP was restored from; 0: it is that of the start */
};

struct stack_scratch {
	struct unwind_front front;
	struct recent_stack recent[RECENT_STACKS];
	struct known_stack known[KNOWN_STACKS];
	struct known_stack traced;
	uint64_t ips[MAX_FRAMES + 1]; /* leaf first; in a node's form */
};

static struct unwind_cache rules;
static uint64_t main_stack_lo, main_stack_hi;

bool stacks_init(void)
{
	void *memory = preload_map(RULE_CACHE_BYTES);
	/* Of the dynamic linker: where the main thread's stack began. */
	void **stack_end = lookup_one("__libc_stack_end", LOOKUP_ANYWHERE);
	struct rlimit limit;
	uint64_t room = 1024 * 1024 * 1024; /* when the main stack's size is unlimited */

	if (!memory || !stack_end)
		return false;
	unwind_cache_init(&rules, memory, RULE_CACHE_BYTES);
	if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < room)
		room = limit.rlim_cur;
	main_stack_hi = (uint64_t)*stack_end;
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
	readable = preload_may_call() && madvise((void *)lo, hi - lo, MADV_POPULATE_READ) == 0;
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

static inline void note_word(struct trace *trace, uint64_t addr, uint64_t value)
{
	struct known_stack *known = trace->known;

	if (known->n_words == KNOWN_WORDS) {
		trace->is_usable = false;
		return;
	}
	known->words[known->n_words].addr = addr;
	known->words[known->n_words++].value = value;
}

/* Notes what one step used: the return address always, RBP only if a CFA came from it, since code
 * without frame pointers saves other things there, which may change. */
static inline void note_step(struct trace *trace, struct unwind_rule rule,
                             struct unwind_registers before, struct unwind_registers after,
                             uint64_t stack_lo)
{
	uint64_t slot = after.sp - 8 * (uint64_t)rule.rbp_slot;

	if (!trace->is_usable)
		return;
	if (rule.kind != UNWIND_RULE_RSP && rule.kind != UNWIND_RULE_RBP) {
		trace->is_usable = false;
		return;
	}
	if (rule.kind == UNWIND_RULE_RBP && !trace->bp_is_noted) {
		if (trace->bp_slot)
			note_word(trace, trace->bp_slot, before.bp);
		else
			trace->known->uses_start_bp = true;
		trace->bp_is_noted = true;
	}
	note_word(trace, after.sp - 8, after.ip);
	/* Below what may be read, the register was taken as it was (unwind_step()). */
	if (rule.rbp_slot && slot >= stack_lo) {
		trace->bp_slot = slot;
		trace->bp_is_noted = false;
	}
	trace->known->end = after.sp;
}

static void begin_trace(struct trace *trace, struct known_stack *known, struct extent extent,
                        struct unwind_registers start, uint64_t generation)
{
	*trace = (struct trace){.known = known, .is_usable = !extent.may_grow};
	known->start = start;
	known->generation = generation;
	known->n_words = 0;
	known->uses_start_bp = false;
}

/* Fills scratch->ips leaf first, with the reason as the outermost where the stack is not whole;
 * scratch->traced with what that depended on. *is_traced: it is complete. */
static size_t unwind(struct stack_scratch *scratch, struct extent extent, struct thread *thread,
                     struct unwind_registers registers, uint64_t generation, bool *is_traced)
{
	enum unwind_end end = UNWIND_STEPPED;
	struct unwind_rule rule = {.kind = UNWIND_RULE_UNKNOWN};
	bool is_exact = false;
	struct trace trace;
	size_t n = 0;

	begin_trace(&trace, &scratch->traced, extent, registers, generation);
	while (end == UNWIND_STEPPED && n < MAX_FRAMES) {
		uint64_t addr = registers.ip - !is_exact, key = addr | generation << 47;
		struct unwind_registers before = registers;

		scratch->ips[n++] = (registers.ip & WIRE_IP_BITS) | (is_exact ? WIRE_IP_EXACT : 0);
		rule = unwind_front_get(&scratch->front, key);
		if (unlikely(rule.kind == UNWIND_RULE_UNKNOWN))
			rule = find_rule(&scratch->front, key, addr, !is_exact);
		end = unwind_step(rule, &registers, &is_exact, read_stack, &extent);
		if (end == UNWIND_STEPPED)
			note_step(&trace, rule, before, registers, extent.lo);
		/* A signal frame may lead to another stack. */
		if (unlikely(is_exact && end == UNWIND_STEPPED &&
		             (registers.sp < before.sp || registers.sp >= extent.hi)))
			extent = find_extent(thread, registers.sp);
	}
	if (end == UNWIND_STEPPED)
		end = UNWIND_TOO_DEEP;
	/* ld.so's start code, which runs constructors, has no CFI; it is where the main stack
	 * began. */
	if (end == UNWIND_NO_TABLE && registers.sp >= main_stack_hi)
		end = UNWIND_OUTERMOST;
	if (unlikely(end != UNWIND_OUTERMOST))
		scratch->ips[n++] = WIRE_IP_FAILED | (uint64_t)end;
	*is_traced = trace.is_usable && rule.kind == UNWIND_RULE_OUTERMOST;
	return n;
}

/* The stack of these addresses, when it is the one last seen with this hash; else it is added. */
static uint32_t find_recent(struct stack_scratch *scratch, size_t n, uint64_t generation)
{
	uint64_t hash = generation;
	struct recent_stack *recent;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ scratch->ips[i]) * 0x9e3779b97f4a7c15u + (hash >> 29);
	recent = &scratch->recent[(hash ^ hash >> 32) % RECENT_STACKS];
	if (recent->hash != hash || !recent->stack ||
	    !trie_has_stack(recent->node, scratch->ips, n, generation)) {
		recent->hash = hash;
		recent->stack = trie_add_stack(scratch->ips, n, generation, &recent->node);
	}
	return recent->stack;
}

/* Where a stack is kept by its two innermost callers; NULL when these are not plain frames, or not
 * yet in the cache of rules. */
static inline struct known_stack *known_place(struct stack_scratch *scratch,
                                              struct unwind_registers registers,
                                              struct extent extent, uint64_t generation)
{
	uint64_t hash = registers.ip ^ registers.sp << 20;
	bool is_exact = false;

	extent.may_grow = false;
	for (int i = 0; i < 2; i++) {
		uint64_t key = (registers.ip - 1) | generation << 47;
		struct unwind_rule rule = unwind_front_get(&scratch->front, key);

		if (rule.kind != UNWIND_RULE_RSP && rule.kind != UNWIND_RULE_RBP)
			break;
		if (unwind_step(rule, &registers, &is_exact, read_stack, &extent) != UNWIND_STEPPED)
			return NULL;
		hash = (hash ^ registers.ip) * 0x9e3779b97f4a7c15u + (hash >> 29);
	}
	hash ^= hash >> 32;
	return &scratch->known[hash % KNOWN_STACKS];
}

static inline bool is_known(const struct known_stack *known, struct unwind_registers start,
                            struct extent extent, uint64_t generation)
{
	if (known->start.ip != start.ip || known->start.sp != start.sp ||
	    known->generation != generation || known->end > extent.hi || !known->stack ||
	    (known->uses_start_bp && known->start.bp != start.bp))
		return false;
	/* One after the other, from the leaf: each word that is the same proves that the frame of
	 * the next one is there. What the extent says of a thread's stack may have become less
	 * where stacks of coroutines lie next to it. */
	for (uint32_t i = 0; i < known->n_words; i++)
		if (*(const uint64_t *)known->words[i].addr != known->words[i].value)
			return false;
	return true;
}

static void remember(struct known_stack *place, struct known_stack *traced, uint32_t stack)
{
	traced->stack = stack;
	__builtin_memcpy(place, traced,
	                 offsetof(struct known_stack, words) +
	                     traced->n_words * sizeof(traced->words[0]));
}

uint32_t stacks_identify(struct stack_scratch *scratch, struct thread *thread,
                         struct unwind_registers registers)
{
	uint64_t generation = __atomic_load_n(&preload.generation, __ATOMIC_ACQUIRE) & 0x1ffff;
	struct extent extent = find_extent(thread, registers.sp);
	struct known_stack *place = known_place(scratch, registers, extent, generation);
	uint32_t stack;
	bool is_traced;
	size_t n;

	if (likely(place && is_known(place, registers, extent, generation)))
		return place->stack;
	n = unwind(scratch, extent, thread, registers, generation, &is_traced);
	stack = find_recent(scratch, n, generation);
	if (place && is_traced && stack)
		remember(place, &scratch->traced, stack);
	return stack;
}
