/* A recording with names: frames {function, file, line, object}, stacks of them, values per stack.
 *
 * Nothing in it belongs to one collector, so every exporter serves all of them. The
 * model is pprof's (github.com/google/pprof proto/profile.proto): several value
 * types on one set of stacks. Inlined calls are frames of their own.
 *
 * Texts are ids of the profile's own string_pool. Not thread-safe.
 */
#ifndef CORE_PROFILE_H
#define CORE_PROFILE_H

#include "core/recording.h"

#include <stdbool.h>
#include <stdint.h>

struct string_pool;
struct symbolizer;
struct diag;

enum frame_kind {
	FRAME_USER,
	FRAME_INLINED, /* its caller in the stack is the function it was inlined into */
	FRAME_KERNEL,
	FRAME_JIT,
	FRAME_UNRESOLVED, /* no name; function is "[OBJECT]", and vaddr tells it from others */
	FRAME_FAILED,     /* function is "[unwind failed: why]" */
};

struct frame {
	enum frame_kind kind;
	uint32_t function;  /* demangled, with arguments where the symbol has them; one line */
	uint32_t file;      /* 0: unknown */
	uint32_t line;      /* 0: unknown */
	uint32_t linkage;   /* the function as the linker knows it (mangled); 0: like function */
	uint32_t object;    /* base name of the file, "[kernel]", "[vdso]", "[anon]"; 0: failed */
	uint32_t object_id; /* of profile_object(), which tells objects of one name apart */
	uint64_t vaddr;     /* one address in it, as symbolizer_address() makes it (what addr2line
	                       takes); 0 where inlined or failed, or not known */
};

/* Objects that are equal in all of this are one, whatever processes they were in. */
struct profile_object {
	uint32_t name; /* as frame.object */
	uint32_t path; /* of a file, as the process saw it; 0: no file */
	uint8_t build_id[BUILD_ID_MAX];
	uint8_t build_id_len; /* 0: unknown */
};

struct profile_sample {
	uint32_t stack;  /* leaf id in profile_stacks() */
	uint32_t thread; /* index into profile_thread() */
	const uint64_t *values;
};

struct profile;

/* Names every stack of the recording and sums the samples that agree in stack and thread.
 * The recording is only read and may be freed afterwards. Never fails: what has
 * no name is FRAME_UNRESOLVED and is counted. */
struct profile *profile_new(const struct recording *recording, struct symbolizer *symbolizer);
/* The same in two steps. The first names every stack that carries samples by then; the second,
 * called once, sums the samples of the same recording, those too that such a stack was given
 * meanwhile; a stack that is newer must not carry samples. Until then the profile has no samples
 * and no threads. */
struct profile *profile_of_stacks_new(const struct recording *recording,
                                      struct symbolizer *symbolizer);
void profile_sum(struct profile *profile, const struct recording *recording);
void profile_free(struct profile *profile); /* NULL is fine */
/* The same profile with the first n_types of its value types alone; to be freed before it. */
struct profile *profile_view_new(const struct profile *of, size_t n_types);
/* Is one a view of the other, or both of the same, so that an id means the same in both? */
bool profile_same_stacks(const struct profile *a, const struct profile *b);

size_t profile_n_types(const struct profile *profile);
const struct value_type *profile_type(const struct profile *profile, size_t i);
/* The index of the type called `name`, or -1. */
int profile_find_type(const struct profile *profile, const char *name);

const char *profile_text(const struct profile *profile, uint32_t text);

/* Samples in a stable order: by thread, then stack. */
size_t profile_n_samples(const struct profile *profile);
struct profile_sample profile_sample(const struct profile *profile, size_t i);
uint64_t profile_total(const struct profile *profile, size_t type);

size_t profile_n_threads(const struct profile *profile);
const struct recorded_thread *profile_thread(const struct profile *profile, uint32_t index);

/* Writes up to `room` frame ids of a stack, leaf first; returns how many there are. */
size_t profile_stack_frames(const struct profile *profile, uint32_t stack, uint32_t *frames,
                            size_t room);
/* The stack that one of the recording's became, which carries samples or is a caller in one that
 * does; 0 for others. */
uint32_t profile_stack_of(const struct profile *profile, uint32_t recorded);
/* The highest id of a stack; the ids of callers are smaller than those of what they call. */
uint32_t profile_n_stacks(const struct profile *profile);
/* The leaf's frame of a stack (not the empty one); *callers: the stack above it, 0 for none. */
uint32_t profile_stack_frame(const struct profile *profile, uint32_t stack, uint32_t *callers);
/* Is this a frame that asks on a caller's behalf, as an allocator does, so that the caller is what
 * a reader looks for? */
typedef bool frame_filter(const struct profile *profile, uint32_t frame);
/* The innermost frame of a stack that is no such one (NULL: any frame is looked for). False: the
 * stack has none. */
bool profile_stack_site(const struct profile *profile, uint32_t stack, frame_filter *passes_on,
                        uint32_t *frame);
/* One that is: the kernel's, or of a library that asks it on a caller's behalf (the C library and
 * what belongs to it). */
frame_filter profile_is_system_code;
uint32_t profile_n_frames(const struct profile *profile); /* ids are 0 .. n - 1 */
const struct frame *profile_frame(const struct profile *profile, uint32_t frame);

uint32_t profile_n_objects(const struct profile *profile); /* ids are 0 .. n - 1 */
const struct profile_object *profile_object(const struct profile *profile, uint32_t id);

/* The frame as stacks.folded spells it (CONTRACT 3): the name without arguments, `;` as `:`,
 * with _[k], _[i] or _[j]. Lives as long as the profile. */
const char *profile_folded_name(const struct profile *profile, uint32_t frame);
uint32_t profile_folded_text(const struct profile *profile, uint32_t frame); /* its text id */
/* The mark at the end of the folded names of this kind, or "". */
const char *frame_kind_mark(enum frame_kind kind);
/* Replaces what a folded line cannot hold: `;` by `:`, control characters by `?`. */
void folded_clean(char *name);

/* The name as one line of a terminal has it: without template arguments, which can be hundreds of
 * characters, and without the folded name's mark, but for "(inlined)" behind it. The caller frees
 * it. */
char *profile_shown_name(const struct profile *profile, uint32_t frame);
/* "syn-scan.c:212" of text ids and a line as a frame has them: the object where no file is known.
 * The caller frees it. */
char *profile_shown_place(const struct profile *profile, uint32_t object, uint32_t file,
                          uint32_t line);

/* Self and total value of each function of one type, largest self first. A function that is
 * several times on one stack counts once in its total. The caller frees the array. */
struct function_value {
	uint32_t frame; /* one of its frames, for name, kind and object */
	uint32_t file;  /* of most of its self value (of its total, where self is 0); 0: unknown */
	uint32_t line;
	uint64_t self;
	uint64_t total;
};
struct function_value *profile_functions(const struct profile *profile, size_t type,
                                         size_t *n_functions);

/* Samples (value of type 0) whose profile_stack_site() has no name, by object, largest first. The
 * caller frees the array. */
struct object_value {
	uint32_t object; /* text id */
	uint64_t value;
};
struct object_value *profile_unresolved(const struct profile *profile, frame_filter *passes_on,
                                        size_t *n_objects);

#endif
