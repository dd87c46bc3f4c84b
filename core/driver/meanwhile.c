/* Asks git and reads the program on a thread. */
#include "core/driver/meanwhile.h"

#include "core/alloc.h"
#include "core/host/host.h"
#include "core/target/binary.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

struct meanwhile {
	struct binary *binary;
	json_t *git;
	pthread_t thread;
	bool has_thread;
};

static void *find(void *argument)
{
	struct meanwhile *meanwhile = argument;

	meanwhile->git = git_to_json(NULL);
	if (meanwhile->binary)
		binary_hash(meanwhile->binary);
	return NULL;
}

/* Signals are the business of the thread that has always been there. */
struct meanwhile *meanwhile_begin(struct binary *binary)
{
	struct meanwhile *meanwhile = xcalloc(1, sizeof(*meanwhile));
	sigset_t all, before;

	meanwhile->binary = binary;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	meanwhile->has_thread = !pthread_create(&meanwhile->thread, NULL, find, meanwhile);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return meanwhile;
}

json_t *meanwhile_end(struct meanwhile *meanwhile)
{
	json_t *git;

	if (meanwhile->has_thread)
		pthread_join(meanwhile->thread, NULL);
	else
		find(meanwhile);
	git = meanwhile->git;
	free(meanwhile);
	return git;
}
