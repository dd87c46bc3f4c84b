/* The functions behind the hooks, and memory for those who allocate before they are known. */
#ifndef MEM_PRELOAD_REAL_H
#define MEM_PRELOAD_REAL_H

#include <spawn.h>
#include "mem/live_entry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/types.h>

struct real {
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t count, size_t size);
	void *(*realloc)(void *block, size_t size);
	void (*free)(void *block);
	void (*cfree)(void *block); /* glibc before 2.26 */
	int (*posix_memalign)(void **block, size_t alignment, size_t size);
	void *(*aligned_alloc)(size_t alignment, size_t size);
	void *(*memalign)(size_t alignment, size_t size);
	void *(*valloc)(size_t size);
	void *(*pvalloc)(size_t size);
	size_t (*malloc_usable_size)(void *block);
	void (*free_sized)(void *block, size_t size); /* C23 */
	void (*free_aligned_sized)(void *block, size_t alignment, size_t size);
	void *(*__libc_malloc)(size_t size); /* glibc's other names for its own */
	void *(*__libc_calloc)(size_t count, size_t size);
	void *(*__libc_realloc)(void *block, size_t size);
	void *(*__libc_memalign)(size_t alignment, size_t size);
	void *(*__libc_valloc)(size_t size);
	void *(*__libc_pvalloc)(size_t size);
	void (*__libc_free)(void *block);
	int (*dlclose)(void *handle);
	int (*mlockall)(int flags);
	int (*prctl)(int option, ...);
	long (*ptrace)(enum __ptrace_request request, ...);
	int (*setrlimit)(int resource, const struct rlimit *limit);
	int (*prlimit)(pid_t pid, int resource, const struct rlimit *limit, struct rlimit *old);
	int (*execve)(const char *path, char *const argv[], char *const environment[]);
	int (*execvpe)(const char *file, char *const argv[], char *const environment[]);
	int (*fexecve)(int fd, char *const argv[], char *const environment[]);
	int (*execveat)(int directory, const char *path, char *const argv[],
	                char *const environment[], int flags); /* glibc 2.34 and later */
	int (*posix_spawn)(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
	                   const posix_spawnattr_t *attributes, char *const argv[],
	                   char *const environment[]);
	int (*posix_spawnp)(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
	                    const posix_spawnattr_t *attributes, char *const argv[],
	                    char *const environment[]);
};
extern __attribute__((visibility("hidden"))) struct real real;

/* Fills `real` with what comes after us, so that an allocator the program links is before libc. A
 * function that nobody has stays NULL. */
void real_resolve(void);

/* Where the memory of the object begins whose malloc comes after us. */
uint64_t real_allocator(void);

/* True when that is glibc: its blocks start at least 32 bytes apart. */
bool real_is_glibc(void);

/* Start-up memory for a signal handler that allocates while we look for malloc. Never given back.
 */
void *pool_allocate(size_t alignment, size_t size);
void *pool_reallocate(void *block, size_t size); /* into real memory once there is some */
bool pool_owns(const void *block);
size_t pool_block_size(const void *block);
struct live_memory pool_memory(void);

#endif
