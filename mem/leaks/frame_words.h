/* What memcheck calls a frame: suppressions are compared with that and written with it. */
#ifndef MEM_LEAKS_FRAME_WORDS_H
#define MEM_LEAKS_FRAME_WORDS_H

#include <stdbool.h>
#include <stdint.h>

struct called_operator;
struct profile;

/* Texts live as long as the profile, or these words. */
struct frame_words {
	const char *function; /* the symbol; of an inlined one the plain name; NULL: it has none */
	const char *alias;    /* another name it answers to, or NULL */
	const char *bare;     /* of an inlined one: without template arguments, whose spelling by
	                         demangler and compiler differs; else NULL */
	const char *pattern;  /* that stands for it in rules that are made; NULL: function */
	const char *people;   /* demangled, with arguments; NULL: as function */
	const char *path;     /* of the object, as the process knew it; NULL: in no file */
	const char *real;     /* the same without symbolic links */
	const char *file;     /* NULL: not known */
	uint32_t line;
	bool ends_stack; /* main and what calls it, a thread's first function: who calls them says
	                    nothing, and differs under valgrind */
	char *owned[3];
};

/* The path of the frame's object without symbolic links, or as it is where that is not known; NULL:
 * it is in no file. The frames of an object have one, which costs system calls. The caller frees
 * it. */
char *frame_real_path(const struct profile *profile, uint32_t frame);
/* `real` is frame_real_path(), and has to outlive the words. False: the frame only says that the
 * rest of the stack is not known. */
bool frame_words_init(struct frame_words *words, const struct profile *profile, uint32_t frame,
                      const char *real);
/* Calls a frame of operator new by what was called there. */
void frame_words_call(struct frame_words *words, const struct called_operator *called);
void frame_words_fini(struct frame_words *words);

#endif
