/* Opens the names of the C library ahead. */
#include "core/symbolize/foreseen.h"

#include "core/alloc.h"
#include "core/quiet_thread.h"
#include "core/recording.h"
#include "core/symbolize/dwarf_info.h"
#include "core/symbolize/name_source.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct foreseen {
	struct object object;
	struct name_settings settings;
	struct name_source *source;
	pthread_t thread;
	pthread_mutex_t lock;
	bool is_joined;
};

static void *open_source(void *argument)
{
	struct foreseen *foreseen = argument;

	foreseen->source = name_source_open(&foreseen->object, &foreseen->settings);
	if (name_source_dwarf(foreseen->source))
		dwarf_info_prepare(name_source_dwarf(foreseen->source));
	/* What calls main() is there and has a private name: the symbols are asked for, too. */
	name_source_symbol(foreseen->source, 0);
	return NULL;
}

static bool has_second_cpu(void)
{
	cpu_set_t cpus;

	return !sched_getaffinity(0, sizeof(cpus), &cpus) && CPU_COUNT(&cpus) > 1;
}

struct foreseen *foreseen_begin(const struct name_settings *settings)
{
	struct foreseen *foreseen;
	Dl_info library;

	if (!has_second_cpu() || !dladdr((void *)gnu_get_libc_version, &library) ||
	    *library.dli_fname != '/')
		return NULL;
	foreseen = xcalloc(1, sizeof(*foreseen));
	foreseen->settings = *settings;
	foreseen->object =
	    (struct object){.kind = OBJECT_FILE, .path = xstrdup(library.dli_fname), .fd = -1};
	pthread_mutex_init(&foreseen->lock, NULL);
	if (!quiet_thread_create(&foreseen->thread, open_source, foreseen))
		return foreseen;
	foreseen->is_joined = true;
	foreseen_free(foreseen);
	return NULL;
}

static void join(struct foreseen *foreseen)
{
	if (!foreseen->is_joined)
		pthread_join(foreseen->thread, NULL);
	foreseen->is_joined = true;
}

void foreseen_free(struct foreseen *foreseen)
{
	if (!foreseen)
		return;
	join(foreseen);
	name_source_free(foreseen->source);
	pthread_mutex_destroy(&foreseen->lock);
	free(foreseen->object.path);
	free(foreseen);
}

struct name_source *foreseen_take(struct foreseen *foreseen, const struct object *object)
{
	struct name_source *source = NULL;

	if (!foreseen || object->kind != OBJECT_FILE || !object->path ||
	    strcmp(object->path, foreseen->object.path))
		return NULL;
	pthread_mutex_lock(&foreseen->lock);
	join(foreseen);
	if (foreseen->source &&
	    name_source_has_build_id(foreseen->source, object->build_id, object->build_id_len)) {
		source = foreseen->source;
		foreseen->source = NULL;
	}
	pthread_mutex_unlock(&foreseen->lock);
	return source;
}
