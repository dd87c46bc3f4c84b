/* What is counted, in words: blocks that malloc gives, or pages that the kernel gives. */
#ifndef MEM_HEAP_WORDS_H
#define MEM_HEAP_WORDS_H

#include <stdbool.h>

struct heap_words {
	const char *block;      /* the noun, that counted_text_of() takes; likewise the next */
	const char *allocation; /* a call that gave some */
	const char *given;      /* "3 MB ..." */
	const char *temporary;  /* "5 allocations ..." */
	const char *over_time;  /* title of the timeline; its lines are: */
	const char *in_use;
	const char *in_use_and_resident;
	const char *in_use_legend;
	const char *resident_legend;
	const char *tree_top; /* massif's own words at the top of a tree */
	/* Functions of libc, which say nothing of who called; ended by NULL. */
	const char *const *wrappers;
	const char *counts;  /* a sentence for reports; NULL: nothing has to be said */
	const char *nothing; /* why a run has no counts, where nothing else is known */
	/* They have no lifetimes, and no memory is got past them. */
	bool are_pages;
};

extern const struct heap_words heap_words;
extern const struct heap_words pages_words;

#endif
