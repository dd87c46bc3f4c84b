/* Finds symbols in the loaded objects, as dlsym(3) finds them.
 *
 * dlsym itself is not used: it may allocate, it sets an error for dlerror(3) that the program would
 * read, and since glibc 2.34 it binds this library to that version or a later one.
 */
#ifndef MEM_PRELOAD_LOOKUP_H
#define MEM_PRELOAD_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lookup_scope {
	LOOKUP_BEFORE_US,
	LOOKUP_AFTER_US, /* RTLD_NEXT, by the version that libc gives the name */
	LOOKUP_ANYWHERE, /* RTLD_DEFAULT: the executable's copy of a variable comes before libc's */
};

/* What is looked for, and where it is: `address` is NULL when no object has it. */
struct lookup {
	const char *name;
	enum lookup_scope scope;
	const char *version; /* set with LOOKUP_AFTER_US: libc's, or NULL */
	void *address;
	uint64_t object; /* where the memory of the object that has it begins */
};

/* Looks for all of them, object by object in the order of loading. Finds what a program's reference
 * would be bound to, if that were not us: such a reference has a version, so a function that an
 * object defines for older programs only, as libc_malloc_debug does, counts (and would not for
 * dlsym, which knows default versions). Calls dl_iterate_phdr(3), so it may wait for the dynamic
 * linker's lock, and nothing else. */
void lookup_all(struct lookup *wanted, size_t n);

/* One of them alone. */
void *lookup_one(const char *name, enum lookup_scope scope);

/* The path under which the dynamic linker loaded this library into `path`. False: longer than
 * that. */
bool lookup_own_path(char *path, size_t room);

#endif
