/* Walks user stacks out of process: rules first, libunwind for the frames that no rule holds. */
#include "core/walk/stackwalk.h"

#include "core/walk/address_space.h"
#include "core/alloc.h"
#include "core/walk/full_cfi.h"
#include "core/walk/sampled_stack.h"
#include "core/unwind/cache.h"
#include "core/walk/unwind_index.h"

#include <stdlib.h>

/* Slots of the rule cache, as powers of two: 256 KB at first, 16 MB (a million addresses) at most.
 */
enum { FIRST_SLOTS_LOG2 = 14, LAST_SLOTS_LOG2 = 20 };

struct stack_walker {
	struct address_spaces *spaces;
	struct full_cfi *full_cfi;
	struct unwind_index *index;
	uint32_t failed_object;
	struct unwind_cache rules;
	struct sampled_stack stack; /* of the sample at hand */
};

/* A walk that has come to frame `index`. */
struct walk {
	struct stack_walker *walker;
	pid_t pid;
	const uint64_t *leaf; /* its registers */
	bool is_32_bit;
	size_t index;
	struct unwind_registers frame;
	bool is_return;          /* frame.ip is a return address */
	bool was_made_return;    /* the frame that was left: nobody had called from before its ip */
	bool used_frame_pointer; /* to come here */
	bool ended_at_zero;      /* a return address of 0 said that here is the stack's end */
	unsigned n_switches;     /* steps to a lower address */
};

static void start_cache(struct stack_walker *walker, unsigned n_slots_log2)
{
	size_t n_slots = (size_t)1 << n_slots_log2;

	free(walker->rules.slots);
	unwind_cache_init(&walker->rules, xcalloc(n_slots, sizeof(*walker->rules.slots)),
	                  n_slots * sizeof(*walker->rules.slots));
}

struct stack_walker *stack_walker_new(struct address_spaces *spaces, struct recording *recording)
{
	const struct object failed = {.kind = OBJECT_FAILED, .path = "", .fd = -1};
	struct stack_walker *walker = xcalloc(1, sizeof(*walker));

	walker->spaces = spaces;
	walker->full_cfi = full_cfi_new(spaces);
	walker->index = unwind_index_new();
	walker->failed_object = recording_add_object(recording, &failed);
	start_cache(walker, FIRST_SLOTS_LOG2);
	return walker;
}

void stack_walker_free(struct stack_walker *walker)
{
	if (!walker)
		return;
	full_cfi_free(walker->full_cfi);
	unwind_index_free(walker->index);
	free(walker->rules.slots);
	free(walker);
}

/* 0, which is not cached, for what does not fit: an object of more than a terabyte, or the
 * 16-millionth. */
static uint64_t rule_key(uint32_t object, uint64_t vaddr)
{
	enum { VADDR_BITS = 40, OBJECT_BITS = 24 };

	if (vaddr >> VADDR_BITS || object >> OBJECT_BITS)
		return 0;
	return (uint64_t)object << VADDR_BITS | vaddr;
}

static struct unwind_rule decode_rule(struct stack_walker *walker, const struct mapping *mapping,
                                      uint64_t vaddr)
{
	struct unwind_tables tables =
	    unwind_index_tables(walker->index, mapping->object, &mapping->tables);
	struct unwind_rule rule = unwind_rule_decode(&tables, vaddr);

	if (rule.kind == UNWIND_RULE_NONE && mapping->elf) {
		tables = unwind_index_debug_tables(walker->index, mapping->object, mapping->elf);
		if (tables.eh_frame.size_bytes)
			rule = unwind_rule_decode(&tables, vaddr);
	}
	return rule;
}

static struct unwind_rule find_rule(struct stack_walker *walker, const struct mapping *mapping,
                                    uint64_t vaddr)
{
	uint64_t key = rule_key(mapping->object, vaddr);
	struct unwind_rule rule;

	if (!key)
		return decode_rule(walker, mapping, vaddr);
	rule = unwind_cache_get(&walker->rules, key);
	if (rule.kind != UNWIND_RULE_UNKNOWN)
		return rule;
	rule = decode_rule(walker, mapping, vaddr);
	if (!unwind_cache_put(&walker->rules, key, rule) &&
	    walker->rules.n_slots_log2 < LAST_SLOTS_LOG2) {
		start_cache(walker, walker->rules.n_slots_log2 + 1);
		unwind_cache_put(&walker->rules, key, rule);
	}
	return rule;
}

/* Nothing called the first instructions of a program or of the dynamic linker. Where they are
 * assembly without CFI they still are a stack's end: glibc's _start of ld.so is 60 bytes long. */
static bool is_entry_code(const struct mapping *mapping, uint64_t vaddr)
{
	enum { ENTRY_CODE_BYTES = 64 };

	return mapping->entry && vaddr >= mapping->entry &&
	       vaddr - mapping->entry < ENTRY_CODE_BYTES;
}

/* A leaf in a system call stands behind the call's instruction. sigreturn's is the last one of its
 * trampoline, so that no table covers what is behind it. */
static struct unwind_rule rule_of_sigreturn(struct stack_walker *walker,
                                            const struct mapping *mapping, uint64_t vaddr)
{
	struct unwind_rule rule = find_rule(walker, mapping, vaddr - 1);

	return rule.kind == UNWIND_RULE_SIGNAL ? rule
	                                       : (struct unwind_rule){.kind = UNWIND_RULE_NONE};
}

/* The first rule that a table has beside vaddr, upwards or downwards. */
static struct unwind_rule nearest_rule(struct stack_walker *walker, const struct mapping *mapping,
                                       uint64_t vaddr, int direction)
{
	enum { GAP_BYTES = 16 }; /* the system call and the branches of glibc's clone, clone3 */
	struct unwind_rule rule = {.kind = UNWIND_RULE_NONE};

	for (int i = 1; i <= GAP_BYTES && rule.kind == UNWIND_RULE_NONE; i++)
		rule = decode_rule(walker, mapping, vaddr + (uint64_t)(int64_t)(i * direction));
	return rule;
}

/* The stack follows from more than IP, SP, BP and the words that were read. */
static void note_more_used(const struct walk *walk)
{
	if (walk->walker->stack.words)
		walk->walker->stack.words->are_all = false;
}

/* glibc's clone and clone3 have no table from their system call on to where the new thread starts,
 * which has no caller: parent and child come back there on different stacks. RAX, 0 in the child
 * alone, tells them apart. */
static struct unwind_rule rule_of_clone(struct walk *walk, const struct mapping *mapping,
                                        uint64_t vaddr)
{
	struct unwind_rule start = nearest_rule(walk->walker, mapping, vaddr, 1);

	if (start.kind != UNWIND_RULE_OUTERMOST)
		return (struct unwind_rule){.kind = UNWIND_RULE_NONE};
	note_more_used(walk);
	return walk->leaf[WALK_RAX] == 0 ? start : nearest_rule(walk->walker, mapping, vaddr, -1);
}

/* What a function without tables may be expected to do: `push %rbp; mov %rsp, %rbp`. */
static const struct unwind_rule frame_pointer_rule = {
    .kind = UNWIND_RULE_RBP, .rbp_slot = 2, .cfa_offset = 2};

/* The rule where no table covers the address that is looked up. */
static struct unwind_rule rule_without_table(struct walk *walk, const struct mapping *mapping,
                                             uint64_t lookup_vaddr)
{
	struct unwind_rule rule;

	if (is_entry_code(mapping, lookup_vaddr))
		return (struct unwind_rule){.kind = UNWIND_RULE_OUTERMOST};
	if (walk->is_return) {
		rule = unwind_rule_of_made_return(&mapping->tables,
		                                  walk->frame.ip - mapping->load_bias);
		walk->was_made_return = rule.kind != UNWIND_RULE_NONE;
	} else {
		rule = rule_of_sigreturn(walk->walker, mapping, lookup_vaddr);
		if (rule.kind == UNWIND_RULE_NONE)
			rule = rule_of_clone(walk, mapping, lookup_vaddr);
	}
	if (rule.kind != UNWIND_RULE_NONE)
		return rule;
	walk->used_frame_pointer = true;
	return frame_pointer_rule;
}

/* A frame whose frame pointer is on another stack: somebody gave a function a stack of its own.
 * Where the other one is at the lower address the CFA goes down. It is not asked to grow, then; the
 * number of such steps is limited instead, and where a copy is the stack is the same. */
static enum unwind_end step_to_other_stack(struct walk *walk, struct unwind_rule rule,
                                           bool *is_signal_frame)
{
	enum { MAX_SWITCHES = 16 };
	struct sampled_stack *stack = &walk->walker->stack;
	struct unwind_registers frame = {.ip = walk->frame.ip, .bp = walk->frame.bp};
	enum unwind_end end;

	if (rule.kind != UNWIND_RULE_RBP || frame.bp - stack->start < stack->copy_bytes ||
	    walk->n_switches++ == MAX_SWITCHES)
		return UNWIND_NO_PROGRESS;
	end = unwind_step(rule, &frame, is_signal_frame, sampled_stack_read, stack);
	if (end == UNWIND_STEPPED)
		walk->frame = frame;
	return end;
}

/* One frame outwards. A return address is looked up one byte before it: in the call. */
static enum unwind_end step(struct walk *walk)
{
	struct stack_walker *walker = walk->walker;
	uint64_t lookup = walk->frame.ip - walk->is_return;
	const struct mapping *mapping = address_spaces_find(walker->spaces, walk->pid, lookup);
	bool is_signal_frame = false;
	struct unwind_rule rule;
	enum unwind_end end;

	walk->was_made_return = false;
	if (walk->is_32_bit)
		return UNWIND_32_BIT;
	if (!mapping || !mapping->executable)
		return UNWIND_NO_MAPPING;
	sampled_stack_begin_frame(&walker->stack, walk->frame.sp);
	rule = find_rule(walker, mapping, lookup - mapping->load_bias);
	if (rule.kind == UNWIND_RULE_NONE)
		rule = rule_without_table(walk, mapping, lookup - mapping->load_bias);
	end = unwind_step(rule, &walk->frame, &is_signal_frame, sampled_stack_read, &walker->stack);
	if (end == UNWIND_NO_PROGRESS)
		end = step_to_other_stack(walk, rule, &is_signal_frame);
	if (end == UNWIND_COMPLEX) {
		note_more_used(walk);
		end = full_cfi_step(walker->full_cfi, walk->index, &walk->frame, &is_signal_frame);
	}
	walk->was_made_return |= rule.kind == UNWIND_RULE_SIGNAL;
	walk->ended_at_zero = end == UNWIND_OUTERMOST && rule.kind != UNWIND_RULE_OUTERMOST;
	walk->is_return = !is_signal_frame;
	walk->index++;
	return end;
}

static struct recorded_frame failed_frame(const struct stack_walker *walker, enum unwind_end end)
{
	return (struct recorded_frame){.object = walker->failed_object, .vaddr = end};
}

/* Frames that the target gave up since the sample, and partly wrote over, may still join. Such a
 * walk soon leads nowhere, so memory that continues a copy is believed only when it leads to a
 * stack's end, or to code without tables. A return address of 0 is no such end: memory is full of
 * zeros. */
static bool is_credible_end(const struct walk *walk, enum unwind_end end)
{
	return (end == UNWIND_OUTERMOST && !walk->ended_at_zero) || end == UNWIND_NO_TABLE ||
	       end == UNWIND_TOO_DEEP;
}

/* How many frames owe nothing to a guess, or to the target's memory. */
struct sure_frames {
	size_t before_guess;
	size_t from_copy;
};

/* One frame outwards. *recorded is the frame that is left: that an address was made to be returned
 * to, and has no call before it, is known only then. */
static enum unwind_end step_and_mend(struct walk *walk, struct recorded_frame *recorded)
{
	uint64_t ip = walk->frame.ip;
	enum unwind_end end = step(walk);

	if (walk->was_made_return)
		*recorded = address_spaces_frame(walk->walker->spaces, walk->pid, ip, false);
	return end;
}

/* Takes back what was found by means that have led nowhere. */
static void cut_doubtful(const struct walk *walk, struct sure_frames sure,
                         struct walk_result *result)
{
	struct sampled_stack *stack = &walk->walker->stack;

	if (walk->used_frame_pointer && result->end != UNWIND_OUTERMOST &&
	    result->end != UNWIND_TOO_DEEP) {
		result->n_frames = sure.before_guess;
		result->end = UNWIND_NO_TABLE;
		if (result->n_frames <= sure.from_copy)
			return;
	}
	if (stack->used_memory && stack->copy_bytes &&
	    (!is_credible_end(walk, result->end) || !sampled_stack_still_joins(stack))) {
		result->n_frames = sure.from_copy;
		result->end = UNWIND_UNREADABLE;
	}
}

static pid_t readable_process(const struct walk_input *input)
{
	if (!input->read_memory)
		return 0;
	return input->tid ? input->tid : input->pid;
}

struct walk_result stack_walk(struct stack_walker *walker, const struct walk_input *input,
                              struct recorded_frame frames[WALK_MAX_FRAMES])
{
	struct walk walk = {.walker = walker,
	                    .pid = input->pid,
	                    .leaf = input->registers,
	                    .is_32_bit = input->is_32_bit};
	struct walk_result result = {0};
	struct sure_frames sure = {1, 1};

	walk.frame = (struct unwind_registers){.ip = input->registers[WALK_RIP],
	                                       .sp = input->registers[WALK_RSP],
	                                       .bp = input->registers[WALK_RBP]};
	sampled_stack_init(&walker->stack, walk.frame.sp, input->stack, input->stack_bytes,
	                   readable_process(input));
	if (input->words) {
		input->words->are_all = !input->is_32_bit;
		input->words->n_words = 0;
		walker->stack.words = input->words;
	}
	full_cfi_begin(walker->full_cfi, input->pid, input->registers, &walker->stack);
	frames[result.n_frames++] =
	    address_spaces_frame(walker->spaces, walk.pid, walk.frame.ip, false);
	while ((result.end = step_and_mend(&walk, &frames[result.n_frames - 1])) ==
	       UNWIND_STEPPED) {
		if (result.n_frames == WALK_MAX_FRAMES - 1) {
			result.end = UNWIND_TOO_DEEP;
			break;
		}
		frames[result.n_frames++] =
		    address_spaces_frame(walker->spaces, walk.pid, walk.frame.ip, walk.is_return);
		if (!walker->stack.used_memory)
			sure.from_copy = result.n_frames;
		if (!walk.used_frame_pointer)
			sure.before_guess = result.n_frames;
	}
	result.last = walk.frame;
	result.ended_at_zero = walk.ended_at_zero;
	cut_doubtful(&walk, sure, &result);
	result.completed = result.n_frames > sure.from_copy;
	result.guessed = result.n_frames > sure.before_guess;
	if (result.end != UNWIND_OUTERMOST)
		frames[result.n_frames++] = failed_frame(walker, result.end);
	return result;
}
