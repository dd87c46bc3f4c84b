/* What a profile holds, for those who make it (profile_build.c) and tell of it (profile.c). */
#ifndef CORE_PROFILE_INSIDE_H
#define CORE_PROFILE_INSIDE_H

#include "core/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct summed_sample {
	uint32_t thread;
	uint32_t stack;
	size_t values; /* index of the first of its values */
};

struct profile {
	struct string_pool *texts;
	struct value_type *types;
	uint64_t *totals; /* by type */
	size_t n_types;
	struct recorded_thread *threads;
	size_t n_threads;
	struct stack_table *stacks; /* key: frame id */
	struct frame *frames;
	size_t n_frames;
	size_t frames_capacity;
	uint32_t *folded; /* by frame: text id */
	struct profile_object *objects;
	size_t n_objects;
	size_t objects_capacity;
	struct summed_sample *samples;
	size_t n_samples;
	size_t samples_capacity;
	uint64_t *values;
	size_t n_values;
	size_t values_capacity;
	uint32_t *stack_of; /* by the recording's stack: ours */
	uint32_t n_recorded;
	bool is_view; /* all but n_types belongs to another one */
};

#endif
