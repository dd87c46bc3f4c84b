/* A baseline: what runs of one scenario were like when somebody called them good, one side
 * (core/compare/side.h) for each type, as one JSON file that people keep in git (docs/formats.md,
 * "baselines/NAME.json").
 *
 * Pure: text in, text out. core/driver/baseline_files.h knows where the files are. Not thread-safe.
 */
#ifndef CORE_BASELINE_BASELINE_H
#define CORE_BASELINE_BASELINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct diag;
struct side;

/* How a run's note begins that was to be judged by a baseline that is not there
 * (--baseline-lenient). */
#define BASELINE_NONE "judged against nothing: "

struct baseline {
	char *name;
	char *scenario;
	/* One object for each time that it was saved or blessed, oldest first: "at" (RFC 3339,
	 * UTC), "by" ("save" or "bless"), "version", "runs" (their ids by type), "commit". */
	json_t *history;
	struct side **sides; /* owned; in the order of their types' names */
	size_t n_sides;
	size_t sides_capacity;
};

struct baseline *baseline_new(const char *name, const char *scenario);
void baseline_free(struct baseline *baseline); /* NULL is fine */

/* The side of a type; NULL: it has none. */
struct side *baseline_find(const struct baseline *baseline, const char *type);

/* The same, out of it: the caller's to free. */
struct side *baseline_take(struct baseline *baseline, const char *type);

/* Puts a finished side of the baseline's scenario in, which is taken over, for the one of its type,
 * if there is one. */
void baseline_put(struct baseline *baseline, struct side *side);

/* Adds a line to the history: the runs of these types have come in. `at` is RFC 3339. */
void baseline_note(struct baseline *baseline, const char *at, const char *by,
                   const char *const *types, size_t n_types);

/* Does a side of it come from this run? */
bool baseline_has_run(const struct baseline *baseline, const char *type, const char *run_id);

/* Writes the file: members in a fixed order, a line for each metric and row, both sorted by name.
 * Leaves checking the stream to who opened it. */
void baseline_write(const struct baseline *baseline, FILE *out);

/* Reads what baseline_write() wrote. Any input is safe: what does not hold together, is of another
 * schema or holds what is no number is refused with -EINVAL and a sentence that begins with `path`.
 * On failure *baseline is NULL. */
int baseline_read(const char *text, size_t len_bytes, const char *path, struct baseline **baseline,
                  struct diag *diag);

#endif
