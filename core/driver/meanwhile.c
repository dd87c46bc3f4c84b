/* Asks git and reads the program on a thread. */
#include "core/driver/meanwhile.h"

#include "core/alloc.h"
#include "core/host/host.h"
#include "core/quiet_thread.h"
#include "core/target/binary.h"

#include <pthread.h>
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

struct meanwhile *meanwhile_begin(struct binary *binary)
{
	struct meanwhile *meanwhile = xcalloc(1, sizeof(*meanwhile));

	meanwhile->binary = binary;
	meanwhile->has_thread = !quiet_thread_create(&meanwhile->thread, find, meanwhile);
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
