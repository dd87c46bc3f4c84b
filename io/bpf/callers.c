/* Walks copied stacks, against the mappings of their moment. */
#include "io/bpf/callers.h"

#include "core/alloc.h"
#include "core/recording.h"
#include "core/walk/address_space.h"
#include "core/walk/sampled_stack.h"
#include "core/walk/stackwalk.h"
#include "core/walk/walk_cache.h"
#include "io/bpf/code_records.h"
#include "io/bpf/wire.h"
#include "io/sites.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(METER_REGISTERS == (int)WALK_N_REGISTERS, "records bring what a walk takes");

struct bpf_callers {
	struct io_sites *sites;
	struct address_spaces *spaces;
	struct stack_walker *walker;
	struct code_records *code;
	struct walk_cache *cache;
	struct stack_words words;          /* of the walk at hand */
	uint8_t filled[METER_STACK_BYTES]; /* its stack, where some is missing */
	struct recorded_frame frames[WALK_MAX_FRAMES];
};

int bpf_callers_check(struct diag *diag)
{
	return code_records_check(diag);
}

int bpf_callers_new(struct bpf_callers **result, struct io_sites *sites, struct diag *diag)
{
	struct bpf_callers *callers = xcalloc(1, sizeof(*callers));
	int err;

	callers->sites = sites;
	callers->spaces = address_spaces_new(sites->recording);
	callers->walker = stack_walker_new(callers->spaces, sites->recording);
	callers->cache = walk_cache_new();
	err = code_records_new(&callers->code, callers->spaces, diag);
	if (err)
		bpf_callers_free(callers);
	else
		*result = callers;
	return err;
}

void bpf_callers_free(struct bpf_callers *callers)
{
	if (!callers)
		return;
	if (callers->code)
		callers->sites->lost_mappings += code_records_n_lost(callers->code);
	code_records_free(callers->code);
	walk_cache_free(callers->cache);
	stack_walker_free(callers->walker);
	address_spaces_free(callers->spaces);
	free(callers);
}

void bpf_callers_adopt(struct bpf_callers *callers, pid_t pid)
{
	code_records_adopt(callers->code, pid);
}

static uint32_t walk(struct bpf_callers *callers, const struct walk_place *place,
                     const struct walk_input *input)
{
	struct walk_result result = stack_walk(callers->walker, input, callers->frames);
	uint32_t stack =
	    recording_add_stack(callers->sites->recording, callers->frames, result.n_frames);

	callers->sites->guessed_stacks += result.guessed;
	callers->sites->completed_stacks += result.completed;
	if (result.end == UNWIND_OUTERMOST && !result.guessed && !result.completed &&
	    callers->words.are_all)
		walk_cache_keep(callers->cache, place, stack, &callers->words);
	return stack;
}

/* What is missing is no return address, and no zero, which would be a stack's end. */
static const uint8_t *fill_missing(struct bpf_callers *callers, const struct meter_stack *record)
{
	size_t at = 0,
	       page_bytes = METER_PAGE_BYTES - record->registers[WALK_RSP] % METER_PAGE_BYTES;

	if (!record->missing)
		return record->data;
	memcpy(callers->filled, record->data, record->len_bytes);
	for (unsigned page = 0; at < record->len_bytes; page++) {
		if (page_bytes > record->len_bytes - at)
			page_bytes = record->len_bytes - at;
		if (record->missing >> page & 1)
			memset(callers->filled + at, 0xff, page_bytes);
		at += page_bytes;
		page_bytes = METER_PAGE_BYTES;
	}
	return callers->filled;
}

uint32_t bpf_callers_walk(struct bpf_callers *callers, pid_t pid, const struct meter_stack *record)
{
	uint64_t registers[WALK_N_REGISTERS];
	struct walk_input input = {
	    .pid = pid,
	    .tid = (pid_t)record->head.tid,
	    .registers = registers,
	    .stack = fill_missing(callers, record),
	    .stack_bytes = record->len_bytes,
	    .is_32_bit = record->is_32_bit,
	    .read_memory = record->len_bytes > 0,
	    .words = &callers->words,
	};
	struct walk_place place;
	uint32_t stack;

	for (size_t i = 0; i < WALK_N_REGISTERS; i++)
		registers[i] = record->registers[i];
	code_records_apply(callers->code, record->head.now_ns);
	place = (struct walk_place){.code = code_records_state(callers->code, pid),
	                            .ip = registers[WALK_RIP],
	                            .sp = registers[WALK_RSP],
	                            .bp = registers[WALK_RBP]};
	stack = input.is_32_bit ? 0
	                        : walk_cache_find_copied(callers->cache, &place, input.stack,
	                                                 record->len_bytes);
	return stack ? stack : walk(callers, &place, &input);
}

void bpf_callers_end(struct bpf_callers *callers, pid_t pid, uint64_t now_ns)
{
	if (!callers)
		return;
	code_records_apply(callers->code, now_ns);
	code_records_end(callers->code, pid);
}

void bpf_callers_keep_up(struct bpf_callers *callers, uint64_t until_ns)
{
	if (callers)
		code_records_apply(callers->code, until_ns);
}
