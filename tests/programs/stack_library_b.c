/* As stack_library_a.c, at the same address, with a frame of 2 KB. */
#include <stdint.h>

void stack_library_b(void (*inner)(uint64_t ns), uint64_t ns);

void stack_library_b(void (*inner)(uint64_t ns), uint64_t ns)
{
	volatile uint64_t room[256];

	room[0] = room[255] = ns;
	inner(ns);
	room[255] = 0;
}
