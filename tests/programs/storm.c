/* Makes threads and child processes all the time, each of which burns 1 ms: four threads and one
 * child a round, a tenth of the rounds' threads make one more. Runs until it is killed.
 *
 * storm FILE: it holds, as two numbers of 8 bytes, how many have begun and how many have burnt, and
 * for each that has begun two of 4 bytes: its number, and in how many pieces it burnt, which is 0
 * until it has. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { N_THREADS = 4, BURN_NS = 1000000, MAX_BURNS = 1 << 20 };

struct tally {
	_Atomic uint64_t n_begun;
	_Atomic uint64_t n_burnt;
	struct {
		uint32_t tid;
		_Atomic uint32_t n_pieces;
	} burns[MAX_BURNS];
};

static struct tally *tally;
static volatile uint64_t sink;
static unsigned n_rounds;

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* How often this thread has left its processor. */
static uint32_t n_switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (uint32_t)(usage.ru_nvcsw + usage.ru_nivcsw);
}

static __attribute__((noinline)) void burn(void)
{
	uint64_t number = tally->n_begun++ % MAX_BURNS;
	uint32_t n_before = n_switches();
	uint64_t start = cpu_ns();

	tally->burns[number].tid = (uint32_t)gettid();
	while (cpu_ns() - start < BURN_NS)
		for (unsigned i = 0; i < 4000; i++)
			sink = sink * 6364136223846793005u + i;
	tally->burns[number].n_pieces = n_switches() - n_before + 1;
	tally->n_burnt++;
}

static void *burn_in_thread(void *argument)
{
	pthread_t thread;
	int has_one = argument && !pthread_create(&thread, NULL, burn_in_thread, NULL);

	pthread_setname_np(pthread_self(), "gust");
	burn();
	if (has_one)
		pthread_join(thread, NULL);
	return NULL;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;
	pthread_t threads[N_THREADS];

	if (fd < 0 || ftruncate(fd, sizeof(*tally)))
		return 1;
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (tally == MAP_FAILED)
		return 1;

	for (;;) {
		pid_t pid = fork();

		if (!pid) {
			burn();
			_exit(0);
		}
		n_rounds++;
		for (int i = 0; i < N_THREADS; i++)
			if (pthread_create(&threads[i], NULL, burn_in_thread,
			                   n_rounds % 10 ? NULL : &n_rounds))
				exit(1);
		for (int i = 0; i < N_THREADS; i++)
			pthread_join(threads[i], NULL);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			exit(1);
	}
}
