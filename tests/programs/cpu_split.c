/* Spends its processor time 70/20/10 in three functions and prints what it really was, by its own
 * clock: cpu_split MILLISECONDS [HZ], as own_time.h counts it for samples at that rate, else 997. A
 * line a function: name, nanoseconds. */
#include "tests/programs/own_time.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static volatile uint64_t sink;

/* Each burner works by itself, and asks the clock (a system call) about every 40 us. Different
 * constants keep the compiler from folding the three into one. */
#define BURNER(name, constant)                                                                     \
	static __attribute__((noinline)) uint64_t name(uint64_t wanted_ns)                         \
	{                                                                                          \
		uint64_t last_ns = own_time_clock_ns(), done_ns = 0;                               \
                                                                                                   \
		do {                                                                               \
			uint64_t x = sink;                                                         \
                                                                                                   \
			for (unsigned i = 0; i < 40000; i++)                                       \
				x = x * 6364136223846793005u + (constant);                         \
			sink = x;                                                                  \
			done_ns += own_time_step_ns(&last_ns);                                     \
		} while (done_ns < wanted_ns);                                                     \
		return done_ns;                                                                    \
	}

BURNER(burn_seventy, 11)
BURNER(burn_twenty, 12)
BURNER(burn_ten, 13)

int main(int argc, char **argv)
{
	uint64_t wanted_ns = (argc > 1 ? strtoull(argv[1], NULL, 10) : 1000) * 1000000u;
	uint64_t seventy_ns = 0, twenty_ns = 0, ten_ns = 0;

	if (argc > 2)
		own_time_period_ns = 1000000000u / strtoull(argv[2], NULL, 10);
	/* Rounds of uneven length, so that no sampling period fits them. */
	srand(1);
	while (seventy_ns + twenty_ns + ten_ns < wanted_ns) {
		uint64_t tenth_ns = 300000 + (uint64_t)rand() % 900000;

		seventy_ns += burn_seventy(7 * tenth_ns);
		twenty_ns += burn_twenty(2 * tenth_ns);
		ten_ns += burn_ten(tenth_ns);
	}
	printf("burn_seventy %llu\nburn_twenty %llu\nburn_ten %llu\n",
	       (unsigned long long)seventy_ns, (unsigned long long)twenty_ns,
	       (unsigned long long)ten_ns);
	return 0;
}
