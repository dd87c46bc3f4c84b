/* One sentence that tells the user what went wrong and what to do about it.
 *
 * A function that can fail returns 0 or -errno and leaves its sentence in the
 * diagnostic it was given: what was attempted, on what, why it failed, what
 * helps. Only the driver prints it. The caller owns the struct; the deepest
 * failure writes it and outer functions may put their words before it.
 */
#ifndef CORE_DIAG_H
#define CORE_DIAG_H

struct diag {
	char text[1024]; /* no trailing newline; empty: nothing was said */
};

/* Sets the sentence and returns -err (err > 0), so that failing is one line. */
int diag_fail(struct diag *diag, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the sentence that is there. */
void diag_prefix(struct diag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The impossible happened: says where, and aborts. Never for bad input. */
#define BUG(condition)                                                                             \
	do {                                                                                       \
		if (condition)                                                                     \
			bug_found(__FILE__, __LINE__, #condition);                                 \
	} while (0)

_Noreturn void bug_found(const char *file, int line, const char *condition);

#endif
