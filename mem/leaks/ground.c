/* Subtracts from the writable maps what is no root. */
#include "mem/leaks/ground.h"

#include "core/alloc.h"
#include "mem/leaks/pieces.h"
#include "mem/leaks/stacks.h"

#include <stdlib.h>
#include <string.h>

/* To the end of the uppermost chunk of all that are there, and from there back as much as its arena
 * says that it has. False: none is there. */
static bool reach_top(const struct leak_view *view, struct leak_range *brk)
{
	size_t first = leak_blocks_after(view->blocks, brk->start), n = 0;
	struct leak_range heap = {0};

	for (size_t i = 0; i < view->arenas->n_mains; i++) {
		const struct leak_main_arena *main = &view->arenas->mains[i];
		uint64_t end = main->top.end;

		if (end <= brk->start || end > brk->end)
			continue;
		n++;
		if (end > heap.end)
			heap = (struct leak_range){end - main->bytes, end};
	}
	if (!n)
		return false;
	brk->end = heap.end;
	/* It may have some of that from elsewhere, and another arena may have some here. */
	if (n == 1 && heap.start > brk->start && heap.start < heap.end &&
	    (first == view->blocks->n_blocks || view->blocks->blocks[first].addr >= heap.start))
		brk->start = heap.start;
	return true;
}

/* The main arena's memory by brk(2). The program may have called sbrk(2) before that and after it,
 * or mapped something right behind. */
static struct leak_range brk_heap(const struct leak_view *view)
{
	const struct leak_blocks *blocks = view->blocks;
	struct leak_range brk = view->maps->brk, piece;
	size_t first = leak_blocks_after(blocks, brk.start);

	/* Else it went on elsewhere. */
	if (!reach_top(view, &brk) && first < blocks->n_blocks &&
	    blocks->blocks[first].addr < brk.end &&
	    leak_piece_find(view->memory, view->arenas, brk, blocks->blocks[first].addr, &piece))
		brk.end = piece.end;
	return brk;
}

/* The range of the maps that holds the block and nothing but malloc's memory, as far as is known.
 * False: it is taken whole for want of knowledge. */
static bool explain(const struct leak_view *view, const struct leak_block *block,
                    struct leak_range *range)
{
	const struct leak_range *map;

	if (leak_mapped_chunk(view->memory, block->addr, range) && range->start < block->addr &&
	    range->end >= leak_block_end(block))
		return true;
	map = leak_ranges_find(&view->maps->all, block->addr);
	if (map && leak_piece_find(view->memory, view->arenas, *map, block->addr, range))
		return true;
	*range = map ? *map : (struct leak_range){block->addr, leak_block_end(block)};
	return false;
}

/* Adds the memory that holds blocks outside of the heaps: chunks with a mapping to themselves, and
 * what the main arena got when brk(2) failed. */
static void add_apart(const struct leak_view *view, const struct leak_ranges *heaps,
                      struct leak_ranges *no_roots, struct leak_roots *roots)
{
	const struct leak_blocks *blocks = view->blocks;

	for (size_t i = 0; i < blocks->n_blocks;) {
		const struct leak_block *block = &blocks->blocks[i];
		const struct leak_range *heap = leak_ranges_find(heaps, block->addr);
		struct leak_range range;
		size_t next;

		if (heap)
			range = *heap;
		else if (!explain(view, block, &range))
			roots->n_odd_blocks++;
		next = leak_blocks_after(blocks, range.end);
		if (!heap)
			leak_ranges_add(no_roots, range.start, range.end);
		i = next > i ? next : i + 1;
	}
}

static void add_all(struct leak_ranges *list, const struct leak_ranges *more)
{
	for (size_t i = 0; i < more->n_ranges; i++)
		leak_ranges_add(list, more->ranges[i].start, more->ranges[i].end);
}

static void add_malloc(const struct leak_view *view, struct leak_ranges *no_roots,
                       struct leak_roots *roots)
{
	struct leak_range brk = brk_heap(view);
	struct leak_ranges heaps = {0};

	leak_ranges_add(&heaps, brk.start, brk.end);
	add_all(&heaps, &view->arenas->heaps);
	leak_ranges_sort(&heaps);
	add_all(no_roots, &heaps);
	add_apart(view, &heaps, no_roots, roots);
	leak_ranges_fini(&heaps);
	for (size_t i = 0; i < view->arenas->n_mains; i++)
		leak_ranges_add(no_roots, view->arenas->mains[i].state.start,
		                view->arenas->mains[i].state.end);
}

/* The preload library's: tables lead to all blocks. But the program may keep pointers in the pool.
 */
static void add_own(const struct leak_view *view, struct leak_ranges *no_roots)
{
	const struct live_facts *facts = view->facts;

	leak_ranges_add(no_roots, facts->library.start, facts->pool.start);
	leak_ranges_add(no_roots, facts->pool.end, facts->library.end);
	for (size_t i = 0; i < facts->n_mappings; i++)
		leak_ranges_add(no_roots, facts->mappings[i].start, facts->mappings[i].end);
	add_all(no_roots, &view->blocks->tables);
}

/* Of private memory what was never touched holds no pointer. */
static void add_touched(const struct leak_view *view, struct leak_range range,
                        struct leak_ranges *to)
{
	uint64_t at = range.start, end = range.end;

	for (; view->memory->next_touched(view->memory->context, &at, &end);
	     at = end, end = range.end)
		leak_ranges_add(to, at, end);
}

static void keep_touched(const struct leak_view *view, const struct leak_ranges *from,
                         struct leak_ranges *to)
{
	struct leak_ranges private = {0};

	leak_ranges_subtract(from, &view->maps->shared, &private);
	for (size_t i = 0; i < private.n_ranges; i++)
		add_touched(view, private.ranges[i], to);
	/* And what is shared, whole. */
	leak_ranges_subtract(from, &private, to);
	leak_ranges_fini(&private);
}

/* Those that memcheck looks at: of general use. */
static void add_registers(const struct leak_look *look, struct leak_roots *roots)
{
	enum { REGISTERS = 16 };

	roots->words =
	    xmalloc(((look->n_threads + 1) * REGISTERS + LEAK_EXIT_WORDS) * sizeof(*roots->words));
	for (size_t i = 0; i < look->n_threads; i++) {
		const struct user_regs_struct *r = &look->threads[i].registers;
		const uint64_t values[REGISTERS] = {r->rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi,
		                                    r->rbp, r->rsp, r->r8,  r->r9,  r->r10, r->r11,
		                                    r->r12, r->r13, r->r14, r->r15};

		for (size_t j = 0; j < REGISTERS && !look->threads[i].is_done; j++)
			roots->words[roots->n_words++] = values[j];
	}
}

/* Of the thread that ends the process by exit(3). */
static void leave_out_exit(const struct leak_view *view, struct leak_ranges *no_roots,
                           struct leak_roots *roots)
{
	struct leak_exit_frames frames;

	for (size_t i = 0; i < view->look->n_threads; i++) {
		if (!leak_exit_frames_find(view->memory, &view->libc, view->facts->exits,
		                           &view->look->threads[i].registers, &frames))
			continue;
		leak_ranges_add(no_roots, frames.memory.start, frames.memory.end);
		memcpy(roots->words + roots->n_words, frames.words,
		       frames.n_words * sizeof(frames.words[0]));
		roots->n_words += frames.n_words;
		return;
	}
}

void leak_roots_find(const struct leak_view *view, struct leak_roots *roots)
{
	struct leak_ranges no_roots = {0}, left = {0};

	*roots = (struct leak_roots){0};
	add_malloc(view, &no_roots, roots);
	add_own(view, &no_roots);
	add_registers(view->look, roots);
	leave_out_exit(view, &no_roots, roots);
	leak_stacks_unused(view->look, view->maps, view->memory, &no_roots);
	add_all(&no_roots, view->kept_stacks);
	leak_ranges_sort(&no_roots);
	leak_ranges_subtract(&view->maps->roots, &no_roots, &left);
	keep_touched(view, &left, &roots->ranges);
	leak_ranges_fini(&no_roots);
	leak_ranges_fini(&left);
}

void leak_roots_fini(struct leak_roots *roots)
{
	leak_ranges_fini(&roots->ranges);
	free(roots->words);
	*roots = (struct leak_roots){0};
}
