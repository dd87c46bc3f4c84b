/* An annotated function as text: its source lines, then its instructions, with their shares. */
#ifndef CORE_ANNOTATE_ANNOTATION_TEXT_H
#define CORE_ANNOTATE_ANNOTATION_TEXT_H

#include <stdint.h>
#include <stdio.h>

struct annotation;
struct code_list;
struct recording;

struct annotation_text {
	const struct annotation *annotation;
	const struct code_list *codes;
	const struct recording *recording;
	const char *title;           /* "syn-1k/cpu 20261120T093000.123Z" */
	const char *command;         /* NULL: not known */
	const char *const *comments; /* what was chosen; ended by NULL; or NULL */
	uint64_t whole;              /* what shares are of */
	int64_t started_ns; /* CLOCK_REALTIME: sources that changed later are said; 0: not known */
};

void annotation_write(const struct annotation_text *text, FILE *out);

#endif
