/* The frames of a loss record as memcheck shows them. */
#include "mem/leaks/loss.h"

#include "core/alloc.h"
#include "core/profile.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"
#include "mem/below_main.h"
#include "mem/heap_filter.h"
#include "mem/leaks/library.h"
#include "mem/leaks/operators.h"
#include "mem/leaks/suppression.h"

#include <stdlib.h>
#include <string.h>

/* Where it is not known where it lies. */
static const char preload[] = "libprofile-scenario-preload.so";

/* A stack's frames by name, and its addresses: what one of them holds ends with the frame that is
 * not inlined. */
struct walk {
	const struct recording *recording;
	const struct profile *profile;
	uint32_t *named; /* leaf first */
	size_t n_named;
	size_t next;    /* of these */
	uint32_t stack; /* of the recording, whose leaf is the next address */
	struct loss_frame *frames;
	size_t n_frames;
	size_t capacity;
};

static const char *text_or_null(const struct profile *profile, uint32_t text)
{
	return text ? profile_text(profile, text) : NULL;
}

static struct loss_frame frame_of(const struct walk *walk, const struct frame *named,
                                  const struct recorded_frame *recorded)
{
	const struct profile_object *object = profile_object(walk->profile, named->object_id);
	struct loss_frame frame = {
	    .has_address = named->kind != FRAME_FAILED && recorded_has_address(recorded->vaddr),
	    .vaddr = symbolizer_address(recorded->vaddr, recorded->is_return),
	    .object = text_or_null(walk->profile, object->path ? object->path : named->object),
	    .object_id = named->object_id,
	    .file = text_or_null(walk->profile, named->file),
	    .line = named->line,
	};

	if (named->kind != FRAME_UNRESOLVED)
		frame.function = profile_text(walk->profile, named->function);
	return frame;
}

/* The allocation function, which was called and is on no stack. */
static struct loss_frame frame_of_allocator(const struct loss_record *record)
{
	const struct leak_library *library = record->library;
	uint64_t vaddr = library ? library->vaddr[record->function] : 0;

	return (struct loss_frame){
	    .has_address = vaddr != 0,
	    .vaddr = vaddr,
	    .function = record->allocator,
	    .object = library && library->path ? library->path : preload,
	    .object_id = LOSS_NO_OBJECT,
	};
}

/* What calls main has one name. A stripped C library has no symbol for the function that does, but
 * exports the one that calls that. */
static void show_below_main(struct walk *walk)
{
	static const char exported[] = "__libc_start_main";
	struct loss_frame *last = &walk->frames[walk->n_frames - 1], *inner = last - 1;

	if (walk->n_frames > 1 && !strncmp(last->function, exported, strlen(exported)) &&
	    !inner->function && inner->object_id == last->object_id) {
		last = inner;
		walk->n_frames--;
	}
	last->function = BELOW_MAIN;
}

/* Adds the frames of the next address, and goes on to its caller. False: that was main, or what
 * calls it. */
static bool add_address(struct walk *walk)
{
	struct recorded_frame recorded =
	    recording_frame(walk->recording, walk->stack, &walk->stack);
	bool is_whole = false, ends = false;

	while (!is_whole && walk->next < walk->n_named) {
		const struct frame *named = profile_frame(walk->profile, walk->named[walk->next++]);
		struct loss_frame *frame =
		    ARRAY_APPEND(walk->frames, walk->n_frames, walk->capacity);

		*frame = frame_of(walk, named, &recorded);
		is_whole = named->kind != FRAME_INLINED;
		if (!frame->function)
			continue;
		ends |= is_below_main(frame->function) || !strcmp(frame->function, "main");
		if (is_below_main(frame->function))
			show_below_main(walk);
	}
	return !ends;
}

/* How many frames at the leaf are those that the program did not call itself: what `operator new`
 * and its kin are made of. */
static size_t count_inner_operators(const struct profile *profile, const uint32_t *frames,
                                    size_t n_frames)
{
	size_t n = 0;

	while (n < n_frames && heap_is_allocator(profile, frames[n]))
		n++;
	return n ? n - 1 : 0;
}

static void pass_inner_operators(struct walk *walk)
{
	size_t n = count_inner_operators(walk->profile, walk->named, walk->n_named);

	for (; walk->next < n; walk->next++)
		if (profile_frame(walk->profile, walk->named[walk->next])->kind != FRAME_INLINED)
			recording_frame(walk->recording, walk->stack, &walk->stack);
}

struct loss_frame *loss_record_frames(const struct loss_record *record,
                                      const struct recording *recording,
                                      const struct profile *profile, unsigned num_callers,
                                      size_t *n_frames)
{
	struct walk walk = {
	    .recording = recording,
	    .profile = profile,
	    .n_named = profile_stack_frames(profile, record->named, NULL, 0),
	    .stack = record->stack,
	};
	unsigned n = 0;

	walk.named = xcalloc(walk.n_named + 1, sizeof(*walk.named));
	profile_stack_frames(profile, record->named, walk.named, walk.n_named);
	if (record->allocator) {
		*ARRAY_APPEND(walk.frames, walk.n_frames, walk.capacity) =
		    frame_of_allocator(record);
		n++;
	} else {
		pass_inner_operators(&walk);
	}
	while (n++ < num_callers && walk.stack && add_address(&walk)) {
		/* The operator is the first of them. */
		if (record->called && n == 1)
			walk.frames[walk.n_frames - 1].function = record->called->function;
	}
	free(walk.named);
	*n_frames = walk.n_frames;
	return walk.frames;
}

struct leak_stack loss_record_stack(const struct loss_record *record, const struct profile *profile,
                                    uint32_t **frames)
{
	size_t n = profile_stack_frames(profile, record->named, NULL, 0), n_inner;

	*frames = xcalloc(n + 1, sizeof(**frames));
	profile_stack_frames(profile, record->named, *frames, n);
	n_inner = count_inner_operators(profile, *frames, n);
	return (struct leak_stack){
	    .allocator = record->allocator,
	    .called = record->called,
	    .frames = *frames + n_inner,
	    .n_frames = n - n_inner,
	};
}
