/* Suppressions: rules that take loss records out of a leak check's verdict.
 *
 * Files are valgrind's (manual 2.5, coregrind/m_errormgr.c) or LeakSanitizer's ("leak:PATTERN",
 * compiler-rt's sanitizer_suppressions.cpp); their contents tell which. What is for other tools and
 * other errors is passed over, as valgrind does.
 *
 * A rule of valgrind's applies to a stack that begins with frames that its lines match, `...` being
 * any number of them; one of LeakSanitizer's to a stack with a frame whose function, file or object
 * it matches. Functions are called as memcheck calls them: C++ by the mangled name, inlined ones by
 * the plain one, code without a name "???"; an inlined function also answers to its mangled name.
 * An object is the process's path.
 *
 * Once read, a set of rules is only read: any number of threads may. How often a rule was used is
 * in the loss records, which name their rule.
 */
#ifndef MEM_LEAKS_SUPPRESSION_H
#define MEM_LEAKS_SUPPRESSION_H

#include "mem/leaks/leaks.h"

#include <stdbool.h>
#include <stddef.h>

struct called_operator;
struct diag;
struct profile;
struct suppressions;
struct suppression_finder;

struct suppressions *suppressions_new(void);
void suppressions_free(struct suppressions *suppressions); /* NULL is fine */

/* Adds the rules of a file; of two rules that apply the one that was read first is used. -EINVAL:
 * "FILE:LINE: what was expected, and what was found". Others: it cannot be read. */
int suppressions_read(struct suppressions *suppressions, const char *path, struct diag *diag);
/* Adds what is known of the C library: mem/leaks/default.supp, as installed (mem/installed.h). */
int suppressions_read_default(struct suppressions *suppressions, struct diag *diag);
/* The same of a text; `name` stands for the path. */
int suppressions_parse(struct suppressions *suppressions, const char *name, const char *text,
                       size_t len, struct diag *diag);

/* Adds a rule for each thing that the C library keeps for itself; they match no stack. Once. */
void suppressions_add_keepers(struct suppressions *suppressions);
/* The id of one of them. 0: they were not added. */
uint32_t suppressions_of_keeper(const struct suppressions *suppressions, enum leak_keeper keeper);

/* A rule's own facts; they live as long as the set. */
struct suppression {
	const char *name; /* one line; of LeakSanitizer's rules the rule itself */
	const char *file; /* as it was given; the option for suppressions_add_keepers()'s */
	unsigned line;    /* of the name; 0: it is in no file */
	bool is_default;  /* of suppressions_read_default() or suppressions_add_keepers() */
};

/* Ids are 1 .. count. */
size_t suppressions_count(const struct suppressions *suppressions);
struct suppression suppressions_get(const struct suppressions *suppressions, uint32_t id);

/* A stack on which blocks were allocated, as memcheck would have it. */
struct leak_stack {
	const char *allocator; /* the function on top: "malloc", "_Znwm"; NULL: it is in frames */
	const struct called_operator *called; /* the first frame, by its call; NULL: by its name */
	const uint32_t *frames; /* of the profile, leaf first; frames below main are welcome */
	size_t n_frames;
};

/* Looks for rules that apply to stacks of one profile, and remembers what it has compared. Not for
 * several threads at once. Lines of a rule beyond num_callers do not count, as in valgrind. */
struct suppression_finder *suppression_finder_new(const struct suppressions *suppressions,
                                                  const struct profile *profile,
                                                  unsigned num_callers);
void suppression_finder_free(struct suppression_finder *finder); /* NULL is fine */
/* The rule's id, or 0. */
uint32_t suppression_find(struct suppression_finder *finder, enum leak_kind kind,
                          const struct leak_stack *stack);

/* A rule for this very kind and stack, down to main and to num_callers, in valgrind's format and
 * indented as valgrind does: both tools read it. It has a name of its own, which is the same in
 * every run. The profile's symbolizer should prefer symbols (symbolizer_prefer_symbols()), as
 * valgrind does. The caller frees the text. */
char *suppression_text(enum leak_kind kind, const struct profile *profile,
                       const struct leak_stack *stack, unsigned num_callers);

#endif
