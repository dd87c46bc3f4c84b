/* timeline.svg: system calls a second, the time in them, and bytes moved, over the run. */
#ifndef IO_TIMELINE_H
#define IO_TIMELINE_H

#include "io/counts.h"

#include <stdio.h>

struct io_timeline_words {
	const char *title;
	const char *subtitle;
	const char *of_time; /* what a call's time is */
	const char *of_axis; /* what the times along the axis are */
	double width;        /* pixels; 0: 1200 */
};

/* Errors of the stream are the caller's to check (results_close()). */
void io_timeline_write(FILE *out, const struct io_counts *counts,
                       const struct io_timeline_words *words);

#endif
