/* exchange: two threads make N blocks each, of 16 to 255 bytes, and free those of the other one,
 * which they get in parcels of 500. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARCEL = 500, SLOTS = 8 };

/* From one thread to the other. */
struct belt {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void **parcels[SLOTS];
	unsigned long put, taken;
};

static struct belt belts[2] = {
    {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0, 0},
    {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0, 0},
};
static unsigned long n_parcels;

static void put(struct belt *belt, void **parcel)
{
	pthread_mutex_lock(&belt->lock);
	while (belt->put - belt->taken == SLOTS)
		pthread_cond_wait(&belt->changed, &belt->lock);
	belt->parcels[belt->put++ % SLOTS] = parcel;
	pthread_cond_signal(&belt->changed);
	pthread_mutex_unlock(&belt->lock);
}

static void **take(struct belt *belt)
{
	void **parcel;

	pthread_mutex_lock(&belt->lock);
	while (belt->put == belt->taken)
		pthread_cond_wait(&belt->changed, &belt->lock);
	parcel = belt->parcels[belt->taken++ % SLOTS];
	pthread_cond_signal(&belt->changed);
	pthread_mutex_unlock(&belt->lock);
	return parcel;
}

static void **fill_parcel(unsigned *state)
{
	void **parcel = malloc(PARCEL * sizeof(*parcel));

	for (int i = 0; i < PARCEL; i++) {
		size_t size = 16 + (*state = *state * 1664525 + 1013904223) % 240;

		parcel[i] = malloc(size);
		memset(parcel[i], i, size);
	}
	return parcel;
}

static void empty_parcel(void **parcel)
{
	for (int i = 0; i < PARCEL; i++)
		free(parcel[i]);
	free(parcel);
}

static void *work(void *number)
{
	unsigned side = (unsigned)(size_t)number, state = side;

	for (unsigned long i = 0; i < n_parcels; i++) {
		put(&belts[side], fill_parcel(&state));
		empty_parcel(take(&belts[!side]));
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long n_blocks = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	pthread_t other;

	if (!n_blocks || n_blocks % PARCEL) {
		fprintf(stderr, "usage: exchange N, a multiple of %d\n", PARCEL);
		return 2;
	}
	n_parcels = n_blocks / PARCEL;
	if (pthread_create(&other, NULL, work, (void *)1)) {
		fputs("exchange: no second thread\n", stderr);
		return 1;
	}
	work((void *)0);
	pthread_join(other, NULL);
	return 0;
}
