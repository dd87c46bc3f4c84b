/* Looks for separate debug files by build-id, .gnu_debuglink and .gnu_debugaltlink. */
#include "core/symbolize/debugfile.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/symbolize/elf_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

char *debugfile_hex(const uint8_t *build_id, size_t len)
{
	char *hex = xcalloc(2 * len + 1, 1);

	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", build_id[i]);
	return hex;
}

char *debugfile_place(const char *root, const uint8_t *build_id, size_t len)
{
	char *hex = debugfile_hex(build_id, len);
	char *path = xasprintf("%s/.build-id/%.2s/%s.debug", root, hex, hex + 2);

	free(hex);
	return path;
}

/* Where debuginfod-find(1) keeps what it fetched, or NULL: there is no such place. */
static char *fetched_path(const uint8_t *build_id, size_t len)
{
	const char *cache = getenv("DEBUGINFOD_CACHE_PATH");
	const char *caches = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	char *hex = debugfile_hex(build_id, len);
	char *path = NULL;

	if (cache)
		path = xasprintf("%s/%s/debuginfo", cache, hex);
	else if (caches)
		path = xasprintf("%s/debuginfod_client/%s/debuginfo", caches, hex);
	else if (home)
		path = xasprintf("%s/.cache/debuginfod_client/%s/debuginfo", home, hex);
	free(hex);
	return path;
}

static int open_if_build_id(struct elf_file **debug, const char *path, const uint8_t *build_id,
                            size_t len, struct diag *diag)
{
	int err = elf_file_open_path(debug, path, diag);

	if (err || elf_file_has_build_id(*debug, build_id, len))
		return err;
	elf_file_free(*debug);
	*debug = NULL;
	return diag_fail(diag, ESTALE,
	                 "%s is not of the build it is filed under; reinstall its package", path);
}

static int open_by_build_id(struct elf_file **debug, const char *root, const uint8_t *build_id,
                            size_t len, struct diag *diag)
{
	struct diag fetched_diag;
	char *path;
	int err;

	if (len < 2)
		return -ENOENT;
	path = debugfile_place(root, build_id, len);
	err = open_if_build_id(debug, path, build_id, len, diag);
	free(path);
	/* An empty file there says that the servers had none. */
	if (err && (path = fetched_path(build_id, len))) {
		if (!open_if_build_id(debug, path, build_id, len, &fetched_diag))
			err = 0;
		free(path);
	}
	return err;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
}

/* .gnu_debuglink's checksum is the CRC-32 of zlib, over the whole file. */
static bool checksum_agrees(const struct elf_file *file, uint32_t expected)
{
	enum { CHUNK = 1 << 18 };
	uint8_t *bytes = xmalloc(CHUNK);
	uLong checksum = crc32(0, NULL, 0);
	off_t offset = 0;
	ssize_t got;

	while ((got = pread(elf_file_fd(file), bytes, CHUNK, offset)) > 0) {
		checksum = crc32(checksum, bytes, (uInt)got);
		offset += got;
	}
	free(bytes);
	return got == 0 && checksum == expected;
}

/* A file of that name with another checksum is of another build: it is passed over, and told. */
static int open_if_checksum(struct elf_file **debug, const char *path, uint32_t checksum,
                            struct diag *diag)
{
	int err = elf_file_open_path(debug, path, diag);

	if (err || checksum_agrees(*debug, checksum))
		return err;
	elf_file_free(*debug);
	*debug = NULL;
	return diag_fail(
	    diag, ESTALE,
	    "%s is the debug file of another build (its checksum differs); install the "
	    "one of this build",
	    path);
}

/* .gnu_debuglink: a file name, padded to 4 bytes, and the checksum. */
static int open_by_debuglink(struct elf_file **debug, const struct elf_file *object,
                             const char *root, struct diag *diag)
{
	GElf_Shdr header;
	size_t len;
	const char *link = (const char *)elf_file_contents(object, ".gnu_debuglink", &header, &len);
	size_t name_len = link ? strnlen(link, len) : 0;
	size_t checksum_at = (name_len + 4) & ~(size_t)3;
	uint32_t checksum;
	char *directory;
	int err = -ENOENT;

	/* The name is a base name; one with a slash would lead anywhere. */
	if (!name_len || checksum_at + sizeof(checksum) > len || strchr(link, '/'))
		return -ENOENT;
	memcpy(&checksum, link + checksum_at, sizeof(checksum));
	directory = directory_of(elf_file_name(object));
	char *const places[] = {
	    xasprintf("%s/%s", directory, link),
	    xasprintf("%s/.debug/%s", directory, link),
	    xasprintf("%s%s%s/%s", root, *directory == '/' ? "" : "/", directory, link),
	};
	for (size_t i = 0; i < ARRAY_SIZE(places) && err; i++) {
		struct diag place_diag;
		int place_err = open_if_checksum(debug, places[i], checksum, &place_diag);

		if (place_err == -ENOENT)
			continue;
		err = place_err;
		if (err)
			*diag = place_diag;
	}
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		free(places[i]);
	free(directory);
	return err;
}

int debugfile_open(struct elf_file **debug, const struct elf_file *object, const char *root,
                   struct diag *diag)
{
	size_t len;
	const uint8_t *build_id = elf_file_build_id(object, &len);
	struct diag link_diag = {""};
	int err = open_by_build_id(debug, root, build_id, len, diag);
	int link_err;

	if (!err)
		return 0;
	link_err = open_by_debuglink(debug, object, root, &link_diag);
	if (link_err == -ENOENT)
		return err;
	if (link_err)
		*diag = link_diag;
	return link_err;
}

/* .gnu_debugaltlink: a path and, after its zero, a build-id. */
int debugfile_open_shared(struct elf_file **shared, const struct elf_file *file, const char *root,
                          struct diag *diag)
{
	GElf_Shdr header;
	size_t len;
	const uint8_t *link = elf_file_contents(file, ".gnu_debugaltlink", &header, &len);
	size_t name_len = link ? strnlen((const char *)link, len) : 0;
	const uint8_t *build_id = link + name_len + 1;
	size_t build_id_len = len - name_len - 1;
	char *directory;
	char *path;
	int err;

	if (!name_len || name_len + 2 >= len)
		return -ENOENT;
	err = open_by_build_id(shared, root, build_id, build_id_len, diag);
	if (!err)
		return 0;
	directory = directory_of(elf_file_name(file));
	path = *link == '/' ? xstrdup((const char *)link)
	                    : xasprintf("%s/%s", directory, (const char *)link);
	err = elf_file_open_path(shared, path, diag);
	if (!err && !elf_file_has_build_id(*shared, build_id, build_id_len)) {
		elf_file_free(*shared);
		*shared = NULL;
		err = -ESTALE;
	}
	if (err)
		err = diag_fail(diag, ESTALE,
		                "%s shares names with %s, which is missing or of another build; "
		                "reinstall the package of the former",
		                elf_file_name(file), path);
	free(directory);
	free(path);
	return err;
}
