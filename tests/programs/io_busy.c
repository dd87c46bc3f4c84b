/* Many threads that write all the time, and the moments of each write.
 *
 * io_busy DIRECTORY THREADS: each thread writes 10 bytes to /dev/null and sleeps 20 ms, again and
 * again; DIRECTORY/ready is there when all have begun. Until SIGTERM each line of its stdin is
 * answered by one on stdout: "stamps": first DIRECTORY/stamps gets a line for each write so far,
 * CLOCK_MONOTONIC in ns before and after it; "live": when all threads have written once more. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WRITES = 50000, PAUSE_US = 20000 };

struct write_time {
	uint64_t before_ns;
	uint64_t after_ns;
};

static struct writer {
	atomic_size_t n_writes;
	struct write_time *times;
} * writers;
static size_t n_writers;
static int null_fd;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *write_on(void *context)
{
	struct writer *writer = context;

	for (size_t i = 0; i < MOST_WRITES; i++) {
		writer->times[i].before_ns = now_ns();
		if (write(null_fd, "0123456789", 10) != 10)
			_exit(4);
		writer->times[i].after_ns = now_ns();
		atomic_store(&writer->n_writes, i + 1);
		usleep(PAUSE_US);
	}
	return NULL;
}

/* Each thread writes once more. */
static void wait_for_all(void)
{
	size_t *before = calloc(n_writers, sizeof(*before));

	if (!before)
		_exit(3);
	for (size_t i = 0; i < n_writers; i++)
		before[i] = atomic_load(&writers[i].n_writes);
	for (size_t i = 0; i < n_writers; i++)
		while (atomic_load(&writers[i].n_writes) == before[i])
			usleep(1000);
	free(before);
}

static FILE *open_file(const char *directory, const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	if (!file)
		_exit(3);
	return file;
}

static void tell_stamps(const char *directory)
{
	FILE *file = open_file(directory, "stamps");

	for (size_t i = 0; i < n_writers; i++)
		for (size_t j = 0; j < atomic_load(&writers[i].n_writes); j++)
			fprintf(file, "%llu %llu\n",
			        (unsigned long long)writers[i].times[j].before_ns,
			        (unsigned long long)writers[i].times[j].after_ns);
	fclose(file);
}

static void start_threads(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	for (size_t i = 0; i < n_writers; i++) {
		writers[i].times = calloc(MOST_WRITES, sizeof(*writers[i].times));
		if (!writers[i].times ||
		    pthread_create(&thread, &attributes, write_on, &writers[i]))
			_exit(77);
	}
}

int main(int argc, char **argv)
{
	char line[64];

	if (argc != 3)
		return 2;
	n_writers = strtoul(argv[2], NULL, 10);
	writers = calloc(n_writers, sizeof(*writers));
	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (!writers || null_fd < 0)
		return 3;
	start_threads();
	wait_for_all();
	fclose(open_file(argv[1], "ready"));
	setvbuf(stdout, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "stamps\n"))
			tell_stamps(argv[1]);
		else
			wait_for_all();
		fputs(line, stdout);
	}
	for (;;)
		pause();
}
