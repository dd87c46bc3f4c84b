/* Looks at a stopped process: its maps, blocks, malloc's memory and roots, and the verdict. */
#include "mem/leaks/look.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/number_text.h"
#include "core/walk/mapped_files.h"
#include "mem/leaks/ground.h"
#include "mem/leaks/kept.h"
#include "mem/leaks/mark.h"
#include "mem/wire.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is looked at. */
struct subject {
	const struct leak_look *look; /* while it stands still */
	struct leak_maps maps;
	struct leak_target *target;
	struct leak_memory memory;
	struct live_facts facts;
	struct leak_blocks blocks;
	struct leak_arenas arenas;
	struct leak_kept kept;
	struct leak_roots roots;
};

/* By which its memory can be read: that of a first thread that has ended cannot. */
static pid_t living_thread(const struct leak_look *look)
{
	return look->n_threads ? look->threads[0].tid : look->pid;
}

static int open_target(struct subject *subject, struct diag *diag)
{
	pid_t pid = living_thread(subject->look);
	int err = leak_target_open(&subject->target, pid);

	if (err)
		return diag_fail(diag, -err, "cannot open /proc/%d/pagemap: %s", (int)pid,
		                 strerror(-err));
	subject->memory = leak_target_memory(subject->target);
	return 0;
}

/* Shared memory that is read whole, and with it the memory file's header, which a forked child may
 * never have touched. */
static void tell_shared(struct subject *subject)
{
	const struct leak_maps *maps = &subject->maps;
	struct leak_ranges shared = {0};

	leak_ranges_add(&shared, maps->image, maps->image + WIRE_PAGE);
	for (size_t i = 0; i < maps->shared.n_ranges; i++)
		leak_ranges_add(&shared, maps->shared.ranges[i].start, maps->shared.ranges[i].end);
	leak_ranges_sort(&shared);
	for (size_t i = 0; i < shared.n_ranges; i++)
		leak_target_add_shared(subject->target, shared.ranges[i]);
	leak_ranges_fini(&shared);
}

/* The library's facts, of a process that records into a section of its own. */
static int read_facts(struct subject *subject, struct diag *diag)
{
	pid_t pid = subject->look->pid;
	struct live_own_page own;
	struct wire_image image;
	int err;

	if (subject->maps.image &&
	    !subject->memory.read(subject->memory.context, subject->maps.image, &image,
	                          sizeof(image)))
		return diag_fail(diag, EIO,
		                 "cannot look for leaks: the memory of process %d cannot be read: "
		                 "neither process_vm_readv(2) nor /proc/%d/mem can be had",
		                 (int)pid, (int)pid);
	if (!subject->maps.image || image.magic != WIRE_MAGIC || image.version != WIRE_VERSION ||
	    !image.facts)
		return diag_fail(diag, ENOENT, "process %d does not record", (int)pid);
	err = leak_facts_read(&subject->memory, image.facts, subject->maps.image, &subject->facts,
	                      diag);
	if (err)
		return err;
	leak_memory_read(&subject->memory, subject->facts.own_page, &own, sizeof(own));
	if (own.section != LIVE_SECTION_OWN)
		return diag_fail(diag, ENOENT,
		                 "process %d has not allocated or freed anything since it was "
		                 "forked",
		                 (int)pid);
	if (!subject->facts.is_glibc)
		return diag_fail(diag, ENOTSUP,
		                 "cannot look for leaks: the program's allocator is not glibc's, "
		                 "so its memory cannot be told from the program's own; a "
		                 "build with glibc's can be checked");
	return 0;
}

static bool find_arenas_in(struct subject *subject, const struct leak_ranges *segments)
{
	bool found = false;

	for (size_t i = 0; i < segments->n_ranges; i++)
		found |= leak_arenas_find(&subject->memory, segments->ranges[i], &subject->arenas);
	return found;
}

static int read_malloc(struct subject *subject, struct diag *diag)
{
	int err = leak_blocks_read(&subject->memory, &subject->facts, &subject->blocks, diag);

	if (!err && subject->blocks.n_damaged_tables)
		return diag_fail(diag, EBADMSG,
		                 "cannot look for leaks: the preload library's tables of live "
		                 "blocks are damaged");
	if (err || find_arenas_in(subject, &subject->maps.libc) ||
	    find_arenas_in(subject, &subject->maps.data) || !subject->blocks.n_blocks)
		return err;
	return diag_fail(
	    diag, ENOTSUP,
	    "cannot look for leaks: malloc's memory was not recognised: it is damaged, or "
	    "of a glibc that is not known (2.31 to 2.41 are)");
}

static struct leak_marking *prepare_marking(const struct subject *subject)
{
	const struct leak_ground ground = {
	    .blocks = subject->blocks.blocks,
	    .n_blocks = subject->blocks.n_blocks,
	    .roots = subject->roots.ranges.ranges,
	    .n_roots = subject->roots.ranges.n_ranges,
	    .words = subject->roots.words,
	    .n_words = subject->roots.n_words,
	    .kept = subject->kept.blocks,
	    .n_kept = subject->kept.n_blocks,
	    .heuristics = subject->look->heuristics,
	    .files = subject->maps.files.ranges,
	    .n_files = subject->maps.files.n_ranges,
	    .code = subject->maps.code.ranges,
	    .n_code = subject->maps.code.n_ranges,
	    .read = subject->memory.read,
	    .context = subject->memory.context,
	};

	return leak_marking_new(&ground);
}

/* Adds a sentence to the trouble when there is a number to tell. */
static void note(struct leak_verdict *verdict, uint64_t number, const char *noun, const char *what)
{
	char *before = verdict->trouble;

	if (!number)
		return;
	verdict->trouble = xasprintf("%s%s%s %s", before ? before : "", before ? "; " : "",
	                             counted_text_of(number, noun).text, what);
	free(before);
}

static void note_troubles(const struct subject *subject, struct leak_verdict *verdict)
{
	note(verdict, subject->blocks.n_damaged, "live block", "with a damaged entry: left out");
	note(verdict, subject->arenas.n_damaged, "arena",
	     "of malloc could not be followed: pointers in free memory there count");
	note(verdict, subject->roots.n_odd_blocks, "memory range",
	     "outside of malloc's known heaps that blocks are in: not searched");
	note(verdict, subject->maps.n_large_shared, "shared mapping",
	     "of over 256 MB: searched where the process had touched it");
	note(verdict, subject->kept.is_list_cut, "list",
	     "of ended threads' stacks in libc, damaged or too long: judged as other memory "
	     "behind its first 65,536");
	note(verdict, subject->kept.n_cut_trees, "word",
	     "of libc's data with too many nodes behind for a search tree: judged as other memory");
}

static int find(struct subject *subject, struct diag *diag)
{
	int err = leak_maps_read(&subject->maps, living_thread(subject->look), diag);

	if (!err)
		err = open_target(subject, diag);
	if (err)
		return err;
	tell_shared(subject);
	return read_facts(subject, diag);
}

static int read_all(struct subject *subject, struct diag *diag)
{
	int err = find(subject, diag);

	return err ? err : read_malloc(subject, diag);
}

static void free_subject(struct subject *subject)
{
	leak_roots_fini(&subject->roots);
	leak_kept_fini(&subject->kept);
	leak_arenas_fini(&subject->arenas);
	leak_blocks_fini(&subject->blocks);
	leak_target_close(subject->target);
	leak_maps_fini(&subject->maps);
}

int leak_find_section(pid_t tid, uint64_t *inode, uint32_t *section)
{
	const struct leak_look look = {.pid = tid};
	struct subject subject = {.look = &look};
	struct diag diag;
	int err = find(&subject, &diag);

	*inode = subject.maps.image_inode;
	*section = subject.facts.section;
	free_subject(&subject);
	return err;
}

/* What is left when the process goes on. */
struct leak_sight {
	struct subject subject;
	struct leak_marking *marking; /* of the subject's lists */
};

static void free_sight(struct leak_sight *sight)
{
	leak_marking_free(sight->marking);
	free_subject(&sight->subject);
	free(sight);
}

/* libc as it is loaded there; its file is opened once. */
static struct leak_libc find_libc(const struct subject *subject)
{
	const struct proc_map *map = &subject->maps.libc_code;
	const struct mapped_range range = {living_thread(subject->look),
	                                   map->start,
	                                   map->end,
	                                   map->file_off,
	                                   map->path,
	                                   map->device,
	                                   map->inode};
	struct leak_libc libc = {.tables = NULL};
	const struct mapped_file *file;

	if (!map->path || !subject->look->files)
		return libc;
	file = mapped_files_get(subject->look->files, &range);
	if (file->is_elf &&
	    !elf_image_load_bias(&file->elf, map->start, map->file_off, true, &libc.load_bias))
		libc.tables = &file->elf.tables;
	return libc;
}

/* As much as can be done before the blocks are judged. */
static int begin(struct leak_sight *sight, struct leak_verdict *verdict, struct diag *diag)
{
	struct subject *subject = &sight->subject;
	struct leak_view view = {.look = subject->look,
	                         .maps = &subject->maps,
	                         .memory = &subject->memory,
	                         .facts = &subject->facts,
	                         .blocks = &subject->blocks,
	                         .arenas = &subject->arenas,
	                         .kept_stacks = &subject->kept.stacks};
	int err = read_all(subject, diag);

	*verdict = (struct leak_verdict){.inode = subject->maps.image_inode,
	                                 .section = subject->facts.section};
	if (err)
		return err;
	if (subject->look->frees_kept)
		leak_kept_find(subject->look, &subject->maps, &subject->memory, &subject->facts,
		               &subject->blocks, &subject->kept);
	view.libc = find_libc(subject);
	leak_roots_find(&view, &subject->roots);
	note_troubles(subject, verdict);
	sight->marking = prepare_marking(subject);
	return 0;
}

int leak_look_copy(const struct leak_look *look, size_t limit_bytes, struct leak_sight **made,
                   struct leak_verdict *verdict, struct diag *diag)
{
	struct leak_sight *sight = xcalloc(1, sizeof(*sight));
	int err;

	*made = NULL;
	sight->subject.look = look;
	sight->subject.facts.section = LEAK_NO_SECTION;
	err = begin(sight, verdict, diag);
	if (err) {
		free_sight(sight);
	} else if (leak_marking_copy(sight->marking, limit_bytes)) {
		leak_target_close(sight->subject.target);
		sight->subject.target = NULL;
		sight->subject.look = NULL;
		*made = sight;
	} else {
		leak_sight_judge(sight, verdict);
	}
	return err;
}

size_t leak_sight_bytes(const struct leak_sight *sight)
{
	return leak_marking_copied_bytes(sight->marking);
}

void leak_sight_judge(struct leak_sight *sight, struct leak_verdict *verdict)
{
	leak_marking_judge(sight->marking, verdict);
	free_sight(sight);
}
