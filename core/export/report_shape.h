/* How a report is cut: the columns that make a row, and which rows are shown.
 *
 * The keys have perf report's names (perf-report(1), --sort).
 */
#ifndef CORE_EXPORT_REPORT_SHAPE_H
#define CORE_EXPORT_REPORT_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

struct diag;

enum report_key { REPORT_COMM, REPORT_DSO, REPORT_SYMBOL, REPORT_PID, REPORT_TID, REPORT_N_KEYS };

struct report_shape {
	enum report_key keys[REPORT_N_KEYS]; /* distinct, in the order of the columns */
	size_t n_keys;
	/* One column Overhead, what the rows hold themselves, with the callers below; else Children
	 * and Self, with the callees. */
	bool self_only;
	const char *const *comments; /* lines about what was selected, ended by NULL; or NULL */
	/* Whether rows of this object and function are shown ("" where that is no key); NULL: all
	 * are. */
	bool (*shows)(const char *object, const char *function, const void *data);
	const void *data;
};

/* Command, object and function, with children. */
extern const struct report_shape report_default_shape;

/* Reads "comm,dso" into the keys. -EINVAL: a word is no key, or there twice. */
int report_keys_parse(struct report_shape *shape, const char *words, struct diag *diag);

#endif
