/* What a suppression is made of. Private to suppression*.c. */
#ifndef MEM_LEAKS_SUPPRESSION_RULE_H
#define MEM_LEAKS_SUPPRESSION_RULE_H

#include <stdbool.h>
#include <stddef.h>

enum rule_line_kind {
	LINE_FUNCTION, /* fun:PATTERN */
	LINE_OBJECT,   /* obj:PATTERN */
	LINE_SOURCE,   /* src:PATTERN[:LINE] */
	LINE_FRAMES,   /* ... */
	LINE_ANYTHING, /* leak:PATTERN, of a function, a file or an object */
};

struct rule_line {
	enum rule_line_kind kind;
	char *pattern;   /* with * and ?; NULL: LINE_FRAMES */
	char *bare;      /* of LINE_FUNCTION with template arguments: without; else NULL */
	unsigned number; /* of a source line; 0: any */
};

struct rule {
	char *name;
	const char *file;
	unsigned at_line; /* of the file */
	unsigned kinds;   /* 1 << enum leak_kind */
	bool is_default;
	bool is_anywhere; /* its one line may match any frame */
	struct rule_line *lines;
	size_t n_lines;
	size_t lines_capacity;
};

struct suppressions {
	struct rule *rules;
	size_t n_rules;
	size_t rules_capacity;
	size_t
	    first_keeper; /* id of suppressions_add_keepers()'s first rule; 0: it was not called */
	char **files;
	size_t n_files;
	size_t files_capacity;
};

void suppression_rule_fini(struct rule *rule);

#endif
