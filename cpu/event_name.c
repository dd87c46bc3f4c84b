/* Reads the name of an event: a row of the table, a raw code of the PMU, a tracepoint. */
#include "cpu/event_name.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/options.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

/* perf_event_open(2): a cache event's config is its cache, operation and result. */
#define CACHE(cache, operation, result)                                                            \
	EVENT_HARDWARE, PERF_TYPE_HW_CACHE,                                                        \
	    PERF_COUNT_HW_CACHE_##cache | PERF_COUNT_HW_CACHE_OP_##operation << 8 |                \
	        PERF_COUNT_HW_CACHE_RESULT_##result << 16
#define PMU(event) EVENT_HARDWARE, PERF_TYPE_HARDWARE, PERF_COUNT_HW_##event
#define KERNEL(kind, event) kind, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##event

const struct event_row event_rows[] = {
    {"cycles", "cpu-cycles", PMU(CPU_CYCLES)},
    {"cpu-clock", NULL, KERNEL(EVENT_CLOCK, CPU_CLOCK)},
    {"task-clock", NULL, KERNEL(EVENT_CLOCK, TASK_CLOCK)},
    {"instructions", NULL, PMU(INSTRUCTIONS)},
    {"cache-references", NULL, PMU(CACHE_REFERENCES)},
    {"cache-misses", NULL, PMU(CACHE_MISSES)},
    {"branches", "branch-instructions", PMU(BRANCH_INSTRUCTIONS)},
    {"branch-misses", NULL, PMU(BRANCH_MISSES)},
    {"bus-cycles", NULL, PMU(BUS_CYCLES)},
    {"ref-cycles", NULL, PMU(REF_CPU_CYCLES)},
    {"stalled-cycles-frontend", "idle-cycles-frontend", PMU(STALLED_CYCLES_FRONTEND)},
    {"stalled-cycles-backend", "idle-cycles-backend", PMU(STALLED_CYCLES_BACKEND)},
    {"L1-dcache-loads", NULL, CACHE(L1D, READ, ACCESS)},
    {"L1-dcache-load-misses", NULL, CACHE(L1D, READ, MISS)},
    {"L1-dcache-stores", NULL, CACHE(L1D, WRITE, ACCESS)},
    {"L1-icache-load-misses", NULL, CACHE(L1I, READ, MISS)},
    {"LLC-loads", NULL, CACHE(LL, READ, ACCESS)},
    {"LLC-load-misses", NULL, CACHE(LL, READ, MISS)},
    {"LLC-stores", NULL, CACHE(LL, WRITE, ACCESS)},
    {"dTLB-loads", NULL, CACHE(DTLB, READ, ACCESS)},
    {"dTLB-load-misses", NULL, CACHE(DTLB, READ, MISS)},
    {"iTLB-load-misses", NULL, CACHE(ITLB, READ, MISS)},
    {"page-faults", "faults", KERNEL(EVENT_FAULT, PAGE_FAULTS)},
    {"minor-faults", NULL, KERNEL(EVENT_FAULT, PAGE_FAULTS_MIN)},
    {"major-faults", NULL, KERNEL(EVENT_FAULT, PAGE_FAULTS_MAJ)},
    {"alignment-faults", NULL, KERNEL(EVENT_FAULT, ALIGNMENT_FAULTS)},
    {"emulation-faults", NULL, KERNEL(EVENT_FAULT, EMULATION_FAULTS)},
    {"context-switches", "cs", KERNEL(EVENT_SWITCH, CONTEXT_SWITCHES)},
    {"cpu-migrations", "migrations", KERNEL(EVENT_SWITCH, CPU_MIGRATIONS)},
    {0},
};

static const struct event_row *find_row(const char *name)
{
	for (const struct event_row *row = event_rows; row->name; row++)
		if (!strcmp(row->name, name) || (row->alias && !strcmp(row->alias, name)))
			return row;
	return NULL;
}

static int refuse_unknown(const char *name, struct diag *diag)
{
	const char *names[2 * ARRAY_SIZE(event_rows)] = {NULL};
	const char *near;
	size_t n_names = 0;

	for (const struct event_row *row = event_rows; row->name; row++) {
		names[n_names++] = row->name;
		if (row->alias)
			names[n_names++] = row->alias;
	}
	near = nearest_word(name, names);
	if (near)
		return diag_fail(diag, EINVAL, "unknown event '%s'; did you mean '%s'?", name,
		                 near);
	return diag_fail(diag, EINVAL,
	                 "unknown event '%s'; there are cycles, cpu-clock, page-faults and others "
	                 "of perf list, rNNN for a raw code, and SUBSYSTEM:NAME for a tracepoint",
	                 name);
}

/* "r1a8": perf's spelling of a code from the processor's manual. */
static bool read_raw(const char *name, uint64_t *config)
{
	size_t n_digits;

	if (*name != 'r')
		return false;
	n_digits = strspn(name + 1, "0123456789abcdefABCDEF");
	*config = strtoull(name + 1, NULL, 16);
	return n_digits > 0 && n_digits <= 16 && !name[1 + n_digits];
}

/* Letters behind the last colon, when they can be nothing but modifiers. */
static const char *find_modifiers(const char *text)
{
	const char *colon = strrchr(text, ':');

	if (!colon || !colon[1] || colon[1 + strspn(colon + 1, "ukhpGHSDWIePb")])
		return NULL;
	return colon + 1;
}

static int read_modifiers(struct event_wish *wish, const char *modifiers, struct diag *diag)
{
	bool user = strchr(modifiers, 'u') != NULL;
	bool kernel = strchr(modifiers, 'k') != NULL;
	const char *other = modifiers + strspn(modifiers, "uk");

	if (*other)
		return diag_fail(diag, EINVAL,
		                 "event modifier '%c' is not known here; there are :u (user code) "
		                 "and :k (kernel code)",
		                 *other);
	wish->user_only = user && !kernel;
	wish->kernel_only = kernel && !user;
	return 0;
}

/* What may stand in a path of tracefs. */
static int check_tracepoint(const char *name, struct diag *diag)
{
	const char *colon = strchr(name, ':');

	if (colon > name && colon[1] && !strpbrk(name, "/*?") && !strchr(colon + 1, ':'))
		return 0;
	return diag_fail(diag, EINVAL,
	                 "a tracepoint is SUBSYSTEM:NAME, such as sched:sched_switch, not '%s'",
	                 name);
}

static int read_name(struct event_wish *wish, struct diag *diag)
{
	const struct event_row *row = find_row(wish->name);
	uint64_t config;

	if (row)
		wish->row = *row;
	else if (strchr(wish->name, ':'))
		wish->row =
		    (struct event_row){.kind = EVENT_TRACEPOINT, .type = PERF_TYPE_TRACEPOINT};
	else if (read_raw(wish->name, &config))
		wish->row = (struct event_row){
		    .kind = EVENT_HARDWARE, .type = PERF_TYPE_RAW, .config = config};
	else
		return refuse_unknown(wish->name, diag);
	wish->row.name = wish->name;
	return wish->row.kind == EVENT_TRACEPOINT ? check_tracepoint(wish->name, diag) : 0;
}

int event_wish_parse(struct event_wish *wish, const char *text, struct diag *diag)
{
	const char *modifiers = find_modifiers(text);
	int err = 0;

	*wish = (struct event_wish){0};
	if (strpbrk(text, ",{}"))
		return diag_fail(diag, EINVAL, "one event a run: '%s' names several", text);
	wish->name = modifiers ? xstrndup(text, (size_t)(modifiers - 1 - text)) : xstrdup(text);
	if (modifiers)
		err = read_modifiers(wish, modifiers, diag);
	if (!err)
		err = read_name(wish, diag);
	if (err)
		event_wish_fini(wish);
	return err;
}

void event_wish_fini(struct event_wish *wish)
{
	free(wish->name);
	wish->name = NULL;
}

int event_check(const char *text, struct diag *diag)
{
	struct event_wish wish;
	int err = event_wish_parse(&wish, text, diag);

	if (!err)
		event_wish_fini(&wish);
	return err;
}
