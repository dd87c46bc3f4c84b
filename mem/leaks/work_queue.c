/* A queue, and the thread that empties it. */
#include "mem/leaks/work_queue.h"

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

struct work_queue {
	pthread_mutex_t mutex;
	pthread_cond_t given; /* work, or that it is to end */
	struct work *first;
	struct work **end; /* of the list */
	pthread_t thread;
	bool runs;
	bool is_to_end; /* when nothing is left */
};

struct work_queue *work_queue_new(void)
{
	struct work_queue *queue = xcalloc(1, sizeof(*queue));

	pthread_mutex_init(&queue->mutex, NULL);
	pthread_cond_init(&queue->given, NULL);
	queue->end = &queue->first;
	return queue;
}

void work_queue_free(struct work_queue *queue)
{
	if (!queue)
		return;
	pthread_cond_destroy(&queue->given);
	pthread_mutex_destroy(&queue->mutex);
	free(queue);
}

/* Waits for work. NULL: it is to end. */
static struct work *take(struct work_queue *queue)
{
	struct work *work;

	pthread_mutex_lock(&queue->mutex);
	while (!queue->first && !queue->is_to_end)
		pthread_cond_wait(&queue->given, &queue->mutex);
	work = queue->first;
	if (work)
		queue->first = work->next;
	if (!queue->first)
		queue->end = &queue->first;
	pthread_mutex_unlock(&queue->mutex);
	return work;
}

static void *run(void *argument)
{
	struct work_queue *queue = argument;
	struct work *work;

	while ((work = take(queue))) {
		work->function(work->context);
		free(work);
	}
	return NULL;
}

void work_queue_add(struct work_queue *queue, void (*function)(void *context), void *context)
{
	struct work *work;

	if (!queue->runs)
		queue->runs = !pthread_create(&queue->thread, NULL, run, queue);
	if (!queue->runs) {
		function(context);
		return;
	}
	work = xmalloc(sizeof(*work));
	*work = (struct work){.function = function, .context = context};
	pthread_mutex_lock(&queue->mutex);
	*queue->end = work;
	queue->end = &work->next;
	pthread_cond_signal(&queue->given);
	pthread_mutex_unlock(&queue->mutex);
}

void work_queue_finish(struct work_queue *queue)
{
	if (!queue->runs)
		return;
	pthread_mutex_lock(&queue->mutex);
	queue->is_to_end = true;
	pthread_cond_signal(&queue->given);
	pthread_mutex_unlock(&queue->mutex);
	pthread_join(queue->thread, NULL);
	queue->runs = queue->is_to_end = false;
}
