/* libunwind's remote interface (libunwind(3), unw_create_addr_space(3)) over a sample. */
#include "core/walk/full_cfi.h"

#include "core/walk/address_space.h"
#include "core/alloc.h"
#include "core/diag.h"
#include "core/walk/sampled_stack.h"
#include "core/walk/stackwalk.h"
#include "core/unwind/fde.h"

#include <libunwind-x86_64.h>
#include <stdlib.h>
#include <string.h>

/* Exported for tools that bring their own tables, as perf does, but in no header. */
int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *info,
                                       unw_proc_info_t *proc, int need_unwind_info, void *arg);

/* One entry of libunwind's binary search table, both relative to its "segment base". It gets a
 * table of this one entry, whatever the object's own table is like, at an address that no process
 * maps. */
struct search_entry {
	int32_t start_ip_offset;
	int32_t fde_offset;
};
enum { SEARCH_ENTRY_ADDR = sizeof(unw_word_t) };

struct full_cfi {
	struct address_spaces *spaces;
	unw_addr_space_t space;

	pid_t pid;
	const uint64_t *registers;
	struct sampled_stack *stack;

	/* The words of the leaf's red zone, as far as they are known: registers that its epilogue
	 * has popped, which its CFI still places there. */
	uint64_t red_zone[SAMPLED_STACK_RED_ZONE / sizeof(uint64_t)];
	uint32_t known;         /* one bit a word */
	const uint64_t *popped; /* set while a register is asked for that may be one of them */

	bool has_cursor;
	size_t cursor_index; /* which frame the cursor is at */
	unw_cursor_t cursor;

	/* What find_proc_info() found last, for the reads that follow it. */
	struct search_entry entry;
	struct unwind_section eh_frame; /* vaddr is the address in the process here */
	bool is_signal_frame;
};

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *proc,
                          int need_unwind_info, void *arg)
{
	struct full_cfi *cfi = arg;
	const struct mapping *mapping = address_spaces_find(cfi->spaces, cfi->pid, ip);
	unw_dyn_info_t info = {.format = UNW_INFO_FORMAT_REMOTE_TABLE};
	struct unwind_fde fde;
	int64_t start_offset;

	if (!mapping ||
	    unwind_fde_find(&mapping->tables, ip - mapping->load_bias, &fde) != FDE_FOUND)
		return -UNW_ENOINFO;
	start_offset = (int64_t)(fde.start - mapping->tables.eh_frame.vaddr);
	if (start_offset != (int32_t)start_offset || fde.offset > INT32_MAX)
		return -UNW_ENOINFO;
	cfi->entry = (struct search_entry){(int32_t)start_offset, (int32_t)fde.offset};
	cfi->eh_frame = mapping->tables.eh_frame;
	cfi->eh_frame.vaddr += mapping->load_bias;
	cfi->is_signal_frame = fde.cie.is_signal_frame;
	info.start_ip = fde.start + mapping->load_bias;
	info.end_ip = fde.end + mapping->load_bias;
	info.u.rti.segbase = cfi->eh_frame.vaddr;
	info.u.rti.table_data = SEARCH_ENTRY_ADDR;
	info.u.rti.table_len = sizeof(cfi->entry) / sizeof(unw_word_t);
	return UNW_OBJ(dwarf_search_unwind_table)(space, ip, &info, proc, need_unwind_info, arg);
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *proc, void *arg)
{
	(void)space;
	(void)proc;
	(void)arg;
}

static int get_dyn_info_list_addr(unw_addr_space_t space, unw_word_t *addr, void *arg)
{
	(void)space;
	(void)addr;
	(void)arg;
	return -UNW_ENOINFO;
}

/* libunwind reads bytes out of aligned words, so a word may begin before the section and end behind
 * it. */
static bool read_section(const struct unwind_section *section, uint64_t addr, uint64_t *word)
{
	uint8_t bytes[sizeof(*word)] = {0};
	bool is_inside = false;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		uint64_t offset = addr + i - section->vaddr;

		if (offset < section->size_bytes) {
			bytes[i] = section->data[offset];
			is_inside = true;
		}
	}
	memcpy(word, bytes, sizeof(*word));
	return is_inside;
}

static bool read_red_zone(struct full_cfi *cfi, uint64_t addr, uint64_t *word)
{
	uint64_t below = (cfi->registers[WALK_RSP] - addr) / sizeof(*word);

	if (below < 1 || below > ARRAY_SIZE(cfi->red_zone))
		return false;
	if (cfi->popped) {
		cfi->red_zone[below - 1] = *cfi->popped;
		cfi->known |= 1u << (below - 1);
	}
	*word = cfi->red_zone[below - 1];
	return cfi->known & 1u << (below - 1);
}

static int access_mem(unw_addr_space_t space, unw_word_t addr, unw_word_t *word, int write,
                      void *arg)
{
	struct full_cfi *cfi = arg;

	(void)space;
	if (write)
		return -UNW_EINVAL;
	if (addr == SEARCH_ENTRY_ADDR) {
		memcpy(word, &cfi->entry, sizeof(*word));
		return 0;
	}
	if (read_section(&cfi->eh_frame, addr, word) ||
	    sampled_stack_read(cfi->stack, addr, word) || read_red_zone(cfi, addr, word))
		return 0;
	return -UNW_EINVAL;
}

/* libunwind numbers them as DWARF does (psABI 3.7, figure 3.36). */
static const enum walk_register order[] = {
    WALK_RAX, WALK_RDX, WALK_RCX, WALK_RBX, WALK_RSI, WALK_RDI, WALK_RBP, WALK_RSP, WALK_R8,
    WALK_R9,  WALK_R10, WALK_R11, WALK_R12, WALK_R13, WALK_R14, WALK_R15, WALK_RIP,
};

static int access_reg(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write,
                      void *arg)
{
	struct full_cfi *cfi = arg;

	(void)space;
	if (write || number < 0 || (size_t)number >= ARRAY_SIZE(order))
		return -UNW_EBADREG;
	*value = cfi->registers[order[number]];
	return 0;
}

static int access_fpreg(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write,
                        void *arg)
{
	(void)space;
	(void)number;
	(void)value;
	(void)write;
	(void)arg;
	return -UNW_EBADREG;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *arg)
{
	(void)space;
	(void)cursor;
	(void)arg;
	return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t space, unw_word_t addr, char *name, size_t size,
                         unw_word_t *offset, void *arg)
{
	(void)space;
	(void)addr;
	(void)name;
	(void)size;
	(void)offset;
	(void)arg;
	return -UNW_ENOINFO;
}

static unw_accessors_t accessors = {
    .find_proc_info = find_proc_info,
    .put_unwind_info = put_unwind_info,
    .get_dyn_info_list_addr = get_dyn_info_list_addr,
    .access_mem = access_mem,
    .access_reg = access_reg,
    .access_fpreg = access_fpreg,
    .resume = resume,
    .get_proc_name = get_proc_name,
};

struct full_cfi *full_cfi_new(struct address_spaces *spaces)
{
	struct full_cfi *cfi = xcalloc(1, sizeof(*cfi));

	cfi->spaces = spaces;
	cfi->space = unw_create_addr_space(&accessors, 0);
	BUG(!cfi->space);
	/* libunwind's cache is keyed by address alone; here the same address belongs to many
	 * processes. */
	unw_set_caching_policy(cfi->space, UNW_CACHE_NONE);
	return cfi;
}

void full_cfi_free(struct full_cfi *cfi)
{
	if (!cfi)
		return;
	unw_destroy_addr_space(cfi->space);
	free(cfi);
}

void full_cfi_begin(struct full_cfi *cfi, pid_t pid, const uint64_t *registers,
                    struct sampled_stack *stack)
{
	cfi->pid = pid;
	cfi->registers = registers;
	cfi->stack = stack;
	cfi->has_cursor = false;
	cfi->known = 0;
	cfi->popped = NULL;
}

static struct unwind_registers cursor_registers(struct full_cfi *cfi)
{
	unw_word_t ip = 0, sp = 0, bp = 0;

	if (unw_get_reg(&cfi->cursor, UNW_REG_IP, &ip) < 0 ||
	    unw_get_reg(&cfi->cursor, UNW_REG_SP, &sp) < 0 ||
	    unw_get_reg(&cfi->cursor, UNW_X86_64_RBP, &bp) < 0)
		return (struct unwind_registers){0};
	return (struct unwind_registers){ip, sp, bp};
}

/* Asks for each register that a callee saves, so that read_red_zone() learns the popped ones. */
static void learn_popped(struct full_cfi *cfi)
{
	static const unw_regnum_t saved[] = {UNW_X86_64_RBX, UNW_X86_64_RBP, UNW_X86_64_R12,
	                                     UNW_X86_64_R13, UNW_X86_64_R14, UNW_X86_64_R15};
	unw_word_t value;

	for (size_t i = 0; i < ARRAY_SIZE(saved); i++) {
		cfi->popped = &cfi->registers[order[saved[i]]];
		unw_get_reg(&cfi->cursor, saved[i], &value);
	}
	cfi->popped = NULL;
}

/* One step of the cursor: as unw_step(). */
static int step_cursor(struct full_cfi *cfi)
{
	int status = unw_step(&cfi->cursor);

	if (status > 0 && cfi->cursor_index++ == 0)
		learn_popped(cfi);
	return status;
}

/* Brings the cursor to frame `index`. */
static bool advance(struct full_cfi *cfi, size_t index)
{
	if (!cfi->has_cursor) {
		if (unw_init_remote(&cfi->cursor, cfi->space, cfi) < 0)
			return false;
		cfi->has_cursor = true;
		cfi->cursor_index = 0;
	}
	while (cfi->cursor_index < index)
		if (step_cursor(cfi) <= 0)
			return false;
	return cfi->cursor_index == index;
}

/* Why a step failed: for want of a stack word, or of an understanding. */
static enum unwind_end failure(const struct full_cfi *cfi)
{
	return cfi->stack->missed ? UNWIND_UNREADABLE : UNWIND_COMPLEX;
}

enum unwind_end full_cfi_step(struct full_cfi *cfi, size_t index, struct unwind_registers *frame,
                              bool *is_signal_frame)
{
	struct unwind_registers here, caller;
	int status;

	if (!advance(cfi, index))
		return failure(cfi);
	here = cursor_registers(cfi);
	if (here.ip != frame->ip || here.sp != frame->sp)
		return UNWIND_COMPLEX;
	status = step_cursor(cfi);
	if (status < 0)
		return failure(cfi);
	caller = cursor_registers(cfi);
	if (status == 0 || caller.ip == 0)
		return UNWIND_OUTERMOST;
	/* An innermost function may have popped its return address into a register, as glibc's
	 * vfork. */
	if (caller.sp < frame->sp + (index > 0) && !cfi->is_signal_frame)
		return UNWIND_NO_PROGRESS;
	*frame = caller;
	*is_signal_frame = cfi->is_signal_frame;
	return UNWIND_STEPPED;
}
