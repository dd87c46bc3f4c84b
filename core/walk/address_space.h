/* Which object each process has mapped where, as mapping records tell it in time order.
 *
 * Fed by perf's MMAP2, FORK, EXEC and EXIT records, by /proc/PID/maps for what was mapped before,
 * or by the preload's module lists. Finding an address gives the object of a recording and the
 * address in that object's own numbering, and the object's unwind tables. Not thread-safe.
 */
#ifndef CORE_ADDRESS_SPACE_H
#define CORE_ADDRESS_SPACE_H

#include "core/unwind/unwind.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct recording;
struct address_spaces;
struct elf_image;

struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t file_off;
	uint32_t object;             /* in the recording */
	uint64_t load_bias;          /* vaddr = addr - load_bias */
	struct unwind_tables tables; /* of the object; sizes 0: it has none */
	const struct elf_image *elf; /* of the object's file, NULL: it has none */
	uint64_t entry;              /* vaddr where the object's program begins, 0: nowhere */
	bool executable;             /* true for all that are kept */
};

/* Objects go into the recording, which must outlive the address spaces. */
struct address_spaces *address_spaces_new(struct recording *recording);
void address_spaces_free(struct address_spaces *spaces);

/* A new mapping replaces what it overlaps, as mmap(2) with MAP_FIXED does; one that is not
 * executable does only that and is not kept. path is what /proc/PID/maps shows: a file, "[vdso]",
 * "//anon", "". The file is opened through /proc/PID/map_files or /proc/PID/root while the process
 * lives, else by its path, and is used only when device and inode are those given. */
void address_spaces_map(struct address_spaces *spaces, pid_t pid, uint64_t start, uint64_t size,
                        uint64_t file_off, const char *path, uint64_t device, uint64_t inode,
                        bool executable);
/* The child begins with the parent's mappings; they are shared until one of both changes. */
void address_spaces_fork(struct address_spaces *spaces, pid_t parent, pid_t child);
void address_spaces_exec(struct address_spaces *spaces, pid_t pid); /* forgets all mappings */
void address_spaces_exit(struct address_spaces *spaces, pid_t pid);

/* Adds what /proc/PID/maps shows. -errno when it cannot be read. */
int address_spaces_read_proc(struct address_spaces *spaces, pid_t pid);

/* The mapping that holds the address, or NULL. Valid until the next change of that process. */
const struct mapping *address_spaces_find(struct address_spaces *spaces, pid_t pid, uint64_t addr);

/* Turns an address into a recorded frame: of its mapping's object, or of the process's anonymous
 * object. Kernel addresses (the upper half) get the kernel object. */
struct recorded_frame;
struct recorded_frame address_spaces_frame(struct address_spaces *spaces, pid_t pid, uint64_t addr,
                                           bool is_return);

#endif
