/* Tries frame pointers that the stack holds, until one leads to its end. */
#include "core/walk/still_stack.h"

#include "core/unwind/fde.h"
#include "core/walk/address_space.h"
#include "core/walk/process_memory.h"

#include <string.h>

enum {
	CODE_BYTES = 8,
	/* What is looked through above the frame: its own locals lie there. */
	N_WORDS = 2048,
	/* Each try is a walk. */
	MAX_TRIES = 64,
};

struct search {
	struct stack_walker *walker;
	struct address_spaces *spaces;
	pid_t pid;
	pid_t tid;
	const uint64_t *registers;
	struct unwind_registers last; /* where the frame pointer is wanted */
	uint64_t function;            /* the start of the function there; 0: not known */
	uint64_t words[N_WORDS];      /* of the stack, from last.sp */
	size_t n_words;
};

/* The stack may end before so much: page by page. */
static size_t read_words(pid_t tid, uint64_t addr, uint64_t *words, size_t n_words)
{
	enum { PAGE = 4096 };
	uint8_t *bytes = (uint8_t *)words;
	size_t size = n_words * sizeof(*words), done = 0;

	while (done < size) {
		size_t piece = PAGE - (addr + done) % PAGE;

		if (piece > size - done)
			piece = size - done;
		if (process_memory_read(tid, addr + done, bytes + done, piece) != piece)
			break;
		done += piece;
	}
	return done / sizeof(*words);
}

/* The length of `FF /2` with this ModRM byte and, where there is one, SIB; 0: another instruction.
 */
static size_t indirect_call_bytes(uint8_t modrm, uint8_t sib)
{
	unsigned mod = modrm >> 6, rm = modrm & 7;
	bool has_sib = mod != 3 && rm == 4;
	size_t displacement = mod == 1 ? 1 : mod == 2 ? 4 : 0;

	if ((modrm >> 3 & 7) != 2)
		return 0;
	if (mod == 0 && (rm == 5 || (has_sib && (sib & 7) == 5)))
		displacement = 4;
	return 2 + has_sib + displacement;
}

bool still_stack_is_call(const uint8_t code[CODE_BYTES], int64_t *target)
{
	*target = 0;
	for (size_t len = 2; len <= 7; len++) {
		const uint8_t *call = code + CODE_BYTES - len;

		if (call[0] == 0xff && indirect_call_bytes(call[1], len > 2 ? call[2] : 0) == len)
			return true;
	}
	if (code[CODE_BYTES - 5] == 0xe8) {
		int32_t distance;

		memcpy(&distance, code + CODE_BYTES - 4, sizeof(distance));
		*target = distance;
		return true;
	}
	return false;
}

static uint64_t function_start(const struct search *search)
{
	const struct mapping *mapping =
	    address_spaces_find(search->spaces, search->pid, search->last.ip - 1);
	struct unwind_fde fde = {0};

	if (!mapping || unwind_fde_find(&mapping->tables, search->last.ip - 1 - mapping->load_bias,
	                                &fde) != FDE_FOUND)
		return 0;
	return fde.start + mapping->load_bias;
}

static bool same_object(const struct search *search, uint64_t a, uint64_t b)
{
	const struct mapping *x = address_spaces_find(search->spaces, search->pid, a);
	uint32_t object = x ? x->object : 0;
	const struct mapping *y = address_spaces_find(search->spaces, search->pid, b);

	return x && y && object == y->object;
}

enum caller { NO_CALLER, POSSIBLE_CALLER, DIRECT_CALLER };

/* Whether code has called from before this return address what we have come from. A direct call
 * goes elsewhere only through another object's stub. */
static enum caller judge_return(const struct search *search, uint64_t ret)
{
	uint8_t code[CODE_BYTES];
	int64_t distance;

	if (!address_spaces_find(search->spaces, search->pid, ret - 1) ||
	    process_memory_read(search->tid, ret - CODE_BYTES, code, sizeof(code)) !=
	        sizeof(code) ||
	    !still_stack_is_call(code, &distance))
		return NO_CALLER;
	if (!distance || !search->function)
		return POSSIBLE_CALLER;
	if (ret + (uint64_t)distance == search->function)
		return DIRECT_CALLER;
	return same_object(search, ret - 1, search->function) ? NO_CALLER : POSSIBLE_CALLER;
}

static struct walk_result walk_with(const struct search *search, uint64_t bp,
                                    struct recorded_frame *frames)
{
	uint64_t registers[WALK_N_REGISTERS];
	struct walk_input input = {
	    .pid = search->pid, .tid = search->tid, .registers = registers, .read_memory = true};

	memcpy(registers, search->registers, sizeof(registers));
	registers[WALK_RBP] = bp;
	return stack_walk(search->walker, &input, frames);
}

/* The lowest frame pointer with such a caller that leads to the end; false: there is none. */
static bool try_callers(const struct search *search, enum caller wanted, struct walk_result *result,
                        struct recorded_frame *frames)
{
	unsigned n_tries = 0;

	for (size_t i = 0; i + 1 < search->n_words && n_tries < MAX_TRIES; i++) {
		if (judge_return(search, search->words[i + 1]) != wanted)
			continue;
		n_tries++;
		*result = walk_with(search, search->last.sp + i * sizeof(uint64_t), frames);
		if (result->end == UNWIND_OUTERMOST && !result->guessed && !result->ended_at_zero)
			return true;
	}
	return false;
}

struct walk_result still_stack_walk(struct stack_walker *walker, struct address_spaces *spaces,
                                    pid_t pid, pid_t tid, const uint64_t *registers,
                                    struct recorded_frame frames[WALK_MAX_FRAMES])
{
	struct search search = {
	    .walker = walker, .spaces = spaces, .pid = pid, .tid = tid, .registers = registers};
	struct walk_result result = walk_with(&search, 0, frames);

	/* 0 still, so no frame has saved it; a walk that failed with it fails otherwise too. */
	if (result.end == UNWIND_OUTERMOST || result.last.bp != 0)
		return result;
	search.last = result.last;
	search.function = function_start(&search);
	search.n_words = read_words(tid, search.last.sp, search.words, N_WORDS);
	if (try_callers(&search, DIRECT_CALLER, &result, frames) ||
	    try_callers(&search, POSSIBLE_CALLER, &result, frames)) {
		result.guessed = true;
		return result;
	}
	result = walk_with(&search, 0, frames);
	result.end = UNWIND_NO_REGISTER;
	frames[result.n_frames - 1].vaddr = UNWIND_NO_REGISTER;
	return result;
}
