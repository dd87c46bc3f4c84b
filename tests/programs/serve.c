/* A server with known work: burns while it starts, waits, and burns on SIGUSR1 in threads and
 * processes that are older and younger than the signal.
 *
 * serve DIRECTORY [START_MILLISECONDS]. DIRECTORY/started holds the time since the epoch, in ns, at
 * which it has burnt for its start, DIRECTORY/ready its pid when it waits. Each SIGUSR1
 * burns 240 ms in the thread "early", which has been there from the start, 120 ms in the thread
 * "late", 80 ms in a forked child named "child", and 160 ms in main, in a library opened at run
 * time; then a line for each is printed, NAME NS WHOLE_NS, its processor time as own_time.h counts
 * it and as its clock does, and DIRECTORY/done written. SIGTERM ends it with status 9. */
#include "tests/programs/own_time.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MS = 1000000,
	EARLY_NS = 240 * MS,
	LATE_NS = 120 * MS,
	CHILD_NS = 80 * MS,
	MAIN_NS = 160 * MS
};

typedef unsigned long checksum(unsigned long start, const unsigned char *bytes, unsigned size);

static volatile uint64_t sink;
static checksum *crc32;
static pthread_barrier_t early_begins, early_ends;

/* What a burner did, and how far its thread's clock went meanwhile. */
struct burnt {
	uint64_t done_ns;
	uint64_t whole_ns;
};

static void tell(const char *name, struct burnt burnt)
{
	printf("%s %llu %llu\n", name, (unsigned long long)burnt.done_ns,
	       (unsigned long long)burnt.whole_ns);
	fflush(stdout);
}

/* Different constants keep the compiler from folding the burners into one. */
#define BURNER(name, constant)                                                                     \
	static __attribute__((noinline)) struct burnt name(uint64_t wanted_ns)                     \
	{                                                                                          \
		uint64_t start_ns = own_time_clock_ns(), last_ns = start_ns, done_ns = 0;          \
                                                                                                   \
		for (; done_ns < wanted_ns; done_ns += own_time_step_ns(&last_ns))                 \
			for (unsigned i = 0; i < 40000; i++)                                       \
				sink = sink * 6364136223846793005u + (constant);                   \
		return (struct burnt){done_ns, last_ns - start_ns};                                \
	}

BURNER(burn_at_start, 11)
BURNER(burn_early, 12)
BURNER(burn_late, 13)
BURNER(burn_in_child, 14)

static __attribute__((noinline)) struct burnt burn_in_library(uint64_t wanted_ns)
{
	static unsigned char bytes[1 << 16];
	uint64_t start_ns = own_time_clock_ns(), last_ns = start_ns, done_ns = 0;

	for (; done_ns < wanted_ns; done_ns += own_time_step_ns(&last_ns))
		sink += crc32(0, bytes, sizeof(bytes));
	return (struct burnt){done_ns, last_ns - start_ns};
}

static void *early(void *argument)
{
	pthread_setname_np(pthread_self(), "early");
	for (;;) {
		pthread_barrier_wait(&early_begins);
		tell("early", burn_early(EARLY_NS));
		pthread_barrier_wait(&early_ends);
	}
	return argument;
}

static void *late(void *argument)
{
	pthread_setname_np(pthread_self(), "late");
	tell("late", burn_late(LATE_NS));
	return argument;
}

static void child(void)
{
	prctl(PR_SET_NAME, "child");
	tell("child", burn_in_child(CHILD_NS));
	_exit(0);
}

static void work(void)
{
	pthread_t thread;
	pid_t pid = fork();

	if (!pid)
		child();
	pthread_barrier_wait(&early_begins);
	if (pid < 0 || pthread_create(&thread, NULL, late, NULL))
		exit(1);
	tell("main", burn_in_library(MAIN_NS));
	pthread_join(thread, NULL);
	pthread_barrier_wait(&early_ends);
	waitpid(pid, NULL, 0);
}

/* Renamed, so that it is never there without its text. */
static void write_file(const char *directory, const char *name, unsigned long long number)
{
	char path[4096], part[4110];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	snprintf(part, sizeof(part), "%s.part", path);
	file = fopen(part, "w");
	if (!file || fprintf(file, "%llu\n", number) < 0 || fclose(file) || rename(part, path))
		exit(1);
}

int main(int argc, char **argv)
{
	uint64_t start_ns = (argc > 2 ? strtoull(argv[2], NULL, 10) : 0) * MS;
	struct timespec started;
	sigset_t awaited;
	pthread_t thread;
	int number;

	sigemptyset(&awaited);
	sigaddset(&awaited, SIGUSR1);
	sigaddset(&awaited, SIGTERM);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	pthread_barrier_init(&early_begins, NULL, 2);
	pthread_barrier_init(&early_ends, NULL, 2);
	if (argc < 2 || pthread_create(&thread, NULL, early, NULL))
		return 1;
	burn_at_start(start_ns);
	clock_gettime(CLOCK_REALTIME, &started);
	write_file(argv[1], "started",
	           (unsigned long long)started.tv_sec * 1000 * MS +
	               (unsigned long long)started.tv_nsec);
	/* A library that nothing here is linked with. */
	crc32 = (checksum *)dlsym(dlopen("libz.so.1", RTLD_NOW), "crc32");
	if (!crc32)
		return 1;
	write_file(argv[1], "ready", (unsigned long long)getpid());
	while (!sigwait(&awaited, &number) && number == SIGUSR1) {
		work();
		write_file(argv[1], "done", (unsigned long long)getpid());
	}
	return 9;
}
