/* The part that counts blocks: a preload library in each process, whose memory files are read when
 * all have ended; beside it the driver looks at what the processes have resident. */
#include "mem/part.h"

#include "core/alloc.h"
#include "core/collector.h"
#include "core/perf/process_tree.h"
#include "mem/counts.h"
#include "mem/heap.h"
#include "mem/options.h"
#include "mem/resident.h"
#include "mem/server.h"
#include "mem/visible.h"

#include <stdlib.h>
#include <string.h>

struct blocks {
	const struct memory_options *options;
	struct server *server;
	struct resident *resident;
	char *library;
	struct process_tree *tree; /* of the current repeat */
	pid_t target;              /* likewise */
};

static bool is_wanted(const struct memory_options *options)
{
	return !options->pages_as_heap;
}

static void destroy(void *state)
{
	struct blocks *blocks = state;

	if (!blocks)
		return;
	process_tree_free(blocks->tree);
	resident_free(blocks->resident);
	server_free(blocks->server);
	free(blocks->library);
	free(blocks);
}

static int create(void **state, const struct memory_options *options, struct diag *diag)
{
	struct blocks *blocks = xcalloc(1, sizeof(*blocks));
	const struct wire_welcome welcome = {
	    .magic = WIRE_MAGIC,
	    .version = WIRE_VERSION,
	    .time_unit = (uint32_t)options->time_unit,
	    .max_snapshots = (uint32_t)options->max_snapshots,
	    .detailed_freq = (uint32_t)options->detailed_freq,
	    .all_trees = options->ignore_fns.n_texts > 0,
	    .clears = memory_options_want_leaks(options),
	};
	int err = visible_find_library(&blocks->library, diag);

	blocks->options = options;
	if (!err)
		err = server_new(&blocks->server, &welcome, diag);
	if (!err)
		err = resident_new(&blocks->resident, blocks->server,
		                   options->time_unit == WIRE_TIME_BYTES, diag);
	if (err)
		destroy(blocks);
	else
		*state = blocks;
	return err;
}

static void environment(void *state, struct text_list *variables)
{
	const struct blocks *blocks = state;
	const char *others = getenv("LD_PRELOAD");
	char *preload;

	/* A scenario's own [environment] comes before us in the list. */
	for (size_t i = 0; i < variables->n_texts; i++)
		if (!strncmp(variables->texts[i], "LD_PRELOAD=", strlen("LD_PRELOAD=")))
			others = variables->texts[i] + strlen("LD_PRELOAD=");
	preload = xasprintf("LD_PRELOAD=%s%s%s", blocks->library, others && *others ? ":" : "",
	                    others ? others : "");
	text_list_add(variables, preload);
	text_list_add(variables, server_variable(blocks->server));
	free(preload);
}

static void forget(struct blocks *blocks)
{
	resident_forget(blocks->resident);
	server_forget(blocks->server);
}

static int prepare(void *state, const struct repeat *repeat, struct diag *diag)
{
	struct blocks *blocks = state;

	forget(blocks);
	blocks->target = repeat->pid;
	process_tree_free(blocks->tree);
	blocks->tree = NULL;
	return process_tree_new(&blocks->tree, repeat->pid, repeat->start_ns, diag);
}

static int watch(void *state, int epoll, struct diag *diag)
{
	const struct blocks *blocks = state;
	int err = memory_part_watch(epoll, server_fd(blocks->server), diag);

	if (!err)
		err = memory_part_watch(epoll, resident_fd(blocks->resident), diag);
	if (!err && process_tree_fd(blocks->tree) >= 0)
		err = memory_part_watch(epoll, process_tree_fd(blocks->tree), diag);
	return err;
}

static int step(void *state, struct diag *diag)
{
	struct blocks *blocks = state;
	int err;

	process_tree_step(blocks->tree);
	err = server_step(blocks->server, diag);
	resident_step(blocks->resident);
	return err;
}

static bool needs_names(const void *state)
{
	const struct blocks *blocks = state;

	return resident_saw_blocks(blocks->resident);
}

/* Programs that ran in the tree and never connected. A fork that executes nothing and allocates
 * nothing has nothing to tell, and is not missed. */
static void add_unobserved(const struct blocks *blocks, struct heap_run *run)
{
	if (!process_tree_is_complete(blocks->tree))
		return;
	for (size_t i = 0; i < process_tree_n_images(blocks->tree); i++) {
		const struct process_image *image = process_tree_image(blocks->tree, i);
		struct heap_refusal refusal = {
		    .pid = image->pid,
		    .parent_pid = image->parent_pid,
		    .exec_number = image->exec_number,
		    .command = image->command ? image->command : (char *)image->comm,
		    .reason = (char *)"it did not load the heap library, or could not reach us: "
		                      "it is static, set-user-id, of another architecture or C "
		                      "library, in another network namespace or root, or in a "
		                      "seccomp sandbox; has a sanitizer; was executed past libc's "
		                      "functions, or "
		                      "without a free descriptor; or is the target of another "
		                      "profile-scenario",
		};
		bool is_program = image->exec_number || image->pid == blocks->target;

		if (is_program && !heap_run_knows(run, image->pid, image->exec_number))
			heap_run_refuse(run, &refusal);
	}
}

static void keep_moments(const struct blocks *blocks, struct heap_run *run)
{
	for (size_t i = 0; i < run->n_processes; i++) {
		struct heap_process *process = &run->processes[i];
		const struct heap_moment *moments = resident_moments(
		    blocks->resident, process->image, process->section, &process->n_moments);

		process->moments = xcalloc(process->n_moments + 1, sizeof(*moments));
		if (moments)
			memcpy(process->moments, moments, process->n_moments * sizeof(*moments));
	}
}

static void ended(void *state, struct heap_run *run)
{
	struct blocks *blocks = state;

	heap_run_read(run, blocks->server, blocks->tree, blocks->target,
	              blocks->options->time_unit == WIRE_TIME_BYTES);
	keep_moments(blocks, run);
	heap_run_complete(run, blocks->tree);
	add_unobserved(blocks, run);
	forget(blocks);
}

static void describe(struct result *result, const struct heap_run *run)
{
	(void)run;
	result->backend = xstrdup("preload");
}

const struct memory_part blocks_part = {
    .is_wanted = is_wanted,
    .check = visible_check,
    .create = create,
    .environment = environment,
    .prepare = prepare,
    .watch = watch,
    .step = step,
    .needs_names = needs_names,
    .ended = ended,
    .review = heap_run_drop_blind,
    .add_metrics = counts_add_metrics,
    .describe = describe,
    .report = counts_report,
    .destroy = destroy,
};
