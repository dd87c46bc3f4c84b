/* Recognises the stack, or unwinds it by cached rules until it joins the one unwound last. */
#include "mem/preload/stacks.h"

#include "core/unwind/cache.h"
#include "mem/preload/known.h"
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
};

/* What an unwinding found at a frame and above it: all of that is the same while the words that
 * lead from here to the root are. */
struct frame {
	struct unwind_registers at;
	uint32_t node;
	uint8_t rbp_slot; /* its rule's; 0: RBP goes on unchanged */
	bool sets_sp_by_bp;
	bool needs_bp; /* its own RBP has a part in what is above */
	bool is_exact; /* a signal interrupted it */
};

struct stack_scratch {
	struct unwind_front front;
	struct known_draft draft;
	/* The stack that was unwound last, root first; 0 when it cannot be joined. */
	uint32_t n_last;
	uint32_t generation;
	struct frame last[MAX_FRAMES];
	struct frame fresh[MAX_FRAMES]; /* leaf first */
	struct known_stacks known;      /* last: its ring is as large as it is made */
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

size_t stack_scratch_bytes(uint32_t n_known_units)
{
	return WIRE_ALIGN(sizeof(struct stack_scratch) + n_known_units * sizeof(uint64_t));
}

void stack_scratch_init(struct stack_scratch *scratch, uint32_t n_known_units)
{
	known_init(&scratch->known, n_known_units);
}

struct known_stacks *stack_scratch_known(struct stack_scratch *scratch)
{
	return &scratch->known;
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

	if (sp >= main_stack_lo && sp < main_stack_hi) {
		thread->stack_lo = thread->limits.main_lo = main_stack_lo;
		thread->limits.stack_hi = main_stack_hi;
	}
	if (sp >= thread->stack_lo && sp < thread->limits.stack_hi)
		return (struct extent){.lo = sp, .hi = thread->limits.stack_hi};
	/* All of a thread's stack up to its control block lives as long as the thread: remember it.
	 */
	if (sp < home && home - sp < 1024 * 1024 && is_readable(lo, home & -(uint64_t)WIRE_PAGE)) {
		thread->stack_lo = lo;
		thread->limits.stack_hi = home;
		thread->limits.main_lo = 0;
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

static __attribute__((noinline)) struct unwind_rule find_rule(struct unwind_front *front,
                                                              uint64_t key, uint64_t addr,
                                                              bool is_return, bool *may_remember)
{
	struct unwind_rule rule = unwind_cache_get(&rules, key);

	if (rule.kind == UNWIND_RULE_UNKNOWN) {
		rule = modules_find_rule(addr, is_return, may_remember);
		if (*may_remember)
			unwind_cache_put(&rules, key, rule);
	}
	if (*may_remember)
		unwind_front_put(front, key, rule);
	return rule;
}

/* An unwinding on its way. */
struct walk {
	struct stack_scratch *scratch;
	struct thread *thread;
	struct extent extent;
	struct unwind_registers registers;
	bool is_exact;
	size_t n_fresh;
	uint32_t generation;
	uint64_t function; /* as the leaf's node has it */
	/* Only plain steps in memory that stays readable: it can be recognised and joined. */
	bool is_plain;
	size_t n_above; /* frames of scratch->last that may still be joined */
	size_t n_joined;
	enum unwind_end end;
};

/* Compares what led the last unwinding from frame n - 1 to its root; from the leaf on, since each
 * word that is the same proves that the frame of the next one is there. Returns how many frames of
 * the root would be found again, were the walk to come there; n: all is as it was. */
static size_t compare_above(const struct frame *last, size_t n)
{
	for (size_t i = n; i-- > 1;) {
		const uint64_t *cfa = (const uint64_t *)last[i - 1].at.sp;

		if (cfa[-1] != last[i - 1].at.ip ||
		    (last[i].rbp_slot && last[i - 1].needs_bp &&
		     cfa[-(ptrdiff_t)last[i].rbp_slot] != last[i - 1].at.bp))
			return i;
	}
	return n;
}

/* Is the walk where the last one was, with the same above it? */
static bool try_join(struct walk *walk)
{
	const struct frame *last = walk->scratch->last, *here;
	size_t n_the_same;

	while (walk->n_above && last[walk->n_above - 1].at.sp < walk->registers.sp)
		walk->n_above--;
	if (!walk->n_above)
		return false;
	here = &last[walk->n_above - 1];
	if (here->at.sp != walk->registers.sp || here->at.ip != walk->registers.ip ||
	    (here->needs_bp && here->at.bp != walk->registers.bp) ||
	    last[0].at.sp > walk->extent.hi)
		return false;
	/* Together too deep, wherever they meet. */
	n_the_same =
	    walk->n_above + walk->n_fresh > MAX_FRAMES ? 0 : compare_above(last, walk->n_above);
	if (n_the_same < walk->n_above) {
		walk->n_above = n_the_same;
		return false;
	}
	walk->n_joined = walk->n_above;
	return true;
}

static struct unwind_rule rule_at(struct walk *walk, bool *may_remember)
{
	uint64_t addr = walk->registers.ip - !walk->is_exact,
	         key = addr | (uint64_t)walk->generation << 47;
	struct unwind_rule rule = unwind_front_get(&walk->scratch->front, key);

	*may_remember = true;
	if (unlikely(rule.kind == UNWIND_RULE_UNKNOWN))
		rule = find_rule(&walk->scratch->front, key, addr, !walk->is_exact, may_remember);
	return rule;
}

/* Below what may be read, and below SP, RBP is taken as it was (unwind_step()). */
static bool is_plain_step(struct unwind_rule rule, struct unwind_registers before,
                          struct unwind_registers after)
{
	return (rule.kind == UNWIND_RULE_RSP || rule.kind == UNWIND_RULE_RBP) &&
	       (!rule.rbp_slot || after.sp - 8 * (uint64_t)rule.rbp_slot >= before.sp);
}

static void step(struct walk *walk)
{
	struct frame *frame = &walk->scratch->fresh[walk->n_fresh++];
	struct unwind_registers before = walk->registers, after = before;
	bool may_remember;
	struct unwind_rule rule = rule_at(walk, &may_remember);

	*frame = (struct frame){.at = before,
	                        .rbp_slot = (uint8_t)rule.rbp_slot,
	                        .sets_sp_by_bp = rule.kind == UNWIND_RULE_RBP,
	                        .is_exact = walk->is_exact};
	walk->end = unwind_step(rule, &after, &walk->is_exact, read_stack, &walk->extent);
	walk->registers = after;
	if (walk->end != UNWIND_STEPPED) {
		frame->rbp_slot = frame->sets_sp_by_bp = 0;
		walk->is_plain =
		    walk->is_plain && may_remember &&
		    (rule.kind == UNWIND_RULE_OUTERMOST || rule.kind == UNWIND_RULE_NONE);
		return;
	}
	walk->is_plain = walk->is_plain && is_plain_step(rule, before, after);
	/* A signal frame may lead to another stack. */
	if (unlikely(walk->is_exact && (after.sp < before.sp || after.sp >= walk->extent.hi)))
		walk->extent = find_extent(walk->thread, after.sp);
}

static void walk_up(struct walk *walk)
{
	while (walk->end == UNWIND_STEPPED && !walk->n_joined) {
		/* Not the leaf, which may have called another function. */
		if (walk->n_above && walk->n_fresh && walk->is_plain && try_join(walk))
			return;
		if (walk->n_fresh == MAX_FRAMES)
			walk->end = UNWIND_TOO_DEEP;
		else
			step(walk);
	}
	/* ld.so's start code, which runs constructors, has no CFI; it is where the main stack
	 * began. */
	if (walk->end == UNWIND_NO_TABLE && walk->registers.sp >= main_stack_hi)
		walk->end = UNWIND_OUTERMOST;
}

static uint64_t node_ip(const struct frame *frame)
{
	return (frame->at.ip & WIRE_IP_BITS) | (frame->is_exact ? WIRE_IP_EXACT : 0);
}

/* Gives the fresh frames their nodes and puts them on top of those that were joined. The stack's
 * node, or 0 when the trie is full. */
static uint32_t settle(struct walk *walk)
{
	struct stack_scratch *scratch = walk->scratch;
	struct frame *last = scratch->last;
	size_t n = walk->n_joined;
	uint32_t node;

	if (n)
		node = last[n - 1].node;
	else
		node = trie_root(walk->generation);
	if (!n && node && unlikely(walk->end != UNWIND_OUTERMOST))
		node = trie_child(node, WIRE_IP_FAILED | (uint64_t)walk->end);
	for (size_t i = walk->n_fresh; i-- > 0 && node; n++) {
		struct frame *frame = &last[n];

		*frame = scratch->fresh[i];
		node = frame->node = trie_child(node, node_ip(frame) | (i ? 0 : walk->function));
		frame->needs_bp =
		    frame->sets_sp_by_bp || (n && !frame->rbp_slot && last[n - 1].needs_bp);
	}
	scratch->n_last = node && walk->is_plain ? (uint32_t)n : 0;
	scratch->generation = walk->generation;
	return node;
}

/* What the unwinding of the last stack used: each return address, and RBP only where a CFA came
 * from it, since code without frame pointers saves other things there, which may change. */
static void draft_last(struct stack_scratch *scratch, uint32_t stack, uint32_t context)
{
	const struct frame *last = scratch->last, *leaf = &last[scratch->n_last - 1];
	struct known_draft *draft = &scratch->draft;
	uint64_t bp_slot = 0; /* where RBP was restored from and that is not yet noted */

	draft->n_words = 0;
	draft->is_too_large = false;
	draft->stack = (struct known_stack){.ip = leaf->at.ip,
	                                    .frame = leaf->at.sp - sizeof(struct hook_frame),
	                                    .end = last[0].at.sp,
	                                    .context = context,
	                                    .stack = stack};
	if (leaf->needs_bp)
		known_draft_word(draft, draft->stack.frame, leaf->at.bp);
	for (size_t i = scratch->n_last - 1; i > 0 && !draft->is_too_large; i--) {
		if (last[i].sets_sp_by_bp && bp_slot) {
			known_draft_word(draft, bp_slot, last[i].at.bp);
			bp_slot = 0;
		}
		known_draft_word(draft, last[i - 1].at.sp - 8, last[i - 1].at.ip);
		if (last[i].rbp_slot)
			bp_slot = last[i - 1].at.sp - 8 * (uint64_t)last[i].rbp_slot;
	}
}

uint32_t stacks_unwind(struct stack_scratch *scratch, struct thread *thread,
                       const struct hook_frame *caller, uint32_t context)
{
	uint32_t generation = context & STACK_GENERATION_MASK;
	struct extent extent = find_extent(thread, (uint64_t)caller->stack);
	struct walk walk = {
	    .scratch = scratch,
	    .thread = thread,
	    .extent = extent,
	    .registers = {.ip = caller->ip, .sp = (uint64_t)caller->stack, .bp = caller->bp},
	    .generation = generation,
	    .function = wire_ip_of_function(context >> STACK_GENERATION_BITS),
	    .is_plain = !extent.may_grow,
	    .n_above = scratch->generation == generation ? scratch->n_last : 0,
	    .end = UNWIND_STEPPED};
	uint32_t node, stack;
	bool is_new;

	walk_up(&walk);
	node = settle(&walk);
	stack = node ? trie_stack(node, &is_new) : 0;
	/* Stacks that come once only are not worth remembering. */
	if (stack && !is_new && scratch->n_last) {
		draft_last(scratch, stack, context);
		known_add(&scratch->known, &scratch->draft);
	}
	return stack;
}
