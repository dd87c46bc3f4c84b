/* The functions that give blocks, by their numbers in the memory file (mem/wire.h): a change of them
 * is a new WIRE_VERSION. Names: leak_function_name(). */
#ifndef MEM_FUNCTIONS_H
#define MEM_FUNCTIONS_H

/* What the program called to be given a block. */
enum leak_function {
	LEAK_MALLOC, /* also where it is not known which one */
	LEAK_CALLOC,
	LEAK_REALLOC, /* of a block that there was; also by reallocarray */
	LEAK_MEMALIGN,
	LEAK_POSIX_MEMALIGN,
	LEAK_ALIGNED_ALLOC,
	LEAK_VALLOC,
	LEAK_PVALLOC,
	LEAK_N_FUNCTIONS,
};

#endif
