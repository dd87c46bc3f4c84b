/* The instructions of an annotated function, each with its place in the source and its samples. */
#ifndef CORE_ANNOTATE_CODE_H
#define CORE_ANNOTATE_CODE_H

#include "core/options.h"

#include <stdint.h>

struct annotation;
struct recording;
struct symbol_frame;
struct symbolizer;

struct code_line {
	uint64_t address;
	char *text;
	const struct symbol_frame *frames; /* innermost first; the symbolizer's */
	size_t n_frames;
	bool is_ours; /* of the function, not of one around it */
	uint64_t self;
	uint64_t total;
};

/* One symbol's. */
struct code {
	uint32_t object; /* of the recording */
	uint64_t start;
	uint64_t end;
	struct code_line *lines;
	size_t n_lines;
	size_t capacity;
};

struct code_list {
	struct code *codes; /* by object and address */
	size_t n_codes;
	size_t capacity;
	struct text_list reasons; /* sentences why instructions are missing */
};

/* Reads and decodes the symbols that hold the annotation's addresses, and adds the lines of the
 * function that they tell of to the annotation. */
void code_list_init(struct code_list *list, struct annotation *annotation,
                    const struct recording *recording, struct symbolizer *symbolizer);
void code_list_fini(struct code_list *list);

#endif
