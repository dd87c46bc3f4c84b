/* Turns the memory files of a run into recordings, totals and timelines. */
#include "mem/heap.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/perf/process_tree.h"
#include "mem/heap_fill.h"
#include "mem/heap_words.h"
#include "mem/server.h"
#include "mem/wire_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const struct heap_trouble troubles[WIRE_N_TROUBLES] = {
    [WIRE_UNCOUNTED] = {.noun = "call",
                        .what = "of a signal handler that interrupted the recorder: not counted"},
    [WIRE_STALE] = {.noun = "block",
                    .what = "that counted as freed only when the address was used again"},
    [WIRE_UNTRACKED] = {.noun = "allocation",
                        .what = "could not be remembered: what frees it was not counted"},
    [WIRE_NO_STACK] = {.noun = "allocation",
                       .what = "without a stack: the table of stacks was full"},
    [WIRE_NO_MODULE] = {.noun = "loaded object",
                        .what = "did not fit the list: functions there have no names"},
    [WIRE_MANY_BLOCKS] = {.noun = "time",
                          .what = "a stack had more blocks in use than are counted for the peak"},
    [WIRE_NO_TREE] = {.noun = "detailed snapshot", .what = "did not fit and became a plain one"},
    [WIRE_STOPPED] =
        {.noun = "program",
         .what = "limited its own address space to less than 3 GB (RLIMIT_AS): what was done "
                 "there after that, and in children forked then, was not counted"},
    [WIRE_UNTRACEABLE] = {.noun = "call",
                          .what = "of ptrace(2) failed, since the leak check traces the program "
                                  "itself: --leak-check=no"},
};
_Static_assert((int)WIRE_N_TROUBLES + 2 <= (int)HEAP_N_TROUBLES, "room for all, damage, the end");

/* What turning one section's stacks into frames needs. */
struct reading {
	const struct server_image *image;
	const struct wire_image_copy *trie;
	const struct wire_section_copy *section;
	struct recording *recording;
	uint32_t *objects; /* of each module, + 1; 0: not asked for yet */
	uint32_t *by_id;   /* of each stack id: likewise */
	uint32_t *stacks;  /* of each node: its stack in the recording; 0: not added yet */
	uint32_t *pending; /* nodes to be added */
	size_t pending_capacity;
	int64_t realtime_ns; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
};

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The path of a module as everybody may read it; the caller frees it. */
static char *path_of(const struct reading *reading, const struct wire_module *module)
{
	const struct server_image *image = reading->image;
	char *path, *whole;

	if (module->path_len == 0)
		return xstrdup(image->executable ? image->executable : "");
	path = xstrndup(reading->section->module_text + module->path_off, module->path_len);
	/* The dynamic linker keeps the name that dlopen(3) was given. */
	if (*path == '/' || !strchr(path, '/') || !image->directory)
		return path;
	whole = xasprintf("%s/%s", image->directory, path);
	free(path);
	return whole;
}

static struct object describe_object(const struct reading *reading,
                                     const struct wire_module *module)
{
	struct object object = {.kind = OBJECT_FILE, .fd = -1, .pid = reading->image->pid};

	if (!module) {
		object.kind = OBJECT_ANONYMOUS;
		object.path = xstrdup("");
		return object;
	}
	object.path = path_of(reading, module);
	if (!strcmp(object.path, "linux-vdso.so.1")) {
		object.kind = OBJECT_VDSO;
		free(object.path);
		object.path = xstrdup("[vdso]");
	}
	/* What the target wrote may be any number. */
	object.seen_ns = (int64_t)(module->seen_ns + (uint64_t)reading->realtime_ns);
	object.build_id_len = module->build_id_len;
	memcpy(object.build_id, module->build_id, module->build_id_len);
	return object;
}

static uint32_t object_of(struct reading *reading, const struct wire_module *module)
{
	size_t number = module ? (size_t)(module - reading->section->modules)
	                       : reading->section->head.n_modules;
	struct object object;

	if (reading->objects[number])
		return reading->objects[number] - 1;
	object = describe_object(reading, module);
	reading->objects[number] = recording_add_object(reading->recording, &object) + 1;
	free(object.path);
	return reading->objects[number] - 1;
}

/* The target wrote it, so it may be anything. */
static enum unwind_end failure_of(uint64_t ip)
{
	uint64_t end = ip & WIRE_IP_BITS;

	return end > UNWIND_OUTERMOST && end < UNWIND_N_ENDS ? (enum unwind_end)end
	                                                     : UNWIND_NO_PROGRESS;
}

static struct recorded_frame failed_frame(struct reading *reading, enum unwind_end end)
{
	struct object failed = {.kind = OBJECT_FAILED, .path = (char *)"", .fd = -1};

	return (struct recorded_frame){.object = recording_add_object(reading->recording, &failed),
	                               .vaddr = end};
}

static struct recorded_frame frame_of(struct reading *reading, uint64_t ip, uint32_t generation)
{
	uint64_t addr = ip & WIRE_IP_BITS;
	bool is_return = !(ip & WIRE_IP_EXACT);
	/* A call may be the last instruction of its module. */
	const struct wire_module *module =
	    wire_find_module(reading->section, addr - is_return, generation);

	if (ip & WIRE_IP_FAILED)
		return failed_frame(reading, failure_of(ip));
	return (struct recorded_frame){.object = object_of(reading, module),
	                               .is_return = is_return,
	                               .vaddr = module ? addr - module->load_bias : addr};
}

/* The generation of modules that a stack belongs to is at its root. */
static uint32_t generation_of(const struct wire_image_copy *trie, uint32_t node)
{
	while (trie->nodes[node].parent)
		node = trie->nodes[node].parent;
	return (uint32_t)(trie->nodes[node].ip & 0x1ffff);
}

static enum unwind_end end_of(const struct wire_node *nodes, uint32_t node)
{
	enum unwind_end end = node ? UNWIND_OUTERMOST : UNWIND_STEPPED;

	for (; node && !(nodes[node].ip & WIRE_IP_GENERATION); node = nodes[node].parent)
		if (nodes[node].ip & WIRE_IP_FAILED)
			end = failure_of(nodes[node].ip);
	return end;
}

/* Adds the stack to the recording; what other stacks have added of it is there. *end: why it ends;
 * UNWIND_STEPPED for id 0 of the wire, the empty stack. */
static uint32_t add_stack(void *context, struct recording *recording, uint32_t stack,
                          enum unwind_end *end)
{
	struct reading *reading = context;
	const struct wire_node *nodes = reading->trie->nodes;
	uint32_t node = reading->trie->stacks[stack];
	uint32_t generation = node ? generation_of(reading->trie, node) : 0, added = 0;
	size_t n = 0;

	reading->recording = recording;
	*end = end_of(nodes, node);
	for (; node && !(nodes[node].ip & WIRE_IP_GENERATION); node = nodes[node].parent) {
		added = reading->stacks[node];
		if (added)
			break;
		reading->pending = array_reserve(reading->pending, &reading->pending_capacity,
		                                 n + 1, sizeof(*reading->pending));
		reading->pending[n++] = node;
	}
	while (n--) {
		struct recorded_frame frame =
		    frame_of(reading, nodes[reading->pending[n]].ip, generation);

		added = recording_add_frame(recording, added, frame);
		reading->stacks[reading->pending[n]] = added;
	}
	reading->by_id[stack] = added;
	return added;
}

/* What each stack's leaf called. */
static uint8_t *functions_of(const struct wire_image_copy *trie)
{
	uint8_t *functions = xcalloc(trie->n_stacks + (size_t)1, sizeof(*functions));

	for (uint32_t i = 1; i <= trie->n_stacks; i++)
		functions[i] = (uint8_t)wire_function_of_ip(trie->nodes[trie->stacks[i]].ip);
	return functions;
}

static void add_troubles(struct heap_process *process, const struct wire_section_copy *section,
                         uint64_t n_damaged)
{
	size_t n = 0;

	for (size_t i = 0; i < WIRE_N_TROUBLES; i++)
		if (section->head.troubles[i]) {
			process->troubles[n] = troubles[i];
			process->troubles[n++].count = section->head.troubles[i];
		}
	process->totals.lost_events = section->head.troubles[WIRE_UNCOUNTED];
	if (n_damaged)
		process->troubles[n++] =
		    (struct heap_trouble){"value", "did not hold together: left out", n_damaged};
}

/* A process of one thread is that thread, even where libc does not tell the threads' ids. */
static pid_t tid_of(const struct wire_section_copy *section, size_t row)
{
	if (section->head.has_tids)
		return section->threads[row].tid;
	return section->head.was_threaded ? 0 : section->head.pid;
}

static void add_threads(struct heap_process *process, const struct wire_section_copy *section)
{
	size_t n_rows = section->n_threads + section->n_shared_rows;
	uint64_t error = (UINT64_C(1) << section->head.tick_shift) - 1;

	process->threads = xcalloc(section->n_threads + 1, sizeof(*process->threads));
	process->n_threads = section->n_threads + (section->n_shared_rows > 0);
	process->n_joint_threads = section->head.n_threads - section->n_threads;
	process->shares_clocks = section->head.shares_clocks;
	process->knows_threads = section->head.has_tids || !section->head.was_threaded;
	process->histogram.lifetime_error = error;
	for (size_t i = 0; i < n_rows; i++) {
		bool is_own = i < section->n_threads;
		struct heap_thread *thread = &process->threads[is_own ? i : section->n_threads];

		histogram_add_thread(&thread->histogram, &section->threads[i]);
		histogram_add_thread(&process->histogram, &section->threads[i]);
		thread->histogram.lifetime_error = error;
		thread->tid = is_own ? tid_of(section, i) : 0;
	}
}

/* Each shard that counted anything may have as much that the process's totals do not have yet. A
 * forked child's may have had frees of its parent's blocks alone, which are counted elsewhere. */
static uint64_t peak_bound_of(const struct wire_section_copy *section)
{
	uint64_t n_shards = section->head.depth ? WIRE_N_SHARDS : section->n_used_shards;

	return section->head.was_threaded ? n_shards * WIRE_FLUSH_BYTES : 0;
}

static void read_process(struct heap_run *run, const struct server_image *image,
                         const struct wire_image_copy *trie,
                         const struct wire_section_copy *section, unsigned exec_number,
                         bool time_is_bytes)
{
	struct heap_process *process =
	    ARRAY_APPEND(run->processes, run->n_processes, run->processes_capacity);
	struct reading reading = {
	    .image = image,
	    .trie = trie,
	    .section = section,
	    .realtime_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC),
	};
	struct heap_counted counted = {
	    .section = section,
	    .n_stacks = trie->n_stacks,
	    .time_is_bytes = time_is_bytes,
	    .add_stack = add_stack,
	    .context = &reading,
	};

	/* What a process says of itself holds in its own pid namespace. */
	process->own_pid = section->head.pid;
	process->pid = section->head.depth ? section->head.pid : image->pid;
	process->exec_number = section->head.depth ? 0 : exec_number;
	memcpy(process->comm, image->comm, sizeof(process->comm));
	process->command = xstrdup(image->command ? image->command : image->comm);
	process->executable = xstrdup(image->executable);
	process->peak_bound_bytes = peak_bound_of(section);
	reading.objects = xcalloc(section->head.n_modules + (size_t)1, sizeof(*reading.objects));
	reading.stacks = xcalloc(trie->n_nodes + (size_t)1, sizeof(*reading.stacks));
	reading.by_id = xcalloc(trie->n_stacks + (size_t)1, sizeof(*reading.by_id));
	heap_process_fill(process, &counted);
	process->wire_stacks = reading.by_id;
	process->wire_functions = functions_of(trie);
	process->n_wire_stacks = trie->n_stacks + 1;
	add_threads(process, section);
	add_troubles(process, section, section->n_damaged + trie->n_damaged);
	free(reading.objects);
	free(reading.stacks);
	free(reading.pending);
}

static uint64_t inode_of(const struct server_image *image)
{
	struct stat status;

	return fstat(image->memory_fd, &status) ? 0 : status.st_ino;
}

static int read_image(struct heap_run *run, const struct server_image *image, unsigned exec_number,
                      bool time_is_bytes, struct diag *diag)
{
	struct wire_source source = wire_source_of_fd(&image->memory_fd);
	pid_t pids[WIRE_MAX_SECTIONS] = {0};
	struct wire_image_copy trie;
	int err = wire_read_image(&trie, source, diag);

	for (uint32_t i = 0; !err && i < trie.n_sections; i++) {
		struct wire_section_copy section;
		int32_t parent;

		err = wire_read_section(&section, &trie, i, source, diag);
		if (err == -ENOENT) {
			err = 0;
			continue;
		}
		if (err)
			break;
		parent = section.head.parent_section;
		read_process(run, image, &trie, &section, exec_number, time_is_bytes);
		run->processes[run->n_processes - 1].section = i;
		run->processes[run->n_processes - 1].memory_inode = inode_of(image);
		pids[i] = run->processes[run->n_processes - 1].pid;
		if (parent >= 0 && (uint32_t)parent < i)
			run->processes[run->n_processes - 1].parent_pid = pids[parent];
		wire_section_copy_fini(&section);
	}
	if (!err)
		run->n_unobserved_forks += trie.n_refused;
	wire_image_copy_fini(&trie);
	return err;
}

static char *refusal_reason(const struct server_image *image)
{
	int error = image->refusal ? image->refusal : image->error;

	if (image->refusal == EMFILE || image->refusal == ENFILE)
		return xstrdup("profile-scenario had no descriptor left for it; raise ulimit -n");
	if (image->refusal)
		return xasprintf("its memory file could not be made: %s; lift ulimit -f",
		                 strerror(error));
	if (error == ENOMEM)
		return xstrdup(
		    "there was no address space for the recorder, which takes 1.1 GB and leaves "
		    "no less than 2 GB; lift ulimit -v");
	if (error == WIRE_NEVER_ASKED)
		return xstrdup(
		    "its calls of malloc do not come to the heap library: another library that is "
		    "preloaded before it, or a tool such as valgrind, has an allocator of its own");
	if (error < 0)
		return xstrdup("it ended before the recorder had started in it");
	return xasprintf("the recorder could not start in it: %s", strerror(error));
}

/* The tree's words where there was no descriptor to read /proc with. */
static void refuse_image(struct heap_run *run, const struct server_image *image,
                         const struct process_image *known, unsigned exec_number,
                         const char *damage)
{
	struct heap_refusal refusal = {.pid = image->pid,
	                               .exec_number = exec_number,
	                               .command = image->command,
	                               .reason = damage ? xstrdup(damage) : refusal_reason(image)};

	if (!refusal.command && known)
		refusal.command = known->command ? known->command : (char *)known->comm;
	heap_run_refuse(run, &refusal);
	free(refusal.reason);
}

static const struct process_image *find_in_tree(const struct process_tree *tree,
                                                const struct server_image *image)
{
	return process_tree_is_complete(tree)
	           ? process_tree_image_at(tree, image->pid, image->connected_ns)
	           : NULL;
}

/* Which exec of its process it is, as if all before it had connected. */
static unsigned guess_exec_number(const struct server *server, size_t i, pid_t target)
{
	pid_t pid = server_image(server, i)->pid;
	unsigned number = pid != target;

	for (size_t j = 0; j < i; j++)
		number += server_image(server, j)->pid == pid;
	return number;
}

void heap_run_read(struct heap_run *run, const struct server *server,
                   const struct process_tree *tree, pid_t target, bool time_is_bytes)
{
	struct diag damage;

	run->target = target;
	run->words = &heap_words;
	for (size_t i = 0; i < server_n_images(server); i++) {
		const struct server_image *image = server_image(server, i);
		const struct process_image *known = find_in_tree(tree, image);
		unsigned exec_number =
		    known ? known->exec_number : guess_exec_number(server, i, target);
		size_t n_before = run->n_processes;

		if (image->error != 0)
			refuse_image(run, image, known, exec_number, NULL);
		else if (read_image(run, image, exec_number, time_is_bytes, &damage))
			refuse_image(run, image, known, exec_number, damage.text);
		for (size_t j = n_before; j < run->n_processes; j++)
			run->processes[j].image = i;
	}
}
