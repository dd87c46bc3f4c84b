/* Knows the functions that nobody calls. */
#include "cpu/frame_pointers.h"

#include "core/alloc.h"
#include "core/profile.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Where the chain of a whole stack may end. glibc is built without frame pointers, so that a chain
 * most often ends in the function of its own that called main. */
static const struct start {
	const char *name;
	bool calls_main; /* what it called must be main, or that was passed over */
} starts[] = {
    {"__libc_start_call_main", true},
    {"__libc_start_main", true},
    {"_start", false},
    {"__libc_start_main_impl", false},
    {"start_thread", false},
    {"clone", false},
    {"clone3", false},
    {"__clone", false},
    {"__clone3", false},
    {"_dl_start", false},
    {"_dl_start_user", false},
    {"runtime.goexit", false},
    {"runtime.rt0_go", false},
};

static const struct start *find_start(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strcmp(starts[i].name, name))
			return &starts[i];
	return NULL;
}

enum chain_end { CHAIN_WHOLE, CHAIN_BROKEN, CHAIN_UNKNOWN };

static enum chain_end judge_end(const struct profile *profile, const uint32_t *leaf_first,
                                size_t n_frames)
{
	const struct frame *frame = profile_frame(profile, leaf_first[n_frames - 1]);
	const struct frame *callee =
	    n_frames > 1 ? profile_frame(profile, leaf_first[n_frames - 2]) : NULL;
	const struct start *start = find_start(profile_text(profile, frame->function));

	if (frame->kind == FRAME_KERNEL || frame->kind == FRAME_FAILED)
		return CHAIN_WHOLE; /* no user stack, or counted when it was recorded */
	if (frame->kind == FRAME_UNRESOLVED)
		return CHAIN_UNKNOWN;
	if (start && start->calls_main && callee && callee->kind == FRAME_USER &&
	    strcmp(profile_text(profile, callee->function), "main") != 0)
		return CHAIN_BROKEN;
	return start ? CHAIN_WHOLE : CHAIN_BROKEN;
}

struct chain_ends chain_ends_of(const struct profile *profile, size_t type)
{
	struct chain_ends ends = {0};
	uint32_t *frames = NULL;
	size_t capacity = 0;

	for (size_t i = 0; i < profile_n_samples(profile); i++) {
		struct profile_sample sample = profile_sample(profile, i);
		size_t n_frames = profile_stack_frames(profile, sample.stack, NULL, 0);
		enum chain_end end;

		if (!n_frames)
			continue;
		frames = array_reserve(frames, &capacity, n_frames, sizeof(*frames));
		profile_stack_frames(profile, sample.stack, frames, n_frames);
		end = judge_end(profile, frames, n_frames);
		ends.n_broken += end == CHAIN_BROKEN ? sample.values[type] : 0;
		ends.n_unknown += end == CHAIN_UNKNOWN ? sample.values[type] : 0;
	}
	free(frames);
	return ends;
}
