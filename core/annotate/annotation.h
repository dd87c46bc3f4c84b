/* What the samples say of one function: by source line, by address, and what is inlined there.
 *
 * Self is what was sampled in the line or instruction itself, total counts what it called too; a
 * line that is several times on a stack counts once for it.
 */
#ifndef CORE_ANNOTATE_ANNOTATION_H
#define CORE_ANNOTATE_ANNOTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recording;
struct symbol_frame;
struct symbolizer;

/* Texts are the symbolizer's. */
struct annotated_line {
	const char *file; /* NULL: unknown */
	uint32_t line;    /* 0: unknown */
	uint64_t self;
	uint64_t total;
	uint32_t seen; /* private */
};

struct annotated_address {
	uint32_t object; /* of the recording */
	uint64_t address;
	uint64_t self; /* whatever is inlined there */
	uint64_t total;
	uint32_t seen; /* private */
};

struct annotated_name {
	const char *function;
	uint64_t value;
	uint32_t seen; /* private */
};

struct annotated_names {
	struct annotated_name *items; /* the largest first */
	size_t n;
	size_t capacity;
};

struct annotation {
	const char *pattern; /* the caller's */
	uint64_t self;
	uint64_t total;
	struct annotated_line *lines; /* by file and line */
	size_t n_lines;
	size_t lines_capacity;
	struct annotated_address *addresses; /* by object and address */
	size_t n_addresses;
	size_t addresses_capacity;
	struct annotated_names functions; /* that match, by their total */
	struct annotated_names inlined;   /* functions inlined into it, by what is in them */
	struct annotated_names holders; /* functions that it is inlined into, by its total there */
};

/* Sums the values of one type over the stacks that have a function of this name
 * (function_matches()). There may be none. */
void annotation_init(struct annotation *annotation, const struct recording *recording,
                     struct symbolizer *symbolizer, const char *pattern, size_t type);
void annotation_fini(struct annotation *annotation);

/* Adds a line without a value, where it is not there; annotation_sort() makes it all orderly again.
 */
void annotation_add_line(struct annotation *annotation, const char *file, uint32_t line);
void annotation_sort(struct annotation *annotation);

/* Whether a frame is of the function. */
bool annotation_has(const struct annotation *annotation, const struct symbol_frame *frame);

#endif
