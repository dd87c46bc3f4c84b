/* Makes a process of each image. */
#include "mem/pages/read.h"

#include "core/alloc.h"
#include "mem/heap.h"
#include "mem/heap_fill.h"
#include "mem/pages/client.h"
#include "mem/pages/image.h"
#include "mem/stack_copy.h"
#include "mem/wire_reader.h"

#include <stdlib.h>
#include <string.h>

static uint32_t add_stack(void *context, struct recording *recording, uint32_t stack,
                          enum unwind_end *end)
{
	struct stack_copy *copy = context;

	*end = stack_copy_end(copy, stack);
	return stack_copy_add(copy, recording, stack);
}

/* Forked only to execute something: it has nothing to tell. */
static bool is_in_between(const struct pages_image *image)
{
	return image->is_fork && image->was_replaced && !image->space.giving_calls &&
	       !image->space.taking_calls;
}

static void add_troubles(struct heap_process *process, const struct pages_image *image)
{
	const struct heap_trouble troubles[] = {
	    {"byte",
	     "that stacks grew by themselves, as the first thread's does: not counted, since no "
	     "call gave them",
	     image->stack_growth_bytes},
	    {"byte", "given or taken by what was not seen: counted at the end",
	     image->unexplained_bytes},
	    {"call",
	     "let go out of turn, since another waited for it: from then on what two calls gave at "
	     "once may be counted as a call of one of them, and no temporary pages are counted",
	     image->n_out_of_turn},
	    {"stack", "with frames found by frame pointers, where the code has no tables",
	     image->code.guessed_stacks},
	    {"detailed snapshot", "did not fit and became a plain one",
	     image->space.head.troubles[WIRE_NO_TREE]},
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(troubles); i++)
		if (troubles[i].count)
			process->troubles[n++] = troubles[i];
}

static void add_process(struct heap_run *run, const struct pages_image *image,
                        const struct pages_client *client)
{
	struct heap_process *process =
	    ARRAY_APPEND(run->processes, run->n_processes, run->processes_capacity);
	struct wire_section_copy section = pages_space_counted(&image->space);
	struct stack_copy copy;
	struct heap_counted counted = {
	    .section = &section,
	    .n_stacks = (uint32_t)image->space.n_counters,
	    .time_is_bytes = client->settings.time_is_bytes,
	    .add_stack = add_stack,
	    .context = &copy,
	};

	process->pid = image->pid;
	process->parent_pid = image->parent_pid;
	process->exec_number = image->exec_number;
	process->has_exit = image->has_exit;
	process->wait_status = image->wait_status;
	memcpy(process->comm, image->comm, sizeof(process->comm));
	process->command = xstrdup(image->command);
	process->executable = xstrdup(image->executable);
	process->moments = xcalloc(image->moments.n_moments + 1, sizeof(*process->moments));
	process->n_moments = image->moments.n_moments;
	memcpy(process->moments, image->moments.moments,
	       process->n_moments * sizeof(*process->moments));
	stack_copy_init(&copy, client->recording);
	heap_process_fill(process, &counted);
	stack_copy_fini(&copy);
	process->totals.frees = image->space.taking_calls;
	add_troubles(process, image);
	free(section.sums);
}

void pages_read(struct heap_run *run, const struct pages_client *client)
{
	for (size_t i = 0; i < client->n_images; i++)
		if (!is_in_between(client->images[i]))
			add_process(run, client->images[i], client);
}
