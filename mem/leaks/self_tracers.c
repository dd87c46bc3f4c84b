/* Looks at the files of programs, and remembers what they were. */
#include "mem/leaks/self_tracers.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/target/binary.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct seen {
	struct stat file;
	bool is_one;
};

struct self_tracers {
	struct seen *seen;
	size_t n_seen;
	size_t capacity;
};

struct self_tracers *self_tracers_new(void)
{
	return xcalloc(1, sizeof(struct self_tracers));
}

void self_tracers_free(struct self_tracers *programs)
{
	if (!programs)
		return;
	free(programs->seen);
	free(programs);
}

/* As it was then: a compiler may write another program to the same file. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool look(const char *path)
{
	struct binary binary;
	struct diag ignored;
	bool is_one = !binary_look(&binary, path, NULL, geteuid(), &ignored) && binary.sanitizer[0];

	binary_fini(&binary);
	return is_one;
}

bool self_tracers_has(struct self_tracers *programs, pid_t pid)
{
	struct seen *next;
	struct stat file;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &file))
		return false;
	for (size_t i = 0; i < programs->n_seen; i++)
		if (is_same(&programs->seen[i].file, &file))
			return programs->seen[i].is_one;
	next = ARRAY_APPEND(programs->seen, programs->n_seen, programs->capacity);
	*next = (struct seen){file, look(path)};
	return next->is_one;
}
