/* Two forked processes forget three blocks that their parent made and keeps. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_BLOCKS = 3, N_WORKERS = 2 };

static char *configuration[N_BLOCKS];

static __attribute__((noinline)) void load(void)
{
	for (int i = 0; i < N_BLOCKS; i++)
		configuration[i] = calloc(1, 1000);
}

/* A process that allocates nothing has nothing to do with the recorder. */
static __attribute__((noinline)) void forget(void)
{
	char *volatile block = malloc(10);

	free(block);
	memset(configuration, 0, sizeof(configuration));
}

int main(void)
{
	load();
	for (int i = 0; i < N_WORKERS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (!pid) {
			forget();
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	return !configuration[0];
}
