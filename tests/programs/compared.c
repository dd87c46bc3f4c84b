/* What comparisons are of: makes exactly so many system calls (getppid), allocations of 100 bytes,
 * and milliseconds of processor time in three functions.
 *   compared CALLS ALLOCATIONS [FIRST_MS SECOND_MS THIRD_MS]
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sink;

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* Unlike each other, or the compiler makes one of them. */
#define BURN(name, operator)                                                                       \
	static __attribute__((noinline)) void name(double ms)                                      \
	{                                                                                          \
		double end = now_ms() + ms;                                                        \
                                                                                                   \
		while (now_ms() < end)                                                             \
			for (int i = 0; i < 20000; i++)                                            \
				sink operator(unsigned long) i;                                    \
	}

BURN(burn_first, +=)
BURN(burn_second, -=)
BURN(burn_third, ^=)

static __attribute__((noinline)) void allocate(int n)
{
	for (int i = 0; i < n; i++) {
		void *volatile block = malloc(100);

		free(block);
	}
}

int main(int argc, char **argv)
{
	for (int i = 0; argc > 1 && i < atoi(argv[1]); i++)
		getppid();
	allocate(argc > 2 ? atoi(argv[2]) : 0);
	if (argc > 5) {
		burn_first(atof(argv[3]));
		burn_second(atof(argv[4]));
		burn_third(atof(argv[5]));
	}
	return 0;
}
