/* Decides by the set, the names and the time. */
#include "io/scope.h"

#include "core/clock.h"
#include "core/collector.h"
#include "io/pending.h"
#include "io/trace_set.h"

#include <string.h>

void io_scope_init(struct io_scope *scope, const struct trace_set *set, const struct repeat *repeat)
{
	scope->set = set;
	scope->only = repeat->only;
	atomic_store(&scope->begun_ns, repeat->begins_later ? IO_NOT_BEGUN : IO_FROM_START);
}

uint64_t io_scope_begin(struct io_scope *scope)
{
	uint64_t now_ns = clock_now_ns();

	atomic_store(&scope->begun_ns, now_ns);
	return now_ns;
}

/* The kernel cuts names to the row's size. */
static bool names_row(const struct text_list *only, const struct thread_row *row)
{
	for (size_t i = 0; i < only->n_texts; i++)
		if (!strncmp(only->texts[i], row->comm, sizeof(row->comm) - 1))
			return true;
	return false;
}

/* By its own name, or that of its process's first thread. */
static bool has_member(const struct io_scope *scope, const struct io_counts *counts,
                       const struct io_member *member)
{
	return !scope->only || names_row(scope->only, &counts->threads[member->thread]) ||
	       names_row(scope->only, &counts->threads[member->leader]);
}

static bool has_begun(const struct io_scope *scope, uint64_t now_ns)
{
	return now_ns >= atomic_load(&scope->begun_ns);
}

bool io_scope_may_count(const struct io_scope *scope, const struct syscall_info *info,
                        uint64_t entered_ns)
{
	return trace_set_has(scope->set, info) && has_begun(scope, entered_ns);
}

bool io_scope_count(const struct io_scope *scope, struct io_counts *counts,
                    const struct io_member *member, const struct io_call *call, uint64_t entered_ns,
                    uint64_t returned_ns, const struct io_repetition *repetition)
{
	if (!io_scope_may_count(scope, call->info, returned_ns) ||
	    !io_status_has(counts->status, call->result))
		return false;
	if (!has_member(scope, counts, member)) {
		counts->gaps.left_out += repetition ? repetition->n_calls : 1;
		return false;
	}
	if (!has_begun(scope, entered_ns)) {
		counts->gaps.already_in++;
		return false;
	}
	if (repetition)
		io_counts_add_repeated(counts, call, repetition);
	else
		io_counts_add(counts, call);
	return true;
}

static bool has_call(const struct io_scope *scope, const struct io_counts *counts,
                     const struct io_member *member, const struct syscall_info *info)
{
	return trace_set_has(scope->set, info) && has_member(scope, counts, member);
}

bool io_scope_count_unfinished(const struct io_scope *scope, struct io_counts *counts,
                               const struct io_member *member, const struct syscall_info *info,
                               uint64_t gone_ns)
{
	if (!has_begun(scope, gone_ns) || !has_call(scope, counts, member, info))
		return false;
	counts->gaps.unfinished++;
	return true;
}

void io_scope_count_still_in(const struct io_scope *scope, struct io_counts *counts,
                             const struct io_member *member, const struct io_pending_call *call)
{
	if (!has_call(scope, counts, member, call->info))
		return;
	counts->gaps.still_in++;
	io_pending_add(counts, member, call);
}
