/* Pointers that are written and held by AVX-512 instructions, of which valgrind dies. */
#include "tests/programs/leak.h"

#include <immintrin.h>
#include <stdint.h>
#include <sys/syscall.h>

#define WITH_AVX512 __attribute__((noinline, target("avx512f")))

static void *volatile held;

/* 64 bytes: eight pointers, written at once. */
WITH_AVX512 static void *make_wide(void *pointer, void *last)
{
	void *block = take(64);

	_mm512_storeu_si512(block,
	                    _mm512_mask_set1_epi64(_mm512_set1_epi64((long long)(intptr_t)pointer),
	                                           0x80, (long long)(intptr_t)last));
	return block;
}

static void *make_wide_list(int length)
{
	void *next = NULL;

	for (int i = 0; i < length; i++)
		next = make_wide(next, take(10));
	return next;
}

static void list_held(void)
{
	held = make_wide_list(10);
}

static void list_lost(void)
{
	make_wide_list(10);
}

/* When the process ends it is in no other place than a vector register, which is none of the roots.
 */
WITH_AVX512 static void in_register(void)
{
	static uint64_t hidden;
	const uint64_t mask = 0x5a5a5a5a5a5a5a5a;

	hidden = (uint64_t)(uintptr_t)take(100) ^ mask;
	clear_stack();
	__asm__ volatile(
	    "vmovq %0, %%xmm20\n vpbroadcastq %%xmm20, %%zmm21\n vpbroadcastq %1, %%zmm22\n"
	    "vpxorq %%zmm22, %%zmm21, %%zmm21\n mov $231, %%eax\n xor %%edi, %%edi\n syscall\n "
	    "hlt\n" ::"r"(hidden),
	    "r"(mask)
	    : "memory", "rax", "rdi");
}

static const struct leak_case cases[] = {
    LEAKS("list-held", list_held, "reachable 740/20"),
    LEAKS("list-lost", list_lost, "definite 64/1 indirect 676/19"),
    LEAKS("register", in_register, "definite 100/1"),
};

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "list") && !__builtin_cpu_supports("avx512f"))
		return 77;
	return leak_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
