/* Makes the program's calls of functions of one object lead to functions of ours.
 *
 * That is what exporting the same names would do, for names that may not be exported: programs ask
 * whether jemalloc is there by a weak reference to mallocx, and a C++ library that is loaded later
 * has to find the operator new that it would find without us.
 */
#ifndef MEM_PRELOAD_REDIRECT_H
#define MEM_PRELOAD_REDIRECT_H

#include <stddef.h>
#include <stdint.h>

struct redirection {
	const char *name;
	void *hook;
	void **real; /* set to the function that was there, when it is redirected */
};

/* Redirects those functions that the object whose memory begins at `start` defines, where it is the
 * first of all to define them. References that are bound are changed in the objects that made them;
 * those bound later find our function in the symbol table.
 *
 * For the start, while there is one thread. Changes write-protected memory with mprotect(2); where
 * that fails calls stay as they were. */
void redirect_functions(uint64_t start, const struct redirection *redirections, size_t n);

#endif
