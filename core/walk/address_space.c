/* Interval maps of executable mappings, one for each process, shared after a fork until they
 * differ. */
#include "core/walk/address_space.h"

#include "core/alloc.h"
#include "core/walk/elf_image.h"
#include "core/walk/mapped_files.h"
#include "core/walk/proc_maps.h"
#include "core/recording.h"
#include "core/symbolize/perf_map.h"
#include "core/u64map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

struct mapping_list {
	unsigned n_users;
	struct mapping *mappings; /* by address, without overlap */
	size_t n_mappings;
	size_t capacity;
};

struct address_spaces {
	struct recording *recording;
	struct mapped_files *files;
	struct u64map *lists;     /* pid -> struct mapping_list *, NULL when it has ended */
	struct u64map *anonymous; /* pid -> object id + 1 of addresses that nothing is known of */
	uint32_t kernel;          /* object id + 1, 0: not made yet */
};

/* The kernel's half of the address space, where its own code is. */
static const uint64_t KERNEL_START = 0x8000000000000000u;

struct address_spaces *address_spaces_new(struct recording *recording)
{
	struct address_spaces *spaces = xcalloc(1, sizeof(*spaces));

	spaces->recording = recording;
	spaces->files = mapped_files_new(recording);
	spaces->lists = u64map_new();
	spaces->anonymous = u64map_new();
	return spaces;
}

static void list_release(struct mapping_list *list)
{
	if (!list || --list->n_users > 0)
		return;
	free(list->mappings);
	free(list);
}

void address_spaces_free(struct address_spaces *spaces)
{
	size_t position = 0;
	uint64_t pid, list;

	if (!spaces)
		return;
	while (u64map_next(spaces->lists, &position, &pid, &list))
		list_release((struct mapping_list *)(uintptr_t)list);
	u64map_free(spaces->lists);
	u64map_free(spaces->anonymous);
	mapped_files_free(spaces->files);
	free(spaces);
}

static struct mapping_list *list_of(const struct address_spaces *spaces, pid_t pid)
{
	uint64_t *slot = u64map_get(spaces->lists, (uint32_t)pid);

	return slot ? (struct mapping_list *)(uintptr_t)*slot : NULL;
}

static void set_list(struct address_spaces *spaces, pid_t pid, struct mapping_list *list)
{
	uint64_t *slot = u64map_put(spaces->lists, (uint32_t)pid, NULL);

	list_release((struct mapping_list *)(uintptr_t)*slot);
	*slot = (uintptr_t)list;
}

/* The process's own list, to be changed: a shared one is copied first. */
static struct mapping_list *own_list(struct address_spaces *spaces, pid_t pid)
{
	struct mapping_list *shared = list_of(spaces, pid);
	struct mapping_list *own;

	if (shared && shared->n_users == 1)
		return shared;
	own = xcalloc(1, sizeof(*own));
	own->n_users = 1;
	if (shared) {
		own->mappings =
		    array_reserve(NULL, &own->capacity, shared->n_mappings, sizeof(*own->mappings));
		own->n_mappings = shared->n_mappings;
		if (shared->n_mappings)
			memcpy(own->mappings, shared->mappings,
			       shared->n_mappings * sizeof(*own->mappings));
	}
	set_list(spaces, pid, own);
	return own;
}

/* The index of the first mapping that ends after the address. */
static size_t first_after(const struct mapping_list *list, uint64_t addr)
{
	size_t low = 0, high = list->n_mappings;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->mappings[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert_at(struct mapping_list *list, size_t i, struct mapping mapping)
{
	list->mappings = array_reserve(list->mappings, &list->capacity, list->n_mappings + 1,
	                               sizeof(*list->mappings));
	memmove(&list->mappings[i + 1], &list->mappings[i],
	        (list->n_mappings - i) * sizeof(*list->mappings));
	list->mappings[i] = mapping;
	list->n_mappings++;
}

static void cut_start(struct mapping *mapping, uint64_t start)
{
	mapping->file_off += start - mapping->start;
	mapping->start = start;
}

/* Takes [start, end) out of the list and returns the index where a mapping of that range belongs.
 */
static size_t cut_out(struct mapping_list *list, uint64_t start, uint64_t end)
{
	size_t first = first_after(list, start);
	size_t last;

	if (first < list->n_mappings && list->mappings[first].start < start) {
		struct mapping upper = list->mappings[first];

		list->mappings[first].end = start;
		first++;
		if (upper.end > end) {
			cut_start(&upper, end);
			insert_at(list, first, upper);
			return first;
		}
	}
	for (last = first; last < list->n_mappings && list->mappings[last].end <= end; last++)
		;
	if (last > first)
		memmove(&list->mappings[first], &list->mappings[last],
		        (list->n_mappings - last) * sizeof(*list->mappings));
	list->n_mappings -= last - first;
	if (first < list->n_mappings && list->mappings[first].start < end)
		cut_start(&list->mappings[first], end);
	return first;
}

static uint32_t add_object(struct address_spaces *spaces, enum object_kind kind, const char *path,
                           pid_t pid)
{
	struct object object = {.kind = kind, .path = (char *)path, .pid = pid, .fd = -1};

	return recording_add_object(spaces->recording, &object);
}

/* Addresses stay as they are: that is how perf-PID.map names JIT code. */
static void describe_anonymous(struct address_spaces *spaces, struct mapping *mapping, pid_t pid,
                               const char *path)
{
	struct object object = {.kind = OBJECT_ANONYMOUS, .path = (char *)path, .pid = pid};

	object.fd = perf_map_hold(pid, &object.own_pid);
	mapping->object = recording_add_object(spaces->recording, &object);
	mapping->load_bias = 0;
}

/* All 64-bit processes have the same vdso image, so ours serves. The kernel maps whole pages of it,
 * and its section headers are the last thing in it. */
static void describe_vdso(struct address_spaces *spaces, struct mapping *mapping, pid_t pid)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
	struct elf_image image;

	mapping->object = add_object(spaces, OBJECT_VDSO, "[vdso]", pid);
	mapping->load_bias = mapping->start;
	if (header &&
	    elf_image_parse(&image, header,
	                    header->e_shoff + (size_t)header->e_shnum * header->e_shentsize) == 0)
		mapping->tables = image.tables;
}

static void describe_file(struct address_spaces *spaces, struct mapping *mapping,
                          const struct mapped_range *range)
{
	const struct mapped_file *file = mapped_files_get(spaces->files, range);

	mapping->object = file->object;
	mapping->load_bias = range->start - range->file_off;
	if (!file->is_elf)
		return;
	elf_image_load_bias(&file->elf, range->start, range->file_off, true, &mapping->load_bias);
	mapping->tables = file->elf.tables;
	mapping->elf = &file->elf;
	mapping->entry = file->elf.entry;
}

/* Shared memory is shown like a file; JITs keep code in it ("/memfd:doublemapper (deleted)"). */
static bool is_file(const struct mapped_range *range)
{
	static const char *const memory[] = {"//anon", "/memfd:", "/SYSV", "/dev/zero",
	                                     "/anon_hugepage"};

	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		if (strncmp(range->path, memory[i], strlen(memory[i])) == 0)
			return false;
	return range->path[0] == '/' && range->inode != 0;
}

static void describe(struct address_spaces *spaces, struct mapping *mapping,
                     const struct mapped_range *range)
{
	if (strcmp(range->path, "[vdso]") == 0)
		describe_vdso(spaces, mapping, range->pid);
	else if (strcmp(range->path, "[vsyscall]") == 0)
		describe_anonymous(spaces, mapping, range->pid, "[vsyscall]");
	else if (is_file(range))
		describe_file(spaces, mapping, range);
	else
		describe_anonymous(spaces, mapping, range->pid, "[anon]");
}

void address_spaces_map(struct address_spaces *spaces, pid_t pid, uint64_t start, uint64_t size,
                        uint64_t file_off, const char *path, uint64_t device, uint64_t inode,
                        bool executable)
{
	struct mapping_list *list = own_list(spaces, pid);
	struct mapping mapping = {.start = start, .file_off = file_off, .executable = executable};
	struct mapped_range range = {.pid = pid,
	                             .start = start,
	                             .file_off = file_off,
	                             .path = path,
	                             .device = device,
	                             .inode = inode};
	size_t place;

	if (size == 0 || __builtin_add_overflow(start, size, &mapping.end))
		return;
	range.end = mapping.end;
	place = cut_out(list, start, mapping.end);
	if (!executable)
		return;
	describe(spaces, &mapping, &range);
	insert_at(list, place, mapping);
}

void address_spaces_fork(struct address_spaces *spaces, pid_t parent, pid_t child)
{
	struct mapping_list *list = list_of(spaces, parent);

	if (parent == child) /* a thread */
		return;
	if (list)
		list->n_users++;
	set_list(spaces, child, list);
}

void address_spaces_exec(struct address_spaces *spaces, pid_t pid)
{
	set_list(spaces, pid, NULL);
}

void address_spaces_exit(struct address_spaces *spaces, pid_t pid)
{
	set_list(spaces, pid, NULL);
}

struct proc_reading {
	struct address_spaces *spaces;
	pid_t pid;
};

static void read_map(void *context, const struct proc_map *map)
{
	const struct proc_reading *reading = context;

	if (map->is_executable)
		address_spaces_map(reading->spaces, reading->pid, map->start, map->end - map->start,
		                   map->file_off, map->path, map->device, map->inode, true);
}

int address_spaces_read_proc(struct address_spaces *spaces, pid_t pid)
{
	struct proc_reading reading = {spaces, pid};

	return proc_maps_read(pid, read_map, &reading);
}

const struct mapping *address_spaces_find(struct address_spaces *spaces, pid_t pid, uint64_t addr)
{
	const struct mapping_list *list = list_of(spaces, pid);
	size_t i = list ? first_after(list, addr) : 0;

	if (!list || i == list->n_mappings || addr < list->mappings[i].start)
		return NULL;
	return &list->mappings[i];
}

static uint32_t kernel_object(struct address_spaces *spaces)
{
	if (!spaces->kernel)
		spaces->kernel = add_object(spaces, OBJECT_KERNEL, "[kernel]", 0) + 1;
	return spaces->kernel - 1;
}

static uint32_t unknown_object(struct address_spaces *spaces, pid_t pid)
{
	uint64_t *object = u64map_put(spaces->anonymous, (uint32_t)pid, NULL);

	if (!*object)
		*object = (uint64_t)add_object(spaces, OBJECT_ANONYMOUS, "[anon]", pid) + 1;
	return (uint32_t)(*object - 1);
}

struct recorded_frame address_spaces_frame(struct address_spaces *spaces, pid_t pid, uint64_t addr,
                                           bool is_return)
{
	/* A call may be the last instruction of its mapping. */
	const struct mapping *mapping = address_spaces_find(spaces, pid, addr - is_return);
	struct recorded_frame frame = {.is_return = is_return, .vaddr = addr};

	if (mapping) {
		frame.object = mapping->object;
		frame.vaddr = addr - mapping->load_bias;
	} else if (addr >= KERNEL_START) {
		frame.object = kernel_object(spaces);
	} else {
		frame.object = unknown_object(spaces, pid);
	}
	return frame;
}
