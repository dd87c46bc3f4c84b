/* Reads lists of events, and asks the kernel which of them it counts. */
#include "cpu/stat/events.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/perf/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Events with L1 and LLC too: what perf stat -d counts. */
static const char usual_events[] =
    "task-clock,context-switches,cpu-migrations,page-faults,cycles,instructions,branches,"
    "branch-misses,cache-references,cache-misses,L1-dcache-loads,L1-dcache-load-misses,LLC-loads,"
    "LLC-load-misses";
/* A task clock of a CPU is the CPU's own time, whoever runs there: perf calls it by its name. */
static const char usual_events_of_cpus[] =
    "cpu-clock,context-switches,cpu-migrations,page-faults,cycles,instructions,branches,"
    "branch-misses,cache-references,cache-misses,L1-dcache-loads,L1-dcache-load-misses,LLC-loads,"
    "LLC-load-misses";

const struct event_ratio event_ratios[] = {
    {"stat.ipc", "instructions", "cycles", 1, "insn per cycle"},
    {"stat.cache_miss_percent", "cache-misses", "cache-references", 100,
     "of all cache refs"},
    {"stat.branch_miss_percent", "branch-misses", "branches", 100, "of all branches"},
    {"stat.l1_dcache_miss_percent", "L1-dcache-load-misses", "L1-dcache-loads", 100,
     "of all L1-dcache accesses"},
    {"stat.llc_miss_percent", "LLC-load-misses", "LLC-loads", 100,
     "of all LL-cache accesses"},
    {0},
};

/* The table's name for what may have been typed by another one. */
static const char *canonical_name(const struct event_wish *wish)
{
	for (const struct event_row *row = event_rows; row->name; row++)
		if (row->type == wish->row.type && row->config == wish->row.config)
			return row->name;
	return wish->name;
}

static bool is_same(const struct counted_event *a, const struct counted_event *b)
{
	return !strcmp(a->name, b->name);
}

static void event_fini(struct counted_event *event)
{
	event_wish_fini(&event->wish);
	free(event->name);
	free(event->metric);
}

static int check_kernel(const struct event_wish *wish, struct diag *diag)
{
	bool is_inside = wish->row.kind == EVENT_SWITCH || wish->row.kind == EVENT_TRACEPOINT;

	return is_inside && wish->user_only
	           ? diag_fail(diag, EINVAL,
	                       "%s counts in the kernel alone: :u leaves none of it; leave out :u",
	                       wish->name)
	           : 0;
}

static int add_event(struct event_list *list, const char *text, unsigned braces, struct diag *diag)
{
	struct counted_event event = {.braces = braces};
	int err = event_wish_parse(&event.wish, text, diag);
	const char *modifier;

	if (!err)
		err = check_kernel(&event.wish, diag);
	if (err) {
		event_wish_fini(&event.wish);
		return err;
	}
	modifier = event.wish.user_only ? ":u" : event.wish.kernel_only ? ":k" : "";
	if (event.wish.row.kind != EVENT_TRACEPOINT)
		event.wish.row.name = canonical_name(&event.wish);
	event.is_time = event.wish.row.kind == EVENT_CLOCK;
	event.name = xasprintf("%s%s", event.wish.row.name, modifier);
	event.metric = xasprintf("stat.%s%s", event.name, event.is_time ? "_ns" : "");
	for (size_t i = 0; i < list->n_events; i++) {
		if (!is_same(&list->events[i], &event))
			continue;
		event_fini(&event);
		return 0;
	}
	event.leader = list->n_events;
	*ARRAY_APPEND(list->events, list->n_events, list->capacity) = event;
	return 0;
}

/* Takes the braces off a word; *open is the pair that it stands in, 0: none. */
static int read_braces(char **word, unsigned *open, unsigned *n_pairs, bool *closes,
                       struct diag *diag)
{
	size_t len;

	if (**word == '{') {
		if (*open)
			goto refuse;
		*open = ++*n_pairs;
		++*word;
	}
	len = strlen(*word);
	*closes = len && (*word)[len - 1] == '}';
	if (*closes && !*open)
		goto refuse;
	if (*closes)
		(*word)[len - 1] = 0;
	if (!**word || strpbrk(*word, "{}"))
		goto refuse;
	return 0;
refuse:
	return diag_fail(diag, EINVAL,
	                 "events are names with commas between, such as cycles,{instructions,"
	                 "branches},page-faults:u; '%s' is none",
	                 *word);
}

static int parse_words(struct event_list *list, char *text, struct diag *diag)
{
	unsigned open = 0, n_pairs = 0;
	char *rest = text;
	char *word;
	int err = 0;

	while (!err && (word = strsep(&rest, ","))) {
		bool closes = false;

		err = read_braces(&word, &open, &n_pairs, &closes, diag);
		if (!err)
			err = add_event(list, word, open, diag);
		if (closes)
			open = 0;
	}
	return !err && open ? diag_fail(diag, EINVAL, "a group of events ends with }") : err;
}

int event_list_parse(struct event_list *list, const char *text, bool all_cpus, struct diag *diag)
{
	const char *usual = all_cpus ? usual_events_of_cpus : usual_events;
	char *copy = xstrdup(text ? text : usual);
	int err;

	*list = (struct event_list){0};
	err = parse_words(list, copy, diag);
	free(copy);
	if (err)
		event_list_fini(list);
	return err;
}

void event_list_fini(struct event_list *list)
{
	for (size_t i = 0; i < list->n_events; i++)
		event_fini(&list->events[i]);
	free(list->events);
	*list = (struct event_list){0};
}

int event_list_check(const char *text, struct diag *diag)
{
	struct event_list list;
	int err = event_list_parse(&list, text, false, diag);

	if (!err)
		event_list_fini(&list);
	return err;
}

const struct counted_event *event_list_find(const struct event_list *list, const char *name)
{
	for (size_t i = 0; i < list->n_events; i++)
		if (!strcmp(list->events[i].name, name))
			return &list->events[i];
	return NULL;
}

struct perf_event_attr counted_event_attr(const struct event_list *list, size_t i, bool on_exec)
{
	const struct counted_event *event = &list->events[i];
	bool leads = event->leader == i;
	bool without_kernel = event->wish.user_only || event->lacks_kernel;

	return (struct perf_event_attr){
	    .type = event->wish.row.type,
	    .size = sizeof(struct perf_event_attr),
	    .config = event->wish.row.config,
	    .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	    .exclude_user = event->wish.kernel_only,
	    .exclude_kernel = without_kernel,
	    .exclude_hv = without_kernel,
	    .inherit = 1,
	    .disabled = leads,
	    .enable_on_exec = leads && on_exec,
	};
}

/* 0 or the -errno of opening it on this thread. */
static int try_open(const struct event_list *list, size_t i, struct diag *diag)
{
	struct perf_event_attr attr = counted_event_attr(list, i, false);
	int fd = perf_event_fd(&attr, 0, -1, diag);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static bool rusage_has(const struct event_row *row)
{
	return row->type == PERF_TYPE_SOFTWARE && (row->config == PERF_COUNT_SW_PAGE_FAULTS ||
	                                           row->config == PERF_COUNT_SW_PAGE_FAULTS_MIN ||
	                                           row->config == PERF_COUNT_SW_PAGE_FAULTS_MAJ ||
	                                           row->config == PERF_COUNT_SW_CONTEXT_SWITCHES);
}

static bool is_refusal(int err)
{
	return err == -EACCES || err == -EPERM;
}

static bool has_pmu(void)
{
	struct perf_event_attr attr = {
	    .type = PERF_TYPE_HARDWARE,
	    .size = sizeof(attr),
	    .config = PERF_COUNT_HW_CPU_CYCLES,
	    .exclude_kernel = 1,
	    .disabled = 1,
	};
	struct diag ignored;
	int fd = perf_event_fd(&attr, 0, -1, &ignored);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || is_refusal(fd);
}

/* What its error means, and whether wait4(2) has it. */
static void judge_missing(struct counted_event *event)
{
	bool from_rusage = rusage_has(&event->wish.row) && !event->wish.user_only &&
	                   !event->wish.kernel_only;

	event->source = from_rusage ? SOURCE_RUSAGE : SOURCE_NONE;
	if (is_refusal(event->error))
		event->why = "perf_event_paranoid hides it from you";
	else if (event->error == -EOPNOTSUPP && event->wish.row.kind != EVENT_HARDWARE)
		event->why = "there are no perf events here";
	else if (event->wish.row.kind != EVENT_HARDWARE)
		event->why = "this kernel does not have it";
	else
		event->why = has_pmu() ? "the PMU does not count it" : "no PMU here";
}

static int probe(struct event_list *list, size_t i, struct diag *diag)
{
	struct counted_event *event = &list->events[i];
	enum event_kind kind = event->wish.row.kind;
	bool part_is_whole = kind == EVENT_HARDWARE || kind == EVENT_CLOCK;
	int err = 0;

	if (kind == EVENT_TRACEPOINT) {
		err = tracepoint_find(event->wish.name, &event->wish.row.config, diag);
		if (err)
			return err;
	}
	event->error = try_open(list, i, diag);
	if (is_refusal(event->error) && part_is_whole && !event->wish.kernel_only &&
	    !event->wish.user_only) {
		event->lacks_kernel = true;
		event->error = try_open(list, i, diag);
	}
	if (event->error && kind == EVENT_TRACEPOINT)
		return event->error;
	event->source = SOURCE_COUNTER;
	if (event->error)
		judge_missing(event);
	return 0;
}

static bool are_grouped(const struct counted_event *a, const struct counted_event *b)
{
	if (a->braces || b->braces)
		return a->braces == b->braces;
	for (const struct event_ratio *ratio = event_ratios; ratio->metric; ratio++)
		if ((!strcmp(a->name, ratio->part) && !strcmp(b->name, ratio->whole)) ||
		    (!strcmp(a->name, ratio->whole) && !strcmp(b->name, ratio->part)))
			return true;
	return false;
}

void event_list_group(struct event_list *list)
{
	for (size_t i = 0; i < list->n_events; i++) {
		struct counted_event *event = &list->events[i];

		event->leader = i;
		for (size_t j = 0; j < i && event->source == SOURCE_COUNTER; j++)
			if (list->events[j].source == SOURCE_COUNTER &&
			    list->events[j].leader == j && are_grouped(&list->events[j], event)) {
				event->leader = j;
				break;
			}
	}
}

int event_list_probe(struct event_list *list, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < list->n_events && !err; i++)
		err = probe(list, i, diag);
	event_list_group(list);
	return err;
}
