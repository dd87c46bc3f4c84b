/* Finds tracepoints in tracefs (Documentation/trace/events.rst of the kernel). */
#include "cpu/event_name.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/options.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char mount_point[] = "/sys/kernel/tracing";

/* Where distributions mounted it before Linux 4.1, and some still do. */
static const char old_mount_point[] = "/sys/kernel/debug/tracing";

static int find_tracefs(const char **tracefs, struct diag *diag)
{
	static const char *const points[] = {mount_point, old_mount_point};
	bool is_forbidden = false;

	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		char *events = xasprintf("%s/events", points[i]);
		bool is_there = access(events, R_OK | X_OK) == 0;

		is_forbidden |= !is_there && errno == EACCES;
		free(events);
		if (is_there) {
			*tracefs = points[i];
			return 0;
		}
	}
	if (is_forbidden)
		return diag_fail(diag, EACCES,
		                 "tracepoints are found in %s, which you may not read; run as "
		                 "root, or as root run: mount -o remount,mode=755 %s",
		                 mount_point, mount_point);
	return diag_fail(diag, EOPNOTSUPP,
	                 "tracepoints are found in tracefs, which is not mounted; as root run: "
	                 "mount -t tracefs tracefs %s",
	                 mount_point);
}

static void list_names(const char *path, struct text_list *names)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			text_list_add(names, entry->d_name);
	if (directory)
		closedir(directory);
}

/* The nearest of the names in a directory; NULL: none is near. The caller frees it. */
static char *nearest_in(const char *path, const char *name)
{
	struct text_list names = {0};
	char *near = NULL;

	list_names(path, &names);
	if (names.n_texts)
		near = xstrdup(nearest_word(name, (const char *const *)names.texts));
	text_list_fini(&names);
	return near;
}

/* `subsystem` has no tracepoint `event`, or is none itself. */
static int refuse_tracepoint(const char *tracefs, const char *subsystem, const char *event,
                             struct diag *diag)
{
	char *events = xasprintf("%s/events", tracefs);
	char *near_subsystem = nearest_in(events, subsystem);
	char *directory = xasprintf("%s/%s", events, near_subsystem ? near_subsystem : subsystem);
	char *near_event = near_subsystem ? nearest_in(directory, event) : NULL;

	if (near_event)
		diag_fail(diag, EINVAL, "unknown tracepoint '%s:%s'; did you mean '%s:%s'?",
		          subsystem, event, near_subsystem, near_event);
	else
		diag_fail(diag, EINVAL,
		          "unknown tracepoint '%s:%s'; those of this kernel are in %s", subsystem,
		          event, near_subsystem ? directory : events);
	free(near_event);
	free(directory);
	free(near_subsystem);
	free(events);
	return -EINVAL;
}

/* What stands in a tracepoint's file `id`, or -errno. */
static int read_id(const char *tracefs, const char *subsystem, const char *event, uint64_t *id)
{
	char *path = xasprintf("%s/events/%s/%s/id", tracefs, subsystem, event);
	FILE *file = fopen(path, "re");
	int err = file ? 0 : -errno;

	free(path);
	if (file && fscanf(file, "%" SCNu64, id) != 1)
		err = -ENOENT;
	if (file)
		fclose(file);
	return err;
}

int tracepoint_find(const char *name, uint64_t *config, struct diag *diag)
{
	const char *colon = strchr(name, ':');
	char *subsystem = xstrndup(name, (size_t)(colon - name));
	const char *tracefs = NULL;
	int err = find_tracefs(&tracefs, diag);

	if (err)
		goto out;
	err = read_id(tracefs, subsystem, colon + 1, config);
	if (err == -ENOENT)
		err = refuse_tracepoint(tracefs, subsystem, colon + 1, diag);
	else if (err)
		diag_fail(diag, -err, "cannot read the id of tracepoint '%s' in %s: %s", name,
		          tracefs, strerror(-err));
out:
	free(subsystem);
	return err;
}
