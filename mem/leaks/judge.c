/* A queue, and the thread that empties it. */
#include "mem/leaks/judge.h"

#include "core/alloc.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

struct work {
	void (*function)(void *context);
	void *context;
	struct work *next;
};

struct judge {
	pthread_mutex_t mutex;
	pthread_cond_t given; /* work, or that it is to end */
	struct work *first;
	struct work **end; /* of the list */
	pthread_t thread;
	bool runs;
	bool is_to_end; /* when nothing is left */
};

struct judge *judge_new(void)
{
	struct judge *judge = xcalloc(1, sizeof(*judge));

	pthread_mutex_init(&judge->mutex, NULL);
	pthread_cond_init(&judge->given, NULL);
	judge->end = &judge->first;
	return judge;
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	pthread_cond_destroy(&judge->given);
	pthread_mutex_destroy(&judge->mutex);
	free(judge);
}

/* Waits for work. NULL: it is to end. */
static struct work *take(struct judge *judge)
{
	struct work *work;

	pthread_mutex_lock(&judge->mutex);
	while (!judge->first && !judge->is_to_end)
		pthread_cond_wait(&judge->given, &judge->mutex);
	work = judge->first;
	if (work)
		judge->first = work->next;
	if (!judge->first)
		judge->end = &judge->first;
	pthread_mutex_unlock(&judge->mutex);
	return work;
}

static void *run(void *argument)
{
	struct judge *judge = argument;
	struct work *work;

	while ((work = take(judge))) {
		work->function(work->context);
		free(work);
	}
	return NULL;
}

void judge_give(struct judge *judge, void (*function)(void *context), void *context)
{
	struct work *work;

	if (!judge->runs)
		judge->runs = !pthread_create(&judge->thread, NULL, run, judge);
	if (!judge->runs) {
		function(context);
		return;
	}
	work = xmalloc(sizeof(*work));
	*work = (struct work){.function = function, .context = context};
	pthread_mutex_lock(&judge->mutex);
	*judge->end = work;
	judge->end = &work->next;
	pthread_cond_signal(&judge->given);
	pthread_mutex_unlock(&judge->mutex);
}

void judge_finish(struct judge *judge)
{
	if (!judge->runs)
		return;
	pthread_mutex_lock(&judge->mutex);
	judge->is_to_end = true;
	pthread_cond_signal(&judge->given);
	pthread_mutex_unlock(&judge->mutex);
	pthread_join(judge->thread, NULL);
	judge->runs = judge->is_to_end = false;
}
