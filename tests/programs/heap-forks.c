/* Forks 20 times while four threads allocate; each child runs four threads that allocate 100 blocks
 * and free them, and ends. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, BLOCKS = 100, FORKS = 20 };

static atomic_int stop;

/* Not optimised away. */
static void allocate_once(size_t size)
{
	void *volatile block = malloc(size);

	free(block);
}

static void *allocate_until_told(void *unused)
{
	while (!atomic_load(&stop))
		allocate_once(50);
	return unused;
}

static void *allocate_some(void *unused)
{
	for (int i = 0; i < BLOCKS; i++)
		allocate_once(60);
	return unused;
}

static int run_threads(pthread_t threads[THREADS], void *(*work)(void *))
{
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 1;
	return 0;
}

static void join_threads(const pthread_t threads[THREADS])
{
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static _Noreturn void be_child(void)
{
	pthread_t threads[THREADS];
	int failed = run_threads(threads, allocate_some);

	if (!failed)
		join_threads(threads);
	_exit(failed);
}

int main(void)
{
	pthread_t threads[THREADS];
	int status, failed = run_threads(threads, allocate_until_told);

	for (int i = 0; i < FORKS && !failed; i++) {
		pid_t pid = fork();

		if (pid == 0)
			be_child();
		failed = waitpid(pid, &status, 0) != pid || status != 0;
	}
	atomic_store(&stop, 1);
	join_threads(threads);
	return failed;
}
