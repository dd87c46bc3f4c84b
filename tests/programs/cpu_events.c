/* Does a known number of things: touches 1000 fresh pages, sleeps 50 times, writes 200 times.
 * Prints how many page faults the kernel counted, how many voluntary context switches since main
 * began, how many of these in the sleeps, and how many of the faults around the pages. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { PAGES = 1000, SLEEPS = 50, WRITES = 200, PAGE_BYTES = 4096 };

static __attribute__((noinline)) void touch_pages(volatile char *memory)
{
	for (int i = 0; i < PAGES; i++)
		memory[i * PAGE_BYTES] = 1;
}

static __attribute__((noinline)) long sleep_often(void)
{
	/* A sleep is no switch when its timer fires before the thread has left its CPU, as where a
	 * virtual machine's is taken away just then. */
	const struct timespec pause = {.tv_nsec = 2000000};
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < SLEEPS; i++)
		nanosleep(&pause, NULL);
	getrusage(RUSAGE_SELF, &after);
	return after.ru_nvcsw - before.ru_nvcsw;
}

static __attribute__((noinline)) void write_often(int fd)
{
	for (int i = 0; i < WRITES; i++)
		if (write(fd, "x", 1) != 1)
			abort();
}

int main(void)
{
	char *memory = mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int pipes[2];
	struct rusage start, before, after, usage;
	long n_slept;

	getrusage(RUSAGE_SELF, &start);
	if (memory == MAP_FAILED || pipe(pipes))
		return 1;
	madvise(memory, PAGES * PAGE_BYTES, MADV_NOHUGEPAGE);
	getrusage(RUSAGE_SELF, &before);
	touch_pages(memory);
	getrusage(RUSAGE_SELF, &after);
	n_slept = sleep_often();
	write_often(pipes[1]);
	getrusage(RUSAGE_SELF, &usage);
	printf("%ld %ld %ld %ld\n", usage.ru_minflt + usage.ru_majflt,
	       usage.ru_nvcsw - start.ru_nvcsw, n_slept,
	       after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt);
	return 0;
}
