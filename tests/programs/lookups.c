/* Asks lookup.c and dlsym(3) for each name on stdin, before and after this program in the order of
 * loading; prints the names of which they say different things, and then how many names were found.
 * `stdin` is not for asking: this program has a copy, and a look-up passes over the object that
 * asks. */
#include "mem/preload/loaded_object.c"
#include "mem/preload/lookup.c"

#include <dlfcn.h>
#include <stdio.h>

static int differ(const char *name, enum lookup_scope scope, void *expected)
{
	struct lookup wanted = {.name = name, .scope = scope};
	Dl_info info;

	lookup_all(&wanted, 1);
	if (wanted.address != expected)
		printf("%s: %p, dlsym %p\n", name, wanted.address, expected);
	/* What libc picks for a name may lie in the vdso; libc is whose it is. */
	else if (expected && dladdr(expected, &info) && !strstr(info.dli_fname, "vdso") &&
	         wanted.object != (uint64_t)info.dli_fbase)
		printf("%s: in %#lx, dladdr %p\n", name, (unsigned long)wanted.object,
		       info.dli_fbase);
	else
		return 0;
	return 1;
}

int main(void)
{
	char name[4096];
	int n_found = 0, n_different = 0;

	while (fgets(name, sizeof(name), stdin)) {
		void *anywhere, *next;

		name[strcspn(name, "\n")] = '\0';
		anywhere = dlsym(RTLD_DEFAULT, name);
		next = dlsym(RTLD_NEXT, name);
		n_found += anywhere || next;
		n_different += differ(name, LOOKUP_ANYWHERE, anywhere);
		n_different += differ(name, LOOKUP_AFTER_US, next);
	}
	printf("%d found, %d different\n", n_found, n_different);
	return 0;
}
