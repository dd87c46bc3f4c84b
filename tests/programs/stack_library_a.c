/* A library with one function whose frame is small. */
#include <stdint.h>

void stack_library_a(void (*inner)(uint64_t ns), uint64_t ns);

void stack_library_a(void (*inner)(uint64_t ns), uint64_t ns)
{
	volatile uint64_t local = ns;

	inner(ns);
	local = 0;
	(void)local;
}
