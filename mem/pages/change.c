/* Follows mmap, munmap, mremap and brk as the kernel carries them out (mmap(2), mremap(2), brk(2));
 * for all else, and where a call may have changed something though it failed, /proc is asked. */
#include "mem/pages/change.h"

#include "core/alloc.h"
#include "core/trace/trace.h"
#include "mem/pages/proc.h"

#include <linux/audit.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { MAX_ERRNO = 4095, IPC_SHMAT = 21, IPC_SHMDT = 22, I386_IPC = 117 };

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static uint64_t page_up(uint64_t bytes)
{
	return (bytes + PAGES_BYTES - 1) / PAGES_BYTES * PAGES_BYTES;
}

static bool has_failed(int64_t result)
{
	return result < 0 && result >= -MAX_ERRNO;
}

/* The kernel reports i386's results with their sign extended. */
static uint64_t address_of(const struct tracee *tracee, int64_t result)
{
	return tracee->arch == AUDIT_ARCH_I386 ? (uint32_t)result : (uint64_t)result;
}

static bool is_fixed(const struct tracee *tracee, enum pages_call call)
{
	return (call == PAGES_CALL_MMAP && tracee->args[3] & MAP_FIXED) ||
	       (call == PAGES_CALL_MREMAP && tracee->args[3] & MREMAP_FIXED);
}

bool pages_changes(const struct pages_image *image, const struct tracee *tracee,
                   enum pages_call call, int64_t result)
{
	uint32_t subcall = (uint32_t)tracee->args[0] & 0xffff;

	if (call == PAGES_CALL_BRK)
		return address_of(tracee, result) != image->brk;
	/* What is in the way of a fixed address goes before the call fails. */
	if (has_failed(result))
		return call == PAGES_CALL_MUNMAP || is_fixed(tracee, call);
	if (tracee->arch == AUDIT_ARCH_I386 && tracee->number == I386_IPC)
		return subcall == IPC_SHMAT || subcall == IPC_SHMDT;
	return true;
}

struct difference {
	uint64_t start;
	uint64_t end;
	bool is_gone;
};

struct comparison {
	const struct pages_range *stack; /* NULL: like everything else */
	struct difference *differences;
	size_t n_differences;
	size_t differences_capacity;
	uint64_t stack_growth_bytes;
};

static void note_difference(void *context, uint64_t start, uint64_t end, bool is_gone)
{
	struct comparison *comparison = context;
	const struct pages_range *stack = comparison->stack;
	struct difference *difference;

	if (stack && !is_gone && start < stack->end && end > stack->start) {
		comparison->stack_growth_bytes += end - start;
		return;
	}
	difference = ARRAY_APPEND(comparison->differences, comparison->n_differences,
	                          comparison->differences_capacity);
	*difference = (struct difference){start, end, is_gone};
}

uint64_t pages_resync(struct pages_image *image, struct pages_event *event, pid_t tid,
                      bool with_stack)
{
	struct comparison comparison = {0};
	struct pages_range stack;
	struct pages_map real;
	uint64_t n_bytes = 0;

	if (!pages_proc_maps(tid, &real, &stack)) {
		comparison.stack = with_stack ? NULL : &stack;
		pages_map_compare(&image->space.map, &real, note_difference, &comparison);
		image->stack_growth_bytes = comparison.stack_growth_bytes;
	}
	for (size_t i = 0; i < comparison.n_differences; i++) {
		const struct difference *difference = &comparison.differences[i];

		if (difference->is_gone)
			pages_event_take(event, difference->start, difference->end);
		else
			pages_event_give(event, difference->start, difference->end);
		n_bytes += difference->end - difference->start;
	}
	free(comparison.differences);
	pages_map_fini(&real);
	return n_bytes;
}

static struct pages_piece piece_of(uint64_t start, uint64_t end)
{
	return (struct pages_piece){start, end};
}

static struct pages_piece change_mremap(struct pages_event *event, const uint64_t args[6],
                                        uint64_t to)
{
	uint64_t from = args[0], old_bytes = page_up(args[1]), new_bytes = page_up(args[2]);
	uint64_t kept_bytes = old_bytes < new_bytes ? old_bytes : new_bytes;

	if (!old_bytes || args[3] & MREMAP_DONTUNMAP) {
		pages_event_give(event, to, to + new_bytes);
		return piece_of(to, to + new_bytes);
	}
	if (args[3] & MREMAP_FIXED)
		pages_event_take(event, to, to + new_bytes);
	pages_event_take(event, from + kept_bytes, from + old_bytes);
	if (to != from)
		pages_event_move(event, from, from + kept_bytes, to);
	pages_event_give(event, to + kept_bytes, to + new_bytes);
	return to == from ? piece_of(from + old_bytes, from + new_bytes)
	                  : piece_of(to, to + new_bytes);
}

static struct pages_piece change_brk(struct pages_image *image, struct pages_event *event,
                                     uint64_t brk)
{
	uint64_t old_end = page_up(image->brk), new_end = page_up(brk);
	bool was_known = image->brk;

	image->brk = brk;
	if (!was_known)
		return piece_of(0, 0);
	if (new_end > old_end) {
		pages_event_give(event, old_end, new_end);
		return piece_of(old_end, new_end);
	}
	pages_event_take(event, new_end, old_end);
	return piece_of(new_end, old_end);
}

void pages_change(struct pages_image *image, struct pages_event *event, const struct tracee *tracee,
                  enum pages_call call, int64_t result, struct pages_piece *piece)
{
	const uint64_t *args = tracee->args;
	uint64_t addr = address_of(tracee, result);

	*piece = piece_of(0, 0);
	if (call == PAGES_CALL_MMAP && args[3] & MAP_HUGETLB)
		image->has_huge = true;
	if (call == PAGES_CALL_MMAP && args[2] & PROT_EXEC)
		traced_code_forget(&image->code);
	if (call == PAGES_CALL_BRK && image->n_out_of_turn)
		image->brk = addr;
	if (call == PAGES_CALL_BRK && !image->n_out_of_turn) {
		*piece = change_brk(image, event, addr);
	} else if (call == PAGES_CALL_OTHER || image->has_huge || image->n_out_of_turn ||
	           has_failed(result)) {
		pages_resync(image, event, tracee->tid, false);
	} else if (call == PAGES_CALL_MMAP) {
		*piece = piece_of(addr, addr + page_up(args[1]));
		pages_event_give(event, piece->start, piece->end);
	} else if (call == PAGES_CALL_MUNMAP) {
		*piece = piece_of(args[0], args[0] + page_up(args[1]));
		pages_event_take(event, piece->start, piece->end);
	} else if (call == PAGES_CALL_MREMAP) {
		*piece = change_mremap(event, args, addr);
	}
}
