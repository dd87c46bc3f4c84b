/* Counts the pages that a tracer's threads are given and give back. Runs in the tracer. */
#ifndef MEM_PAGES_CLIENT_H
#define MEM_PAGES_CLIENT_H

#include "mem/pages/space.h"

#include <stddef.h>

struct heap_run;
struct pages_image;
struct recording;
struct trace_client;
struct traced_stacks;
struct tracer;

struct pages_client {
	struct pages_settings settings;
	struct tracer *tracer;
	struct heap_run *run; /* filled at the end of tracing */
	/* From the target's exec to the end of tracing. */
	struct recording *recording;
	struct traced_stacks *stacks;
	struct pages_image **images;
	size_t n_images;
	size_t images_capacity;
	bool watches; /* woken now and then, while some thread waits for its turn */
};

/* Its context is a struct pages_client. */
extern const struct trace_client pages_client;

#endif
