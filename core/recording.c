/* The store of a recording: interned objects, threads and stacks, and a log of samples. */
#include "core/recording.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/row_log.h"
#include "core/stack_table.h"
#include "core/string_pool.h"
#include "core/u64map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sample_row {
	struct sample sample;
	uint64_t values[]; /* one for each type */
};

struct recording {
	struct value_type *types;
	size_t n_types;

	struct object **objects; /* each by itself: pointers to them last */
	size_t n_objects;
	size_t objects_capacity;
	struct u64map *objects_by_hash;

	struct recorded_thread *threads;
	size_t n_threads;
	size_t threads_capacity;
	struct u64map *threads_by_hash;

	struct stack_table *stacks; /* tag: object << 1 | is_return; key: vaddr */

	struct row_log *samples; /* of struct sample_row */

	struct loss *losses;
	size_t n_losses;
	size_t losses_capacity;

	struct string_pool *texts; /* of value types and losses */
};

struct recording *recording_new(const struct value_type *types, size_t n_types)
{
	struct recording *recording = xcalloc(1, sizeof(*recording));

	recording->objects_by_hash = u64map_new();
	recording->threads_by_hash = u64map_new();
	recording->stacks = stack_table_new();
	recording->texts = string_pool_new();
	recording->samples = row_log_new(sizeof(struct sample_row) + n_types * sizeof(uint64_t));
	recording->n_types = n_types;
	recording->types = xcalloc(n_types, sizeof(*types));
	for (size_t i = 0; i < n_types; i++) {
		uint32_t name = string_pool_add(recording->texts, types[i].name);
		uint32_t unit = string_pool_add(recording->texts, types[i].unit);

		recording->types[i].name = string_pool_text(recording->texts, name);
		recording->types[i].unit = string_pool_text(recording->texts, unit);
	}
	return recording;
}

void recording_free(struct recording *recording)
{
	if (!recording)
		return;
	for (size_t i = 0; i < recording->n_objects; i++) {
		struct object *object = recording->objects[i];

		if (object->fd >= 0)
			close(object->fd);
		free(object->path);
		free(object);
	}
	free(recording->objects);
	free(recording->threads);
	row_log_free(recording->samples);
	free(recording->losses);
	free(recording->types);
	u64map_free(recording->objects_by_hash);
	u64map_free(recording->threads_by_hash);
	stack_table_free(recording->stacks);
	string_pool_free(recording->texts);
	free(recording);
}

size_t recording_n_types(const struct recording *recording)
{
	return recording->n_types;
}

const struct value_type *recording_type(const struct recording *recording, size_t i)
{
	BUG(i >= recording->n_types);
	return &recording->types[i];
}

static uint64_t hash_bytes(const void *bytes, size_t len_bytes)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < len_bytes; i++)
		hash = u64_mix(hash, ((const unsigned char *)bytes)[i]);
	return hash;
}

/* The pid tells objects apart only where nothing else does. */
static pid_t identifying_pid(const struct object *object)
{
	return object->kind == OBJECT_ANONYMOUS ? object->pid : 0;
}

static const char *path_of(const struct object *object)
{
	return object->path ? object->path : "";
}

uint64_t object_hash(const struct object *object)
{
	uint64_t hash = u64_mix(object->kind, (uint64_t)identifying_pid(object));

	hash = u64_mix(hash, object->device);
	hash = u64_mix(hash, object->inode);
	hash = u64_mix(hash, hash_bytes(object->build_id, object->build_id_len));
	return u64_mix(hash, hash_bytes(path_of(object), strlen(path_of(object))));
}

bool object_is_same(const struct object *a, const struct object *b)
{
	return a->kind == b->kind && identifying_pid(a) == identifying_pid(b) &&
	       a->device == b->device && a->inode == b->inode &&
	       a->build_id_len == b->build_id_len &&
	       !memcmp(a->build_id, b->build_id, a->build_id_len) &&
	       !strcmp(path_of(a), path_of(b));
}

/* The known object keeps its handle, and takes this one when it has none. */
static void give_handle(struct object *object, int fd)
{
	if (fd < 0)
		return;
	if (object->fd < 0)
		object->fd = fd;
	else
		close(fd);
}

static struct object *copy_object(const struct object *like)
{
	struct object *object = xmalloc(sizeof(*object));

	*object = *like;
	object->path = xstrdup(path_of(like));
	return object;
}

uint32_t recording_add_object(struct recording *recording, const struct object *like)
{
	uint64_t hash;

	BUG(like->build_id_len > BUILD_ID_MAX);
	/* Two objects of one hash sit at neighbouring keys. */
	for (hash = object_hash(like);; hash++) {
		bool is_new;
		uint64_t *id = u64map_put(recording->objects_by_hash, hash, &is_new);

		if (is_new) {
			*id = recording->n_objects;
			*ARRAY_APPEND(recording->objects, recording->n_objects,
			              recording->objects_capacity) = copy_object(like);
			return (uint32_t)*id;
		}
		if (object_is_same(recording->objects[*id], like)) {
			give_handle(recording->objects[*id], like->fd);
			return (uint32_t)*id;
		}
	}
}

const struct object *recording_object(const struct recording *recording, uint32_t id)
{
	BUG(id >= recording->n_objects);
	return recording->objects[id];
}

size_t recording_n_objects(const struct recording *recording)
{
	return recording->n_objects;
}

uint32_t recording_add_thread(struct recording *recording, pid_t pid, pid_t tid, const char *comm)
{
	struct recorded_thread thread = {.pid = pid, .tid = tid};
	uint64_t hash;

	strncpy(thread.comm, comm, sizeof(thread.comm) - 1);
	hash = u64_mix((uint64_t)pid << 32 | (uint32_t)tid,
	               hash_bytes(thread.comm, strlen(thread.comm)));
	/* Two threads of one hash sit at neighbouring keys. */
	for (;; hash++) {
		bool is_new;
		uint64_t *index = u64map_put(recording->threads_by_hash, hash, &is_new);
		const struct recorded_thread *known;

		if (is_new) {
			*index = recording->n_threads;
			*ARRAY_APPEND(recording->threads, recording->n_threads,
			              recording->threads_capacity) = thread;
		}
		known = &recording->threads[*index];
		if (known->pid == pid && known->tid == tid && !strcmp(known->comm, thread.comm))
			return (uint32_t)*index;
	}
}

const struct recorded_thread *recording_thread(const struct recording *recording, uint32_t index)
{
	BUG(index >= recording->n_threads);
	return &recording->threads[index];
}

size_t recording_n_threads(const struct recording *recording)
{
	return recording->n_threads;
}

uint32_t recording_add_frame(struct recording *recording, uint32_t parent,
                             struct recorded_frame frame)
{
	BUG(frame.object >= recording->n_objects);
	return stack_table_add(recording->stacks, parent, frame.object << 1 | frame.is_return,
	                       frame.vaddr);
}

uint32_t recording_add_stack(struct recording *recording, const struct recorded_frame *leaf_first,
                             size_t n_frames)
{
	uint32_t stack = 0;

	for (size_t i = n_frames; i-- > 0;)
		stack = recording_add_frame(recording, stack, leaf_first[i]);
	return stack;
}

const struct stack_table *recording_stacks(const struct recording *recording)
{
	return recording->stacks;
}

struct recorded_frame recording_frame(const struct recording *recording, uint32_t stack,
                                      uint32_t *parent)
{
	const struct stack_node *node = stack_table_node(recording->stacks, stack);

	*parent = node->parent;
	return (struct recorded_frame){
	    .object = node->tag >> 1,
	    .is_return = node->tag & 1,
	    .vaddr = node->key,
	};
}

void recording_spill(struct recording *recording, int fd)
{
	row_log_spill(recording->samples, fd);
}

int recording_check(const struct recording *recording, struct diag *diag)
{
	int err = row_log_error(recording->samples);

	return err ? diag_fail(diag, -err,
	                       "cannot keep the samples in a file beside the results: %s%s",
	                       strerror(-err),
	                       err == -ENOSPC || err == -EDQUOT
	                           ? "; make room, or give another directory with --results"
	                       : err == -EFBIG ? "; raise the limit on file sizes (ulimit -f)"
	                                       : "")
	           : 0;
}

void recording_add_sample(struct recording *recording, struct sample sample, const uint64_t *values)
{
	struct sample_row *row;

	BUG(sample.thread >= recording->n_threads);
	BUG(sample.stack > stack_table_count(recording->stacks));
	row = row_log_add(recording->samples);
	row->sample = sample;
	memcpy(row->values, values, recording->n_types * sizeof(*values));
}

size_t recording_n_samples(const struct recording *recording)
{
	return row_log_count(recording->samples);
}

struct sample recording_sample(const struct recording *recording, size_t i, const uint64_t **values)
{
	const struct sample_row *row = row_log_get(recording->samples, i);

	*values = row->values;
	return row->sample;
}

void recording_add_loss(struct recording *recording, const char *what, uint64_t count)
{
	uint32_t text;

	for (size_t i = 0; i < recording->n_losses; i++) {
		if (!strcmp(recording->losses[i].what, what)) {
			recording->losses[i].count += count;
			return;
		}
	}
	text = string_pool_add(recording->texts, what);
	*ARRAY_APPEND(recording->losses, recording->n_losses, recording->losses_capacity) =
	    (struct loss){.what = string_pool_text(recording->texts, text), .count = count};
}

size_t recording_n_losses(const struct recording *recording)
{
	return recording->n_losses;
}

struct loss recording_loss(const struct recording *recording, size_t i)
{
	BUG(i >= recording->n_losses);
	return recording->losses[i];
}
