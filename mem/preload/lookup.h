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
	LOOKUP_AFTER_US, /* RTLD_NEXT */
	LOOKUP_ANYWHERE, /* RTLD_DEFAULT: the executable's copy of a variable comes before libc's */
};

/* What is looked for, and where it is: `address` is NULL when no object has it. */
struct lookup {
	const char *name;
	enum lookup_scope scope;
	void *address;
	uint64_t object; /* where the memory of the object that has it begins */
};

/* Looks for all of them in one pass over the objects, in the order of loading. Of a name with
 * versions it takes the default one. Calls dl_iterate_phdr(3), so it may wait for the dynamic
 * linker's lock, and nothing else. */
void lookup_all(struct lookup *wanted, size_t n);

/* One of them alone. */
void *lookup_one(const char *name, enum lookup_scope scope);

/* The path under which the dynamic linker loaded this library into `path`. False: longer than
 * that. */
bool lookup_own_path(char *path, size_t room);

#endif
