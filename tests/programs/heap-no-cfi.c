/* 400 allocations, 300 of them by a function that has no call frame information. */
#include <stdlib.h>

void *without_cfi(size_t size);

/* A frame of its own, which nothing describes. */
__asm__(".text\n"
        ".type without_cfi, @function\n"
        "without_cfi:\n"
        "	sub $24, %rsp\n"
        "	call malloc@PLT\n"
        "	add $24, %rsp\n"
        "	ret\n"
        ".size without_cfi, . - without_cfi\n");

int main(void)
{
	for (int i = 0; i < 400; i++)
		free(i % 4 ? without_cfi(10) : malloc(20));
	return 0;
}
