/* The picture of a heap over time: timeline.svg. */
#ifndef MEM_REPORTS_TIMELINE_SVG_H
#define MEM_REPORTS_TIMELINE_SVG_H

#include <stdbool.h>
#include <stdio.h>

struct heap_filter;
struct heap_process;
struct heap_words;
struct picture_options;
struct profile;

struct timeline_picture {
	const struct heap_process *process;
	const struct heap_filter *filter; /* NULL: nothing but the built-in allocators */
	const struct profile *profile;    /* its types hold the trees of the snapshots */
	const struct heap_words *words;   /* of what is in use */
	const char *title;
	const char *subtitle;
	const char *limits;                    /* what keeps it from being believed */
	bool time_is_bytes;                    /* else ns */
	const struct picture_options *picture; /* title, subtitle and width; NULL: its own look */
};

/* One SVG without script, for screen and paper: what is in use as a line, resident memory as
 * another, the largest sites as areas that letters and hatching tell apart. Leaves checking the
 * stream to who opened it. */
void timeline_svg_write(const struct timeline_picture *picture, FILE *out);

#endif
