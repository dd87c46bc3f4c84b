/* Lists the directories of a results tree. */
#include "core/results/names.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/results/fdpath.h"
#include "core/results/run_id.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many names a sentence shows before it says that there are more. */
#define NAMES_SHOWN 8

void names_fini(struct names *list)
{
	for (size_t i = 0; i < list->n_names; i++)
		free(list->names[i]);
	free(list->names);
}

int names_by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int names_newest_first(const void *a, const void *b)
{
	return run_id_compare(*(char *const *)b, *(char *const *)a);
}

/* Most file systems tell it beside the name. */
static bool is_directory(int dir, const struct dirent *entry)
{
	struct stat status;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dir, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(status.st_mode);
}

int names_list(struct names *list, int dir, name_kind *is_kind, name_order *order)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	*list = (struct names){0};
	if (!stream) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (errno = 0, (entry = readdir(stream))) {
		if (is_kind(entry->d_name) && is_directory(dir, entry))
			*ARRAY_APPEND(list->names, list->n_names, list->capacity) =
			    xstrdup(entry->d_name);
	}
	err = -errno;
	closedir(stream);
	if (err) {
		names_fini(list);
		*list = (struct names){0};
	}
	if (list->n_names)
		qsort(list->names, list->n_names, sizeof(*list->names), order);
	return err;
}

/* "a, b, c and 4 more", or "nothing". The caller frees it. */
static char *join(const struct names *list)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	BUG(!stream);
	if (!list->n_names)
		fputs("nothing", stream);
	for (size_t i = 0; i < list->n_names && i < NAMES_SHOWN; i++)
		fprintf(stream, "%s%s", i ? ", " : "", list->names[i]);
	if (list->n_names > NAMES_SHOWN)
		fprintf(stream, " and %zu more", list->n_names - NAMES_SHOWN);
	fclose(stream);
	return text;
}

int names_fail(struct diag *diag, const char *wanted, const char *where, int dir,
               name_kind *is_kind, name_order *order)
{
	struct names list;
	char *there;
	int err;

	there = names_list(&list, dir, is_kind, order) ? xstrdup("names that cannot be read")
	                                               : join(&list);
	err = diag_fail(diag, ENOENT, "%s; %s has %s", wanted, where, there);
	free(there);
	names_fini(&list);
	return err;
}

static bool has_file(int dir, const char *id, const char *name)
{
	int fd = openat(dir, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	bool has;

	if (fd < 0)
		return false;
	has = fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
	close(fd);
	return has;
}

bool run_is_whole(int type_dir, const char *run_id)
{
	return has_file(type_dir, run_id, "run.json");
}

bool report_is_whole(int dir, const char *id)
{
	return has_file(dir, id, "growth.txt") || has_file(dir, id, "sweep.json");
}

bool run_is_usable(int type_dir, const char *run_id)
{
	struct diag ignored;
	int dir = -1, fd = -1;
	json_t *manifest = NULL;
	const char *verdict;
	bool usable;

	if (run_is_whole(type_dir, run_id))
		dir = fdpath_enter_dir(type_dir, run_id, &ignored);
	if (dir >= 0)
		fd = openat(dir, "run.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		manifest = json_loadfd(fd, 0, NULL);
	verdict = json_string_value(json_object_get(manifest, "verdict"));
	usable = verdict && strcmp(verdict, "unusable") != 0;
	json_decref(manifest);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return usable;
}

/* What `latest` names, else the newest usable one. */
static char *find_latest(int type_dir, bool is_whole(int dir, const char *id),
                         bool is_usable(int dir, const char *id))
{
	char target[RUN_ID_SIZE + 1];
	ssize_t len = readlinkat(type_dir, "latest", target, sizeof(target) - 1);
	struct names ids;
	char *found = NULL;

	target[len < 0 ? 0 : len] = '\0';
	if (run_id_is_valid(target) && is_whole(type_dir, target))
		return xstrdup(target);
	names_list(&ids, type_dir, run_id_is_valid, names_newest_first);
	for (size_t i = 0; !found && i < ids.n_names; i++) {
		if (is_usable(type_dir, ids.names[i]))
			found = xstrdup(ids.names[i]);
	}
	names_fini(&ids);
	return found;
}

char *run_find_latest(int type_dir)
{
	return find_latest(type_dir, run_is_whole, run_is_usable);
}

char *report_find_latest(int dir)
{
	return find_latest(dir, report_is_whole, report_is_whole);
}
