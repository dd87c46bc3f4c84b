/* The model of descriptor tables: groups of slots, descriptors at first use, shared descriptions.
 */
#include "io/fd_table.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/string_pool.h"
#include "core/u64map.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Numbers below it are looked up directly. The kernel gives out the lowest free one; a larger one
 * may be what dup2(2) asked for, or what somebody wrote over a number that we read: it takes no
 * more room than another. */
enum { NEAR_NUMBERS = 1024 };

/* One number of a group. A slot stays after close, for its generation. */
struct slot {
	int fd;
	uint32_t description; /* 0: not open */
	uint32_t descriptor;  /* 0: not used yet */
	unsigned generation;
	bool cloexec;
	uint8_t origin;
	uint64_t opened_ns;
};

struct group {
	pid_t pid;
	unsigned holders;  /* 0: the id is free */
	struct slot *near; /* by number */
	size_t n_near;
	size_t near_capacity;
	struct slot *far; /* as they came */
	size_t n_far;
	size_t far_capacity;
	struct u64map *far_index; /* number -> position in far + 1; NULL: there are none */
};

struct description {
	uint32_t name; /* string ids */
	uint32_t address[2];
	bool is_guess;
};

struct fd_table {
	struct string_pool *strings;
	struct group *groups; /* id - 1 */
	size_t n_groups;
	size_t groups_capacity;
	uint32_t *free_groups;
	size_t n_free_groups;
	size_t free_groups_capacity;
	struct description *descriptions; /* id - 1 */
	size_t n_descriptions;
	size_t descriptions_capacity;
	struct fd_descriptor *descriptors; /* id - 1 */
	size_t n_descriptors;
	size_t descriptors_capacity;
};

struct fd_table *fd_table_new(void)
{
	struct fd_table *table = xcalloc(1, sizeof(*table));

	table->strings = string_pool_new();
	return table;
}

static void free_slots(struct group *group)
{
	free(group->near);
	free(group->far);
	u64map_free(group->far_index);
}

void fd_table_free(struct fd_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->n_groups; i++)
		free_slots(&table->groups[i]);
	free(table->groups);
	free(table->free_groups);
	free(table->descriptions);
	free(table->descriptors);
	string_pool_free(table->strings);
	free(table);
}

static struct group *group_of(const struct fd_table *table, uint32_t id)
{
	BUG(id == 0 || id > table->n_groups);
	return &table->groups[id - 1];
}

static struct slot *find_slot(const struct group *group, int fd)
{
	const uint64_t *far;

	if (fd < 0)
		return NULL;
	if (fd < NEAR_NUMBERS)
		return (size_t)fd < group->n_near ? &group->near[fd] : NULL;
	far = group->far_index ? u64map_get(group->far_index, (uint64_t)fd) : NULL;
	return far ? &group->far[*far - 1] : NULL;
}

/* The slot when the number is open, else NULL. */
static struct slot *open_slot(const struct fd_table *table, uint32_t group_id, int fd)
{
	struct slot *slot = find_slot(group_of(table, group_id), fd);

	return slot && slot->description ? slot : NULL;
}

/* The next slot from `position` on, from 0, whose number is open; NULL: there is none. */
static struct slot *next_open(const struct group *group, size_t *position)
{
	while (*position < group->n_near + group->n_far) {
		size_t i = (*position)++;
		struct slot *slot =
		    i < group->n_near ? &group->near[i] : &group->far[i - group->n_near];

		if (slot->description)
			return slot;
	}
	return NULL;
}

static struct slot *make_near_slot(struct group *group, int fd)
{
	size_t needed = (size_t)fd + 1;

	if (needed > group->n_near) {
		group->near =
		    array_reserve(group->near, &group->near_capacity, needed, sizeof(*group->near));
		memset(group->near + group->n_near, 0,
		       (needed - group->n_near) * sizeof(*group->near));
		group->n_near = needed;
	}
	return &group->near[fd];
}

static struct slot *make_far_slot(struct group *group, int fd)
{
	uint64_t *far;

	if (!group->far_index)
		group->far_index = u64map_new();
	far = u64map_put(group->far_index, (uint64_t)fd, NULL);
	if (!*far) {
		*ARRAY_APPEND(group->far, group->n_far, group->far_capacity) = (struct slot){0};
		*far = group->n_far;
	}
	return &group->far[*far - 1];
}

/* The slot of a number, made when it is missing. */
static struct slot *make_slot(struct group *group, int fd)
{
	struct slot *slot =
	    fd < NEAR_NUMBERS ? make_near_slot(group, fd) : make_far_slot(group, fd);

	slot->fd = fd;
	return slot;
}

static void close_slot(struct fd_table *table, struct slot *slot, uint64_t now_ns)
{
	if (slot->descriptor)
		table->descriptors[slot->descriptor - 1].closed_ns = now_ns;
	slot->description = 0;
	slot->descriptor = 0;
	slot->cloexec = false;
}

/* Puts a description under a number and starts the number's next generation. */
static void fill_slot(struct fd_table *table, uint32_t group_id, int fd, uint32_t description,
                      bool cloexec, enum fd_origin origin, uint64_t now_ns)
{
	struct slot *slot = make_slot(group_of(table, group_id), fd);

	if (slot->description)
		close_slot(table, slot, now_ns);
	slot->description = description;
	slot->generation++;
	slot->cloexec = cloexec;
	slot->origin = (uint8_t)origin;
	slot->opened_ns = now_ns;
}

uint32_t fd_table_group_new(struct fd_table *table, pid_t pid)
{
	uint32_t id;

	if (table->n_free_groups) {
		id = table->free_groups[--table->n_free_groups];
	} else {
		ARRAY_APPEND(table->groups, table->n_groups, table->groups_capacity);
		id = (uint32_t)table->n_groups;
	}
	*group_of(table, id) = (struct group){.pid = pid, .holders = 1};
	return id;
}

uint32_t fd_table_group_copy(struct fd_table *table, uint32_t from_id, pid_t pid, uint64_t now_ns)
{
	uint32_t to_id = fd_table_group_new(table, pid);
	const struct group *from = group_of(table, from_id);
	const struct slot *slot;
	size_t position = 0;

	while ((slot = next_open(from, &position)))
		fill_slot(table, to_id, slot->fd, slot->description, slot->cloexec, slot->origin,
		          now_ns);
	return to_id;
}

void fd_table_group_hold(struct fd_table *table, uint32_t group)
{
	group_of(table, group)->holders++;
}

static void close_range_of(struct fd_table *table, const struct group *group, unsigned first,
                           unsigned last, uint64_t now_ns)
{
	struct slot *slot;
	size_t position = 0;

	while ((slot = next_open(group, &position)))
		if ((unsigned)slot->fd >= first && (unsigned)slot->fd <= last)
			close_slot(table, slot, now_ns);
}

void fd_table_group_drop(struct fd_table *table, uint32_t id, uint64_t now_ns)
{
	struct group *group;

	if (!id)
		return;
	group = group_of(table, id);
	BUG(group->holders == 0);
	if (--group->holders)
		return;
	close_range_of(table, group, 0, UINT_MAX, now_ns);
	free_slots(group);
	*group = (struct group){0};
	*ARRAY_APPEND(table->free_groups, table->n_free_groups, table->free_groups_capacity) = id;
}

uint32_t fd_table_group_unshare(struct fd_table *table, uint32_t id, pid_t pid, uint64_t now_ns)
{
	uint32_t own;

	if (group_of(table, id)->holders == 1)
		return id;
	own = fd_table_group_copy(table, id, pid, now_ns);
	fd_table_group_drop(table, id, now_ns);
	return own;
}

void fd_table_open(struct fd_table *table, uint32_t group, int fd, const char *name, bool cloexec,
                   enum fd_origin origin, uint64_t now_ns)
{
	struct description *description;

	if (fd < 0)
		return;
	description =
	    ARRAY_APPEND(table->descriptions, table->n_descriptions, table->descriptions_capacity);
	description->name = string_pool_add(table->strings, name);
	description->is_guess = origin == FD_GUESSED;
	fill_slot(table, group, fd, (uint32_t)table->n_descriptions, cloexec, origin, now_ns);
}

bool fd_table_dup(struct fd_table *table, uint32_t group, int from, int to, bool cloexec,
                  uint64_t now_ns)
{
	const struct slot *source = open_slot(table, group, from);

	if (!source)
		return false;
	/* dup2(n, n) changes nothing. */
	if (from != to && to >= 0)
		fill_slot(table, group, to, source->description, cloexec, source->origin, now_ns);
	return true;
}

void fd_table_set_cloexec(struct fd_table *table, uint32_t group, int fd, bool cloexec)
{
	struct slot *slot = open_slot(table, group, fd);

	if (slot)
		slot->cloexec = cloexec;
}

void fd_table_close(struct fd_table *table, uint32_t group, int fd, uint64_t now_ns)
{
	struct slot *slot = open_slot(table, group, fd);

	if (slot)
		close_slot(table, slot, now_ns);
}

void fd_table_close_range(struct fd_table *table, uint32_t group_id, unsigned first, unsigned last,
                          uint64_t now_ns)
{
	close_range_of(table, group_of(table, group_id), first, last, now_ns);
}

void fd_table_range_set_cloexec(struct fd_table *table, uint32_t group_id, unsigned first,
                                unsigned last)
{
	struct slot *slot;
	size_t position = 0;

	while ((slot = next_open(group_of(table, group_id), &position)))
		if ((unsigned)slot->fd >= first && (unsigned)slot->fd <= last)
			slot->cloexec = true;
}

void fd_table_exec(struct fd_table *table, uint32_t group_id, uint64_t now_ns)
{
	struct slot *slot;
	size_t position = 0;

	while ((slot = next_open(group_of(table, group_id), &position)))
		if (slot->cloexec)
			close_slot(table, slot, now_ns);
}

bool fd_table_knows(const struct fd_table *table, uint32_t group, int fd)
{
	return open_slot(table, group, fd) != NULL;
}

uint32_t fd_table_use(struct fd_table *table, uint32_t group, int fd)
{
	struct slot *slot = open_slot(table, group, fd);
	struct fd_descriptor *descriptor;

	if (!slot)
		return 0;
	if (!slot->descriptor) {
		descriptor = ARRAY_APPEND(table->descriptors, table->n_descriptors,
		                          table->descriptors_capacity);
		*descriptor = (struct fd_descriptor){
		    .pid = group_of(table, group)->pid,
		    .fd = fd,
		    .generation = slot->generation,
		    .description = slot->description,
		    .origin = slot->origin,
		    .opened_ns = slot->opened_ns,
		};
		slot->descriptor = (uint32_t)table->n_descriptors;
	}
	return slot->descriptor;
}

void fd_table_set_address(struct fd_table *table, uint32_t group, int fd, enum fd_address which,
                          const char *address)
{
	uint32_t description = fd_table_description(table, group, fd);

	if (description)
		table->descriptions[description - 1].address[which] =
		    string_pool_add(table->strings, address);
}

const char *fd_table_address(const struct fd_table *table, uint32_t description,
                             enum fd_address which)
{
	uint32_t text;

	BUG(description == 0 || description > table->n_descriptions);
	text = table->descriptions[description - 1].address[which];
	return text ? string_pool_text(table->strings, text) : NULL;
}

const char *fd_table_name(const struct fd_table *table, uint32_t description)
{
	BUG(description == 0 || description > table->n_descriptions);
	return string_pool_text(table->strings, table->descriptions[description - 1].name);
}

bool fd_table_is_guess(const struct fd_table *table, uint32_t description)
{
	BUG(description == 0 || description > table->n_descriptions);
	return table->descriptions[description - 1].is_guess;
}

int fd_table_compare_files(const struct fd_table *table, uint32_t description, uint32_t other)
{
	const struct description *a = &table->descriptions[description - 1];
	const struct description *b = &table->descriptions[other - 1];
	const uint32_t ids[][2] = {{a->name, b->name},
	                           {a->address[FD_LOCAL], b->address[FD_LOCAL]},
	                           {a->address[FD_PEER], b->address[FD_PEER]}};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (ids[i][0] != ids[i][1])
			return ids[i][0] < ids[i][1] ? -1 : 1;
	return 0;
}

size_t fd_table_n_descriptions(const struct fd_table *table)
{
	return table->n_descriptions;
}

uint32_t fd_table_description(const struct fd_table *table, uint32_t group, int fd)
{
	const struct slot *slot = open_slot(table, group, fd);

	return slot ? slot->description : 0;
}

size_t fd_table_count(const struct fd_table *table)
{
	return table->n_descriptors;
}

const struct fd_descriptor *fd_table_descriptor(const struct fd_table *table, uint32_t id)
{
	BUG(id == 0 || id > table->n_descriptors);
	return &table->descriptors[id - 1];
}
