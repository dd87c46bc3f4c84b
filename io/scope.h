/* Which of the calls that a backend sees are counted: those of the set (--trace), that ended
 * as was asked for (--failed-only), of threads with the chosen names (--only), begun since
 * measuring began.
 *
 * A call that was in progress when measuring began has a time that nobody knows: it is not counted,
 * but told apart (already_in). All times are CLOCK_MONOTONIC in ns.
 */
#ifndef IO_SCOPE_H
#define IO_SCOPE_H

#include "io/family.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct io_pending_call;
struct repeat;
struct text_list;
struct trace_set;

#define IO_FROM_START UINT64_C(0)
#define IO_NOT_BEGUN UINT64_MAX

struct io_scope {
	const struct trace_set *set;
	const struct text_list *only; /* NULL: all names */
	/* When measuring began; IO_FROM_START: with the target; IO_NOT_BEGUN: not yet. The driver
	 * writes it while a tracer reads. */
	_Atomic uint64_t begun_ns;
};

/* Both must outlive it. */
void io_scope_init(struct io_scope *scope, const struct trace_set *set,
                   const struct repeat *repeat);

/* Measuring begins now. Returns that moment. */
uint64_t io_scope_begin(struct io_scope *scope);

/* Could a call that is entered at that time be counted? By its name its thread may yet be chosen.
 */
bool io_scope_may_count(const struct io_scope *scope, const struct syscall_info *info,
                        uint64_t entered_ns);

/* A call has returned. `repetition`: so often; NULL: once. `entered_ns` 0: before anybody looked.
 * True: it was counted. */
bool io_scope_count(const struct io_scope *scope, struct io_counts *counts,
                    const struct io_member *member, const struct io_call *call, uint64_t entered_ns,
                    uint64_t returned_ns, const struct io_repetition *repetition);

/* A thread is gone at that time in the midst of a call, which never returns. True: it was counted.
 */
bool io_scope_count_unfinished(const struct io_scope *scope, struct io_counts *counts,
                               const struct io_member *member, const struct syscall_info *info,
                               uint64_t gone_ns);

/* Measuring has ended while a thread is in a call. */
void io_scope_count_still_in(const struct io_scope *scope, struct io_counts *counts,
                             const struct io_member *member, const struct io_pending_call *call);

#endif
