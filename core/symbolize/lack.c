/* Finds the package of a stripped file, and words what to do. */
#include "core/symbolize/lack.h"

#include "core/alloc.h"
#include "core/symbolize/debugfile.h"
#include "core/symbolize/elf_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PACKAGE_LISTS "/var/lib/dpkg/info"

/* One that asks those of the distributions (https://sourceware.org/elfutils/Debuginfod.html). */
#define DEBUG_SERVER "https://debuginfod.elfutils.org/"

/* Most lists fit in one; some have megabytes. No line is longer than a path. */
enum { CHUNK_BYTES = 1 << 16 };

static const char *without_usr(const char *path)
{
	return strncmp(path, "/usr/", 5) ? path : path + 4;
}

/* Is there a line with that path? There may be megabytes of others. */
static bool list_has(const char *list, const char *path)
{
	static const char usr[] = "/usr";
	size_t len = strlen(path);

	for (const char *at = list; (at = strstr(at, path)); at++) {
		const char *line = at;

		if (at - list >= (ptrdiff_t)strlen(usr) &&
		    !strncmp(at - strlen(usr), usr, strlen(usr)))
			line = at - strlen(usr);
		if ((line == list || line[-1] == '\n') && (!at[len] || at[len] == '\n'))
			return true;
	}
	return false;
}

/* Reads on behind the `kept` bytes, and cuts the chunk behind the last whole line: *rest is what
 * comes after. False at the end, which for a regular file a short read is. */
static bool read_lines(int fd, char *chunk, size_t kept, char **rest, size_t *rest_len)
{
	size_t room = CHUNK_BYTES - 1 - kept;
	ssize_t got = read(fd, chunk + kept, room);
	bool goes_on = got == (ssize_t)room;
	size_t len = kept + (got > 0 ? (size_t)got : 0);
	char *end = goes_on ? memrchr(chunk, '\n', len) : NULL;

	if (!end)
		end = chunk + len;
	*end = 0;
	*rest = end < chunk + len ? end + 1 : end;
	*rest_len = (size_t)(chunk + len - *rest);
	return goes_on;
}

/* `chunk` has room for CHUNK_BYTES: the same for all lists, which are many. */
static bool package_has(int directory, const char *list_name, const char *path, char *chunk)
{
	int fd = openat(directory, list_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool has = false, goes_on = fd >= 0;
	size_t kept = 0;

	while (goes_on && !has) {
		char *rest;

		goes_on = read_lines(fd, chunk, kept, &rest, &kept);
		has = list_has(chunk, path);
		memmove(chunk, rest, kept);
	}
	if (fd >= 0)
		close(fd);
	return has;
}

/* Lists are called PACKAGE.list or PACKAGE:ARCHITECTURE.list. */
static size_t name_len(const char *list_name, const char *dot)
{
	size_t before_colon = strcspn(list_name, ":");
	size_t before_dot = (size_t)(dot - list_name);

	return before_colon < before_dot ? before_colon : before_dot;
}

char *lack_owning_package(const char *lists_directory, const char *path)
{
	DIR *directory = opendir(lists_directory);
	const struct dirent *entry;
	char *package = NULL, *chunk;

	if (!directory)
		return NULL;
	chunk = xmalloc(CHUNK_BYTES);
	path = without_usr(path);
	while (!package && (entry = readdir(directory))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && !strcmp(dot, ".list") &&
		    package_has(dirfd(directory), entry->d_name, path, chunk))
			package = xstrndup(entry->d_name, name_len(entry->d_name, dot));
	}
	closedir(directory);
	free(chunk);
	return package;
}

/* Packages put no programs elsewhere, and reading all lists takes some 20 ms. */
static bool may_be_packaged(const char *path)
{
	static const char *const folders[] = {"/usr/", "/lib", "/bin/", "/sbin/", "/opt/"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (!strncmp(path, folders[i], strlen(folders[i])))
			return true;
	return false;
}

/* Debian calls the C library's -dbg, from before there were automatic ones. */
static char *debug_package(const char *path)
{
	char *package = may_be_packaged(path) ? lack_owning_package(PACKAGE_LISTS, path) : NULL;
	char *debug = NULL;

	if (package)
		debug = xasprintf("%s-%s", package, strcmp(package, "libc6") ? "dbgsym" : "dbg");
	free(package);
	return debug;
}

/* The line that fetches the debug file of what a distribution built. */
static char *fetching_line(const uint8_t *build_id, size_t len)
{
	char *hex = debugfile_hex(build_id, len);
	char *line =
	    xasprintf("%sdebuginfod-find debuginfo %s",
	              getenv("DEBUGINFOD_URLS") ? "" : "DEBUGINFOD_URLS=" DEBUG_SERVER " ", hex);

	free(hex);
	return line;
}

static char *advice(const struct elf_file *file, const char *path, const char *debug_root)
{
	size_t len;
	const uint8_t *build_id = elf_file_build_id(file, &len);
	char *package = debug_package(path);
	char *line = build_id ? fetching_line(build_id, len) : NULL;
	char *place = build_id ? debugfile_place(debug_root, build_id, len) : NULL;
	char *text;

	if (package && line)
		text = xasprintf("install %s, or run what follows, and then record again: %s",
		                 package, line);
	else if (package)
		text = xasprintf("install %s, then record again", package);
	else if (line && may_be_packaged(path))
		text = xasprintf("run what follows, and then record again: %s", line);
	else if (place)
		text = xasprintf("do not strip it, or put its debug file at %s, then record again",
		                 place);
	else
		text = xstrdup("do not strip it (it has no build-id by which a debug file could be "
		               "found), then record again");
	free(package);
	free(line);
	free(place);
	return text;
}

char *lack_sentence(const struct elf_file *file, const char *path, bool has_exports,
                    const char *debug_root)
{
	char *what_to_do = advice(file, path, debug_root);
	char *sentence =
	    xasprintf("%s %s; %s", has_exports ? "only exported names in" : "no symbols in", path,
	              what_to_do);

	free(what_to_do);
	return sentence;
}
