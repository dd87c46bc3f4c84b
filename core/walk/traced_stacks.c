/* Walks stacks by ptrace(2)'s registers and the process's memory. */
#include "core/walk/traced_stacks.h"

#include "core/alloc.h"
#include "core/recording.h"
#include "core/u64map.h"
#include "core/walk/address_space.h"
#include "core/walk/sampled_stack.h"
#include "core/walk/stackwalk.h"
#include "core/walk/walk_cache.h"

#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>

enum { USER32_CS = 0x23 }; /* of 32-bit code (arch/x86/include/asm/segment.h) */

struct traced_stacks {
	struct recording *recording;
	struct address_spaces *spaces;
	struct stack_walker *walker;
	struct u64map *readers; /* pid whose mappings were read -> struct traced_code *, or 0 */
	uint64_t n_readings;    /* of mappings */
	struct walk_cache *cache;
	struct stack_words words; /* of the walk at hand */
	struct recorded_frame frames[WALK_MAX_FRAMES];
};

struct traced_stacks *traced_stacks_new(struct recording *recording)
{
	struct traced_stacks *stacks = xcalloc(1, sizeof(*stacks));

	stacks->recording = recording;
	stacks->spaces = address_spaces_new(recording);
	stacks->walker = stack_walker_new(stacks->spaces, recording);
	stacks->readers = u64map_new();
	stacks->cache = walk_cache_new();
	return stacks;
}

void traced_stacks_free(struct traced_stacks *stacks)
{
	if (!stacks)
		return;
	walk_cache_free(stacks->cache);
	stack_walker_free(stacks->walker);
	address_spaces_free(stacks->spaces);
	u64map_free(stacks->readers);
	free(stacks);
}

void traced_code_forget(struct traced_code *code)
{
	code->pid = 0;
}

void traced_stacks_end(struct traced_stacks *stacks, struct traced_code *code)
{
	uint64_t *reader = code->pid ? u64map_get(stacks->readers, (uint64_t)code->pid) : NULL;

	if (reader && *reader == (uintptr_t)code) {
		address_spaces_exit(stacks->spaces, code->pid);
		*reader = 0;
	}
	code->pid = 0;
}

/* Reads the mappings under this id. An id may have belonged to another address space: a child of
 * vfork is in its parent's until it executes. */
static void read_under(struct traced_stacks *stacks, struct traced_code *code, pid_t pid)
{
	uint64_t *reader = u64map_put(stacks->readers, (uint64_t)pid, NULL);

	if (*reader && *reader != (uintptr_t)code)
		traced_code_forget((struct traced_code *)(uintptr_t)*reader);
	*reader = (uintptr_t)code;
	code->pid = pid;
	code->reading = ++stacks->n_readings;
	address_spaces_exec(stacks->spaces, pid);
	address_spaces_read_proc(stacks->spaces, pid);
}

/* A process whose first thread has ended shows its mappings under the others alone. */
static void read_code(struct traced_stacks *stacks, struct traced_code *code, pid_t pid, pid_t tid,
                      uint64_t ip)
{
	read_under(stacks, code, pid);
	if (tid != pid && !address_spaces_find(stacks->spaces, pid, ip)) {
		traced_stacks_end(stacks, code);
		read_under(stacks, code, tid);
	}
}

static void copy_registers(uint64_t *to, const struct user_regs_struct *from)
{
	to[WALK_RAX] = from->rax;
	to[WALK_RBX] = from->rbx;
	to[WALK_RCX] = from->rcx;
	to[WALK_RDX] = from->rdx;
	to[WALK_RSI] = from->rsi;
	to[WALK_RDI] = from->rdi;
	to[WALK_RBP] = from->rbp;
	to[WALK_RSP] = from->rsp;
	to[WALK_RIP] = from->rip;
	to[WALK_R8] = from->r8;
	to[WALK_R9] = from->r9;
	to[WALK_R10] = from->r10;
	to[WALK_R11] = from->r11;
	to[WALK_R12] = from->r12;
	to[WALK_R13] = from->r13;
	to[WALK_R14] = from->r14;
	to[WALK_R15] = from->r15;
}

static struct walk_place place_of(const struct traced_code *code, const uint64_t *registers)
{
	return (struct walk_place){.code = code->reading,
	                           .ip = registers[WALK_RIP],
	                           .sp = registers[WALK_RSP],
	                           .bp = registers[WALK_RBP]};
}

/* Walks, and reads the mappings anew when code was made executable since. */
static uint32_t walk(struct traced_stacks *stacks, struct traced_code *code, pid_t pid,
                     struct walk_input *input, bool is_fresh)
{
	struct walk_result result;
	struct walk_place place;
	uint32_t stack;

	input->pid = code->pid;
	input->words = &stacks->words;
	result = stack_walk(stacks->walker, input, stacks->frames);
	if (result.end == UNWIND_NO_MAPPING && !is_fresh) {
		read_code(stacks, code, pid, input->tid, input->registers[WALK_RIP]);
		input->pid = code->pid;
		result = stack_walk(stacks->walker, input, stacks->frames);
	}
	code->guessed_stacks += result.guessed;
	stack = recording_add_stack(stacks->recording, stacks->frames, result.n_frames);
	place = place_of(code, input->registers);
	if (result.end == UNWIND_OUTERMOST && !result.guessed && stacks->words.are_all)
		walk_cache_keep(stacks->cache, &place, stack, &stacks->words);
	return stack;
}

uint32_t traced_stacks_walk(struct traced_stacks *stacks, struct traced_code *code, pid_t pid,
                            pid_t tid)
{
	uint64_t registers[WALK_N_REGISTERS];
	struct user_regs_struct regs;
	struct walk_input input = {.tid = tid, .registers = registers, .read_memory = true};
	bool is_fresh = !code->pid;
	struct walk_place place;
	uint32_t stack = 0;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs))
		return 0;
	copy_registers(registers, &regs);
	input.is_32_bit = regs.cs == USER32_CS;
	if (is_fresh)
		read_code(stacks, code, pid, tid, regs.rip);
	place = place_of(code, registers);
	if (!is_fresh && !input.is_32_bit)
		stack = walk_cache_find(stacks->cache, &place, tid);
	return stack ? stack : walk(stacks, code, pid, &input, is_fresh);
}
