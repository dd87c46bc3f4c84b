/* Burns processor time below code that it made itself, as a JIT does: with a frame pointer, without
 * unwind tables, named in /tmp/perf-PID.map. cpu_jit MILLISECONDS. Prints its pid; the map stays.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static volatile uint64_t sink;
static uint64_t wanted_ns;

static __attribute__((noinline)) void burn(void)
{
	struct timespec now;

	do {
		for (unsigned i = 0; i < 40000; i++)
			sink = sink * 6364136223846793005u + 11;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec < wanted_ns);
}

static void write_map(const void *code, size_t size_bytes)
{
	char path[64];
	FILE *map;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	unlink(path); /* of a process that had this number before */
	map = fopen(path, "wx");
	if (!map ||
	    fprintf(map, "%lx %zx made_at_run_time\n", (unsigned long)code, size_bytes) < 0 ||
	    fclose(map)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	/* push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret */
	static const uint8_t code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
	void (*made)(void (*inner)(void));
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	wanted_ns = (argc > 1 ? strtoull(argv[1], NULL, 10) : 200) * 1000000u;
	if (page == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	memcpy(page, code, sizeof(code));
	write_map(page, sizeof(code));
	printf("%d\n", (int)getpid());
	made = (void (*)(void (*)(void)))(uintptr_t)page;
	made(burn);
	return 0;
}
