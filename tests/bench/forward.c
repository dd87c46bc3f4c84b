/* A library for LD_PRELOAD that hooks the allocation functions and does nothing but call the next
 * ones: what any tool of this kind costs at least. glibc only. */
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>

/* The real function is looked up at the first call: libstdc++ allocates before constructors run,
 * and glibc's dlsym allocates only to report an error. */
#define FORWARD(type, name, parameters, arguments)                                                 \
	type name parameters                                                                       \
	{                                                                                          \
		static type(*real) parameters;                                                     \
                                                                                                   \
		if (__builtin_expect(!real, 0))                                                    \
			real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                        \
		return real arguments;                                                             \
	}

FORWARD(void *, malloc, (size_t size), (size))
FORWARD(void *, calloc, (size_t count, size_t size), (count, size))
FORWARD(void *, realloc, (void *block, size_t size), (block, size))
FORWARD(void *, reallocarray, (void *block, size_t count, size_t size), (block, count, size))
FORWARD(void, free, (void *block), (block))
FORWARD(int, posix_memalign, (void **block, size_t alignment, size_t size),
        (block, alignment, size))
FORWARD(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
FORWARD(void *, memalign, (size_t alignment, size_t size), (alignment, size))
FORWARD(void *, valloc, (size_t size), (size))
FORWARD(void *, pvalloc, (size_t size), (size))
