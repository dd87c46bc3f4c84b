/* The files that processes have mapped, opened and read once each: object of the recording, ELF
 * facts, unwind tables. */
#ifndef CORE_MAPPED_FILES_H
#define CORE_MAPPED_FILES_H

#include "core/walk/elf_image.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct recording;
struct mapped_files;

/* A mapping as the kernel reports it. */
struct mapped_range {
	pid_t pid;
	uint64_t start;
	uint64_t end;
	uint64_t file_off;
	const char *path;
	uint64_t device;
	uint64_t inode;
};

struct mapped_file {
	uint32_t object;
	bool is_elf; /* else `elf` is all zero */
	struct elf_image elf;
};

/* The recording must outlive the files. */
struct mapped_files *mapped_files_new(struct recording *recording);
void mapped_files_free(struct mapped_files *files);

/* The file of a range whose path names one; lives until mapped_files_free(). A file that cannot be
 * opened, or is no longer the one that was mapped, has an object without a handle and is_elf false.
 */
const struct mapped_file *mapped_files_get(struct mapped_files *files,
                                           const struct mapped_range *range);

#endif
