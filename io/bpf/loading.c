/* Begins two threads, which meet twice: where the maps are made, and where the ring is. */
#include "io/bpf/loading.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/quiet_thread.h"
#include "io/bpf/offsets.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <malloc.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Generated, of types in wire.h. */
#include "io/bpf/meter.skel.h"

struct part {
	bool has_end_of_calls; /* that program alone takes as long as all the others */
	int err;
	char words[256]; /* libbpf's last */
};

struct bpf_loading {
	struct bpf_loading_spec spec;
	struct bpf_loaded loaded;
	pthread_t threads[2];
	bool has_threads[2];
	bool is_half_over;                 /* the first one is joined */
	sem_t ring_is_made, maps_are_made; /* or are not to be had */
	int ring_err;
	int maps_err;
	struct diag why_no_maps; /* unless it is the kernel that refuses them */
	struct part maps;
	struct part parts[BPF_PARTS];
};

/* libbpf's last words, for the sentence. */
static _Thread_local char last_words[256];

static int keep_words(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN) {
		vsnprintf(last_words, sizeof(last_words), format, arguments);
		last_words[strcspn(last_words, "\n")] = '\0';
	}
	return 0;
}

static void open_object(struct meter **object)
{
	last_words[0] = '\0';
	*object = meter__open();
}

static int end_part(struct part *part, int err)
{
	memcpy(part->words, last_words, sizeof(part->words));
	part->err = err;
	return err;
}

static void choose_programs(const struct meter *object, const struct part *part)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object->obj)
	{
		bool is_end = program == object->progs.call_ends;

		bpf_program__set_autoload(program, part && is_end == part->has_end_of_calls);
	}
}

static int load_maps(struct meter *object, const struct bpf_loading_spec *spec, struct diag *diag)
{
	int err;

	object->rodata->ring_bytes = spec->ring_bytes;
	object->rodata->stacks_a_second = spec->stacks_a_second;
	if (spec->stacks_a_second)
		bpf_map__set_max_entries(object->maps.stack_scratch,
		                         (uint32_t)libbpf_num_possible_cpus());
	err = bpf_offsets_find((struct meter_offsets *)&object->rodata->offsets, diag);
	/* What we fork need not begin with that memory, which would count as its own. */
	malloc_trim(0);
	if (err)
		return err;
	choose_programs(object, NULL);
	bpf_map__set_autocreate(object->maps.ring, false);
	return meter__load(object);
}

static void make_maps(struct bpf_loading *loading)
{
	struct meter **object = &loading->loaded.maps;

	open_object(object);
	loading->maps_err =
	    *object ? load_maps(*object, &loading->spec, &loading->why_no_maps) : -errno;
	end_part(&loading->maps, loading->maps_err);
	sem_post(&loading->maps_are_made);
}

static void make_ring(struct bpf_loading *loading)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, loading->spec.ring_bytes, NULL);

	loading->loaded.ring_fd = fd;
	loading->ring_err = fd < 0 ? fd : 0;
	sem_post(&loading->ring_is_made);
}

/* Maps of one and the same object, in one and the same order. */
static int take_maps(const struct meter *object, const struct bpf_loaded *loaded)
{
	struct bpf_map *from = NULL, *to;
	int err = 0;

	bpf_object__for_each_map(to, object->obj)
	{
		from = bpf_object__next_map(loaded->maps->obj, from);
		if (!err)
			err = bpf_map__reuse_fd(to, to == object->maps.ring ? loaded->ring_fd
			                                                    : bpf_map__fd(from));
	}
	return err;
}

/* Both parts wait for it, whatever signals come meanwhile. */
static void meet(sem_t *is_made)
{
	while (sem_wait(is_made) && errno == EINTR)
		;
	sem_post(is_made);
}

static void load_part(struct bpf_loading *loading, int number)
{
	struct meter **object = &loading->loaded.parts[number];
	struct part *part = &loading->parts[number];
	int err;

	open_object(object);
	err = *object ? 0 : -errno;
	meet(&loading->ring_is_made);
	meet(&loading->maps_are_made);
	if (!err && !loading->ring_err && !loading->maps_err) {
		choose_programs(*object, part);
		err = take_maps(*object, &loading->loaded);
		if (!err)
			err = meter__load(*object);
	}
	end_part(part, err);
}

static void *run_first(void *context)
{
	make_ring(context);
	load_part(context, 0);
	return NULL;
}

static void *run_second(void *context)
{
	make_maps(context);
	load_part(context, 1);
	return NULL;
}

struct bpf_loading *bpf_loading_begin(const struct bpf_loading_spec *spec)
{
	static void *(*const runs[])(void *) = {run_first, run_second};
	struct bpf_loading *loading = xcalloc(1, sizeof(*loading));

	libbpf_set_print(keep_words);
	loading->spec = *spec;
	loading->loaded.ring_fd = -1;
	loading->parts[1].has_end_of_calls = true;
	sem_init(&loading->ring_is_made, 0, 0);
	sem_init(&loading->maps_are_made, 0, 0);
	for (int i = 0; i < 2; i++)
		loading->has_threads[i] =
		    !quiet_thread_create(&loading->threads[i], runs[i], loading);
	return loading;
}

/* By whoever waits, where a thread could not be had. Nothing of it waits for what is not there. */
static void run_rest(struct bpf_loading *loading)
{
	if (!loading->has_threads[0])
		make_ring(loading);
	if (!loading->has_threads[1])
		make_maps(loading);
	for (int i = 0; i < 2; i++)
		if (!loading->has_threads[i])
			load_part(loading, i);
}

/* An old kernel refuses what it does not know with EINVAL. */
static int say_refused(const struct bpf_loading *loading, const struct part *part,
                       struct diag *diag)
{
	int err = part ? part->err : loading->ring_err;
	const char *words = part ? part->words : "";

	return diag_fail(diag, err == -EPERM || err == -EACCES ? -err : EOPNOTSUPP,
	                 "the kernel refused the BPF programs: %s%s%s%s", strerror(-err),
	                 part ? "" : " (their ring)", *words ? "; " : "", words);
}

static int result_of(const struct bpf_loading *loading, struct diag *diag)
{
	if (loading->why_no_maps.text[0]) {
		*diag = loading->why_no_maps;
		return loading->maps_err;
	}
	if (loading->ring_err)
		return say_refused(loading, NULL, diag);
	if (loading->maps_err)
		return say_refused(loading, &loading->maps, diag);
	for (int i = 0; i < BPF_PARTS; i++)
		if (loading->parts[i].err)
			return say_refused(loading, &loading->parts[i], diag);
	return 0;
}

void bpf_loading_half(struct bpf_loading *loading)
{
	run_rest(loading);
	if (loading->has_threads[0])
		pthread_join(loading->threads[0], NULL);
	loading->is_half_over = true;
}

int bpf_loading_end(struct bpf_loading *loading, struct bpf_loaded *loaded, struct diag *diag)
{
	int err;

	if (!loading->is_half_over)
		bpf_loading_half(loading);
	if (loading->has_threads[1])
		pthread_join(loading->threads[1], NULL);
	err = result_of(loading, diag);
	*loaded = loading->loaded;
	if (err)
		bpf_loaded_free(loaded);
	sem_destroy(&loading->ring_is_made);
	sem_destroy(&loading->maps_are_made);
	free(loading);
	return err;
}

void bpf_loaded_free(struct bpf_loaded *loaded)
{
	for (int i = 0; i < BPF_PARTS; i++)
		meter__destroy(loaded->parts[i]);
	meter__destroy(loaded->maps);
	if (loaded->ring_fd >= 0)
		close(loaded->ring_fd);
	*loaded = (struct bpf_loaded){.ring_fd = -1};
}
