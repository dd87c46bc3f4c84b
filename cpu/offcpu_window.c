/* Holds the samples of one millisecond, by thread, stack and kind. */
#include "cpu/offcpu_window.h"

#include "core/alloc.h"
#include "core/u64map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	WINDOW_NS = 1000000,
	N_SLOTS = 1024, /* of the hash; with half of them taken a new window begins */
};

struct held {
	struct sample sample;
	uint64_t values[OFFCPU_N_TYPES];
};

struct offcpu_window {
	struct recording *recording;
	uint64_t start_ns;
	struct held *held; /* in the order in which they came */
	size_t n_held;
	size_t capacity;
	uint32_t slots[N_SLOTS]; /* index + 1 */
};

struct offcpu_window *offcpu_window_new(struct recording *recording)
{
	struct offcpu_window *window = xcalloc(1, sizeof(*window));

	window->recording = recording;
	return window;
}

void offcpu_window_free(struct offcpu_window *window)
{
	if (!window)
		return;
	free(window->held);
	free(window);
}

void offcpu_window_flush(struct offcpu_window *window)
{
	for (size_t i = 0; i < window->n_held; i++)
		recording_add_sample(window->recording, window->held[i].sample,
		                     window->held[i].values);
	if (window->n_held)
		memset(window->slots, 0, sizeof(window->slots));
	window->n_held = 0;
}

static bool is_of(const struct held *held, const struct sample *sample)
{
	return held->sample.thread == sample->thread && held->sample.stack == sample->stack;
}

/* Where it is, or the empty one for it. */
static uint32_t *slot_of(struct offcpu_window *window, const struct sample *sample)
{
	uint64_t i = u64_mix(sample->thread, sample->stack) % N_SLOTS;

	while (window->slots[i] && !is_of(&window->held[window->slots[i] - 1], sample))
		i = (i + 1) % N_SLOTS;
	return &window->slots[i];
}

static struct held *find(struct offcpu_window *window, const struct sample *sample)
{
	uint32_t *slot = slot_of(window, sample);
	struct held *held;

	if (*slot)
		return &window->held[*slot - 1];
	held = ARRAY_APPEND(window->held, window->n_held, window->capacity);
	held->sample = *sample;
	*slot = (uint32_t)window->n_held;
	return held;
}

void offcpu_window_add(struct offcpu_window *window, struct sample sample, enum offcpu_type ns_type,
                       uint64_t ns, enum offcpu_type count_type)
{
	struct held *held;

	if (sample.time_ns - window->start_ns >= WINDOW_NS || window->n_held >= N_SLOTS / 2) {
		offcpu_window_flush(window);
		window->start_ns = sample.time_ns;
	}
	held = find(window, &sample);
	held->values[ns_type] += ns;
	if (count_type != OFFCPU_N_TYPES)
		held->values[count_type]++;
}
