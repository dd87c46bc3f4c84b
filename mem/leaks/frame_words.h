/* What memcheck calls a frame: suppressions are compared with that and written with it. */
#ifndef MEM_LEAKS_FRAME_WORDS_H
#define MEM_LEAKS_FRAME_WORDS_H

#include <stdbool.h>
#include <stdint.h>

struct profile;

/* Texts live as long as the profile, but for `owned`. */
struct frame_words {
	const char *function; /* mangled; of an inlined one the plain name; NULL: none is known */
	const char *alias;    /* another name it answers to, or NULL */
	const char *people;   /* demangled, with arguments; NULL: as function */
	const char *object;   /* path; NULL: in no file */
	const char *file;     /* NULL: not known */
	uint32_t line;
	char *owned;
};

/* False: the frame only says that the rest of the stack is not known. */
bool frame_words_init(struct frame_words *words, const struct profile *profile, uint32_t frame);
void frame_words_fini(struct frame_words *words);

/* The frame that memcheck's malloc and operator new are themselves. */
void frame_words_of_allocator(struct frame_words *words, const char *function);

#endif
