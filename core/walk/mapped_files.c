/* Opens mapped files by the surest way that is left and remembers what is in them. */
#include "core/walk/mapped_files.h"

#include "core/alloc.h"
#include "core/recording.h"
#include "core/string_pool.h"
#include "core/u64map.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct entry {
	struct mapped_file file;
	uint64_t device;
	uint64_t inode;
	uint32_t path;
	off_t size_bytes; /* with the time of change: is it still the same file? */
	struct timespec changed;
	void *bytes;         /* the file in memory, or NULL */
	struct entry *older; /* another file under the same key */
};

struct mapped_files {
	struct recording *recording;
	struct string_pool *paths;
	struct u64map *entries; /* mixed (device, inode, path) -> struct entry * */
};

struct mapped_files *mapped_files_new(struct recording *recording)
{
	struct mapped_files *files = xcalloc(1, sizeof(*files));

	files->recording = recording;
	files->paths = string_pool_new();
	files->entries = u64map_new();
	return files;
}

void mapped_files_free(struct mapped_files *files)
{
	size_t position = 0;
	uint64_t key, value;

	if (!files)
		return;
	while (u64map_next(files->entries, &position, &key, &value)) {
		struct entry *entry = (struct entry *)(uintptr_t)value;

		while (entry) {
			struct entry *older = entry->older;

			if (entry->bytes)
				munmap(entry->bytes, (size_t)entry->size_bytes);
			free(entry);
			entry = older;
		}
	}
	u64map_free(files->entries);
	string_pool_free(files->paths);
	free(files);
}

/* Btrfs and overlays report another device number in a mapping than in stat(2); both are of the
 * anonymous kind, whose major number is 0. */
static bool is_same_file(const struct stat *status, const struct mapped_range *range)
{
	if (!S_ISREG(status->st_mode) || status->st_ino != range->inode)
		return false;
	return status->st_dev == range->device ||
	       (major(range->device) == 0 && major(status->st_dev) == 0);
}

/* map_files is the mapping itself but takes CAP_CHECKPOINT_RESTORE; root/ follows the process into
 * its mount namespace; exe still works when the program was deleted; the plain path is what is left
 * when the process has ended. */
static int open_range(const struct mapped_range *range, struct stat *status)
{
	char *candidates[] = {
	    xasprintf("/proc/%d/map_files/%" PRIx64 "-%" PRIx64, range->pid, range->start,
	              range->end),
	    xasprintf("/proc/%d/root%s", range->pid, range->path),
	    xasprintf("/proc/%d/exe", range->pid),
	    xstrdup(range->path),
	};
	int found = -1;

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		/* O_NONBLOCK: somebody may have put a FIFO in the file's place. */
		int fd = found >= 0
		             ? -1
		             : open(candidates[i], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

		free(candidates[i]);
		if (fd < 0)
			continue;
		if (fstat(fd, status) == 0 && is_same_file(status, range))
			found = fd;
		else
			close(fd);
	}
	return found;
}

static void map_elf(struct entry *entry, int fd)
{
	void *bytes;

	if (entry->size_bytes == 0)
		return;
	bytes = mmap(NULL, (size_t)entry->size_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return;
	entry->bytes = bytes;
	entry->file.is_elf =
	    elf_image_parse(&entry->file.elf, bytes, (size_t)entry->size_bytes) == 0;
	if (!entry->file.is_elf)
		entry->file.elf = (struct elf_image){0};
}

static uint32_t add_object(struct mapped_files *files, const struct mapped_range *range,
                           const struct elf_image *elf, int fd)
{
	struct object object = {
	    .kind = OBJECT_FILE,
	    .path = (char *)range->path,
	    .pid = range->pid,
	    .fd = fd,
	    .device = range->device,
	    .inode = range->inode,
	};

	if (elf->build_id_len > 0 && elf->build_id_len <= BUILD_ID_MAX) {
		memcpy(object.build_id, elf->build_id, elf->build_id_len);
		object.build_id_len = (uint8_t)elf->build_id_len;
	}
	return recording_add_object(files->recording, &object);
}

/* Names are found by path instead once so many descriptors are in use: the usual limit is 1,024. */
enum { MANY_DESCRIPTORS = 700 };

static struct entry *new_entry(struct mapped_files *files, const struct mapped_range *range,
                               uint32_t path)
{
	struct entry *entry = xcalloc(1, sizeof(*entry));
	struct stat status;
	int fd = open_range(range, &status);

	entry->device = range->device;
	entry->inode = range->inode;
	entry->path = path;
	if (fd >= 0) {
		entry->size_bytes = status.st_size;
		entry->changed = status.st_mtim;
		map_elf(entry, fd);
	}
	if (fd >= MANY_DESCRIPTORS) {
		close(fd);
		fd = -1;
	}
	entry->file.object = add_object(files, range, &entry->file.elf, fd);
	return entry;
}

/* An inode number comes back when a file is deleted and the next one made (./conftest, a.out): the
 * file that has the path now tells. One that cannot be seen any more is taken for the one we know.
 */
static bool is_current(const struct entry *entry, const struct mapped_range *range)
{
	struct stat status;

	if (!entry->bytes || stat(range->path, &status) < 0 || !is_same_file(&status, range))
		return true;
	return status.st_size == entry->size_bytes &&
	       status.st_mtim.tv_sec == entry->changed.tv_sec &&
	       status.st_mtim.tv_nsec == entry->changed.tv_nsec;
}

const struct mapped_file *mapped_files_get(struct mapped_files *files,
                                           const struct mapped_range *range)
{
	uint32_t path = string_pool_add(files->paths, range->path);
	uint64_t *newest =
	    u64map_put(files->entries, u64_mix(u64_mix(range->device, range->inode), path), NULL);
	struct entry *entry;

	for (entry = (struct entry *)(uintptr_t)*newest; entry; entry = entry->older)
		if (entry->device == range->device && entry->inode == range->inode &&
		    entry->path == path && is_current(entry, range))
			return &entry->file;
	entry = new_entry(files, range, path);
	entry->older = (struct entry *)(uintptr_t)*newest;
	*newest = (uintptr_t)entry;
	return &entry->file;
}
