/* Which calls are counted, and where those go that are not. */
#include "io/scope.h"

#include "core/collector.h"
#include "io/pending.h"
#include "io/trace_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { BEGUN = 100 };

struct scoped {
	struct trace_set *set;
	struct text_list only;
	struct io_scope scope;
	struct io_counts *counts;
	struct io_member first, second; /* threads "server" and "worker" of one process */
	struct io_call call;
};

static void set_up(struct scoped *scoped, const char *set, const char *only)
{
	const struct io_identity first = {1, 1, 0}, second = {2, 1, 0};
	struct repeat repeat = {.begins_later = true};
	struct diag diag;

	*scoped = (struct scoped){.counts = io_counts_new(512)};
	assert_int_equal(trace_set_new(&scoped->set, set, &diag), 0);
	if (only) {
		text_list_add(&scoped->only, only);
		repeat.only = &scoped->only;
	}
	io_scope_init(&scoped->scope, scoped->set, &repeat);
	io_family_begin(scoped->counts, &scoped->first, &first, "server", "server");
	io_family_fork(scoped->counts, &scoped->first, &scoped->second, &second, true, 0);
	io_family_rename(scoped->counts, &scoped->second, "worker");
	scoped->call.info = syscall_find_named(ABI_X86_64, "getppid");
}

static void tear_down(struct scoped *scoped)
{
	text_list_fini(&scoped->only);
	io_counts_free(scoped->counts);
	trace_set_free(scoped->set);
}

static void count(struct scoped *scoped, const struct io_member *member, uint64_t entered_ns,
                  uint64_t returned_ns)
{
	scoped->call.thread = member->thread;
	io_scope_count(&scoped->scope, scoped->counts, member, &scoped->call, entered_ns,
	               returned_ns, NULL);
}

static void still_in(struct scoped *scoped, const struct io_member *member)
{
	const struct io_pending_call call = {.info = scoped->call.info};

	io_scope_count_still_in(&scoped->scope, scoped->counts, member, &call);
	assert_int_equal(scoped->counts->gaps.still_in, scoped->counts->n_pending);
}

static void calls_are_counted_from_the_beginning_on(void **state)
{
	struct scoped scoped;

	(void)state;
	set_up(&scoped, NULL, NULL);
	count(&scoped, &scoped.first, 1, 2); /* not begun */
	scoped.scope.begun_ns = BEGUN;
	count(&scoped, &scoped.first, 1, BEGUN - 1);
	count(&scoped, &scoped.first, 1, BEGUN);
	count(&scoped, &scoped.first, 0, BEGUN + 1);
	count(&scoped, &scoped.first, BEGUN, BEGUN + 1);
	io_scope_count_unfinished(&scoped.scope, scoped.counts, &scoped.first, scoped.call.info,
	                          BEGUN - 1);
	io_scope_count_unfinished(&scoped.scope, scoped.counts, &scoped.first, scoped.call.info,
	                          BEGUN);
	assert_int_equal(scoped.counts->totals.calls, 1);
	assert_int_equal(scoped.counts->gaps.already_in, 2);
	assert_int_equal(scoped.counts->gaps.unfinished, 1);
	tear_down(&scoped);
}

static void a_name_is_the_threads_or_its_processs(void **state)
{
	const struct {
		const char *only;
		uint64_t n_first, n_second;
	} cases[] = {{"server", 1, 1}, {"worker", 0, 1}, {"work", 0, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scoped scoped;

		set_up(&scoped, NULL, cases[i].only);
		scoped.scope.begun_ns = BEGUN;
		count(&scoped, &scoped.first, BEGUN, BEGUN + 1);
		count(&scoped, &scoped.second, BEGUN, BEGUN + 1);
		still_in(&scoped, &scoped.second);
		assert_int_equal(scoped.counts->threads[0].calls, cases[i].n_first);
		assert_int_equal(scoped.counts->threads[1].calls, cases[i].n_second);
		assert_int_equal(scoped.counts->gaps.still_in, cases[i].n_second);
		assert_int_equal(scoped.counts->gaps.left_out,
		                 2 - cases[i].n_first - cases[i].n_second);
		tear_down(&scoped);
	}
}

static void what_is_not_in_the_set_is_nowhere(void **state)
{
	struct scoped scoped;

	(void)state;
	set_up(&scoped, "write", "server");
	scoped.scope.begun_ns = BEGUN;
	count(&scoped, &scoped.first, 1, BEGUN);
	count(&scoped, &scoped.first, BEGUN, BEGUN);
	still_in(&scoped, &scoped.first);
	assert_int_equal(scoped.counts->totals.calls + scoped.counts->gaps.already_in +
	                     scoped.counts->gaps.still_in + scoped.counts->gaps.left_out,
	                 0);
	tear_down(&scoped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(calls_are_counted_from_the_beginning_on),
	    cmocka_unit_test(a_name_is_the_threads_or_its_processs),
	    cmocka_unit_test(what_is_not_in_the_set_is_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
